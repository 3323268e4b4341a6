"""The limits of what one person may do alone: the settings, unless they let more pass than what was shipped. Then
they hold once a second person has agreed to exactly these values; until then the shipped ones do.

The agreement is an approval like any other ("rule_limits"); whoever first meets the looser settings asks for it.
"""

from __future__ import annotations

from sqlalchemy import Connection

from core.access.agreement.standings import standing
from core.settings import Settings, settings

KIND, SUBJECT = "rule_limits", "settings"
STRICTER_BELOW = ("count_approval_units", "count_approval_yuan")  # the smaller, the stricter
STRICTER_ABOVE = ("count_window_days", "approver_days")


def loosened() -> dict[str, list[int]]:
    """The limits that the settings loosen: {name: [shipped, chosen]}."""
    chosen = settings()
    pairs = {
        name: [_shipped(name), int(getattr(chosen, name))] for name in (*STRICTER_BELOW, *STRICTER_ABOVE)
    }
    return {
        name: pair
        for name, pair in pairs.items()
        if (pair[1] > pair[0] if name in STRICTER_BELOW else pair[1] < pair[0])
    }


def in_force(connection: Connection, name: str) -> int:
    """The value of a limit that counts now."""
    looser = loosened()
    if name in looser and standing(connection, KIND, SUBJECT, looser) != "approved":
        return _shipped(name)
    return int(getattr(settings(), name))


def _shipped(name: str) -> int:
    return int(Settings.model_fields[name].default)
