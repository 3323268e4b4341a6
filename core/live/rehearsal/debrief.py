"""What a rehearsal taught: how long until somebody noticed, what was done, and what it kept or lost against the
best course; turned into tasks, and kept as learnings when the rehearsal itself is thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import select

from core.access import Actor, allow, allowed
from core.campaign import service as campaigns
from core.database import Database, insert, new_id, read
from core.database.types import Record
from core.errors import ShopError
from core.live import tables
from core.live.actions import advice, decisions
from core.live.alerts import monitor
from core.live.rehearsal import rehearsal
from core.live.snapshot import service
from core.readiness import service as readiness
from core.readiness.service import NewTask
from core.warmup.flash_sale import service as selling

EVERY = timedelta(hours=1)  # of the sale, between two looks at what could have been done
SLOW_MINUTES = 10.0  # an alert that nobody has taken by then was noticed late
SHOWN = 5  # goods with the largest losses
T_MINUS = 3  # days before the opening at which the tasks are due, as far as there are so many


@dataclass(frozen=True, slots=True)
class Debrief:
    """A rehearsal up to a moment. Amounts in fen of the real sale (the drill's by its scale); None for those who
    may not see margins."""

    campaign_id: str
    until: datetime
    course: float
    speed: float
    reached: float | None  # paid / target of the drill
    alerts: pd.DataFrame  # kind, subject, name, fired_at, noticed_at (NaT = nobody), minutes (NaN)
    acts: int  # that were done and not taken back
    goods: pd.DataFrame  # by sku_code, largest loss first: name, act (the best), done (bool), kept, lost
    kept: int | None
    lost: int | None

    @property
    def minutes(self) -> float | None:
        """The median time until an alert was noticed (sale minutes); None where none was."""
        known = self.alerts["minutes"].dropna()
        return float(known.median()) if len(known) else None

    @property
    def missed(self) -> int:
        """Alerts that nobody noticed."""
        return int(self.alerts["noticed_at"].isna().sum())

    @property
    def late(self) -> list[str]:
        """Kinds of alerts that were noticed late or not at all."""
        slow = self.alerts["minutes"].isna() | (self.alerts["minutes"] > SLOW_MINUTES)
        return sorted(set(self.alerts.loc[slow, "kind"]))


def debrief(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Debrief:
    """The debrief of a rehearsal as it stands. ShopError("live.no_rehearsal")."""
    allow(actor, "live.view")
    running = rehearsal.of_campaign(db, actor, campaign_id)
    if running is None:
        raise ShopError("live.no_rehearsal", campaign_id=campaign_id)
    until = rehearsal.moment(db, actor, campaign_id, now)
    picture = service.draw(db, campaign_id, until)
    with db.reading() as connection:
        rows = monitor.alert_rows(connection, campaign_id, until)
        done = decisions.active_decisions(connection, campaign_id, until)
    goods = against_best(course(db, campaign_id, running.begins_at, until), done, running.scale)
    costs = allowed(actor, "margin.view")
    kept, lost = (int(goods[name].sum()) if costs else None for name in ("kept", "lost"))
    return Debrief(
        campaign_id,
        until,
        running.course,
        running.speed,
        picture.paid / picture.scope.target if picture.scope.target else None,
        noticed(rows, done),
        sum(row["act"] in advice.ACTS for row in done),
        goods if costs else goods.drop(columns=["kept", "lost"]),
        kept,
        lost,
    )


def noticed(alerts: Sequence[Record], acts: Sequence[dict[str, object]]) -> pd.DataFrame:
    """When each alert was taken by somebody, or something was done about it: the first of the two."""
    columns = ["kind", "subject", "name", "fired_at", "noticed_at", "minutes"]
    rows = []
    for row in sorted(alerts, key=lambda each: each["fired_at"]):
        own = [
            act["at"]
            for act in acts
            if act["at"] >= row["fired_at"] and row["subject"] in ("", act["sku_code"])
        ]
        moments = [moment for moment in (row["acknowledged_at"], *own) if moment is not None]
        first = min(moments) if moments else None
        minutes = np.nan if first is None else (first - row["fired_at"]).total_seconds() / 60
        name = str(row["facts"].get("name") or "")
        rows.append((row["kind"], row["subject"], name, row["fired_at"], first, minutes))
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(noticed_at=pd.to_datetime(frame["noticed_at"], utc=True))


def course(db: Database, campaign_id: str, first: datetime, until: datetime) -> pd.DataFrame:
    """What could have been done at each look, an hour apart, beginning with the first: at, and the columns of
    `advice.ranked`."""
    looks = pd.date_range(first + EVERY, until, freq=EVERY).to_pydatetime().tolist() or [until]
    parts = []
    for at in looks:
        picture = service.draw(db, campaign_id, at)
        with db.reading() as connection:
            held = selling.held(connection, campaign_id)
        parts.append(advice.ranked(picture.goods, advice.pace_of(picture), held).assign(at=at))
    return pd.concat(parts, ignore_index=True)


def against_best(looks: pd.DataFrame, acts: Sequence[Record], scale: float) -> pd.DataFrame:
    """By SKU: the act that would have brought most when it could first be done, whether anything was done, what
    that kept and what was lost (fen, of the real sale).

    An act keeps what it was worth at the last look before it, or at the first one after.
    """
    columns = ["name", "act", "done", "kept", "lost"]
    known = looks[looks["margin_effect"].fillna(0) > 0]
    if known.empty:
        return pd.DataFrame({name: [] for name in columns}).rename_axis("sku_code")
    first = known[known["at"] == known.groupby("sku_code")["at"].transform("min")]
    best = (
        first.sort_values("margin_effect", ascending=False).drop_duplicates("sku_code").set_index("sku_code")
    )
    kept = pd.Series(0.0, index=best.index)
    for row in acts:
        own = known[(known["sku_code"] == row["sku_code"]) & (known["act"] == row["act"])]
        if len(own):
            before = own[own["at"] <= row["at"]]
            kept[row["sku_code"]] += float((before.iloc[-1] if len(before) else own.iloc[0])["margin_effect"])
    most = best["margin_effect"].astype(float)
    kept = kept.clip(upper=most)
    touched = best.index.isin([row["sku_code"] for row in acts])
    table = best[["name", "act"]].assign(done=touched, kept=kept / scale, lost=(most - kept) / scale)
    return table.round({"kept": 0, "lost": 0}).sort_values("lost", ascending=False, kind="stable")


class Lessons(NamedTuple):
    """What a rehearsal leaves behind: tasks (title, department) for the sale's board, and learnings."""

    tasks: Sequence[tuple[str, str]]
    learnings: Sequence[str]


def finish(db: Database, actor: Actor, campaign_id: str, lessons: Lessons, now: datetime) -> str:
    """Ends a rehearsal and returns the real sale's id: the tasks stand on the sale's board, the debrief and its
    learnings are kept, the rehearsal is thrown away. ShopError("live.no_rehearsal")."""
    allow(actor, "live.act")
    summary = debrief(db, actor, campaign_id, now)
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
    days = max(0, min(T_MINUS, (mine.opens_at - now).days))
    for title, department in lessons.tasks:
        readiness.add(db, actor, mine.rehearsal_of, NewTask(title, department, days, 1), now)
    row = {
        "debrief_id": new_id(),
        "campaign_id": mine.rehearsal_of,
        "at": now,
        "account": actor.name,
        "course": summary.course,
        "figures": {
            "minutes": summary.minutes,
            "missed": summary.missed,
            "alerts": len(summary.alerts),
            "acts": summary.acts,
        }
        | {"kept": summary.kept, "lost": summary.lost, "tasks": len(lessons.tasks)},
        "learnings": list(lessons.learnings),
    }
    with db.writing() as connection:
        insert(connection, tables.drill_debrief, pd.DataFrame([row]))
    rehearsal.drop(db, actor, campaign_id, now)
    return mine.rehearsal_of


def past(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The debriefs of a campaign's rehearsals, newest first: at, account, course, minutes, missed, alerts, acts,
    tasks, learnings (list), and kept and lost (fen) for those who may see margins."""
    allow(actor, "live.view")
    t = tables.drill_debrief.c
    query = select(t.at, t.account, t.course, t.figures, t.learnings).where(t.campaign_id == campaign_id)
    with db.reading() as connection:
        rows = read(connection, query.order_by(t.at.desc()))
    names = ["minutes", "missed", "alerts", "acts", "tasks"]
    names += ["kept", "lost"] if allowed(actor, "margin.view") else []
    figures = pd.DataFrame([[each.get(name) for name in names] for each in rows["figures"]], columns=names)
    return pd.concat([rows.drop(columns="figures"), figures], axis=1)
