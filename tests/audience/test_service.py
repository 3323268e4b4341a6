"""Segments from imported orders: against vectors, against a plain computation on real exports, and after undo."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from core.access import Actor
from core.access.tables import audit
from core.audience import rules, service
from core.database import Database, read
from core.errors import ShopError
from core.imports import service as imports
from core.orders import buyers
from core.orders.service import check
from core.orders.sheet import ORDERS
from core.orders.tables import order_line

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)
STATES = {"done": "交易成功", "paid": "已付款", "placed": "等待买家付款", "refunded": "退款成功"}


def _csv(rows: list[dict[str, object]]) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(rows).to_csv(buffer, index=False)
    return buffer.getvalue()


def _take(db: Database, actor: Actor, content: bytes, name: str = "orders.csv") -> str:
    draft = imports.check(imports.inspect(db, actor, ORDERS, content, name))
    return imports.commit(db, actor, draft, now=NOW).import_id


def _small() -> bytes:
    rows = []
    for number, one in enumerate(VECTORS["rfm_small"]["orders"]):
        paid = pd.Timestamp(one["paid_at"]).tz_convert("Asia/Shanghai") if one["paid_at"] else None
        at = paid.strftime("%Y-%m-%d %H:%M:%S") if paid is not None else ""
        rows.append(
            {
                "订单编号": f"A{one['order']}",
                "商家编码": f"S{number}",
                "宝贝标题": f"货{number}",
                "买家会员名": one["buyer"],
                "订单状态": STATES[one["state"]],
                "订单创建时间": at or "2026-11-01 10:00:00",
                "订单付款时间": at,
                "宝贝数量": 1,
                "买家实际支付金额": one["amount"] / 100,
                "退款金额": one["refund"] / 100,
            }
        )
    return _csv(rows)


def test_the_small_vector_and_its_undo(database: Database, merchandiser: Actor) -> None:
    import_id = _take(database, merchandiser, _small())
    shown = service.segments(database, merchandiser, "30,2,15000", date(2026, 11, 12), now=NOW)
    rows = shown.table.set_index("segment")
    assert rows.loc["101", ["buyers", "orders", "amount"]].tolist() == [1, 1, 20_000]  # a
    assert rows.loc["100", ["buyers", "orders", "amount"]].tolist() == [
        1,
        1,
        10_000,
    ]  # b: two lines, one order
    assert rows.loc["101", "median_recency"] == 1, "00:30 in Beijing is the day before in UTC"
    assert rows.loc["100", "median_recency"] == 2
    assert rows.loc["no_net", ["buyers", "orders", "amount"]].tolist() == [1, 0, 0]  # d; c has paid nothing
    assert rows.loc["unknown", ["orders", "amount"]].tolist() == [1, 88_800]
    assert shown.repeat_buyers == 0
    with database.reading() as connection:
        assert check(connection)["orders.buyers"] == []
    earlier = service.segments(database, merchandiser, "30,2,15000", date(2026, 11, 10), now=NOW).table
    assert earlier.set_index("segment").loc["100", "buyers"] == 1, "b alone had bought by then"
    imports.undo(database, merchandiser, ORDERS, import_id, now=NOW, reason="again")
    with database.reading() as connection:
        assert buyers.rollup(connection).empty


def test_a_refund_that_comes_later_moves_its_buyer(database: Database, merchandiser: Actor) -> None:
    _take(database, merchandiser, _small())
    back = (
        _small()
        .decode()
        .replace(
            "交易成功,2026-11-11 00:30:00,2026-11-11 00:30:00,1,200.0,0.0",
            "退款成功,2026-11-11 00:30:00,2026-11-11 00:30:00,1,200.0,200.0",
        )
    )
    second = _take(database, merchandiser, back.encode())
    assert _count(database, merchandiser, "no_net") == 2
    imports.undo(database, merchandiser, ORDERS, second, now=NOW, reason="again")
    assert _count(database, merchandiser, "no_net") == 1
    with database.reading() as connection:
        assert check(connection)["orders.buyers"] == []


def _count(db: Database, actor: Actor, segment: str) -> int:
    return int(service.segments(db, actor, now=NOW).table.set_index("segment").loc[segment, "buyers"])


def test_check_tells_a_sum_that_is_not_its_lines(database: Database, merchandiser: Actor) -> None:
    _take(database, merchandiser, _small())
    with database.writing() as connection:
        connection.execute(order_line.update().where(order_line.c.order_id == "A1").values(amount=1))
        assert len(check(connection)["orders.buyers"]) == 1


@pytest.mark.parametrize("name", ["taobao_mrtb_data.xlsx", "taobao_orders_TB2018.xls"])
def test_real_exports_as_a_plain_computation(
    sqlite: Database, merchandiser: Actor, shared: Path, name: str
) -> None:
    _take(sqlite, merchandiser, (shared / "data/exports" / name).read_bytes(), name)
    with sqlite.reading() as connection:
        lines = read(connection, select(order_line))
    lines = lines[lines["paid_at"].notna()]
    bought = lines[lines["state"].isin(["paid", "shipped", "done"])]
    bought = bought.assign(net=bought["amount"] - bought["refund_amount"])
    orders = (
        bought.groupby(["buyer_key", "order_id"]).agg(net=("net", "sum"), at=("paid_at", "max")).reset_index()
    )
    kept = orders[(orders["net"] > 0) & (orders["buyer_key"] != "")]
    kept = kept.assign(day=kept["at"].dt.tz_convert("Asia/Shanghai").dt.date)
    by = kept.groupby("buyer_key").agg(F=("order_id", "nunique"), M=("net", "sum"), day=("day", "max"))
    by["R"] = [(date(2026, 11, 12) - day).days for day in by["day"]]
    high = (by["R"] <= by["R"].median()), (by["F"] >= max(by["F"].median(), 2)), (by["M"] >= by["M"].median())
    codes = (
        high[0].astype(int).astype(str) + high[1].astype(int).astype(str) + high[2].astype(int).astype(str)
    )
    expected = codes.value_counts()
    shown = service.segments(sqlite, merchandiser, now=NOW).table.set_index("segment")
    assert {code: int(shown.loc[code, "buyers"]) for code in expected.index} == expected.to_dict()
    assert int(shown["amount"].sum()) == int(bought["net"].sum())
    told = VECTORS["rfm_median_tie_on_real_orders_[111,101,011,001]"].get(name)
    if told is not None:
        assert {code: int(shown.loc[code, "buyers"]) for code in told["F>median"]} == told["F>median"]


def test_a_list_of_people_needs_its_permission_and_is_written_down(
    database: Database, merchandiser: Actor
) -> None:
    _take(database, merchandiser, _small())
    with pytest.raises(ShopError, match=r"access\.denied"):
        service.ranked(database, merchandiser, now=NOW)
    people = service.ranked(database, Actor("lead", "campaign_lead"), now=NOW)
    order = [*rules.SEGMENTS, rules.NO_NET]
    assert people["segment"].map(order.index).is_monotonic_increasing
    assert people["frequency"].tolist() == [1, 1, 0], "whoever kept nothing comes last"
    with database.reading() as connection:
        written = connection.execute(select(audit.c.action, audit.c.account, audit.c.after)).all()
    assert [(row.account, row.after["people"]) for row in written if row.action == "audience.export"] == [
        ("lead", 3)
    ]
    with pytest.raises(ShopError, match=r"audience\.future"):
        service.segments(database, merchandiser, as_of=date(2026, 11, 13), now=NOW)
