"""The demo's shop: about 300 SKUs of a beauty-and-lifestyle community shop, made from fixed seeds. Every demo
workbook is drawn from this one frame."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

SEED = 20261111


# category, function, product stems, variants, price band in yuan, cost share of list price, supplier
LINES = (
    (
        "彩妆",
        "唇部",
        ("丝绒雾面口红", "水光镜面唇釉", "护色唇膏"),
        ("01 正红", "02 豆沙", "03 蜜桃", "05 枫叶", "07 烂番茄", "09 裸粉"),
        (79, 159),
        0.24,
        "广州妍彩化妆品有限公司",
    ),
    (
        "彩妆",
        "眼部",
        ("九色眼影盘", "极细防水眼线笔", "纤长睫毛膏"),
        ("大地色", "玫瑰色", "星河色", "黑色", "棕色"),
        (59, 189),
        0.26,
        "广州妍彩化妆品有限公司",
    ),
    (
        "彩妆",
        "底妆",
        ("持妆粉底液", "柔雾气垫", "定妆蜜粉"),
        ("象牙白", "自然色", "暖杏色", "健康色"),
        (109, 269),
        0.28,
        "上海澜妆生物科技",
    ),
    (
        "护肤",
        "补水保湿",
        ("玻尿酸补水面膜", "神经酰胺保湿霜", "积雪草爽肤水"),
        ("5 片装", "10 片装", "50ml", "100ml", "200ml"),
        (69, 299),
        0.22,
        "杭州清漾护肤品厂",
    ),
    (
        "护肤",
        "抗初老",
        ("双抗精华液", "胶原紧致眼霜", "视黄醇晚霜"),
        ("15ml", "30ml", "50ml"),
        (159, 499),
        0.19,
        "上海澜妆生物科技",
    ),
    (
        "护肤",
        "清洁",
        ("氨基酸洁面乳", "舒缓卸妆油", "净透卸妆膏"),
        ("100g", "150ml", "200ml"),
        (59, 139),
        0.25,
        "杭州清漾护肤品厂",
    ),
    (
        "护肤",
        "防晒",
        ("轻透防晒乳", "防晒喷雾"),
        ("SPF30", "SPF50", "SPF50 旅行装"),
        (69, 169),
        0.27,
        "杭州清漾护肤品厂",
    ),
    (
        "个护",
        "洗护发",
        ("控油蓬松洗发水", "玫瑰修护发膜", "免洗护发精油"),
        ("300ml", "500ml", "两支装"),
        (49, 129),
        0.33,
        "中山沐语日化",
    ),
    (
        "个护",
        "身体护理",
        ("烟酰胺身体乳", "樱花沐浴露", "果酸磨砂膏"),
        ("200ml", "400ml", "补充装"),
        (39, 119),
        0.32,
        "中山沐语日化",
    ),
    (
        "个护",
        "口腔",
        ("益生菌牙膏", "声波电动牙刷", "便携漱口水"),
        ("薄荷", "白桃", "三支装"),
        (29, 199),
        0.38,
        "中山沐语日化",
    ),
    (
        "香氛",
        "香水",
        ("山茶淡香水", "白茶中性香", "雪松木质香"),
        ("10ml", "30ml", "50ml", "100ml"),
        (99, 399),
        0.21,
        "苏州拾香坊",
    ),
    (
        "香氛",
        "家居香氛",
        ("无火香薰", "大豆蜡香薰蜡烛", "衣橱香包"),
        ("白茶", "乌木", "橙花", "海盐"),
        (49, 189),
        0.3,
        "苏州拾香坊",
    ),
    (
        "家居",
        "餐饮",
        ("手绘马克杯", "便携保温杯", "釉下彩餐具"),
        ("米白", "雾蓝", "樱粉", "四件套"),
        (39, 229),
        0.42,
        "景德镇云窑陶瓷",
    ),
    (
        "家居",
        "家纺",
        ("长绒棉毛巾", "天丝四件套", "法兰绒盖毯"),
        ("浅灰", "奶油", "豆绿", "1.5m", "1.8m"),
        (39, 499),
        0.45,
        "南通棉里家纺",
    ),
    (
        "家居",
        "收纳",
        ("桌面化妆收纳盒", "真空压缩袋", "可折叠收纳箱"),
        ("小号", "中号", "大号"),
        (29, 129),
        0.4,
        "义乌巧居百货",
    ),
    (
        "健康",
        "营养",
        ("胶原蛋白饮", "综合维生素软糖", "益生菌固体饮料"),
        ("7 天装", "14 天装", "28 天装"),
        (69, 259),
        0.29,
        "威海海纳健康",
    ),
)
TERMS = {  # lead time in days, minimum order, pack, capacity in units an order
    "广州妍彩化妆品有限公司": (12, 200, 24, 60_000),
    "上海澜妆生物科技": (18, 300, 12, 40_000),
    "杭州清漾护肤品厂": (9, 240, 24, 90_000),
    "中山沐语日化": (10, 120, 12, 80_000),
    "苏州拾香坊": (21, 100, 6, 20_000),
    "景德镇云窑陶瓷": (28, 60, 6, 9_000),
    "南通棉里家纺": (15, 50, 10, 18_000),
    "义乌巧居百货": (6, 100, 20, 50_000),
    "威海海纳健康": (14, 150, 30, 30_000),
}
BRANDS = {
    "彩妆": "拾光",
    "护肤": "清漾",
    "个护": "沐语",
    "香氛": "山野集",
    "家居": "云上小屋",
    "健康": "海纳",
}


UNIT_COSTS = {  # yuan a unit beside its purchase, and the part of the price that fees, advertising and discounts take
    "彩妆": (9.0, 0.34),
    "护肤": (9.5, 0.34),
    "个护": (10.5, 0.32),
    "香氛": (11.5, 0.34),
    "家居": (18.0, 0.34),
    "健康": (9.5, 0.33),
}
LEAST = 0.24  # of the price, what a well-kept shop wants to keep before the floor asks
DEEP = (
    "0040201",
    "0060301",
    "0120103",
    "0140205",
)  # priced too low on purpose: found, explained, to be mended


def _sale_price(frame: pd.DataFrame) -> pd.Series:
    """The planned prices: 23% off, less where costs allow less."""
    handling = frame["category"].map(lambda name: UNIT_COSTS[name][0] * 100)
    taken = frame["category"].map(lambda name: UNIT_COSTS[name][1])
    least = (frame["unit_cost"] + handling) / (1 - taken - LEAST)
    wanted = (frame["list_price"] * 0.77).clip(lower=least)
    return ((wanted // 1000) * 1000 + 900).astype("int64")


@lru_cache(maxsize=1)
def shop() -> pd.DataFrame:
    """The SKUs: sku_code, product_id, name, spec, barcode, category, function, brand, supplier, unit_cost and
    list_price (fen), sale_price (fen, planned for the sale), lead_time_days, moq, pack_size, popularity (mean
    1, heavy tail), units_per_day (before warm-up), tier, is_new. Sorted by code, index 0..n-1."""
    frame = pd.DataFrame(_stems(np.random.default_rng(SEED)))
    frame = pd.concat([frame, _gifts(frame)], ignore_index=True).sort_values("sku_code", ignore_index=True)
    frame["popularity"] /= frame["popularity"].mean()
    frame["units_per_day"] = frame["popularity"] * 70 * (15_000 / frame["list_price"]) ** 0.5
    frame["sale_price"] = _sale_price(frame)
    frame["list_price"] = np.maximum(frame["list_price"], (frame["sale_price"] / 0.86 // 1000) * 1000 + 900)
    slips = frame["sku_code"].isin(DEEP)
    frame.loc[slips, "sale_price"] = (frame.loc[slips, "list_price"] * 0.5 // 1000) * 1000 + 900
    rank = frame["popularity"].rank(ascending=False)
    frame["tier"] = np.select(
        [rank <= 18, rank <= 60, frame["popularity"] < 0.16], ["pre_hot", "main_push", "clearance"], "regular"
    )
    return frame


def _stems(random: np.random.Generator) -> list[dict[str, object]]:
    """Every variant of every stem of the lines, one row each."""
    rows: list[dict[str, object]] = []
    for number, (category, function, stems, variants, (low, high), cost_share, supplier) in enumerate(
        LINES, 1
    ):
        for place, stem in enumerate(stems, 1):
            price = round(float(random.uniform(low, high)) / 10) * 10 - 1
            heat = float(random.lognormal(0, 0.9))
            for variant, spec in enumerate(variants, 1):
                lead, moq, pack, _ = TERMS[supplier]
                size = 1 + 0.35 * (variant - 1) if spec[0].isdigit() or spec.endswith("装") else 1.0
                listed = int(max(price * size, 19) // 10 * 10 + 9) * 100
                rows.append(
                    {
                        "sku_code": f"{number:03d}{place:02d}{variant:02d}",
                        "product_id": f"P{number:03d}{place:02d}",
                        "name": f"{BRANDS[category]} {stem}",
                        "spec": spec,
                        "barcode": f"69{number:04d}{place:03d}{variant:03d}{random.integers(0, 10)}",
                        "category": category,
                        "function": function,
                        "brand": BRANDS[category],
                        "supplier": supplier,
                        "list_price": listed,
                        "unit_cost": round(listed * cost_share * float(random.uniform(0.9, 1.1)) / 10) * 10,
                        "lead_time_days": lead + int(random.integers(-2, 3)),
                        "moq": moq,
                        "pack_size": pack,
                        "popularity": heat * float(random.lognormal(0, 0.5)),
                        "is_new": bool(random.random() < 0.06),
                    }
                )
    return rows


def _gifts(frame: pd.DataFrame) -> pd.DataFrame:
    """Gift boxes of some of the SKUs, as many as are missing to 300."""
    more = (
        frame.sample(frac=1, random_state=SEED).head(300 - len(frame)) if len(frame) < 300 else frame.head(0)
    )
    return more.assign(
        sku_code="9" + more["sku_code"].str[1:],
        product_id="G" + more["product_id"].str[1:],
        name=more["name"] + " 礼盒",
        spec=more["spec"] + "·两件",
        barcode="68" + more["barcode"].str[2:],
        list_price=more["list_price"] * 2 - 1000,
        unit_cost=more["unit_cost"] * 2 + 350,
        popularity=more["popularity"] * 0.4,
    )


def suppliers() -> pd.DataFrame:
    """The suppliers' terms: supplier, contact, phone, lead_time_days, capacity_units, minimum_amount (fen),
    payment_terms."""
    people = ("陈敏", "王磊", "李静", "周洋", "吴芳", "徐强", "孙丽", "马超", "朱婷")
    rows: list[dict[str, object]] = []
    for (name, (lead, moq, _, capacity)), person in zip(TERMS.items(), people, strict=True):
        row = {
            "supplier": name,
            "contact": person,
            "lead_time_days": lead,
            "capacity_units": capacity,
            "minimum_amount": moq * 2_000,
        }
        rows.append(
            row
            | {"phone": f"1380000{len(rows):04d}", "payment_terms": "月结 30 天" if moq > 100 else "款到发货"}
        )
    return pd.DataFrame(rows)
