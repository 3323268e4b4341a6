"""Demo workbooks of goods, suppliers and stock, in the headers of the systems they would come from."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.demo_shop import SEED, shop, suppliers
from data.workbook import sheet_bytes

ENOUGH = (
    8.4,
    10.4,
)  # days of ordinary sales that a well-kept SKU has for the sale; what is on its way comes on top
SHORT_DAYS = 3.2
SHORT = (
    "0020101",
    "0060303",
    "0150202",
    "0040101",
    "0120103",
)  # wanted more than was ordered; their suppliers can still deliver
LATE = ("0110104", "0130104")  # ordered, and due after the opening
EARLY = (
    0.05  # of the goods wait for a small delivery before the opening, and nothing is ordered for afterwards
)
LEAD_COVER = 1.46  # lead times of trade until the reorder point: the lead time and what it may vary
AFTER = 24  # days more until it comes when it is for the time after the sale


def files(anchor: date) -> dict[str, bytes]:
    """goods.xlsx, suppliers.xlsx, stock.xlsx, and stock_with_mistakes.xlsx to try the import doctor on."""
    stock = _stock(anchor)
    total = [
        "合计",
        None,
        None,
        *(int(stock[name].sum()) for name in ("主仓实际库存数", "订单占有数", "预售占用", "采购在途数")),
        None,
    ]
    title = [[f"库存查询  {anchor.isoformat()}  仓库：主仓"], []]
    return {
        "goods.xlsx": sheet_bytes(_goods(), sheet="商品资料", above=[["大促商品资料表"], []]),
        "suppliers.xlsx": sheet_bytes(_suppliers(), sheet="供应商"),
        "stock.xlsx": sheet_bytes(stock, sheet="库存查询", above=title, below=[total]),
        "stock_with_mistakes.xlsx": sheet_bytes(
            _mistaken(stock.head(40)), sheet="库存查询", above=title, below=[["合计", None, None, "1.2万"]]
        ),
    }


def _yuan(fen: pd.Series) -> pd.Series:
    return fen / 100


def _goods() -> pd.DataFrame:
    s = shop()
    return pd.DataFrame(
        {
            "商品编码": s["sku_code"],
            "款式编码": s["product_id"],
            "商品名称": s["name"],
            "规格": s["spec"],
            "国际条码": s["barcode"],
            "商品分类": s["category"],
            "功能": s["function"],
            "品牌": s["brand"],
            "供应商名称": s["supplier"],
            "含税成本价": _yuan(s["unit_cost"]),
            "吊牌价": _yuan(s["list_price"]),
            "采购周期": s["lead_time_days"],
            "起订量": s["moq"],
            "箱规": s["pack_size"],
            "备注": np.where(s["is_new"], "新品", ""),
        }
    )


def _suppliers() -> pd.DataFrame:
    s = suppliers()
    return pd.DataFrame(
        {
            "供应商": s["supplier"],
            "联系人": s["contact"],
            "电话": s["phone"],
            "采购周期": s["lead_time_days"],
            "单次产能": s["capacity_units"],
            "最低采购金额": _yuan(s["minimum_amount"]),
            "付款条件": s["payment_terms"],
        }
    )


def _stock(anchor: date) -> pd.DataFrame:
    """A well-kept shop three weeks before its sale: most goods stand there, and what ordinary trade needs afterwards is
    on order; a dozen wait for a delivery, a few heroes are short, two supplies come after the opening, some old goods
    are too many."""
    s = shop()
    random = np.random.default_rng(SEED + 1)
    days = np.where(s["tier"] == "clearance", random.uniform(14, 40, len(s)), random.uniform(*ENOUGH, len(s)))
    days[s["sku_code"].isin((*SHORT, *LATE))] = SHORT_DAYS
    planned = np.round(s["units_per_day"] * days)
    late, luck = s["sku_code"].isin(LATE), random.random(len(s))
    more = (luck < 0.3) & (s["tier"] != "clearance") & ~s["sku_code"].isin(SHORT)
    share = np.where(more | late, random.uniform(0.05, 0.15, len(s)), 0.0)
    share[late] = 0.6
    added = np.ceil(planned * share / s["pack_size"]) * s["pack_size"]
    waits = (more & (luck < EARLY)) | late
    on_hand = np.maximum(planned - added.where(late, 0) + added.where(~waits, 0), 5).astype(int)
    coming = added.where(waits, 0).where(~late, added * 3)  # a whole delivery, and it is late
    wait = np.where(late, 24, random.integers(4, 15, len(s)))
    standing = ~waits & ~s["sku_code"].isin(SHORT)
    coming, wait = coming.where(~standing, _on_order(s, on_hand)), np.where(standing, wait + AFTER, wait)
    due = [(anchor + timedelta(days=int(days))).isoformat() for days in wait]
    return pd.DataFrame(
        {
            "商品编码": s["sku_code"],
            "商品名称": s["name"],
            "颜色规格": s["spec"],
            "主仓实际库存数": on_hand,
            "订单占有数": np.minimum(
                np.round(s["units_per_day"] * random.uniform(0.2, 0.8, len(s))), on_hand
            ).astype(int),
            "预售占用": 0,
            "采购在途数": coming.astype(int),
            "预计到货日期": pd.Series(due).where(coming > 0, None),
        }
    )


def _on_order(s: pd.DataFrame, on_hand: pd.Series) -> pd.Series:
    """Whole packs that bring a SKU above its reorder point of ordinary days, as a weekly buyer keeps it."""
    level = s["units_per_day"] * (s["lead_time_days"] * LEAD_COVER + 5) + s["pack_size"]
    missing: pd.Series = (level - on_hand).clip(lower=0)
    return -(-missing // s["pack_size"]) * s["pack_size"]


def _mistaken(stock: pd.DataFrame) -> pd.DataFrame:
    """The mistakes that real sheets carry: an error cell, words for numbers, a lost code, a second row, a
    code that Excel has eaten."""
    rows = stock.astype(object).copy()
    rows.loc[3, "主仓实际库存数"] = "#REF!"
    rows.loc[7, "主仓实际库存数"] = "约三百"
    rows.loc[9, "商品编码"] = None
    rows.loc[12, "订单占有数"] = -5
    rows.loc[15, "商品编码"] = str(stock["商品编码"][14])
    rows.loc[20, "商品编码"] = 6901234567890123456
    rows.loc[22, "预计到货日期"] = "下周三"
    rows.loc[25, "主仓实际库存数"] = "1.2万"
    return rows
