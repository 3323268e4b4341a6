"""Small sheets with a known right answer, through the real command line: right, or asked, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., tuple[int, Any]]
HERE = Path(__file__).parent


def sheet(case: str, name: str = "") -> str:
    """The input of a case."""
    found = (
        [HERE / case / name]
        if name
        else sorted(path for path in (HERE / case).iterdir() if path.name.startswith("a."))
    )
    return str(found[0])


def assert_whole(report: dict[str, Any]) -> None:
    """The counts of rows and the control sums come out."""
    refused = len({(cell["sheet"], cell["row"]) for cell in report["rejected"]})
    counted = sum(report[name] for name in ("added", "changed", "unchanged", "merged", "skipped_totals"))
    assert report["rows"] == counted + refused
    for control in report["control"].values():
        assert control["file"] == sum(
            control[name] for name in ("written", "rejected", "skipped", "excluded")
        )


def taken(command_line: Command, kind: str, case: str, *more: str, name: str = "") -> dict[str, Any]:
    """The report of an import that must be committed."""
    code, report = command_line("import", kind, sheet(case, name), *more)
    assert (code, report.get("committed")) == (0, True), report
    assert_whole(report)
    return dict(report)


def positions(command_line: Command, *levels: str) -> dict[str, tuple[int, ...]]:
    """SKU -> its levels."""
    names = levels or ("on_hand",)
    return {row["sku_code"]: tuple(row[name] for name in names) for row in command_line("positions")[1]}


def orders(command_line: Command) -> list[dict[str, Any]]:
    """The stored order lines."""
    return list(command_line("orders")[1])


def by_order(command_line: Command, name: str) -> dict[str, list[Any]]:
    """Order -> that value of its lines."""
    values: dict[str, list[Any]] = {}
    for line in orders(command_line):
        values.setdefault(line["order_id"], []).append(line[name])
    return values


def test_every_case_has_its_test() -> None:
    cases = {path.name for path in HERE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    source = Path(__file__).read_text(encoding="utf-8")
    assert len(cases) == 23
    assert [case for case in sorted(cases) if f'"{case}"' not in source] == []


def test_warehouses_are_summed(command_line: Command) -> None:
    report = taken(command_line, "stock", "stock-by-warehouse")
    assert positions(command_line) == {"A01": (17,), "B02": (5,)}
    assert report["merged"] == 1
    (row,) = command_line("positions", "--sku", "A01")[1]
    assert sorted(part["units"] for part in row["locations"]) == [7, 10]
    assert all(part["location"] and part["sellable"] for part in row["locations"])


def test_bins_of_a_count_are_summed_before_they_are_compared(command_line: Command, tmp_path: Path) -> None:
    before = tmp_path / "stock.csv"
    before.write_text("商品编码,库存数量\nA01,10\nB02,5\n", encoding="utf-8")
    assert command_line("import", "stock", str(before))[0] == 0
    report = taken(command_line, "count", "count-two-bins")
    assert positions(command_line) == {"A01": (10,), "B02": (5,)}
    assert report["control"]["counted"]["file"] == 15


def test_rows_that_differ_in_colour_and_size_are_a_question(command_line: Command) -> None:
    path = sheet("stock-colour-size-columns")
    code, answer = command_line("import", "stock", path, "--map", "sku_code=商品代码")
    assert (code, answer["error"]) == (1, "import.key_question")
    assert positions(command_line) == {}
    code, report = command_line("import", "stock", path, "--key", "商品代码+色号代码+尺码名称")
    assert (code, report["control"]["on_hand"]["written"]) == (0, 9)
    assert positions(command_line) == {"K100-08-50": (3,), "K100-08-52": (4,), "K100-15-48": (2,)}
    code, again = command_line("import", "stock", path)  # the key is remembered for this header row
    assert (code, again["unchanged"]) == (0, 3)


def test_one_key_for_all_specs_is_their_sum(command_line: Command) -> None:
    code, answer = command_line("import", "stock", sheet("stock-colour-size-columns"), "--key", "商品代码")
    if code:  # three rows that only colour and size tell apart
        assert {cell["code"] for cell in answer["rejected"]} == {"cell.duplicate"}
    else:
        assert positions(command_line) == {"K100": (9,)}


def test_a_code_merged_over_its_specs_is_a_question(command_line: Command) -> None:
    code, answer = command_line("import", "stock", sheet("merged-code-cells"))
    assert (code, answer.get("error")) == (1, "import.key_question")
    assert positions(command_line) == {}


def test_sheets_by_category_are_taken_together(command_line: Command) -> None:
    taken(command_line, "stock", "sheets-by-category")
    assert len(positions(command_line)) == 3


def test_one_sheet_alone_names_the_other(command_line: Command) -> None:
    report = taken(command_line, "stock", "sheets-by-category", "--sheet", "围巾")
    assert positions(command_line) == {"A01": (3,)}
    assert [(w["code"], w["rows"]) for w in report["warnings"]] == [("import.sheet_left_out", 2)]


def test_two_columns_for_one_field_are_a_question(command_line: Command) -> None:
    code, report = command_line("import", "stock", sheet("two-candidates-stock"))
    if code == 0:
        assert {levels[0] for levels in positions(command_line).values()} == {7}
    else:
        (warning,) = [w for w in report["warnings"] if w["code"] == "import.columns_fit_twice"]
        assert {column["header"]: column["sum"] for column in warning["columns"]} == {
            "库存数量": 4,
            "总库存": 7,
        }
        assert positions(command_line) == {}
    assert command_line("import", "stock", sheet("two-candidates-stock"), "--map", "on_hand=总库存")[0] == 0
    assert {levels[0] for levels in positions(command_line).values()} == {7}


def test_the_total_of_two_header_rows(command_line: Command) -> None:
    taken(command_line, "stock", "two-row-header")
    assert positions(command_line) == {"A01": (7,), "B02": (2,)}


def test_the_row_that_holds_the_mapped_header_is_the_header(command_line: Command) -> None:
    taken(command_line, "stock", "title-is-a-header-word", "--map", "sku_code=构件名称", name="b.xlsx")
    assert positions(command_line) == {"A01": (3,), "B02": (4,)}


def test_formulas_that_protect_zeros_are_unwrapped(command_line: Command) -> None:
    taken(command_line, "stock", "excel-equals-quantity")
    assert positions(command_line) == {"001": (12,), "002": (3,)}


def test_boxes_are_units_times_their_pack(command_line: Command) -> None:
    code, report = command_line("import", "stock", sheet("unit-column-box"))
    if code == 0:
        assert positions(command_line)["A01"] == (36,)
    else:
        assert report["rejected"]


def test_levels_of_wangdiantong(command_line: Command) -> None:
    taken(command_line, "stock", "wdt-stock-several-levels")
    levels = ("on_hand", "reserved", "in_transit", "available_to_promise")
    assert positions(command_line, *levels) == {"A01-R": (120, 25, 30, 95)}


def test_two_shops_of_a_daily_report_are_parts(command_line: Command) -> None:
    taken(command_line, "traffic", "traffic-two-shops")
    (row,) = command_line("signals", "--sku", "A01")[1]
    assert (row["visitors"], row["units_paid"], row["paid_amount"]) == (40, 4, 39600)


def test_returns_of_a_daily_report_are_no_bad_cells(command_line: Command) -> None:
    report = taken(command_line, "traffic", "traffic-negative-returns")
    assert not report["rejected"]
    assert report["warnings"]
    first = next(row for row in command_line("signals", "--sku", "A01")[1] if str(row["day"]) == "2026-11-01")
    assert first["units_paid"] == 4
    assert (first["paid_amount"], first["refund_amount"] or 0) in {(49500, 9900), (39600, 0)}


def test_an_orders_amount_on_each_line_is_taken_once(command_line: Command) -> None:
    taken(command_line, "orders", "order-amount-repeated-per-line")
    amounts = by_order(command_line, "amount")
    assert sorted(amounts["101"]) == [2500, 10000]
    assert amounts["102"] == [2500]
    assert all(line["paid_at"] for line in orders(command_line))


def test_lines_under_merged_order_cells_belong_to_the_order(command_line: Command) -> None:
    taken(command_line, "orders", "orders-continuation")
    assert sorted(by_order(command_line, "quantity")["T001"]) == [1, 2]
    assert sum(by_order(command_line, "amount")["T001"]) == 30000


def test_the_column_proves_that_the_day_comes_first(command_line: Command) -> None:
    taken(command_line, "orders", "orders-day-first")
    days = {line["order_id"]: str(line["paid_at"])[:10] for line in orders(command_line)}
    assert days == {"1001": "2023-12-31", "1002": "2024-01-02", "1003": "2024-01-05"}


def test_a_foreign_currency_is_never_yuan(command_line: Command) -> None:
    code, report = command_line("import", "orders", sheet("orders-foreign-currency"))
    if code == 0:
        assert by_order(command_line, "amount") == {"T3": [10000]}
        assert report["warnings"] or report["rejected"]
    else:
        assert orders(command_line) == []


def test_the_merchants_code_of_the_spec_names_the_sku(command_line: Command) -> None:
    taken(command_line, "orders", "pdd-merchant-code")
    (line,) = orders(command_line)
    assert (line["sku_code"], line["name"]) == ("A01-R", "围巾")


def test_douyin_orders(command_line: Command) -> None:
    taken(command_line, "orders", "douyin-orders")
    lines = orders(command_line)
    assert sorted(line["amount"] for line in lines) == [1990, 2990, 5980]
    assert {line["state"] for line in lines if line["amount"] == 5980} <= {"closed", "refunded"}
    assert all(line["ordered_at"] and line["paid_at"] for line in lines)


def test_negated_and_partial_refund_words(command_line: Command) -> None:
    taken(command_line, "orders", "status-words-refund")
    states = {order: state for order, (state,) in by_order(command_line, "state").items()}
    assert states.pop("P7") == "refunded"
    assert set(states.values()) == {"paid"}
    refunds = {order: refund for order, (refund,) in by_order(command_line, "refund_amount").items()}
    assert (refunds["P1"], refunds["P6"]) == (2000, 2000)


def test_subtotals_between_are_no_goods(command_line: Command) -> None:
    assert taken(command_line, "orders", "subtotal-words")["skipped_totals"] == 3
    assert sorted(by_order(command_line, "amount")) == ["T1", "T2"]


def sale(command_line: Command) -> str:
    """A sale on 11 November."""
    code, answer = command_line(
        "campaign",
        "add",
        "双11",
        "--opens",
        "2026-11-11T00:00:00+08:00",
        "--closes",
        "2026-11-12T00:00:00+08:00",
    )
    assert code == 0, answer
    return str(answer["campaign_id"])


def test_an_end_without_a_clock_is_the_end_of_its_day(command_line: Command, tmp_path: Path) -> None:
    campaign = sale(command_line)
    goods = tmp_path / "goods.csv"
    goods.write_text("商品编码,商品名称,成本价,吊牌价\nA01,围巾,60,120\n", encoding="utf-8")
    assert command_line("import", "goods", str(goods))[0] == 0
    code, report = command_line(
        "import", "promotions", sheet("promotion-date-only-end"), "--campaign", campaign
    )
    assert (code, report["committed"]) == (0, True), report
    assert not report["rejected"]
    assert floor_of(command_line, tmp_path, campaign)["worst_landed_price"] == 12000 - 2000 - 500


def floor_of(command_line: Command, tmp_path: Path, campaign: str) -> dict[str, Any]:
    """The price verdict of A01 (cost 60) at a sale price of 120."""
    prices = tmp_path / "prices.csv"
    prices.write_text("商品编码,货品层级,活动价\nA01,主推款,120\n", encoding="utf-8")
    assert command_line("import", "structure", str(prices), "--campaign", campaign)[0] == 0
    ((verdict,),) = command_line("margins", "--campaign", campaign)[1:]
    return dict(verdict)


def with_rule(command_line: Command, tmp_path: Path, campaign: str, end: str) -> None:
    """A01 (cost 60, list 120) with 50 off from 100 on until `end`."""
    goods, rules = tmp_path / "goods.csv", tmp_path / "rules.csv"
    goods.write_text("商品编码,商品名称,成本价,吊牌价\nA01,围巾,60,120\n", encoding="utf-8")
    assert command_line("import", "goods", str(goods))[0] == 0
    head = "规则编号,规则名称,阶段,优惠类型,门槛金额,优惠金额或价格,开始时间,结束时间\n"
    rules.write_text(f"{head}R1,满减,爆发,满减,100,50,2026-11-01,{end}\n", encoding="utf-8")
    assert command_line("import", "promotions", str(rules), "--campaign", campaign)[0] == 0


@pytest.mark.parametrize(
    "end",
    ["2026-11-11", "2026/11/11", "2026年11月11日", "20261111", "2026-11-11 23:59:59", "2026-11-12 00:00"],
)
def test_the_price_floor_is_tried_with_what_ends_on_the_day_of_the_sale(
    command_line: Command, tmp_path: Path, end: str
) -> None:
    campaign = sale(command_line)
    with_rule(command_line, tmp_path, campaign, end)
    verdict = floor_of(command_line, tmp_path, campaign)
    assert (verdict["landed_price"], verdict["worst_landed_price"]) == (7000, 7000)
    assert "below_floor" in verdict["reasons"], verdict


def test_what_ended_before_the_sale_lowers_no_floor(command_line: Command, tmp_path: Path) -> None:
    campaign = sale(command_line)
    with_rule(command_line, tmp_path, campaign, "2026-11-10")
    verdict = floor_of(command_line, tmp_path, campaign)
    assert verdict["worst_landed_price"] == 12000
    assert "below_floor" not in verdict["reasons"]


def test_a_sale_that_closes_on_a_day_closes_at_its_end(command_line: Command) -> None:
    for closes in ("2026-11-11", "2026-11-12T00:00+08:00"):
        code, added = command_line("campaign", "add", closes, "--opens", "2026-11-11", "--closes", closes)
        assert code == 0, added
    sales = command_line("campaign", "list")[1]
    assert len({(one["opens_at"], one["closes_at"]) for one in sales}) == 1, sales


def test_a_second_full_refund_waits(command_line: Command) -> None:
    campaign = sale(command_line)
    command_line("import", "events", sheet("refund-twice"), "--campaign", campaign)
    code, live = command_line("live", "--campaign", campaign, "--at", "2026-11-11T00:30:00+08:00")
    assert code == 0, live
    assert (live["totals"]["refunded"], live["totals"]["net"], live["waiting"]) == (9900, 0, 1)
