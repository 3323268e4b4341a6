"""Demo workbooks of prices: what it costs to sell a unit beside its purchase, and the sale's promotion rules,
one of them a slip of the hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.demo_shop import SEED, shop
from data.make_demo import OPENS_IN_DAYS
from data.workbook import sheet_bytes

# by category: inner and outer packing, express, warehouse, return handling (yuan); advertising, return rate
COSTS = {
    "彩妆": (0.6, 1.1, 3.2, 0.8, 3.0, 0.09, 0.07),
    "护肤": (0.8, 1.2, 3.4, 0.9, 3.0, 0.10, 0.05),
    "个护": (0.4, 1.3, 4.1, 1.0, 3.0, 0.07, 0.05),
    "香氛": (1.6, 1.8, 3.8, 0.9, 4.0, 0.09, 0.08),
    "家居": (1.1, 2.4, 6.2, 1.8, 6.0, 0.06, 0.12),
    "健康": (0.5, 1.2, 3.6, 0.9, 3.0, 0.08, 0.04),
}
RULE_COLUMNS = (
    "规则编号",
    "规则名称",
    "阶段",
    "优惠类型",
    "适用范围",
    "门槛金额",
    "优惠金额或价格",
    "立减比例",
    "封顶金额",
    "定金",
    "商家承担比例",
    "互斥组",
    "领取方式",
    "开始时间",
    "结束时间",
    "SKU编码",
)


def files(anchor: date) -> dict[str, bytes]:
    """costs.xlsx and promotions.xlsx."""
    return {
        "costs.xlsx": sheet_bytes(
            _costs(), sheet="成本卡", above=[["单件成本卡（不含进货成本，进货成本取商品资料）"], []]
        ),
        "promotions.xlsx": sheet_bytes(_promotions(anchor), sheet="优惠规则"),
    }


def _costs() -> pd.DataFrame:
    s = shop()
    random = np.random.default_rng(SEED + 5)
    inner, outer, express, warehouse, handling, ads, returns = (
        s["category"].map(lambda name, n=n: COSTS[name][n]) for n in range(7)
    )
    rival = s["sale_price"] / 100 * random.uniform(0.86, 1.02, len(s))
    return pd.DataFrame(
        {
            "商家编码": s["sku_code"],
            "品名": s["name"],
            "内包装": inner,
            "外包装": outer,
            "售后卡": 0.15,
            "耗材": 0.25,
            "仓储费": warehouse,
            "快递费": express,
            "人工": 0.9,
            "库存占用": (s["unit_cost"] / 100 * 0.012).round(2),
            "运费险": 0.6,
            "退货处理费": handling,
            "平台佣金率": 0.05,
            "支付手续费率": 0.006,
            "推广费率": ads,
            "退货率": returns,
            "退货残值率": np.where(s["category"].isin(["健康", "个护"]), 0.5, 0.85),
            "竞品最低价": rival.round(1),
            "竞品最高价": (rival * random.uniform(1.08, 1.35, len(s))).round(1),
        }
    )


ORDER_RULES = (  # code, name, phase, kind, scope, threshold, amount, percent off, cap, deposit, our share, group, reach, from, to, SKU
    (
        "KD300",
        "跨店每满300减30",
        "爆发",
        "跨店满减",
        "跨店",
        300,
        30,
        None,
        None,
        None,
        "60%",
        "",
        "自动",
        None,
        None,
        None,
    ),
    (
        "DP399",
        "店铺券满399减30",
        "爆发",
        "店铺券",
        "全店",
        399,
        30,
        None,
        None,
        None,
        "100%",
        "店铺券",
        "需领取",
        None,
        None,
        None,
    ),
    (
        "DP199",
        "店铺券满199减12",
        "爆发",
        "店铺券",
        "全店",
        199,
        12,
        None,
        None,
        None,
        "100%",
        "店铺券",
        "需领取",
        None,
        None,
        None,
    ),
    (
        "HY95",
        "会员95折",
        "爆发",
        "打折",
        "全店",
        None,
        None,
        "5%",
        10,
        None,
        "100%",
        "",
        "会员",
        None,
        None,
        None,
    ),
    (
        "HB5",
        "回归红包5元",
        "爆发",
        "红包",
        "全店",
        159,
        5,
        None,
        None,
        None,
        "0%",
        "",
        "定向",
        None,
        None,
        None,
    ),
)


def _promotions(anchor: date) -> pd.DataFrame:
    s = shop()
    eve = anchor + timedelta(days=OPENS_IN_DAYS - 1)
    opens, closes = f"{eve.isoformat()} 20:00", f"{eve.isoformat()} 22:00"
    flash = {
        code: int(price * 0.93) // 100
        for code, price in _most(s, "pre_hot", 3)[["sku_code", "sale_price"]].to_numpy()
    }
    rows: list[tuple[object, ...]] = [*ORDER_RULES]
    rows += [
        _goods_rule("MS20", "20点整点秒杀", "爆发", "秒杀价", None, price, None, "自动", opens, closes, code)
        for code, price in flash.items()
    ]
    rows += [
        _goods_rule("XK200", "新客券满200减200", "爆发", "商品券", 200, 200, None, "定向", None, None, code)
        for code in _most(s, "regular", 2)["sku_code"]
    ]
    rows += [
        _goods_rule("DJ", "定金20抵40", "预售", "定金膨胀", None, 40, 20, "自动", None, None, code)
        for code in _most(s, "main_push", 12)["sku_code"]
    ]
    return pd.DataFrame(rows, columns=list(RULE_COLUMNS))


def _most(s: pd.DataFrame, tier: str, count: int) -> pd.DataFrame:
    """The most popular SKUs of a tier."""
    return s[s["tier"] == tier].sort_values("popularity", ascending=False).head(count)


def _goods_rule(
    rule: str,
    name: str,
    phase: str,
    kind: str,
    threshold: object,
    amount: object,
    deposit: object,
    reach: str,
    opens: object,
    closes: object,
    code: str,
) -> tuple[object, ...]:
    """One row of a rule for listed goods, borne by us alone."""
    return (
        rule,
        name,
        phase,
        kind,
        "指定商品",
        threshold,
        amount,
        None,
        None,
        deposit,
        "100%",
        "",
        reach,
        opens,
        closes,
        code,
    )
