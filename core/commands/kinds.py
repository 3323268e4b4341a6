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
}


def kind(name: str) -> Kind:
    """The named kind; ShopError("import.unknown_kind")."""
    if name not in KINDS:
        raise ShopError("import.unknown_kind", kind=name, kinds=sorted(KINDS))
    module, attribute = KINDS[name].split(":")
    found: Kind = getattr(import_module(module), attribute)
    return found
