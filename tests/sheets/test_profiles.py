"""Known exports: each entry can be recognised and says only what the kinds of sheet know."""

import pytest

from core.goods.sheet import GOODS
from core.orders.sheet import ORDERS
from core.sheets.columns import Field, SheetSpec, fold
from core.sheets.detect import guess_header
from core.sheets.profiles import Profile, mapped, profiles, recognised
from core.signals.sheet import SHOP, TRAFFIC
from core.stock.sheet import STOCK
from tests.sheets import workbooks
from tests.sheets.reading import opened

KINDS = {kind.name: kind.spec for kind in (STOCK, ORDERS, TRAFFIC, SHOP, GOODS)}


@pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.name_en)
def test_every_layout_is_recognised_by_its_own_headers(profile: Profile) -> None:
    headers = [spellings[0] for spellings in profile.signature]
    headers += [titles[0] for titles in profile.mapping.values() if titles[0] not in headers]
    figures = set(profile.mapping) | set(profile.places[1:])
    headers += ["508 Larkin St", "Warehouse"] * bool(profile.places)
    assert recognised(headers, profile.kind) is profile
    spec = KINDS[profile.kind]
    extra = {"location"}  # a part of stock that the stock sheet may know
    assert set(profile.mapping) - extra <= {field.name for field in spec.fields}
    assert set(mapped(profile, headers, spec).values()) == figures & {f.name for f in spec.fields}
    assert set(profile.order_level) <= set(profile.mapping)
    assert profile.confirmed in {"by file", "by code", "unconfirmed"}


def test_names_are_unique_and_headers_of_other_sheets_are_no_export() -> None:
    assert len({profile.name for profile in profiles()}) == len(profiles())
    assert recognised(["商品编码", "商品名称", "库存数量"], "stock") is None
    titles = [field.title("zh") for field in STOCK.spec.fields]
    assert recognised(titles, "stock") is None


def test_levels_of_a_warehouse_system_add_up_to_what_is_reserved() -> None:
    rows: list[list[object]] = [
        [
            "商家编码",
            "货品名称",
            "仓库",
            "库存量",
            "可发库存",
            "锁定量",
            "未付款量",
            "待审核量",
            "待发货量",
            "采购在途量",
        ],
        ["A01-R", "围巾", "总仓", 120, 95, 0, 5, 5, 15, 30],
    ]
    header = guess_header(opened(workbooks.workbook(rows)).grid("Sheet1"), STOCK.spec)
    assert header.profile is not None
    assert header.profile.name == "旺店通库存导出"
    reserved = [header.headers[at] for at, name in header.mapping.items() if name == "reserved"]
    assert reserved == ["锁定量", "未付款量", "待审核量", "待发货量"]
    assert not [rivals for rivals in header.candidates if rivals.field == "reserved"]


def test_the_code_of_the_spec_comes_before_the_platforms_own_number() -> None:
    headers = [
        "商品",
        "订单号",
        "订单状态",
        "商家实收金额(元)",
        "商品数量(件)",
        "样式ID",
        "商家编码-规格维度",
    ]
    rows: list[list[object]] = [headers, ["围巾", "1", "已签收", 95, 2, "8001", "A01-R"]]
    header = guess_header(opened(workbooks.workbook(rows)).grid("Sheet1"), ORDERS.spec)
    assert {name: header.headers[at] for at, name in header.mapping.items()}[
        "sku_code"
    ] == "商家编码-规格维度"


@pytest.mark.parametrize("number", ["货品编号", "商品编号", "货号", "条码"])
def test_one_unique_goods_number_stands_in_for_the_merchant_code(number: str) -> None:
    rows: list[list[object]] = [[number, "商品名称", "库存数量"], ["6901", "围巾", 3], ["6902", "手套", 4]]
    header = guess_header(opened(workbooks.workbook(rows)).grid("Sheet1"), STOCK.spec)
    assert (header.mapping[0], header.stand_in) == ("sku_code", number)


def test_a_goods_number_may_stand_once_a_lot() -> None:
    rows: list[list[object]] = [
        ["货品编号", "批号", "库存量"],
        ["W1", "L1", 3],
        ["W1", "L2", 4],
        ["W2", "L1", 5],
    ]
    header = guess_header(opened(workbooks.workbook(rows)).grid("Sheet1"), STOCK.spec)
    assert (header.mapping[0], header.stand_in) == ("sku_code", "货品编号")


def test_of_two_stand_ins_the_one_that_names_every_row_is_the_key() -> None:
    rows: list[list[object]] = [["款号", "条码", "库存数量"], ["K1", "6901", 3], ["K1", "6902", 4]]
    header = guess_header(opened(workbooks.workbook(rows)).grid("Sheet1"), STOCK.spec)
    assert header.mapping[1] == "sku_code"
    spec = SheetSpec(
        "x", (Field("sku_code", "code", required=True), Field("on_hand", "integer")), ("sku_code",)
    )
    exact = guess_header(
        opened(workbooks.workbook([["商家编码", "条码", "库存数量"], ["K1", "6901", 3]])).grid("Sheet1"), spec
    )
    assert (exact.mapping[0], exact.stand_in) == ("sku_code", "")
    assert fold("条 码") == fold("条码")
