"""Files as shops have them; none of them goes into the product."""

import pytest

from core.sheets.columns import Field, SheetSpec
from core.sheets.reader import read_workbook
from tests.sheets.kinds import STOCK, TRAFFIC
from tests.sheets.reading import faults, taken

ORDERS = SheetSpec(
    "orders",
    (
        Field("user_key", "code"),
        Field("paid_amount", "money"),
        Field("quantity", "integer"),
        Field("name", "text"),
        Field("pay_time", "moment"),
    ),
    ("user_key",),
)


def test_error_cells_of_an_odd_workbook_are_told_by_name(shared) -> None:
    flaws = (
        read_workbook((shared / "data/corpus/calamine/errors.xlsx").read_bytes(), "errors.xlsx")
        .grid("Feuil1")
        .flaws
    )
    assert flaws["value"].tolist() == ["#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#REF!", "#NUM!", "#N/A"]


def test_the_stock_report_is_refused_by_cell_and_nothing_is_lost(shared) -> None:
    found = taken(
        (shared / "data/inventory/amazon_in_stock_report.xlsx").read_bytes(),
        STOCK,
        "amazon_in_stock_report.xlsx",
    )
    assert found.rows == 9271
    codes = found.rejected.groupby("code")["row"].nunique()
    assert codes["cell.error"] == 15
    assert set(found.rejected.loc[found.rejected["code"] == "cell.error", "value"]) == {"#REF!"}
    assert found.rejected["cell"].str.fullmatch(r"[BD]\d+").all()
    assert codes.sum() >= found.rows - len(found.frame)
    assert found.frame["sku_code"].is_unique


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("taobao_TB2018_missing.xls", 10),
        ("taobao_mrtb_data.xlsx", 599),
        ("taobao_orders_1月_gbk.csv", 50),
        ("taobao_orders_1月_masked.xlsx", 80),
        ("taobao_orders_1月_tab.txt", 50),
        ("taobao_orders_3sheets.xlsx", 50),
        ("taobao_orders_TB2018.xls", 1783),
    ],
)
def test_order_exports_are_read_whole(shared, name: str, rows: int) -> None:
    found = taken((shared / "data/exports" / name).read_bytes(), ORDERS, name)
    assert found.rows == rows
    assert set(faults(found).values()) <= {"cell.duplicate", "cell.blank", "cell.error"}
    assert found.frame["paid_amount"].notna().all()


def test_an_advertising_report_with_literal_nan_is_read(shared) -> None:
    spec = SheetSpec(
        "ads",
        (
            Field("stat_date", "day"),
            Field("product_id", "code"),
            Field("ad_spend", "money"),
            Field("paid_amount", "money"),
        ),
        ("stat_date", "product_id"),
    )
    found = taken((shared / "data/exports/fixture_tmall_promotion_gb18030.csv").read_bytes(), spec, "x.csv")
    assert found.frame["ad_spend"].isna().all()
    assert found.frame["paid_amount"].tolist() == [1500]


@pytest.mark.parametrize("month", range(1, 7))
def test_half_a_year_of_daily_reports(shared, month: int) -> None:
    found = taken((shared / f"data/jd_2019/{month}月.xlsx").read_bytes(), TRAFFIC)
    assert found.rejected.empty
    assert not found.frame.duplicated(["stat_date", "sku_code"]).any()
    assert (found.frame["stat_date"].dt.month == month).all()
    assert found.frame["visitors"].dtype == "int64"


def test_the_parts_of_a_day_are_all_found(shared) -> None:
    assert (
        sum(
            taken((shared / f"data/jd_2019/{month}月.xlsx").read_bytes(), TRAFFIC).merged
            for month in range(1, 7)
        )
        == 41
    )


def test_price_lists_with_words_for_nothing_are_read(shared) -> None:
    spec = SheetSpec(
        "costs",
        (Field("sku_code", "code"), Field("unit_cost", "money"), Field("list_price", "money")),
        ("sku_code",),
    )
    for name in ("amazon_in_May-2022_mrp.xlsx", "amazon_in_P  L March 2021.xlsx"):
        found = taken((shared / "data/inventory" / name).read_bytes(), spec, name)
        assert found.rows == 1330
        assert set(faults(found).values()) <= {"cell.duplicate", "cell.error"}
        assert found.frame["unit_cost"].isna().sum() < 20


def test_a_chinese_csv_with_long_fractions_is_read(shared) -> None:
    spec = SheetSpec(
        "goods",
        (
            Field("sku_code", "code"),
            Field("sale_price", "money"),
            Field("on_hand", "integer"),
            Field("lead_time_days", "integer"),
        ),
        ("sku_code",),
    )
    found = taken(
        (shared / "data/inventory/supply_chain_cosmetics_zh_synthetic.csv").read_bytes(), spec, "x.csv"
    )
    assert (found.rows, len(found.frame)) == (100, 100)
    assert found.frame["sale_price"][0] == 6981
