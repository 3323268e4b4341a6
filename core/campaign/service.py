"""What may be asked of campaigns: their names, clocks and phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, delete, select, update

from core.access import Actor, allow, audit
from core.campaign import phases as rules
from core.campaign.phases import Fault, Phase
from core.campaign.sale_kinds import SaleKind
from core.campaign.tables import campaign, campaign_phase
from core.clock import SHANGHAI, utc, zone
from core.database import Database, insert, new_id, one, read
from core.errors import ShopError
from core.versions import Version

LISTED = (
    "campaign_id",
    "name",
    "timezone",
    "opens_at",
    "closes_at",
    "rehearsal_of",
    "archived",
    "version",
    "kind",
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One big sale. Moments are aware UTC; `opens_at` and `closes_at` span its live phases; `faults` are gaps
    worth a look."""

    campaign_id: str
    name: str
    timezone: str
    opens_at: datetime
    closes_at: datetime
    version: int
    rehearsal_of: str
    archived: bool
    kind: SaleKind
    phases: tuple[Phase, ...]

    @property
    def faults(self) -> list[Fault]:
        """Gaps (and nothing worse: overlaps are refused on saving)."""
        return rules.faults(self.phases)

    def phase_at(self, moment: datetime) -> Phase | None:
        """The phase in which the moment falls."""
        return rules.at(self.phases, moment)

    def selling(self, moment: datetime) -> bool:
        """Whether the sale runs at the moment."""
        return self.opens_at <= moment < self.closes_at

    def next_phase(self, moment: datetime) -> Phase | None:
        """The phase that begins next."""
        return rules.upcoming(self.phases, moment)


@dataclass(frozen=True, slots=True)
class NewSale:
    """A campaign of one live phase, as it is entered."""

    name: str
    opens_at: datetime
    closes_at: datetime
    timezone: str = SHANGHAI
    kind: SaleKind = SaleKind.FESTIVAL


def campaigns(db: Database, actor: Actor, *, archived: bool = False) -> pd.DataFrame:
    """Campaigns by opening, newest first, columns LISTED; archived ones only when asked for."""
    allow(actor, "campaign.view")
    query = select(*(campaign.c[name] for name in LISTED)).order_by(
        campaign.c.opens_at.desc(), campaign.c.campaign_id
    )
    with db.reading() as connection:
        return read(connection, query if archived else query.where(campaign.c.archived.is_(False)))


def load(db: Database, actor: Actor, campaign_id: str) -> Campaign:
    """One campaign with its phases. ShopError("campaign.unknown")."""
    allow(actor, "campaign.view")
    with db.reading() as connection:
        return standing(connection, campaign_id)


def standing(connection: Connection, campaign_id: str) -> Campaign:
    """One campaign inside the caller's transaction. ShopError("campaign.unknown")."""
    row = one(
        connection,
        select(*(campaign.c[name] for name in LISTED)).where(campaign.c.campaign_id == campaign_id),
    )
    if row is None:
        raise ShopError("campaign.unknown", campaign_id=campaign_id)
    phase_row = connection.execute(
        select(*campaign_phase.columns)
        .where(campaign_phase.c.campaign_id == campaign_id)
        .order_by(campaign_phase.c.starts_at)
    ).mappings()
    stretches = tuple(
        Phase(p["phase_id"], p["kind"], p["starts_at"], p["ends_at"], p["name"]) for p in phase_row
    )
    return Campaign(**row | {"kind": SaleKind(row["kind"])}, phases=stretches)


