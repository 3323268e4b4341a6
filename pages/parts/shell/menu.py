"""The menu: one row a page, with its group, icon and the action that opens it. A page is listed once its file
stands.

To add a page: write pages/<page>.py, add its row here and its words `menu.<page>` and `menu.<page>_help`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.access import Actor, allowed

FOLDER = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: file name (also its address and its words), group, icon, and the action that its guard asks
    for."""

    page: str
    group: str
    icon: str
    action: str

    @property
    def file(self) -> Path:
        """Where the page stands."""
        return FOLDER / f"{self.page}.py"


MENU: tuple[Entry, ...] = (
    Entry("overview", "", "dashboard", "campaign.view"),
    Entry("plan", "prepare", "target", "plan.view"),
    Entry("goods", "prepare", "category", "goods.view"),
    Entry("pricing", "prepare", "sell", "price.view"),
    Entry("stock", "prepare", "inventory_2", "stock.view"),
    Entry("replenishment", "prepare", "local_shipping", "replenishment.view"),
    Entry("warmup", "warm", "local_fire_department", "warmup.view"),
    Entry("readiness", "warm", "checklist", "readiness.view"),
    Entry("live", "live", "monitoring", "live.view"),
    Entry("wall", "live", "tv", "live.view"),
    Entry("audience", "after", "groups", "audience.view"),
    Entry("experiments", "after", "science", "review.view"),
    Entry("review", "after", "fact_check", "review.view"),
    Entry("admin", "manage", "admin_panel_settings", "account.manage"),
)


def standing() -> list[Entry]:
    """Every page of the application that has a file."""
    return [entry for entry in MENU if entry.file.is_file()]


def offered(actor: Actor) -> list[Entry]:
    """The pages that this person's role may open."""
    return [entry for entry in standing() if allowed(actor, entry.action)]
