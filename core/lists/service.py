"""What may be asked of lists: whom one would reach and what its size can show; made, with a control held back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, delete, select

from core import clock
from core.access import Actor, allow, audit
from core.access.keys import derived
from core.campaign import service as campaigns
from core.campaign.tables import campaign
from core.database import Database, insert, new_id, one, read
from core.database.locks import one_at_a_time
from core.database.rows import Row
from core.database.types import Values
from core.errors import ShopError
from core.experiments.assignment import Arm, Splitter
from core.lists import rules
from core.lists.people import Chosen, chosen, known, usual
from core.lists.rules import CALLED, CONTROL, Outlook, Plan
from core.lists.tables import audience_list, list_member
from core.settings import settings

PURPOSE = "lists"
OFFERED = (
    "kind",
    "people",
    "worth",
    "in_app",
    "by_order",
    "expected",
    "most",
    "advice",
    "proven",
    "low",
    "high",
    "proven_in",
)
LISTED = (
    "list_id",
    "campaign",
    "kind",
    "name",
    "as_of",
    "people",
    "control",
    "booked",
    "state",
    "sent_at",
    "account",
)


@dataclass(frozen=True, slots=True)
class Made:
    """A list as it is stored, without its people."""

    list_id: str
    campaign_id: str
    kind: str
    name: str
    as_of: date
    plan: Plan
    people: int
    control: int
    worth: int
    dropped: Mapping[str, int]
    booked: int
    state: str
    sent_at: datetime | None
    sent_by: str
    task_id: str
    result: Values | None

    @property
    def called(self) -> int:
        """Those who are called."""
        return self.people - self.control

    def until(self) -> datetime | None:
        """Up to when purchases count; None before it was sent."""
        return (
            None
            if self.sent_at is None
            else self.sent_at + pd.Timedelta(days=self.plan.days).to_pytimedelta()
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A list that could be made now: what it can show, its worth (fen), how many are reached in the app and by their
    orders alone, and who was left out by reason."""

    outlook: Outlook
    worth: int
    in_app: int
    by_order: int
    dropped: Mapping[str, int]


def offers(db: Database, actor: Actor, campaign_id: str, plan: Plan, now: datetime) -> pd.DataFrame:
    """Every kind of list as it would be today by that plan, columns OFFERED: people, worth (fen), reached in the app
    and by orders alone, fen expected and at most, and what the last list of the kind has proven: `proven` net fen a
    person called with its interval (missing without one), `proven_in` (campaign) and `advice`: call | again (not
    decided yet, or never tried) | spare (it brought nothing, or harm) | nobody. Proven ones first.
    ShopError("lists.plan" | "lists.coupon_from" | "campaign.unknown")."""
    allow(actor, "audience.view")
    checked = rules.require(plan)
    with db.reading() as connection:
        sale = campaigns.standing(connection, campaign_id)
        base, deviation = usual(connection, checked.days, now)
        basis = known(connection, now, ranked=checked.most > 0)
        people_of = {kind: chosen(connection, sale, kind, checked, now, basis) for kind in rules.KINDS}
        proofs = _proofs(connection)
    rows = [
        _offer(kind, one, checked, (base, deviation), proofs.get(kind)) for kind, one in people_of.items()
    ]
    frame = pd.DataFrame(rows, columns=list(OFFERED))
    gain = frame["proven"].fillna(0) * frame["people"]
    order = np.lexsort((np.arange(len(frame)), -gain.to_numpy(dtype=float)))
    return frame.iloc[order].reset_index(drop=True)


def _offer(kind: str, one: Chosen, plan: Plan, usually: tuple[float, float], proof: Values | None) -> Row:
    people, here = len(one.people), int(one.people["in_app"].sum())
    ahead = rules.outlook(people, plan, *usually)
    figures = (kind, people, int(one.people["worth"].sum()), here, people - here, ahead.expected, ahead.most)
    if proof is None:
        return (*figures, "again" if people >= rules.LEAST_PEOPLE else "nobody", None, None, None, "")
    advice = {"win": "call", "undecided": "again", "untrusted": "again"}.get(proof["word"], "spare")
    basis = (proof["net"], proof["low"], proof["high"], proof["campaign"])
    return (*figures, advice if people >= rules.LEAST_PEOPLE else "nobody", *basis)


def _proofs(connection: Connection) -> dict[str, Mapping[str, object]]:
    """The newest judged result of each kind, with the name of its campaign."""
    a = audience_list.c
    query = select(a.kind, a.result, campaign.c.name).join(campaign, campaign.c.campaign_id == a.campaign_id)
    rows = connection.execute(query.where(a.state == "judged").order_by(a.sent_at)).all()
    return {row.kind: {**row.result, "campaign": row.name} for row in rows}


