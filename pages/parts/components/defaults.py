"""What an earlier campaign hands on, and what it teaches, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.campaign.defaults import Default
from pages.parts.components.text import known, literal, percent, plain, t

LISTED = 4  # channels named in a line


def channel_word(code: str) -> str:
    """A channel by its word, or its own code."""
    return plain(f"channel.{code}") if known(f"channel.{code}") else code


def finding_text(code: str, facts: Mapping[str, object]) -> str:
    """A finding of a review as a Markdown sentence."""
    words = dict(facts)
    if "channel" in words:
        words["channel"] = channel_word(str(words["channel"]))
    return t(f"finding.{code}", **words)


def finding_words(code: str, facts: Mapping[str, object]) -> str:
    """A finding of a review for a place that shows text as it is."""
    words = dict(facts)
    if "channel" in words:
        words["channel"] = channel_word(str(words["channel"]))
    return plain(f"finding.{code}", **words)


def value_text(default: Default) -> str:
    """The figures of a default as a Markdown sentence."""
    value = default.value
    if default.item == "channels":
        return t("default.channels_value", by=_channels(value["by"]))
    if default.item == "pace":
        return t("default.pace_value", hours=round(value["half_minutes"] / 60, 1), **value)
    if default.item == "staffing":
        lines = value["settings"]["lines_per_order"]
        return t(
            "default.staffing_value" if value["orders"] else "default.staffing_set", lines=lines, **value
        )
    if default.item == "learnings":
        return t("default.learnings_value", n=len(list(learnings(value))))
    return t(f"default.{default.item}_value", **value)


def learnings(value: Mapping[str, Any]) -> Iterator[str]:
    """Every lesson of a default as a Markdown sentence: what people wrote, what rehearsals taught, what the figures
    say."""
    yield from (literal(words) for words in [*value["own"], *value["drill"]])
    yield from (finding_text(code, facts) for code, facts in value["findings"])


def _channels(by: Mapping[str, Sequence[int]]) -> str:
    largest = sorted(by.items(), key=lambda item: -item[1][2])[:LISTED]
    rates = [
        f"{channel_word(name)} {percent(buyers / visitors, 1) if visitors else '—'}"
        for name, (visitors, buyers, _) in largest
    ]
    return " · ".join(rates)
