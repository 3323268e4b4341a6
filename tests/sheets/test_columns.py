import csv

import pytest

from core.sheets.columns import ALIASES_FILE, Field, SheetSpec, fold
from core.sheets.matching import aliases, match_headers
from tests.sheets.kinds import COUNT, ORDERS, STOCK, TRAFFIC


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("成本价（元）", "成本价"),
        ("实物库存\n(件)", "实物库存"),
        ("*商家编码", "商家编码"),
        ("ＳＫＵ", "sku"),
        ("宝贝标题 ", "宝贝标题"),
        ("商家\u200b编码", "商家编码"),
        ("Product_SKU", "productsku"),
        ("Paytm_MRP\n", "paytmmrp"),
        ("商家编码（必填）", "商家编码"),
        ("库存(锁定)", "库存(锁定)"),
        (None, ""),
        ("转化率(%)", "转化率"),
    ],
)
def test_headers_are_folded_before_they_are_compared(written: str | None, folded: str) -> None:
    assert fold(written) == folded


def test_one_spelling_may_serve_two_fields_and_the_kind_of_sheet_decides() -> None:
    assert match_headers(["货号", "账面库存"], STOCK) == {0: "sku_code", 1: "on_hand"}
    assert match_headers(["货号", "账面库存", "实盘数量", "备注"], COUNT) == {
        0: "sku_code",
        1: "book_quantity",
        2: "counted",
        3: "count_reason",
    }
    assert match_headers(["商家编码", "数量"], STOCK)[1] == "on_hand"
    assert match_headers(["商家编码", "数量"], ORDERS)[1] == "quantity"


def test_a_correction_is_remembered_and_may_say_that_a_column_is_nothing() -> None:
    headers = ["编号A", "商家编码", "库存"]
    assert match_headers(headers, STOCK, {"编号Ａ ": "sku_code", "库存": ""}) == {0: "sku_code"}


def test_of_two_merchant_codes_the_last_is_the_skus() -> None:
    assert match_headers(["商家编码", "商品名称", "商家编码", "库存"], STOCK) == {
        1: "name",
        2: "sku_code",
        3: "on_hand",
    }


def test_of_other_columns_for_one_field_the_better_spelling_wins_and_of_equals_the_first() -> None:
    assert match_headers(["SKU", "总库存", "实物库存"], STOCK) == {0: "sku_code", 2: "on_hand"}
    assert match_headers(["SKU", "库存", "库存"], STOCK) == {0: "sku_code", 1: "on_hand"}


def test_the_titles_of_our_own_templates_come_before_known_spellings() -> None:
    spec = SheetSpec(
        "x",
        (Field("sku_code", "code"), Field("tier", "text", title_zh="库存"), Field("on_hand", "integer")),
        ("sku_code",),
    )
    assert match_headers(["商家编码", "库存"], spec) == {0: "sku_code", 1: "tier"}
    for spec in (STOCK, COUNT, TRAFFIC, ORDERS):
        for language in ("zh", "en"):
            titles = [field.title(language) for field in spec.fields]
            assert match_headers(titles, spec) == dict(enumerate(field.name for field in spec.fields))


def test_every_spelling_of_the_shared_list_is_known(shared) -> None:
    with (shared / "headers.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            assert row["field"] in aliases()[fold(row["alias"])]


def test_the_list_names_no_spelling_twice_for_a_field() -> None:
    with ALIASES_FILE.open(encoding="utf-8", newline="") as lines:
        rows = [tuple(row.values()) for row in csv.DictReader(lines)]
    assert len(rows) == len(set(rows))
