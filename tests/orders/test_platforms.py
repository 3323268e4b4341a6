"""Orders as platforms write them: an amount a line, an amount an order, blanks below a first row, refunds in
words, amounts and negative rows. What is stored is the file's own sum, or nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.imports import service as imports
from core.imports.service import Choice, Report
from core.money import split, split_each
from core.orders import service
from core.orders.amounts import level
from core.orders.settled import Settled, settle
from core.orders.settled import written as told_sums
from core.orders.sheet import ORDERS
from core.orders.states import states

Take = Callable[..., tuple[Report, pd.DataFrame]]


@pytest.fixture
def take(sqlite: Database, merchandiser: Actor, now: datetime) -> Take:
    """Imports a csv text or a workbook: the report and the stored lines."""

    def take(content: str | bytes, mapping: dict[str, str] | None = None) -> tuple[Report, pd.DataFrame]:
        file = ("a.csv", content.encode()) if isinstance(content, str) else ("a.xlsx", content)
        choice = Choice(mapping=mapping or {})
        draft = imports.check(imports.inspect(sqlite, merchandiser, ORDERS, file[1], file[0], choice))
        report = imports.commit(sqlite, merchandiser, draft, now=now)
        counts = report.figures
        assert counts["rows"] == sum(
            counts[n] for n in ("added", "changed", "unchanged", "merged", "rejected", "skipped_totals")
        )
        return report, service.listed(sqlite, merchandiser)

    return take


def codes(report: Report) -> dict[str, dict[str, object]]:
    return {str(said["code"]): dict(said) for said in report.warnings}


REPEATED = """内部订单号,店铺,付款日期,下单时间,实付金额,订单状态,商品编码,商品名称,数量,商品金额
101,旗舰店,2026-10-20 10:01:00,2026-10-20 10:00:00,125.00,已发货,A01-R,围巾,2,100.00
101,旗舰店,2026-10-20 10:01:00,2026-10-20 10:00:00,125.00,已发货,B02-B,手套,1,25.00
102,旗舰店,2026-10-20 11:01:00,2026-10-20 11:00:00,25.00,已发货,B02-B,手套,1,25.00
"""


def test_an_amount_repeated_on_every_line_is_the_orders(take: Take) -> None:
    report, lines = take(REPEATED)
    assert lines[["order_id", "sku_code", "amount"]].values.tolist() == [
        ["101", "A01-R", 10_000],
        ["101", "B02-B", 2_500],
        ["102", "B02-B", 2_500],
    ]
    assert lines["paid_at"].notna().all()
    assert codes(report)["orders.order_amounts"]["amount"] == 12_500
    again, same = take(REPEATED.encode().decode())
    assert (again.figures["added"], again.figures["changed"], same["amount"].sum()) == (0, 0, 15_000)


def test_freight_and_discount_of_shared_orders_are_named(take: Take) -> None:
    text = "订单号,商家编码,数量,商品单价,运费,实付金额\n1,A,2,50,10,105\n1,B,1,20,10,105\n2,A,1,50,0,50\n"
    report, lines = take(text)
    assert lines["amount"].tolist() == [8750, 1750, 5000]
    told = codes(report)["orders.order_amounts"]
    assert (told["freight"], told["discount"]) == (1000, 2500)


def test_order_cells_on_the_first_line_only_serve_all_its_lines(take: Take) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["订单编号", "订单状态", "付款时间", "买家会员名", "实付金额", "商家编码", "商品名称", "商品数量"],
        ["T001", "已完成", "2026-10-20 10:00:00", "甲", 300, "A01", "围巾", 1],
        [None, None, None, None, None, "B02", "手套", 2],
        ["T002", "已完成", "2026-10-20 11:00:00", "乙", 59, "B02", "手套", 1],
    ):
        sheet.append(row)
    for column in "ABCDE":
        sheet.merge_cells(f"{column}2:{column}3")
    buffer = io.BytesIO()
    book.save(buffer)
    report, lines = take(buffer.getvalue())
    first = lines[lines["order_id"] == "T001"]
    assert first[["sku_code", "quantity", "amount", "state"]].values.tolist() == [
        ["A01", 1, 10_000, "done"],
        ["B02", 2, 20_000, "done"],
    ]
    assert first["paid_at"].nunique() == 1
    assert codes(report)["orders.split_by_units"]["orders"] == 1


def test_shopify_repeats_the_number_and_writes_the_rest_once(take: Take) -> None:
    text = (
        "Order ID,Financial Status,Paid at,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n"
        "#1,partially_refunded,2026-10-20 10:00:00,35.00,2026-10-20 09:59:00,1,Scarf,10.00,A\n"
        "#1,,,,,2,Gloves,10.00,B\n#2,paid,2026-10-20 11:00:00,10.00,2026-10-20 10:59:00,1,Scarf,10.00,A\n"
    )
    report, lines = take(text)
    assert lines[["sku_code", "amount", "state"]].values.tolist() == [
        ["A", 1167, "paid"],
        ["B", 2333, "paid"],
        ["A", 1000, "paid"],
    ]
    assert codes(report)["orders.order_amounts"]["freight"] == 500


def test_rows_below_a_refused_first_row_go_to_no_other_order(take: Take) -> None:
    text = (
        "订单编号,付款时间,商家编码,数量,实付金额\nT1,2026-10-01 10:00:00,A,1,100\n"
        "T2,2026-10-01 11:00:00,B,坏,300\n,,C,2,\n"
    )
    report, lines = take(text)
    assert lines[["order_id", "sku_code", "amount"]].values.tolist() == [["T1", "A", 10_000]]
    assert report.figures["rejected"] == 2


UNCLEAR = "订单号,商家编码,数量,实付金额\n1,A,1,80\n1,B,1,80\n2,A,1,50\n"


def test_one_amount_on_all_lines_and_nothing_else_is_a_question(take: Take) -> None:
    with pytest.raises(ShopError, match=r"orders\.amount_level") as refused:
        take(UNCLEAR)
    assert (refused.value.facts["by_line"], refused.value.facts["by_order"]) == (21_000, 13_000)
    _, lines = take(UNCLEAR, {"order_amount": "实付金额"})
    assert lines["amount"].sum() == 13_000


def test_the_answer_may_be_that_amounts_are_the_lines(take: Take) -> None:
    _, lines = take(UNCLEAR, {"line_paid": "实付金额"})
    assert lines["amount"].sum() == 21_000


def test_sub_orders_have_amounts_of_their_own(take: Take) -> None:
    text = (
        "主订单编号,子订单编号,选购商品,商品数量,商家编码,订单应付金额,运费,订单提交时间,支付完成时间,订单状态,售后状态\n"
        "\t9001,\t9001,围巾,1,A01,29.90,0,2026-10-20 10:00:00,2026-10-20 10:01:00,已发货,-\n"
        "\t9002,\t9003,手套,2,B02,59.80,0,2026-10-20 11:00:00,2026-10-20 11:01:00,已关闭,退款成功\n"
        "\t9002,\t9004,帽子,1,C03,59.80,0,2026-10-20 11:00:00,2026-10-20 11:01:00,已发货,-\n"
    )
    _, lines = take(text)
    assert lines[["order_id", "amount", "state"]].values.tolist() == [
        ["9001", 2990, "shipped"],
        ["9002", 5980, "refunded"],
        ["9002", 5980, "shipped"],
    ]
    assert lines["ordered_at"].notna().all()
    assert lines["paid_at"].notna().all()


def test_other_currencies_are_refused_by_name(take: Take) -> None:
    head = "订单号,订单状态,付款时间,货号,数量,实付金额,币种\n"
    text = (
        head + "T1,已发货,2026-10-20 10:00:00,A01,1,100.00,EUR\n"
        "T2,已发货,2026-10-20 11:00:00,A01,1,100.00,CNY\nT3,已发货,2026-10-20 11:00:00,A01,1,1,人民币\n"
    )
    report, lines = take(text)
    assert lines["order_id"].tolist() == ["T2", "T3"]
    assert report.rejected[["code", "value"]].values.tolist() == [["orders.foreign_currency", "EUR"]]


def test_an_order_with_a_foreign_line_is_left_out_whole(take: Take) -> None:
    text = "订单号,货号,数量,商品金额,实付金额,币种\n1,A,1,60,100,EUR\n1,B,1,40,100,CNY\n2,A,1,60,60,CNY\n3,A,1,60,100,CNY\n3,B,1,40,100,CNY\n"
    report, lines = take(text)
    assert lines.groupby("order_id")["amount"].sum().to_dict() == {"2": 6_000, "3": 10_000}
    assert set(report.rejected["code"]) == {"orders.foreign_currency", "orders.line_refused"}


def test_negative_rows_are_refunds_of_their_order(take: Take) -> None:
    head = "订单号,商家编码,付款时间,数量,实付金额\n"
    rows = "1,A,2026-10-20 10:00:00,2,200\n1,B,2026-10-20 10:00:00,1,50\n1,A,2026-10-21 10:00:00,-1,-100\n2,B,2026-10-20 10:00:00,1,50\n2,B,2026-10-22 10:00:00,-1,-50\n"
    report, lines = take(head + rows)
    assert lines[["order_id", "sku_code", "amount", "refund_amount", "state"]].values.tolist() == [
        ["1", "A", 20_000, 10_000, "paid"],
        ["1", "B", 5_000, 0, "paid"],
        ["2", "B", 5_000, 5_000, "refunded"],
    ]
    assert codes(report)["orders.returns"] == {
        "code": "orders.returns",
        "rows": 2,
        "units": 2,
        "amount": 15_000,
    }
    assert report.figures["merged"] == 2
    assert lines.loc[2, "refunded_at"] == pd.Timestamp("2026-10-22 02:00:00", tz="UTC")


def test_returns_that_fit_no_order_are_refused(take: Take) -> None:
    text = "订单号,商家编码,数量,实付金额,退款金额\n1,A,1,100,\n1,A,-2,-200,\n2,A,-1,-9,\n3,A,1,50,20\n3,A,-1,-20,\n"
    report, lines = take(text)
    assert report.rejected["code"].tolist() == [
        "orders.return_above_paid",
        "orders.return_without_order",
        "orders.return_twice",
    ]
    assert lines["refund_amount"].tolist() == [0, 2_000]


def test_a_refund_of_the_order_is_shared_like_its_payment(take: Take) -> None:
    text = "订单号,商家编码,数量,商品金额,实付金额,退款金额,退款时间\n1,A,1,60,100,50,2026-10-25 08:00:00\n1,B,1,40,100,50,2026-10-25 08:00:00\n"
    _, lines = take(text)
    assert lines["refund_amount"].tolist() == [3_000, 2_000]
    assert set(lines["refunded_at"]) == {pd.Timestamp("2026-10-25", tz="UTC")}


WORDS = {
    "没有申请退款": "paid",
    "未申请退款": "paid",
    "退款关闭": "paid",
    "退款申请已取消": "paid",
    "商家拒绝退款": "paid",
    "无售后或售后取消": "paid",
    "退款中": "paid",
    "退款处理中": "paid",
    "部分退款": "paid",
    "已发货，部分退款": "shipped",
    "退款失败，交易成功": "done",
    "partially_refunded": "paid",
    "Partially refunded": "paid",
    "not refunded": "paid",
    "refund requested": "paid",
    "refunded": "refunded",
    "退款成功": "refunded",
    "已发货，退款成功": "refunded",
    "未发货，退款成功": "refunded",
    "退款处理完成": "refunded",
    "已关闭": "closed",
    "voided": "closed",
    "unfulfilled": "paid",
    "fulfilled": "shipped",
    "pending": "placed",
}


@pytest.mark.parametrize(("word", "state"), WORDS.items())
def test_no_and_half_come_before_the_bare_word(word: str, state: str) -> None:
    nothing = pd.Series([pd.NA], dtype="Int64")
    at = pd.Series(pd.to_datetime(["2026-01-01"]))
    assert states(pd.Series([word]), at, nothing, pd.Series([100], dtype="Int64")).tolist() == [state]


def test_amounts_decide_where_they_stand_beside_the_word() -> None:
    at, words = pd.Series(pd.to_datetime(["2026-01-01"] * 3)), pd.Series(["退款成功", "退款成功", "已完成"])
    refunds, amounts = (pd.Series(part, dtype="Int64") for part in ([20, 100, 100], [100, 100, 100]))
    assert states(words, at, refunds, amounts).tolist() == ["paid", "refunded", "refunded"]


def test_amounts_that_differ_within_an_order_are_the_lines() -> None:
    def found(amount: list[int | None], worth: list[int | None]) -> str:
        columns = {
            "amount": pd.array(amount, "Int64"),
            "worth": pd.array(worth, "Int64"),
            "freight": pd.array([None] * len(amount), "Int64"),
        }
        return level(pd.DataFrame({"order": ["1"] * len(amount), **columns}))

    assert found([60, 40], [None, None]) == "line"
    assert found([100, 100], [60, 40]) == "order"
    assert found([50, 50], [50, 50]) == "line"
    assert found([50, 50], [None, None]) == "unclear"
    assert found([45, 45], [50, 50]) == "unclear"
    assert found([100, None], [None, None]) == "order"
    assert found([100, 0], [60, 40]) == "order"
    assert found([60, 0], [60, 0]) == "line"
    assert found([0, 0], [60, 40]) == "line"


@given(
    st.lists(
        st.tuples(st.integers(0, 10**14), st.lists(st.integers(0, 10**12), min_size=1, max_size=6)),
        min_size=1,
        max_size=8,
    )
)
def test_many_totals_are_split_as_each_alone(cases: list[tuple[int, list[int]]]) -> None:
    groups = pd.Series([n for n, (_, weights) in enumerate(cases) for _ in weights]).to_numpy()
    weights = pd.Series([weight for _, weights in cases for weight in weights]).to_numpy()
    parts = split_each(pd.Series([total for total, _ in cases]).to_numpy(), weights, groups)
    assert parts.tolist() == [part for total, weights in cases for part in split(total, weights).tolist()]


# An order as it was: (quantity, unit price in fen, paid for the line, refunded of it), up to four lines.
line = st.tuples(st.integers(1, 5), st.integers(1, 20_000)).flatmap(
    lambda goods: st.tuples(
        st.just(goods[0]), st.just(goods[1]), st.integers(1, goods[0] * goods[1])
    ).flatmap(lambda told: st.tuples(*map(st.just, told), st.integers(0, told[2])))
)
LAYOUTS = ("line", "first", "repeated", "blank")
REFUNDS = ("none", "amount", "negative")


def written(
    orders: list[list[tuple[int, int, int, int]]], layout: str, refund: str, worth: str
) -> pd.DataFrame:
    """The orders as cleaned rows of a platform's layout."""
    rows: list[dict[str, object]] = []
    for number, lines in enumerate(orders):
        total, back = sum(paid for _, _, paid, _ in lines), sum(gone for *_, gone in lines)
        returned = []
        for at, (quantity, price, paid, gone) in enumerate(lines):
            head = at == 0 or layout in ("line", "repeated")
            row: dict[str, object] = {
                "order_id": f"T{number}" if head or layout == "first" else None,
                "pay_time": pd.Timestamp("2026-10-01", tz="UTC") if head else None,
                "sku_code": f"S{at}",
                "quantity": quantity,
                "paid_amount": paid if layout == "line" else total if head else None,
            }
            row |= {"line_amount": quantity * price} if worth == "amount" else {}
            row |= {"unit_price": price} if worth == "price" else {}
            if refund == "amount":
                row["refund_amount"] = gone if layout == "line" else back if head else None
            if refund == "negative" and gone:
                returned.append(
                    row | {"order_id": f"T{number}", "quantity": -1, "paid_amount": -gone, "pay_time": None}
                )
            rows.append(row)
        rows += returned
    frame = pd.DataFrame(rows).assign(row=range(2, len(rows) + 2))
    counts = [
        n for n in ("quantity", "paid_amount", "line_amount", "unit_price", "refund_amount") if n in frame
    ]
    return frame.astype(dict.fromkeys(counts, "Int64"))


