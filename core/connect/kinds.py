"""Every kind of workbook by its name on the command line, and the package that knows it."""

from __future__ import annotations

from importlib import import_module

from core.errors import ShopError
from core.imports.kinds import Kind

# name -> "module:attribute"; imported when asked for, so that a command loads only its own package
KINDS = {
    "goods": "core.goods.sheet:GOODS",
    "suppliers": "core.goods.sheet:SUPPLIERS",
    "stock": "core.stock.sheet:STOCK",
    "count": "core.stock.sheet:COUNT",
    "plan": "core.campaign.sheet:PLAN",
    "structure": "core.goods.structure_sheet:STRUCTURE",
    "warmup": "core.warmup.sheet:WARMUP",
    "traffic": "core.signals.sheet:TRAFFIC",
    "shop": "core.signals.sheet:SHOP",
    "orders": "core.orders.sheet:ORDERS",
    "costs": "core.pricing.changes.sheet:COSTS",
    "experiments": "core.experiments.counts_sheet:EXPERIMENTS",
    "promotions": "core.pricing.changes.sheet:PROMOTIONS",
    "prices": "core.pricing.changes.sheet:PRICES",
    "service": "core.review.sheet:SERVICE",
    "people": "core.audience.people.sheet:PEOPLE",
    "members": "core.audience.people.sheet:MEMBERS",
    "invites": "core.audience.people.sheet:INVITES",
    "bundles": "core.pricing.changes.sheet:BUNDLES",
}


def kind(name: str) -> Kind:
    """The named kind; ShopError("import.unknown_kind")."""
    if name not in KINDS:
        raise ShopError("import.unknown_kind", kind=name, kinds=sorted(KINDS))
    module, attribute = KINDS[name].split(":")
    declared: Kind = getattr(import_module(module), attribute)
    return declared
