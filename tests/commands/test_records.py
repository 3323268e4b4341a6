"""`orders` and `signals`: what imports have stored, as a script reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., tuple[int, Any]]


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """An order export and a daily report."""
    (tmp_path / "orders.csv").write_text(
        "订单编号,商家编码,宝贝标题,订单状态,订单付款时间,宝贝总数量,买家实际支付金额,渠道\n"
        "T1,001,围巾,交易成功,2026-10-01 10:00:00,2,19.90,直播\nT1,B02,手套,交易成功,2026-10-01 10:00:00,1,5,直播\n"
        "T2,001,围巾,等待买家付款,,1,9.95,\n",
        encoding="utf-8",
    )
    (tmp_path / "traffic.csv").write_text(
        "统计日期,商家编码,访客数,支付件数,支付金额\n2026-11-01,001,20,2,198.00\n2026-11-02,001,7,1,99.5\n2026-11-01,B02,3,0,0\n",
        encoding="utf-8",
    )
    return tmp_path


def test_orders_lists_lines_as_stored(command_line: Command, sheets: Path) -> None:
    code, report = command_line("import", "orders", str(sheets / "orders.csv"))
    assert code == 0
    code, lines = command_line("orders")
    assert [(line["order_id"], line["sku_code"], line["amount"]) for line in lines] == [
        ("T1", "001", 1990),
        ("T1", "B02", 500),
        ("T2", "001", 995),
    ]
    first = lines[0]
    assert first == {
        "order_id": "T1",
        "sku_code": "001",
        "line": "1",
        "name": "围巾",
        "state": "done",
        "ordered_at": None,
        "paid_at": "2026-10-01 02:00:00+00:00",
        "refunded_at": None,
        "quantity": 2,
        "amount": 1990,
        "refund_amount": 0,
        "channel": "直播",
        "import_id": report["import_id"],
    }
    assert [line["sku_code"] for line in command_line("orders", "--order", "T1")[1]] == ["001", "B02"]
    assert [line["order_id"] for line in command_line("orders", "--sku", "001")[1]] == ["T1", "T2"]
    assert command_line("orders", "--order", "T1", "--sku", "B02")[1][0]["quantity"] == 1
    assert command_line("orders", "--order", "nobody") == (0, [])


def test_signals_lists_days_as_stored(command_line: Command, sheets: Path) -> None:
    assert command_line("import", "traffic", str(sheets / "traffic.csv"))[0] == 0
    code, rows = command_line("signals", "--sku", "001")
    assert code == 0
    assert [(row["day"], row["visitors"], row["units_paid"], row["paid_amount"]) for row in rows] == [
        ("2026-11-01", 20, 2, 19_800),
        ("2026-11-02", 7, 1, 9_950),
    ]
    assert rows[0]["buyers"] is None
    assert [row["sku_code"] for row in command_line("signals", "--day", "2026-11-01")[1]] == ["001", "B02"]
    assert len(command_line("signals")[1]) == 3
    code, refusal = command_line("signals", "--day", "yesterday")
    assert (code, refusal["error"]) == (2, "usage")
