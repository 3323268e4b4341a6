"""Pure: which jobs there are, and when each is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR, DAY = 3600, 86400


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its name, its turn in seconds, and its lane, "" for the common round: what takes long, or must never wait,
    runs beside it. Turns of
    an hour or a day begin on the clock: on the hour, at `at` of the shop's day."""

    name: str
    every_s: int
    lane: str = ""

    @property
    def keeps_time(self) -> bool:
        """Whether its next run is written down, so that it runs once a turn whoever starts anew meanwhile."""
        return self.every_s >= HOUR


JOBS = (
    Job("reminded", 60),
    Job("returned", 5),
    Job("filled", 5),
    Job("judged", 5),
    Job("reported", HOUR),
    Job("relayed", 5),
    Job("labelled", 60),
    Job("sent", 5),
    Job("looks", 60),
    Job("scored", 60),
    Job("collected", 5, lane="long"),
    Job("backed_up", DAY, lane="long"),
    Job("lapsed", DAY, lane="long"),
    Job("compared", DAY, lane="long"),
    Job("polled", 1, lane="rows"),
    Job("streamed", 1, lane="stream"),
)
"""In the order in which they run: what a job queues goes out in the same round."""


def next_at(job: Job, now: datetime, zone: ZoneInfo, at: time) -> datetime:
    """The first moment after `now` at which a job that keeps time is due.

    >>> shop = ZoneInfo("Asia/Shanghai")
    >>> next_at(Job("backed_up", DAY), datetime(2026, 11, 10, 23, 0, tzinfo=shop), shop, time(3, 30)).isoformat()
    '2026-11-11T03:30:00+08:00'
    """
    local = now.astimezone(zone)
    if job.every_s < DAY:
        return local.replace(minute=0, second=0, microsecond=0) + timedelta(seconds=job.every_s)
    today = datetime.combine(local.date(), at, zone)
    return today if today > local else datetime.combine(local.date() + timedelta(days=1), at, zone)
