"""The state of an order line out of the words and amounts of an export. Pure.

A word about a refund counts only after its negations and its half measures are out of the way, and where the
export gives amounts, these decide: a line is refunded when all that was paid for it went back.
"""

from __future__ import annotations

from enum import StrEnum

import pandas as pd


class OrderState(StrEnum):
    """How far a line of an order has come."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    DONE = "done"
    CLOSED = "closed"
    REFUNDED = "refunded"


STATES = tuple(str(state) for state in OrderState)
BOUGHT = (OrderState.PAID, OrderState.SHIPPED, OrderState.DONE)  # states of a line that counts as a sale

_NO_REFUND = (  # nothing went back: said, or asked for and ended
    r"(?:没有|没|未|无|不|暂无|从未)(?:申请|发起|产生|发生|任何|进行|需)?(?:过|的)?(?:退款退货|退货退款|退款|退货|售后)",
    r"(?:退款退货|退货退款|退款|退货|售后)(?:申请|单|已|被|已被|自动|买家|卖家|用户|商家)*(?:关闭|取消|失败|拒绝|驳回|撤销|撤回|终止|不通过|未通过)",
    r"(?:取消|撤销|撤回|拒绝|驳回|关闭)(?:了)?(?:退款|退货|售后)(?:申请)?",
    r"\b(?:not|never|un)[ _-]?refunded|\bno[ _-]refunds?\b|refund[ _-](?:declined|rejected|cancell?ed|closed|denied|failed|voided)",
)
_HALF_REFUND = (  # some went back, or it is on its way: the line is what the other words say
    r"部分(?:已)?(?:退款|退货)(?:成功|完成)?|(?<!没)(?<!未)(?:有|含)(?:部分)?(?:退款|退货|售后)|partial(?:ly)?[ _-]*(?:refund(?:ed)?|return(?:ed)?)",
    r"(?:等待|待|申请|请求|正在|处理)(?:买家|卖家|商家|平台|系统)?(?:处理|同意|确认|审核)?(?:退款|退货|售后)(?:申请|中|处理中|审核)?",
    r"(?:退款|退货|售后|换货)+(?:申请|协商|处理|审核|进行|待|等待)+(?![^,，;；|]{0,4}(?:完成|成功))[^,，;；|]{0,6}",
    r"(?:退款|退货|售后|换货)+中|refunding|refund[ _-](?:pending|requested|processing|in progress)|return[ _-](?:pending|requested)",
)
_WORDS = (  # the first that matches decides
    (
        OrderState.REFUNDED,
        r"退款成功|退款完成|退货成功|退货完成|已退款|已退货|全额退款|退款|退货|refunded|returned|chargeback",
    ),
    (OrderState.CLOSED, r"关闭|取消|作废|失效|closed|cancel|voided|expired|failed"),
    (
        OrderState.PLACED,
        r"未付款|待付款|等待买家付款|已拍下|未支付|待支付|unpaid|awaiting[ _]payment|pending[ _]payment|authorized|on-hold|^\W*pending\W*$",
    ),
    (OrderState.DONE, r"成功|完成|已签收|已收货|已评价|complete|delivered|success"),
    (
        OrderState.SHIPPED,
        r"已发货|待收货|等待确认收货|运输中|已出库|(?<!un)shipped|(?<!un)fulfilled|in transit",
    ),
    (
        OrderState.PAID,
        r"已付款|待发货|未发货|等待发货|等待卖家发货|待出库|已支付|备货|paid|processing|unshipped|unfulfilled",
    ),
)


_PARTLY = r"部分(?:已)?(?:退款|退货)|partial(?:ly)?[ _-]*(?:refund|return)"


def after_sale(words: pd.Series) -> pd.Series:
    """What the words of an after-sale say of its order: one that was closed or called off says nothing.

    >>> after_sale(pd.Series(["已取消", "退款关闭", "退款成功"])).str.strip().tolist()
    ['', '', '退款成功']
    """
    text = words.fillna("").astype("str").str.lower()
    for pattern in (
        *_NO_REFUND,
        *_HALF_REFUND,
        rf"(?:已|被|售后|申请)*(?:{dict(_WORDS)[OrderState.CLOSED]})",
    ):
        text = text.str.replace(pattern, " ", regex=True)
    return text


def partly_refunded(words: pd.Series) -> pd.Series:
    """Whether words say that some of a line went back (bool)."""
    return words.fillna("").astype("str").str.lower().str.contains(_PARTLY, regex=True)


def states(words: pd.Series, paid: pd.Series, refunded: pd.Series, amount: pd.Series) -> pd.Series:
    """The state of each line by the export's own words and amounts; one of STATES, indexed like `words`.

    `refunded` and `amount` are fen (missing where the export has no cell). Without a word that is understood a
    line with a pay time is paid, else placed. A full refund in words holds unless a smaller amount stands beside
    it; a line whose whole amount went back is refunded whatever it says.
    """
    text = words.fillna("").astype("str").str.lower()
    for pattern in (*_NO_REFUND, *_HALF_REFUND):
        text = text.str.replace(pattern, " ", regex=True)
    back, whole = refunded.fillna(0), amount.fillna(0)
    partly = (back > 0) & (back < whole)
    text = text.mask(partly, text.str.replace(_WORDS[0][1], " ", regex=True))
    state = pd.Series("", index=words.index, dtype="str")
    for name, pattern in _WORDS:
        state = state.mask((state == "") & text.str.contains(pattern, regex=True), str(name))
    state = state.mask((state == "") & paid.notna(), str(OrderState.PAID))
    state = state.mask(state == "", str(OrderState.PLACED))
    return state.mask((back > 0) & (back >= whole), str(OrderState.REFUNDED))
