"""What every function of a page is told: the database, who looks, the chosen campaign, and the moment.

page = require("stock.view")                    # pages.parts.shell.guard
service.positions(page.database, page.actor, today=…)
if page.may("stock.import"): …
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.access import Actor, allowed
from core.database import Database
from core.live.rehearsal.rehearsal import Rehearsal


@dataclass(frozen=True, slots=True)
class Chosen:
    """What every screen of a campaign needs to know of it; moments are aware UTC."""

    campaign_id: str
    name: str
    timezone: str
    opens_at: datetime
    closes_at: datetime
    archived: bool = False
    phase: str = ""  # the word of the phase that runs now
    drill: Rehearsal | None = None  # the clock of a rehearsal; None: the real one
    rehearsal_of: str = ""  # the campaign that a rehearsal is a copy of

    def moment(self, now: datetime) -> datetime:
        """Sale time: the present moment, or the rehearsal's own, which stops at the close."""
        return now if self.drill is None else min(self.drill.moment(now), self.closes_at)


@dataclass(frozen=True, slots=True)
class PageContext:
    """One run of a page: its database, the person whose session was asked for this very run, the chosen
    campaign (None where there is none), and the run's moment (aware UTC).

    It is worth nothing after its run: whatever runs later gets a fresh one (`pages.parts.entry.guarded`).
    """

    database: Database
    actor: Actor
    now: datetime
    campaign: Chosen | None = None

    @property
    def sale(self) -> Chosen:
        """The chosen campaign, on a page that has one. LookupError elsewhere."""
        if self.campaign is None:
            raise LookupError("this page has no campaign")
        return self.campaign

    @property
    def campaign_id(self) -> str:
        """The chosen campaign's id. LookupError on a page without one."""
        return self.sale.campaign_id

    @property
    def moment(self) -> datetime:
        """Sale time: this run's moment on the campaign's own clock."""
        return self.sale.moment(self.now)

    def may(self, action: str) -> bool:
        """Whether this person's role may do `action`."""
        return allowed(self.actor, action)
