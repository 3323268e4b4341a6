"""Small files of every kind for the tests of imports."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from core.goods.sheet import GOODS
from core.imports.kinds import Kind
from core.orders.sheet import ORDERS
from core.signals.sheet import TRAFFIC
from core.stock.sheet import COUNT, STOCK

KIND: dict[str, Kind] = {kind.name: kind for kind in (GOODS, STOCK, COUNT, TRAFFIC, ORDERS)}


def csv_of(rows: Sequence[Sequence[object]], encoding: str = "utf-8-sig", separator: str = ",") -> bytes:
    """Rows as a csv file."""
    lines = io.StringIO(newline="")
    csv.writer(lines, delimiter=separator).writerows(rows)
    return lines.getvalue().encode(encoding)
