"""What becomes one posting: a few messages singly, many of them bundled in a digest, in the channel's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.notify.rules import LEVELS
from core.notify.words import Said, say

SINGLY = 3  # more than this many at once are bundled into a digest
LONGEST = 1800  # bytes of a posting's text: WeCom takes 2,048


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message in the queue."""

    id: str
    level: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Posting:
    """What goes to a channel in one call, and the messages in it."""

    title: str
    body: str
    ids: tuple[str, ...]


def postings(waiting: Sequence[Waiting], room: int, language: str = "zh") -> list[Posting]:
    """The queue as at most `room` postings, urgent first: a few messages singly, more of them with the rest
    in one digest, whose own words are in the language."""
    if room <= 0 or not waiting:
        return []
    ordered = sorted(
        waiting, key=lambda message: -LEVELS.index(message.level)
    )  # stable: oldest first within a level
    if len(ordered) <= min(SINGLY, room):
        return [_single(message) for message in ordered]
    urgent = sum(message.level == "urgent" for message in ordered)
    alone = min(urgent, room - 1)
    rest = ordered[alone:]
    return [_single(message) for message in ordered[:alone]] + (
        [_digest(rest, language)] if len(rest) > 1 else [_single(message) for message in rest]
    )


def _single(message: Waiting) -> Posting:
    return Posting(message.title, _cut(message.body, LONGEST), (message.id,))


def _digest(messages: Sequence[Waiting], language: str) -> Posting:
    """One line a message, longer ones where there are few; what does not fit is counted."""
    room = LONGEST - 40  # the last line's
    each = max(300, room // len(messages) - 1)
    lines: list[str] = []
    size = 0
    for message in messages:
        text = Said(" / ".join(message.body.splitlines()))
        line = _cut(
            say(language, "message.digest_line", title=Said(message.title.replace("\n", " ")), text=text),
            each,
        )
        if size + len(line.encode()) + 1 > room:
            break
        lines.append(line)
        size += len(line.encode()) + 1
    left = len(messages) - len(lines)
    return Posting(
        say(language, "message.digest", n=len(messages), first=Said(messages[0].title)),
        "\n".join([*lines, *([say(language, "message.digest_more", n=left)] if left else [])]),
        tuple(m.id for m in messages),
    )


def _cut(text: str, most: int) -> str:
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"
