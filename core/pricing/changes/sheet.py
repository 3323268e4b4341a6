"""The workbooks of prices: cost cards, promotion rules, edited price sheets, bundles."""

from __future__ import annotations

from dataclasses import replace

from core.imports.kinds import Kind
from core.money import LARGEST_PRICE
from core.pricing.changes import costs, prices, promotions
from core.sheets.columns import Field, SheetSpec


def _each(name: str, title_zh: str, title_en: str, *, required: bool = False) -> Field:
    """What one unit costs, or is sold for."""
    money = Field(name, "money", required, 0, LARGEST_PRICE, title_zh=title_zh, title_en=title_en)
    return replace(money, stated=True, each=True)


COST_FIELDS = (
    _each("product", "商品成本", "Product cost"),
    _each("inner_packing", "内包装", "Inner packing"),
    _each("outer_packing", "外包装", "Outer packing"),
    _each("after_sale_card", "售后卡", "After-sale card"),
    _each("consumables", "耗材", "Consumables"),
    _each("warehouse", "仓储费", "Warehouse"),
    _each("express", "快递费", "Express"),
    _each("labour", "人工", "Labour"),
    _each("holding", "库存占用", "Inventory holding"),
    _each("freight_insurance", "运费险", "Freight insurance"),
    _each("return_handling", "退货处理费", "Return handling"),
    Field(
        "production",
        "rate",
        minimum=0,
        maximum=1,
        title_zh="拍摄制作费率",
        title_en="Shooting and production rate",
    ),
    Field("commission", "rate", minimum=0, maximum=1, title_zh="平台佣金率", title_en="Commission rate"),
    Field("payment_fee", "rate", minimum=0, maximum=1, title_zh="支付手续费率", title_en="Payment fee rate"),
    Field("advertising", "rate", minimum=0, maximum=1, title_zh="推广费率", title_en="Advertising rate"),
    Field("return_rate", "rate", minimum=0, maximum=1, title_zh="退货率", title_en="Return rate"),
    Field("recovered", "rate", minimum=0, maximum=1, title_zh="退货残值率", title_en="Recovered value rate"),
    _each("competitor_low", "竞品最低价", "Lowest competitor price"),
    _each("competitor_high", "竞品最高价", "Highest competitor price"),
)

COSTS = Kind(
    "costs",
    "cost.edit",
    SheetSpec(
        "costs",
        (Field("sku_code", "code", required=True), *COST_FIELDS, Field("row_version", "integer", minimum=0)),
        key=("sku_code",),
    ),
    costs.compare_costs,
    costs.write_costs,
    costs.CARDS.revert,
)

PHASES = {
    "预热": "warm_up",
    "预售": "presale_deposit",
    "付定金": "presale_deposit",
    "付尾款": "presale_balance",
    "爆发": "live",
    "正式": "live",
    "返场": "encore",
}
PROMOTION_KINDS = {
    "优惠券": "amount_off",
    "店铺券": "amount_off",
    "商品券": "amount_off",
    "红包": "amount_off",
    "满减": "amount_off",
    "立减": "amount_off",
    "直降": "amount_off",
    "每满减": "every_full",
    "跨店满减": "every_full",
    "折扣": "percent_off",
    "打折": "percent_off",
    "官方立减": "official_cut",
    "秒杀价": "fixed_price",
    "一口价": "fixed_price",
    "会员价": "fixed_price",
    "定金膨胀": "deposit_inflation",
    "定金立减": "deposit_cut",
}
REACHES = {
    "自动": "automatic",
    "自动生效": "automatic",
    "需领取": "claimed",
    "领取": "claimed",
    "会员": "members",
    "会员专享": "members",
    "定向": "targeted",
}
SCOPES = {"全店": "shop", "跨店": "cross_shop", "指定商品": "items"}
BASES = {"吊牌价": "list", "单品优惠后": "item", "逐级": "running"}


