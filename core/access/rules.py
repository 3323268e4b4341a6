"""Roles and what each may do: one table, asked by every service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import ShopError

ROLES = ("viewer", "merchandiser", "campaign_lead", "finance", "warehouse", "member", "admin")

_ALL = frozenset(ROLES)
_PLANNERS = frozenset({"merchandiser", "campaign_lead", "finance", "admin"})


def _only(*roles: str) -> frozenset[str]:
    return frozenset(roles) | {"admin"}


ACTIONS: dict[str, frozenset[str]] = {
    # goods, stock, suppliers
    "goods.view": _ALL,
    "goods.edit": _only("merchandiser"),
    "goods.structure": _only("merchandiser", "campaign_lead"),
    "cost.view": _only("finance", "merchandiser"),
    "cost.edit": _only("finance"),
    "stock.view": _ALL,
    "stock.import": _only("merchandiser"),
    "stock.count": _only("warehouse", "merchandiser"),
    "stock.count_approve": _only("merchandiser", "finance"),
    "supplier.edit": _only("merchandiser"),
    "import.view": _PLANNERS,
    # campaign, target, daily reports
    "campaign.view": _ALL,
    "campaign.edit": _only("campaign_lead"),
    "plan.view": _ALL,
    "plan.edit": _only("campaign_lead"),
    "signals.view": _ALL,
    "signals.import": _only("merchandiser", "campaign_lead"),
    "orders.view": _PLANNERS,
    "orders.import": _only("merchandiser", "campaign_lead"),
    # prices
    "price.view": _PLANNERS,
    "price.edit": _only("finance", "merchandiser"),
    "price.ask": _only("finance", "merchandiser", "campaign_lead"),
    "price.promotion": _only("finance", "campaign_lead"),
    "price.approve": _only("finance"),
    "margin.view": _only("finance"),
    # replenishment
    "replenishment.view": _only("merchandiser", "finance", "campaign_lead", "warehouse"),
    "replenishment.edit": _only("merchandiser"),
    "replenishment.approve": _only("merchandiser", "finance"),
    "replenishment.receive": _only("merchandiser", "warehouse"),
    # warm-up, readiness
    "warmup.view": _ALL,
    "warmup.edit": _only("campaign_lead"),
    "warmup.import": _only("campaign_lead", "merchandiser"),
    "readiness.view": _ALL,
    "readiness.edit": _only("campaign_lead"),
    "readiness.task": _only("campaign_lead", "merchandiser", "finance", "warehouse", "member"),
    "staffing.edit": _only("campaign_lead", "warehouse", "member"),
    # the live sale
    "live.view": _ALL,
    "live.act": _only("campaign_lead"),
    "live.acknowledge": _only("campaign_lead", "merchandiser"),
    "live.intake": _only("campaign_lead"),
    # afterwards
    "audience.view": _PLANNERS,
    "audience.edit": _only("campaign_lead"),
    "audience.import": _only("campaign_lead", "merchandiser"),
    "audience.export": _only("campaign_lead"),
    "person.forget": _only(),
    "experiment.edit": _only("campaign_lead"),
    "experiment.vote": _only("campaign_lead", "merchandiser", "finance", "warehouse", "member"),
    "review.view": _ALL,
    "review.edit": _only("campaign_lead"),
    # the application
    "approval.view": _PLANNERS,
    "account.manage": _only(),
    "audit.view": _only(),
    "notify.manage": _only(),
    "settings.manage": _only(),
    "demo.manage": _only(),
    "settings.ask": frozenset({"merchandiser", "finance", "warehouse", "campaign_lead", "admin"}),
    "backup.run": _only(),
    "check.run": _only(),
}


# What needs two people: kind -> (action of who asks, action of who decides). The second person is never the
# first.
APPROVALS: dict[str, tuple[str, str]] = {
    "stock_count": ("stock.count", "stock.count_approve"),
    "price_floor": ("price.ask", "price.approve"),
    "price_rule": ("price.promotion", "price.approve"),
    "price_limits": ("price.approve", "price.approve"),
    "rule_limits": ("settings.ask", "price.approve"),
    "account_role": ("account.manage", "account.manage"),
}

INPUTS_SEEN_WITH = {"price_floor": "price.edit"}
"""Kinds whose inputs hold costs that not everybody who asks may see: what shows them beside deciding."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: account name, role, and from where ("page" | "cli" | "http", with the network address if
    there is one)."""

    name: str
    role: str
    origin: Literal["page", "cli", "http"] = "page"
    address: str = ""
    department: str = ""


def allowed(actor: Actor, action: str) -> bool:
    """Whether the role has a row for the action; an action without a row is a KeyError, so that none is
    forgotten."""
    return actor.role in ACTIONS[action]


def allow(actor: Actor, action: str) -> None:
    """First line of every service call: ShopError("access.denied", action=..., role=...) unless the role may
    do it."""
    if not allowed(actor, action):
        raise ShopError("access.denied", action=action, role=actor.role)