def neighbours(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """Other campaigns whose sale, from the first clock to the last, overlaps this one's: campaign_id, name,
    opens_at, closes_at."""
    mine = standing(connection, campaign_id)
    columns = (campaign.c.campaign_id, campaign.c.name, campaign.c.opens_at, campaign.c.closes_at)
    overlaps = (campaign.c.opens_at < mine.closes_at) & (campaign.c.closes_at > mine.opens_at)
    real = campaign.c.archived.is_(False) & (campaign.c.rehearsal_of == "")
    return read(connection, select(*columns).where(campaign.c.campaign_id != campaign_id, overlaps, real))


def draft(template: str, year: int, opening: str, timezone: str = SHANGHAI) -> tuple[Phase, ...]:
    """The phases of a template on the campaign's own clock, as aware UTC moments.
    ShopError("campaign.no_template")."""
    own = zone(timezone)
    return tuple(
        replace(p, starts_at=utc(p.starts_at.replace(tzinfo=own)), ends_at=utc(p.ends_at.replace(tzinfo=own)))
        for p in rules.template(template, year, opening)
    )


def own_dates(opens_at: datetime, closes_at: datetime) -> tuple[Phase, ...]:
    """The usual phases around a sale of one's own, aware UTC. ShopError("campaign.phase_order")."""
    return rules.around(utc(opens_at), utc(closes_at))


def as_before(db: Database, actor: Actor, campaign_id: str, opens_at: datetime) -> tuple[Phase, ...]:
    """The phases of an earlier campaign, moved to another last opening. ShopError("campaign.unknown")."""
    allow(actor, "campaign.view")
    return rules.shifted(load(db, actor, campaign_id).phases, utc(opens_at))


def next_sale(now: datetime) -> tuple[str, int]:
    """The known sale (template, year) whose last opening comes next: what a new campaign is likely for."""
    coming = [
        (max(p.starts_at for p in draft(name, year, rules.OPENINGS[0]) if p.kind == "live"), name, year)
        for name in rules.TEMPLATES
        for year in (now.year, now.year + 1)
    ]
    return next((name, year) for opens, name, year in sorted(coming) if opens > now)


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign that is to be: name, phases (aware moments), time zone, sort of sale."""

    name: str
    phases: Sequence[Phase]
    timezone: str = SHANGHAI
    kind: SaleKind = SaleKind.FESTIVAL


def add(db: Database, actor: Actor, new: NewCampaign, *, now: datetime) -> str:
    """A new campaign; returns its id. ShopError("campaign.no_name" | "campaign.same_name") or what
    `phases.checked` refuses."""
    allow(actor, "campaign.edit")
    with db.writing() as connection:
        return enter(connection, actor, new, now)


def enter(connection: Connection, actor: Actor, new: NewCampaign, now: datetime) -> str:
    """As `add`, inside the caller's transaction."""
    zone(new.timezone)
    title = _free_name(connection, new.name)
    ordered = _checked(new.phases, new.timezone)
    campaign_id = new_id()
    row = {
        "campaign_id": campaign_id,
        "name": title,
        "timezone": new.timezone,
        "kind": new.kind,
        **_span(ordered),
        "created_at": now,
        "account": actor.name,
    }
    insert(connection, campaign, pd.DataFrame([row]))
    _store(connection, campaign_id, ordered)
    facts = {"name": title, "kind": new.kind, "phases": _listed(ordered)}
    audit.record(connection, actor, now, "campaign.add", campaign_id, None, facts)
    return campaign_id


def _checked(phases: Sequence[Phase], timezone: str) -> tuple[Phase, ...]:
    """`rules.checked`; a refusal says its moments on the campaign's clock."""
    try:
        return rules.checked([replace(p, starts_at=utc(p.starts_at), ends_at=utc(p.ends_at)) for p in phases])
    except ShopError as refused:
        at = zone(timezone)
        facts = {
            name: fact.astimezone(at) if isinstance(fact, datetime) else fact
            for name, fact in refused.facts.items()
        }
        raise ShopError(refused.code, **facts) from None


def add_sale(db: Database, actor: Actor, new: NewSale, *, now: datetime) -> str:
    """A new campaign of one live phase. Errors as in `add`."""
    allow(actor, "campaign.edit")
    return add(
        db,
        actor,
        NewCampaign(
            new.name,
            [Phase("p01", "live", new.opens_at, new.closes_at)],
            timezone=new.timezone,
            kind=new.kind,
        ),
        now=now,
    )


def reschedule(
    db: Database, actor: Actor, at: Version, phases: Sequence[Phase], *, now: datetime
) -> Campaign:
    """Replaces the phases. ShopError("campaign.moved") when somebody else has changed the campaign since
    `version`."""
    allow(actor, "campaign.edit")
    with db.writing() as connection:
        return move(connection, actor, at, phases, now)


def move(
    connection: Connection, actor: Actor, at: Version, phases: Sequence[Phase], now: datetime
) -> Campaign:
    """As `reschedule`, inside the caller's transaction."""
    before = _seen(connection, at.key, at.number)
    ordered = _checked(phases, before.timezone)
    connection.execute(delete(campaign_phase).where(campaign_phase.c.campaign_id == at.key))
    _store(connection, at.key, ordered)
    _touch(connection, at.key, at.number, **_span(ordered))
    plans = _listed(before.phases), _listed(ordered)
    audit.record(connection, actor, now, "campaign.reschedule", at.key, *plans)
    return standing(connection, at.key)


def rename(db: Database, actor: Actor, at: Version, name: str, *, now: datetime) -> None:
    """Another name. ShopError("campaign.moved" | "campaign.no_name" | "campaign.same_name")."""
    allow(actor, "campaign.edit")
    with db.writing() as connection:
        before = _seen(connection, at.key, at.number)
        title = _free_name(connection, name)
        _touch(connection, at.key, at.number, name=title)
        audit.record(connection, actor, now, "campaign.rename", at.key, before.name, title)


def set_kind(db: Database, actor: Actor, at: Version, kind: SaleKind, *, now: datetime) -> None:
    """Says what sort of sale it is. ShopError("campaign.moved" | "campaign.unknown")."""
    allow(actor, "campaign.edit")
    with db.writing() as connection:
        before = _seen(connection, at.key, at.number)
        _touch(connection, at.key, at.number, kind=kind)
        audit.record(connection, actor, now, "campaign.kind", at.key, before.kind, kind)


def archive(db: Database, actor: Actor, campaign_id: str, *, archived: bool = True, now: datetime) -> None:
    """Takes a campaign out of the pickers, or puts it back; nothing is lost."""
    allow(actor, "campaign.edit")
    with db.writing() as connection:
        before = standing(connection, campaign_id)
        _touch(connection, campaign_id, before.version, archived=archived)
        audit.record(connection, actor, now, "campaign.archive", campaign_id, before.archived, archived)


def _seen(connection: Connection, campaign_id: str, version: int) -> Campaign:
    before = standing(connection, campaign_id)
    if before.version != version:
        raise ShopError("campaign.moved", name=before.name)
    return before


def _touch(connection: Connection, campaign_id: str, version: int, **values: object) -> None:
    """Sets values and counts the version on; of two writers who saw the same version one is refused."""
    this_version = (campaign.c.campaign_id == campaign_id) & (campaign.c.version == version)
    moved = connection.execute(
        update(campaign)
        .where(this_version)
        .values(version=version + 1, **values)
        .returning(campaign.c.version)
    ).all()
    if not moved:
        raise ShopError("campaign.moved", name=campaign_id)


def _free_name(connection: Connection, name: str) -> str:
    title = name.strip()
    if not title:
        raise ShopError("campaign.no_name")
    if one(connection, select(campaign.c.campaign_id).where(campaign.c.name == title)):
        raise ShopError("campaign.same_name", name=title)
    return title


def _span(phases: Sequence[Phase]) -> dict[str, datetime]:
    live = [p for p in phases if p.kind == "live"]
    return {"opens_at": min(p.starts_at for p in live), "closes_at": max(p.ends_at for p in live)}


def _store(connection: Connection, campaign_id: str, phases: Sequence[Phase]) -> None:
    rows = [
        {
            "campaign_id": campaign_id,
            "phase_id": p.phase_id,
            "kind": p.kind,
            "name": p.name,
            "starts_at": p.starts_at,
            "ends_at": p.ends_at,
        }
        for p in phases
    ]
    insert(connection, campaign_phase, pd.DataFrame(rows))


def _listed(phases: Sequence[Phase]) -> list[list[str]]:
    """Phases as the audit trail keeps them."""
    return [[p.phase_id, p.kind, p.starts_at.isoformat(), p.ends_at.isoformat()] for p in phases]