def draft(db: Database, actor: Actor, campaign_id: str, kind: str, plan: Plan, now: datetime) -> Draft:
    """What a list of that kind and plan would be. ShopError("lists.kind" | "lists.plan" | "lists.coupon_from" |
    "campaign.unknown")."""
    allow(actor, "audience.view")
    checked = rules.require(plan)
    with db.reading() as connection:
        sale = campaigns.standing(connection, campaign_id)
        basis = known(connection, now, ranked=checked.most > 0)
        people_of = chosen(connection, sale, rules.require_kind(kind), checked, now, basis)
        usually = usual(connection, checked.days, now)
    here = int(people_of.people["in_app"].sum())
    ahead = rules.outlook(len(people_of.people), checked, *usually)
    return Draft(
        ahead, int(people_of.people["worth"].sum()), here, len(people_of.people) - here, people_of.dropped
    )


def make(
    db: Database, actor: Actor, campaign_id: str, kind: str, name: str, plan: Plan, now: datetime
) -> str:
    """Makes a list as of now, holds a random control back, books its cost; returns its id.

    ShopError as `draft`, "lists.name" for a blank or taken name, "lists.small" below LEAST_PEOPLE.
    """
    allow(actor, "audience.edit")
    checked, list_id = rules.require(plan), new_id()
    with db.writing() as connection:
        one_at_a_time(connection, PURPOSE)
        sale = campaigns.standing(connection, campaign_id)
        _free(connection, name)
        basis = known(connection, now, ranked=True)
        people_of = chosen(connection, sale, rules.require_kind(kind), checked, now, basis)
        if len(people_of.people) < rules.LEAST_PEOPLE:
            raise ShopError("lists.small", people=len(people_of.people), least=rules.LEAST_PEOPLE)
        members = _split(people_of.people, list_id, checked)
        base, deviation = usual(connection, checked.days, now)
        booked = rules.outlook(len(members), checked, base, deviation).expected
        row = {
            "list_id": list_id,
            "campaign_id": campaign_id,
            "kind": kind,
            "name": name.strip(),
            "as_of": clock.business_day(now, settings().timezone),
            "plan": asdict(checked),
            "people": len(members),
            "control": int(members["held_back"].sum()),
            "worth": int(members["worth"].sum()),
            "dropped": people_of.dropped,
            "booked": booked,
            "state": "made",
            "account": actor.name,
            "at": now,
        }
        insert(connection, audience_list, pd.DataFrame([row]))
        insert(connection, list_member, members.sort_values("buyer_key"))
        facts = {"kind": kind, "people": len(members), "control": row["control"], "booked": booked}
        audit.record(connection, actor, now, "lists.make", list_id, None, {"name": name.strip(), **facts})
    return list_id


def _split(people: pd.DataFrame, list_id: str, plan: Plan) -> pd.DataFrame:
    """Who is held back, by keyed hash of list and person: nobody's choice, and the same on every machine."""
    held = round(plan.control * 100)
    split = Splitter(derived(PURPOSE), list_id, (Arm(CONTROL, held), Arm(CALLED, 100 - held)))
    arms = np.array([split.arm(key) for key in people["buyer_key"]], dtype=object)
    return people.assign(list_id=list_id, held_back=arms == CONTROL)


def _free(connection: Connection, name: str) -> None:
    taken = connection.scalar(select(audience_list.c.list_id).where(audience_list.c.name == name.strip()))
    if not name.strip() or taken is not None:
        raise ShopError("lists.name", name=name.strip())


def listed(db: Database, actor: Actor, campaign_id: str = "") -> pd.DataFrame:
    """The lists of a campaign ("" = of all), the newest first: LISTED."""
    allow(actor, "audience.view")
    a = audience_list.c
    columns = [campaign.c.name.label("campaign") if name == "campaign" else a[name] for name in LISTED]
    query = select(*columns).join(campaign, campaign.c.campaign_id == a.campaign_id).order_by(a.at.desc())
    with db.reading() as connection:
        return read(connection, query.where(a.campaign_id == campaign_id) if campaign_id else query)


def load(db: Database, actor: Actor, list_id: str) -> Made:
    """One list. ShopError("lists.unknown")."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        return standing(connection, list_id)


def standing(connection: Connection, list_id: str) -> Made:
    """As `load`, inside the caller's transaction; by its id or its name."""
    wanted = (audience_list.c.list_id == list_id) | (audience_list.c.name == list_id)
    row = one(connection, select(audience_list).where(wanted))
    if row is None:
        raise ShopError("lists.unknown", name=list_id)
    kept = {name: row[name] for name in Made.__dataclass_fields__}
    return Made(**kept | {"plan": Plan(**row["plan"])})


def forget(connection: Connection, names: list[str]) -> int:
    """Takes a person off every list; the lists' sums stay. Returns the memberships."""
    return connection.execute(delete(list_member).where(list_member.c.buyer_key.in_(names))).rowcount