@settings(max_examples=40)
@given(
    st.lists(st.lists(line, min_size=1, max_size=4), min_size=1, max_size=5),
    st.sampled_from(LAYOUTS),
    st.sampled_from(REFUNDS),
    st.sampled_from(["amount", "price", "none"]),
)
def test_random_orders_in_random_layouts_come_to_their_sums_or_are_refused_whole(
    orders: list[list[tuple[int, int, int, int]]], layout: str, refund: str, worth: str
) -> None:
    sheet = written(orders, layout, refund, worth)
    try:
        export: Settled = settle(sheet, pd.Series(dtype="Int64"))
    except ShopError as question:
        assert question.code == "orders.amount_level"
        assert layout in ("repeated", "line")
        return
    assert export.refused.empty
    sums = export.lines.groupby("order_id", sort=False)[["quantity", "amount", "refund_amount"]].sum()
    lines = [(sum(n for n, *_ in o), sum(p for *_, p, _ in o), sum(r for *_, r in o)) for o in orders]
    told = [tuple(map(int, row)) for row in sums.to_numpy()]
    assert [row[:2] for row in told] == [row[:2] for row in lines]
    if refund != "none":
        assert [row[2] for row in told] == [row[2] for row in lines]
    assert len(export.lines) == sum(map(len, orders))
    stored = told_sums(export.lines, sheet)
    for field in stored:
        assert int(sheet[field].fillna(0).sum()) == stored[field] + export.skipped[field], field
