"""Every kind of workbook by its name on the command line, and the room that knows it."""

from __future__ import annotations

from importlib import import_module

from core.errors import ShopError
from core.imports.kinds import Kind

# name -> "module:attribute"; imported when asked for, so that a command loads only its own room
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
    "costs": "core.pricing.sheet:COSTS",
    "promotions": "core.pricing.sheet:PROMOTIONS",
    "prices": "core.pricing.sheet:PRICES",
    "bundles": "core.pricing.sheet:BUNDLES",
}


def kind(name: str) -> Kind:
    """The named kind; ShopError("import.unknown_kind")."""
    if name not in KINDS:
        raise ShopError("import.unknown_kind", kind=name, kinds=sorted(KINDS))
    module, attribute = KINDS[name].split(":")
    found: Kind = getattr(import_module(module), attribute)
    return found