def _itself(*codes: str) -> dict[str, str]:
    """A code is its own spelling too."""
    return {code: code for code in codes}


PROMOTIONS = Kind(
    "promotions",
    "price.promotion",
    SheetSpec(
        "promotions",
        (
            Field("rule_id", "code", required=True, title_zh="规则编号", title_en="Rule"),
            Field("name", "text", title_zh="规则名称", title_en="Rule name"),
            Field(
                "phase",
                "choice",
                choices=PHASES | _itself(*PHASES.values()),
                title_zh="阶段",
                title_en="Phase",
            ),
            Field(
                "promotion_kind",
                "choice",
                choices=PROMOTION_KINDS | _itself(*PROMOTION_KINDS.values()),
                title_zh="优惠类型",
                title_en="Kind",
            ),
            Field(
                "level",
                "choice",
                choices={"单品": "item", "订单": "order"} | _itself("item", "order"),
                title_zh="优惠级别",
                title_en="Level",
            ),
            Field(
                "scope",
                "choice",
                choices=SCOPES | _itself(*SCOPES.values()),
                title_zh="适用范围",
                title_en="Scope",
            ),
            Field(
                "base",
                "choice",
                choices=BASES | _itself(*BASES.values()),
                title_zh="门槛基准",
                title_en="Threshold base",
            ),
            Field("threshold", "money", minimum=0, stated=True, title_zh="门槛金额", title_en="Threshold"),
            Field("minimum_quantity", "integer", minimum=0, title_zh="满件数", title_en="Minimum quantity"),
            Field(
                "amount",
                "money",
                minimum=0,
                stated=True,
                title_zh="优惠金额或价格",
                title_en="Amount or price",
            ),
            Field("discount", "rate", minimum=0, maximum=1, title_zh="折扣", title_en="Pays"),
            Field("percent_off", "rate", minimum=0, maximum=1, title_zh="立减比例", title_en="Percent off"),
            Field("deposit", "money", minimum=0, stated=True, title_zh="定金", title_en="Deposit"),
            Field("cap", "money", minimum=0, stated=True, title_zh="封顶金额", title_en="Cap"),
            Field(
                "merchant_share",
                "rate",
                minimum=0,
                maximum=1,
                title_zh="商家承担比例",
                title_en="Merchant share",
            ),
            Field("stack_group", "text", title_zh="互斥组", title_en="Exclusive group"),
            Field(
                "reach",
                "choice",
                choices=REACHES | _itself(*REACHES.values()),
                title_zh="领取方式",
                title_en="Reach",
            ),
            Field("starts", "moment", title_zh="开始时间", title_en="Starts"),
            Field("ends", "end", title_zh="结束时间", title_en="Ends"),
            Field("category", "text"),
            Field("sku_code", "code"),
        ),
        key=("rule_id", "phase", "sku_code", "category"),
    ),
    promotions.compare_promotions,
    promotions.write_promotions,
    promotions.revert_promotions,
)

PRICES = Kind(
    "prices",
    "price.edit",
    SheetSpec(
        "prices",
        (
            Field("sku_code", "code", required=True),
            _each("sale_price", "活动价", "Sale price", required=True),
            Field("row_version", "integer", minimum=0),
        ),
        key=("sku_code",),
    ),
    prices.compare_prices,
    prices.write_prices,
    prices.PRICES.revert,
)

BUNDLES = Kind(
    "bundles",
    "price.edit",
    SheetSpec(
        "bundles",
        (
            Field("sku_code", "code", required=True, title_zh="套装编码", title_en="Bundle"),
            Field("part_code", "code", required=True, title_zh="组件编码", title_en="Part"),
            Field("quantity", "integer", required=True, minimum=1, title_zh="组件数量", title_en="Quantity"),
        ),
        key=("sku_code", "part_code"),
    ),
    prices.compare_bundles,
    prices.write_bundles,
    prices.revert_bundles,
)
