"""Pure: when a message may go out, how many a minute, when to try again."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

LEVELS = ("info", "warning", "urgent")
# Postings a minute, a tenth below what the platforms take: DingTalk and WeCom 20 (over it DingTalk blocks for
# 10 minutes), Feishu 100.
LIMITS = {"dingtalk": 18, "wecom": 18, "wecombot": 18, "feishu": 90, "lark": 90}
LIMIT_ELSEWHERE = 60
# (first minute of the day, length): robots are overrun at 00:00 and 20:00 sharp, for everybody's messages.
SHARP = ((23 * 60 + 59, 2), (19 * 60 + 59, 2))
MOST_TRIES = 8
# Seconds until a webhook is tried again, as Standard Webhooks advise: about three days in all.
AGAIN_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)


def limit_of(platform: str) -> int:
    """Postings a minute to one channel of the platform."""
    return LIMITS.get(platform, LIMIT_ELSEWHERE)


def held(now: datetime, zone: ZoneInfo, level: str, quiet_from: int, quiet_to: int) -> bool:
    """Whether a message of this level waits now: for everyone around the sharp hours, in the channel's quiet
    hours unless urgent."""
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if any((minute - first) % 1440 < length for first, length in SHARP):
        return True
    return level != "urgent" and (minute - quiet_from) % 1440 < (quiet_to - quiet_from) % 1440


def next_post(now: datetime, tries: int) -> datetime | None:
    """As `next_try`, for webhooks; None makes it a dead letter."""
    return None if tries > len(AGAIN_S) else now + timedelta(seconds=AGAIN_S[tries - 1])


def next_try(now: datetime, tries: int) -> datetime | None:
    """When to try again after that many failed tries: 30 s, 1 min, 2 min .. ; None when it is enough."""
    return None if tries >= MOST_TRIES else now + timedelta(seconds=30 * 2 ** (tries - 1))
