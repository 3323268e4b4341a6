"""Control sums are a check and no arithmetic of our own: whatever loses a unit or a fen on the way keeps the whole
file out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.access.tables import audit
from core.database import Database
from core.errors import ShopError
from core.imports import rules, service
from core.imports.control import Control, require_whole
from core.imports.tables import import_run
from core.orders import amounts
from core.sheets import parts
from core.stock import count_entries, location_rules
from tests.imports.files import GOODS, KIND, csv_of

PAID_AT = "2026-11-11 00:10:00"
FILES: dict[str, list[list[object]]] = {
    "goods": [["商品编码", "商品名称", "成本价"], ["A", "围巾", "60.00"], ["B", "帽子", "30.00"]],
    "stock": [["商品编码", "仓库", "库存数量"], ["A", "上海", 3], ["A", "北京", 4]],
    "count": [["商品编码", "库位", "盘点数量"], ["A", "1", 3], ["A", "2", 4]],
    "traffic": [
        ["统计日期", "店铺", "商品编码", "支付件数", "支付金额"],
        ["2026-11-01", "一店", "A", 1, "99.00"],
        ["2026-11-01", "二店", "A", 2, "198.00"],
    ],
    "orders": [
        ["订单号", "商品编码", "数量", "商品金额", "订单应付金额", "付款时间"],
        ["1", "A", 1, "100.00", "150.01", PAID_AT],
        ["1", "B", 1, "60.00", "150.01", PAID_AT],
    ],
}


def _first_alone(*arguments: Any) -> pd.DataFrame:
    frame, key = arguments[0], "sku_code"
    return frame.drop_duplicates(key, ignore_index=True)


def _lose(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A fault of ours in the step that brings the rows of a kind together."""
    if kind == "stock":
        monkeypatch.setattr(location_rules, "_summed", lambda *given: (_first_alone(*given), 0))
    elif kind == "traffic":
        monkeypatch.setattr(parts, "sum_parts", _first_alone)
    elif kind == "goods":
        monkeypatch.setattr(rules, "stated", lambda sheet, standing: sheet.mask(sheet.index == "B", standing))
    elif kind == "count":
        whole = count_entries._keyed
        monkeypatch.setattr(count_entries, "_keyed", lambda sheet: whole(sheet).head(1))
    else:
        whole = amounts.shared
        monkeypatch.setattr(amounts, "shared", lambda lines: whole(lines) - (lines.index == lines.index[0]))


def _rows_of(database: Database) -> tuple[int, int]:
    with database.reading() as connection:
        runs, trail = (
            connection.scalar(select(func.count()).select_from(table)) for table in (import_run, audit)
        )
    return int(runs or 0), int(trail or 0)


@pytest.fixture
def known(database: Database, admin: Actor, now: datetime) -> None:
    """The goods of the files are in the shop."""
    draft = service.check(service.inspect(database, admin, GOODS, csv_of(FILES["goods"]), "goods.csv"))
    assert service.commit(database, admin, draft, now=now).committed


@pytest.mark.parametrize("kind", [name for name in FILES if name != "goods"])
def test_a_unit_or_a_fen_lost_on_the_way_keeps_the_file_out(
    database: Database, admin: Actor, now: datetime, known: None, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def take(**how: bool) -> service.Report:
        inspection = service.inspect(database, admin, KIND[kind], csv_of(FILES[kind]), "a.csv")
        return service.commit(database, admin, service.check(inspection), now=now, **how)

    before = _rows_of(database)
    with monkeypatch.context() as patch:
        _lose(patch, kind)
        for how in ({"dry_run": True}, {}):
            with pytest.raises(ShopError) as refusal:
                take(**how)
            assert refusal.value.code == "import.sums_differ"
            assert refusal.value.facts["apart"] > 0
    assert _rows_of(database) == before
    assert take().committed, "the same file, once nothing is lost"


def test_a_cost_lost_on_the_way_keeps_the_file_out(
    database: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _lose(patch, "goods")
        draft = service.check(service.inspect(database, admin, GOODS, csv_of(FILES["goods"]), "goods.csv"))
        with pytest.raises(ShopError, match="sums_differ"):
            service.commit(database, admin, draft, now=now)
    assert _rows_of(database) == (0, 0)


@pytest.mark.parametrize("field", ["written", "rejected", "skipped", "excluded"])
@pytest.mark.parametrize("apart", [1, -1])
def test_one_unit_apart_is_apart(field: str, apart: int) -> None:
    whole = Control(file=28_476, written=27_000, rejected=100, skipped=800, excluded=576)
    require_whole({"on_hand": whole}, "stock")
    with pytest.raises(ShopError) as refusal:
        require_whole({"on_hand": whole._replace(**{field: getattr(whole, field) + apart})}, "stock")
    assert refusal.value.facts == {"kind": "stock", "field": "on_hand", "file": 28_476, "apart": -apart}


def test_the_command_line_says_so(
    command_line: Callable[..., tuple[int, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_of(FILES["stock"]))
    with monkeypatch.context() as patch:
        _lose(patch, "stock")
        code, answer = command_line("import", "stock", str(path))
    assert (code, answer["error"]) == (1, "import.sums_differ")
    assert command_line("positions")[1] == []
