"""When a message may go out, how many a minute, and what becomes one posting. Pure: moment, queue and language come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.notify.words import Said, say

LEVELS = ("info", "warning", "urgent")
# Postings a minute, a tenth below what the platforms take: DingTalk and WeCom 20 (over it DingTalk blocks for 10 minutes), Feishu 100.
LIMITS = {"dingtalk": 18, "wecom": 18, "wecombot": 18, "feishu": 90, "lark": 90}
LIMIT_ELSEWHERE = 60
# (first minute of the day, length): robots are overrun at 00:00 and 20:00 sharp, for everybody's messages.
SHARP = ((23 * 60 + 59, 2), (19 * 60 + 59, 2))
SINGLY = 3  # more than this many at once are bundled into a digest
LONGEST = 1800  # bytes of a posting's text: WeCom takes 2,048
MOST_TRIES = 8


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


def limit_of(platform: str) -> int:
    """Postings a minute to one channel of the platform."""
    return LIMITS.get(platform, LIMIT_ELSEWHERE)


def held(now: datetime, zone: ZoneInfo, level: str, quiet_from: int, quiet_to: int) -> bool:
    """Whether a message of this level waits now: for everyone around the sharp hours, in the channel's quiet hours unless urgent."""
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if any((minute - first) % 1440 < length for first, length in SHARP):
        return True
    return level != "urgent" and (minute - quiet_from) % 1440 < (quiet_to - quiet_from) % 1440


def postings(waiting: Sequence[Waiting], room: int, language: str = "zh") -> list[Posting]:
    """The queue as at most `room` postings, urgent first: a few messages singly, more of them with the rest in one digest, whose
    own words are in the language."""
    if room <= 0 or not waiting:
        return []
    ordered = sorted(waiting, key=lambda message: -LEVELS.index(message.level))  # stable: oldest first within a level
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
        line = _cut(say(language, "message.digest_line", title=Said(message.title.replace("\n", " ")), text=text), each)
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


def next_try(now: datetime, tries: int) -> datetime | None:
    """When to try again after that many failed tries: 30 s, 1 min, 2 min .. ; None when it is enough."""
    return None if tries >= MOST_TRIES else now + timedelta(seconds=30 * 2 ** (tries - 1))
