"""What waits for this person: approvals, orders, alerts, overdue tasks, refused rows, stale quantities, silent
sources, contracts that end; each with what it takes to decide, and where to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, allowed, approvals, audit
from core.audience.partners import service as partners
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.clock import business_day
from core.database import Database, read
from core.imports.tables import import_run
from core.live.alerts import monitor
from core.live.intake import sources
from core.overview import inbox_marks, rules
from core.overview.inbox_marks import Mark
from core.pricing import approvals as prices
from core.pricing.engine.risks import Risk
from core.readiness import service as readiness
from core.replenishment import queries as runs
from core.replenishment import service as replenishment
from core.signals import service as signals

SILENT = timedelta(minutes=10)  # a source without a word for so long while the sale is open
REFUSED_FOR = timedelta(days=7)  # refused rows of an import are a question for so long
QUIET = ("session", "audit", "notify")  # what is recorded and waits for nobody
FRESH = 1  # days: reports of yesterday are fresh
PLACES: Mapping[str, tuple[str, str, str]] = {
    # kind of import: its page, the tab with its history, who answers for it
    "stock": ("stock", "imports", "stock.import"),
    "count": ("stock", "imports", "stock.count"),
    "goods": ("stock", "imports", "goods.edit"),
    "suppliers": ("stock", "imports", "supplier.edit"),
    "costs": ("pricing", "costs", "cost.edit"),
    "promotions": ("pricing", "rules", "price.promotion"),
    "structure": ("goods", "data", "goods.structure"),
    "traffic": ("goods", "data", "signals.import"),
    "shop": ("goods", "data", "signals.import"),
    "orders": ("goods", "data", "orders.import"),
    "warmup": ("warmup", "imports", "warmup.import"),
    "people": ("audience", "structure", "audience.import"),
    "members": ("audience", "members", "audience.import"),
    "invites": ("audience", "growth", "audience.import"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One card. `code`: its sentence, with the blanks `facts`; `count`: how many things it stands for; `amount`: fen at
    stake (None unknown); `page`, `query`: where to, down to the row; `rows`: what a batch decides about, one row a
    request (columns of `pricing.approvals.requests`); `ids`: the approvals that this person may settle here; `action`:
    what a colleague must be allowed to do to take it over ("" = it cannot be handed on here); `mark`: where it has
    gone, if it was put off or handed on."""

    kind: str
    code: str
    page: str
    facts: Mapping[str, object] = field(default_factory=dict)
    count: int = 1
    amount: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    ids: tuple[str, ...] = ()
    action: str = ""
    mark: Mark | None = None

    @property
    def card(self) -> str:
        """The digest of what the card says; it knows the card again in another window."""
        facts = {
            name: value for name, value in self.facts.items() if name != "minutes"
        }  # these pass by themselves
        said = orjson.dumps([self.kind, self.code, facts], default=str, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(said).hexdigest()[:32]

    def away(self, actor: Actor) -> bool:
        """Whether it is off this person's list."""
        return self.mark is not None and self.mark.deputy != actor.name


def stamp(db: Database, actor: Actor) -> int:
    """A number that changes with every recorded change that can move what waits."""
    allow(actor, "campaign.view")
    with db.reading() as connection:
        return audit.latest(connection, leaving_out=QUIET)


def waiting(db: Database, actor: Actor, campaign_id: str, now: datetime) -> int:
    """How many things wait for the person: the sum of the counts of the cards on the list, without judging a price
    (price requests count as long as they wait, put off or not). ShopError("campaign.unknown")."""
    allow(actor, "campaign.view")
    items = _gathered(db, actor, campaign_id, now, partial(_counted_approvals, campaign_id))
    return sum(item.count for item in items if not item.away(actor))


def mine(db: Database, actor: Actor, campaign_id: str, now: datetime) -> tuple[Item, ...]:
    """The cards, the most urgent kind first, with those that are away. ShopError("campaign.unknown")."""
    allow(actor, "campaign.view")
    return tuple(_gathered(db, actor, campaign_id, now, partial(_approvals, db, actor, campaign_id)))


Asked = Callable[[pd.DataFrame], list[Item]]


def _gathered(db: Database, actor: Actor, campaign_id: str, now: datetime, asked: Asked) -> list[Item]:
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        items = [*_alerts(connection, actor, mine, now), *_tasks(connection, actor, mine, now)]
        items += [*_refused(connection, actor, now), *_contracts(connection, actor, now)]
        orders = _orders(connection, actor, campaign_id)
        gone = inbox_marks.marks(connection, campaign_id, actor, now)
    requests = _decidable(db, actor)
    silent = _sources(db, actor, mine, now)
    old = _reports(db, actor, mine, now)
    by_kind = ("alert", "source", "approval", "purchase", "override", "task", "contract", "import", "report")
    gathered = [*asked(requests), *orders, *items, *silent, *old]
    marked = [replace(item, mark=gone.get(item.card)) for item in gathered]
    return sorted(marked, key=lambda item: by_kind.index(item.kind))


def _decidable(db: Database, actor: Actor) -> pd.DataFrame:
    """Open requests that this person may settle."""
    if not allowed(actor, "approval.view"):
        return pd.DataFrame(columns=["id", "kind", "subject", "may_decide"])
    listed = approvals.listed(db, actor)
    return listed[listed["may_decide"]]


def _counted_approvals(campaign_id: str, requests: pd.DataFrame) -> list[Item]:
    """The requests as one count, of this campaign's prices and of everything else."""
    here = _here(requests, campaign_id)
    return [Item("approval", "approval", "pricing", count=len(here))] if len(here) else []


def _here(requests: pd.DataFrame, campaign_id: str) -> pd.DataFrame:
    """Without the requests about other campaigns' prices."""
    priced = requests["kind"].isin(prices.KINDS)
    return requests[~priced | requests["subject"].astype("str").str.startswith(f"{campaign_id}/")]


def _approvals(db: Database, actor: Actor, campaign_id: str, requests: pd.DataFrame) -> list[Item]:
    """Price requests by class of risk, the gravest first, and every other request for itself."""
    here = _here(requests, campaign_id)
    items = [
        Item(
            "approval",
            f"approval_{row['kind']}",
            "admin" if allowed(actor, "account.manage") else "stock",
            {"subject": row["subject"], "reason": row["reason"], "who": row["requested_by"]},
            query={"admin": "approvals"} if allowed(actor, "account.manage") else {"stock_tab": "counts"},
            ids=(str(row["id"]),),
        )
        for row in here[~here["kind"].isin(prices.KINDS)].to_dict("records")
    ]
    if not here["kind"].isin(prices.KINDS).any() or not allowed(actor, "price.view"):
        return items
    asked = prices.requests(db, actor, campaign_id)
    asked = asked[asked["may_decide"]]
    ranks = {risk: rank for rank, risk in enumerate(map(str, Risk))}
    for risk, rows in sorted(asked.groupby("risk"), key=lambda part: ranks.get(str(part[0]), 99)):
        stake = int(rows["at_stake"].fillna(0).sum()) if "at_stake" in rows else None
        current = rows[rows["state"] == "requested"]
        items.append(
            Item(
                "approval",
                "approval_price",
                "pricing",
                {"risk": str(risk), "n": len(rows), "who": sorted(set(rows["requested_by"]))},
                len(rows),
                stake,
                {"pricing_tab": "release", "pricing_risk": str(risk)},
                rows.reset_index(drop=True),
                tuple(current["id"].astype("str")),
                "price.approve",
            )
        )
    return items


def _orders(connection: Connection, actor: Actor, campaign_id: str) -> list[Item]:
    """The newest replenishment sheet that waits for approval or for its order, and quantities by hand whose grounds
    have moved."""
    run_id = runs.latest(connection, campaign_id) if allowed(actor, "replenishment.view") else None
    if run_id is None:
        return []
    run, items = runs.run(connection, run_id, actor), []
    facts = {"n": run.totals["units"], "lines": run.totals["ordered_lines"], "who": run.account}
    amount, here = run.totals.get("amount"), {"replenishment_view": "order"}
    approve = run.state == "draft" and allowed(actor, "replenishment.approve")
    if approve and run.totals["units"] and not replenishment.waits(connection, run, actor):
        ask = Item("purchase", "purchase_approve", "replenishment", facts, 1, amount, here)
        items.append(replace(ask, action="replenishment.approve"))
    if run.state == "approved" and allowed(actor, "replenishment.edit"):
        order = Item("purchase", "purchase_order", "replenishment", facts, 1, amount, here)
        items.append(replace(order, action="replenishment.edit"))
    stale = run.totals["stale_overrides"]
    if stale and run.state != "ordered" and allowed(actor, "replenishment.edit"):
        view = {"replenishment_view": "stale"}
        again = Item("override", "override_stale", "replenishment", {"n": stale}, stale, query=view)
        items.append(replace(again, action="replenishment.edit"))
    return items


def _alerts(connection: Connection, actor: Actor, mine: Campaign, now: datetime) -> list[Item]:
    """Alerts that fire and that nobody has taken, one card a kind."""
    if not allowed(actor, "live.acknowledge") or not mine.opens_at <= now < mine.closes_at:
        return []
    rows = pd.DataFrame(
        monitor.alert_rows(connection, mine.campaign_id, now), columns=["kind", "state", "subject"]
    )
    firing = rows[rows["state"] == "firing"]
    return [
        Item(
            "alert",
            "alert",
            "live",
            {"alert": str(kind), "n": len(part)},
            len(part),
            action="live.acknowledge",
        )
        for kind, part in firing.groupby("kind")
    ]


def _tasks(connection: Connection, actor: Actor, mine: Campaign, now: datetime) -> list[Item]:
    """Overdue and blocked tasks of the person or the person's department; everybody's for who plans."""
    if not allowed(actor, "readiness.task"):
        return []
    tasks = readiness.standing(connection, mine.campaign_id, now).tasks
    if tasks.empty:
        return []
    late = rules.task_risks(tasks, business_day(now, mine.timezone))
    late = late[late["code"] != "task_late"]
    owned = tasks.set_index("task_id")
    own = (owned["owner"] == actor.name) | (owned["department"] == actor.department)
    if actor.department or not allowed(actor, "readiness.edit"):
        late = late[late["subject"].isin(own.index[own])]
    return [
        Item(
            "task",
            str(row["code"]),
            "readiness",
            {"name": row["name"], "days": 0 if pd.isna(row["days"]) else int(row["days"])},
            query={"readiness_tab": "tasks", "readiness_tasks_find": str(row["name"])},
        )
        for row in late.sort_values("score", ascending=False).to_dict("records")
    ]


def _contracts(connection: Connection, actor: Actor, now: datetime) -> list[Item]:
    """Contracts of leaders and partners that end soon or have ended, one card a partner: it stays until somebody writes
    the new end or takes the partner out."""
    if not allowed(actor, "audience.edit"):
        return []
    return [
        Item(
            "contract",
            "contract_ends" if row["days_left"] >= 0 else "contract_ended",
            "audience",
            {"name": row["name"], "days": abs(int(row["days_left"]))},
            query={"audience_tab": "partners"},
            action="audience.edit",
        )
        for row in partners.ending(connection, now).to_dict("records")
    ]


def _refused(connection: Connection, actor: Actor, now: datetime) -> list[Item]:
    """Imports of the last days that left rows out: what the person may import."""
    i = import_run.c
    query = select(i.kind, i.file_name, i.figures, i.at, i.account).where(
        i.state == "committed", i.at >= now - REFUSED_FOR
    )
    rows = read(connection, query.order_by(i.at.desc())).drop_duplicates(
        "kind"
    )  # the newest of a kind answers
    return [
        Item(
            "import",
            "import_refused",
            PLACES[row["kind"]][0],
            {"file": row["file_name"], "n": int(row["figures"].get("rejected", 0)), "kind": row["kind"]},
            query={f"{PLACES[row['kind']][0]}_tab": PLACES[row["kind"]][1]},
            action=PLACES[row["kind"]][2],
        )
        for row in rows.to_dict("records")
        if row["kind"] in PLACES
        and row["figures"].get("rejected", 0)
        and allowed(actor, PLACES[row["kind"]][2])
    ]


def _sources(db: Database, actor: Actor, mine: Campaign, now: datetime) -> list[Item]:
    """Sources of events that are silent while the sale is open; before it, silence is no news."""
    if not allowed(actor, "live.intake") or not mine.opens_at + SILENT <= now < mine.closes_at:
        return []
    known = sources.sources(db, actor)
    ours = known["campaign_id"].isin(["", mine.campaign_id]) & known["active"].fillna(False).astype(bool)
    last = pd.to_datetime(known["last_received_at"], utc=True)
    silent = known[ours & (last.isna() | (now - last > SILENT))].assign(last=last)
    return [
        Item(
            "source",
            "source_silent",
            "live",
            {"source": row["source"], "minutes": _minutes(row["last"], now)},
            action="live.intake",
        )
        for row in silent.to_dict("records")
    ]


def _minutes(last: Any, now: datetime) -> int:
    return 0 if pd.isna(last) else int((now - last).total_seconds() // 60)


def _reports(db: Database, actor: Actor, mine: Campaign, now: datetime) -> list[Item]:
    """Daily reports that have gone silent, for those who bring them in."""
    age = signals.data_age(db, actor, now, mine.timezone)
    if (age is not None and age <= FRESH) or not allowed(actor, "signals.import"):
        return []
    code = "report_none" if age is None else "report_old"
    facts, here = {"days": age or 0}, {"goods_tab": "data"}
    return [Item("report", code, "goods", facts, query=here, action="signals.import")]
