"""Order exports: real files, states, split titles, hidden buyers, later exports."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.imports import service as imports
from core.imports.service import Choice, Report
from core.lineup import attach
from core.orders import rules, service
from core.orders.sheet import ORDERS
from core.orders.states import STATES, states
from core.orders.tables import order_line

FILES = [  # rows below the header, as anybody can count them
    ("taobao_mrtb_data.xlsx", 599),
    ("taobao_orders_1月_gbk.csv", 50),
    ("taobao_orders_1月_tab.txt", 50),
    ("taobao_orders_1月_masked.xlsx", 80),
    ("taobao_orders_TB2018.xls", 1783),
    ("taobao_TB2018_missing.xls", 10),
]


def _take(
    db: Database, actor: Actor, content: bytes, name: str, now: datetime, choice: Choice | None = None
) -> Report:
    draft = imports.check(imports.inspect(db, actor, ORDERS, content, name, choice))
    return imports.commit(db, actor, draft, now=now)


def _book(tmp_path: Path, rows: list[list[object]], head: list[str]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [head, *rows]:
        book.active.append(row)
    book.save(tmp_path / "orders.xlsx")
    return (tmp_path / "orders.xlsx").read_bytes()


@pytest.mark.parametrize(("name", "rows"), FILES)
def test_real_exports(
    sqlite: Database, merchandiser: Actor, shared: Path, now: datetime, name: str, rows: int
) -> None:
    content = (shared / "data" / "exports" / name).read_bytes()
    report = _take(sqlite, merchandiser, content, name, now)
    counted = report.figures
    assert counted["rows"] == rows
    assert counted["rows"] == sum(
        counted[n] for n in ("added", "changed", "unchanged", "merged", "rejected", "skipped_totals")
    )
    assert counted["added"] > 0.75 * rows  # one file has error cells among its codes
    again = _take(sqlite, merchandiser, content, name, now)
    assert again.figures["added"] == again.figures["changed"] == 0


def test_a_real_export_gives_baskets_and_pairs(
    database: Database, merchandiser: Actor, shared: Path, now: datetime
) -> None:
    _take(
        database,
        merchandiser,
        (shared / "data/exports/taobao_mrtb_data.xlsx").read_bytes(),
        "taobao_mrtb_data.xlsx",
        now,
    )
    with database.reading() as connection:
        baskets = service.baskets(connection)
        stored = pd.DataFrame(connection.execute(order_line.select()).mappings().all())
        assert service.check(connection) == {"orders.state": [], "orders.negative": [], "orders.buyers": []}
    found = attach.pairs(baskets, least=3)
    assert len(found) >= 10
    assert found["lift"].iloc[0] > 1
    assert not stored["buyer_key"].str.contains("mr0", regex=False).any()
    assert set(stored["state"]) <= set(STATES)


HEAD = [
    "订单编号",
    "商家编码",
    "宝贝标题",
    "买家会员名",
    "订单状态",
    "订单创建时间",
    "订单付款时间",
    "宝贝总数量",
    "买家实际支付金额",
    "退款金额",
]
PAID = [
    "A1",
    "00123",
    "口红",
    "wang",
    "买家已付款，等待卖家发货",
    "2026-10-01 09:00:00",
    "2026-10-01 09:01:00",
    2,
    "199.80",
    "",
]


def test_a_later_export_moves_the_state_and_undo_moves_it_back(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    one = _take(database, merchandiser, _book(tmp_path, [PAID], HEAD), "a.xlsx", now)
    closed = [*PAID[:4], "交易关闭", *PAID[5:9], "199.80"]
    two = _take(database, merchandiser, _book(tmp_path, [closed], HEAD), "b.xlsx", now)
    assert (two.figures["added"], two.figures["changed"]) == (0, 1)

    def state() -> list[tuple[str, int, int]]:
        with database.reading() as connection:
            return [(r.state, r.amount, r.refund_amount) for r in connection.execute(order_line.select())]

    assert state() == [("refunded", 19_980, 19_980)]
    with pytest.raises(ShopError, match=r"import\.later_change"):
        imports.undo(database, merchandiser, ORDERS, one.import_id, reason="错", now=now)
    imports.undo(database, merchandiser, ORDERS, two.import_id, reason="错", now=now)
    assert state() == [("paid", 19_980, 0)]
    imports.undo(database, merchandiser, ORDERS, one.import_id, reason="错", now=now)
    assert state() == []


def test_a_row_without_goods_is_rejected(
    sqlite: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    report = _take(
        sqlite, merchandiser, _book(tmp_path, [PAID, ["A2", "", "", *PAID[3:]]], HEAD), "a.xlsx", now
    )
    assert (report.figures["added"], report.figures["rejected"]) == (1, 1)


@pytest.mark.parametrize(
    ("word", "paid", "refund", "state"),
    [
        ("交易成功", "2026-01-01", 0, "done"),
        ("卖家已发货，等待买家确认", "2026-01-01", 0, "shipped"),
        ("买家已付款，等待卖家发货", "2026-01-01", 0, "paid"),
        ("等待买家付款", None, 0, "placed"),
        ("交易关闭", None, 0, "closed"),
        ("已取消", None, 0, "closed"),
        ("退款成功", "2026-01-01", 100, "refunded"),
        ("交易成功", "2026-01-01", 100, "refunded"),
        ("交易成功", "2026-01-01", 40, "done"),
        ("", "2026-01-01", 0, "paid"),
        ("", None, 0, "placed"),
        ("Shipped", "2026-01-01", 0, "shipped"),
    ],
)
def test_states_in_many_words(word: str, paid: str | None, refund: int, state: str) -> None:
    found = states(
        pd.Series([word]), pd.Series(pd.to_datetime([paid])), pd.Series([refund]), pd.Series([100])
    )
    assert found.tolist() == [state]


def test_buyers_are_keyed_hashes_and_stars_are_nobody() -> None:
    found = rules.buyer_keys(pd.Series(["wang", "wang", "t**3", "'null", "", None]), b"k" * 32)
    assert found[0] == found[1]
    assert len(found[0]) == 32
    assert found[2:].tolist() == ["", "", "", ""]
    assert rules.buyer_keys(pd.Series(["wang"]), b"other" * 8)[0] != found[0]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5),
            st.one_of(st.none(), st.integers(0, 5)),
            st.one_of(st.none(), st.integers(0, 9)),
            st.integers(0, 10**7),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_split_rows_sum_to_their_order(rows: list[tuple[int, int | None, int | None, int]]) -> None:
    frame = pd.DataFrame(
        {
            "name": ["，".join(f"书{k}" for k in range(titles)) for titles, *_ in rows],
            "kinds": pd.array([kinds for _, kinds, _, _ in rows], dtype="Int64"),
            "quantity": pd.array([quantity for _, _, quantity, _ in rows], dtype="Int64"),
            "amount": pd.array([amount for *_, amount in rows], dtype="Int64"),
            "refund_amount": pd.array([None] * len(rows), dtype="Int64"),
            "sku_code": "",
            "row": range(len(rows)),
        }
    )
    found = rules.lines(frame)
    sums = found.groupby("row")[["amount", "quantity"]].sum()
    assert sums["amount"].tolist() == [amount for *_, amount in rows]
    assert sums["quantity"].tolist() == [1 if quantity is None else quantity for _, _, quantity, _ in rows]
    count = found.groupby("row").size().tolist()
    assert all(n in (1, titles) for n, (titles, *_) in zip(count, rows, strict=True))
    assert all(n == titles for n, (titles, kinds, _, _) in zip(count, rows, strict=True) if kinds == titles)
