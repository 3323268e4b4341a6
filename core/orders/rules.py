"""Order exports as they come: states in many words, several titles in one row, buyers behind stars. Pure."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pandas as pd

STATES = ("placed", "paid", "shipped", "done", "closed", "refunded")
BOUGHT = ("paid", "shipped", "done")  # states of an order that counts as a sale
_WORDS = (  # the first that matches decides
    ("refunded", r"退款成功|退货成功|已退款|已退货|退款|refunded|returned"),
    ("closed", r"关闭|取消|作废|失效|closed|cancel"),
    ("placed", r"未付款|待付款|等待买家付款|已拍下|未支付|待支付|unpaid|awaiting payment|pending payment"),
    ("done", r"成功|完成|已签收|已收货|已评价|complete|delivered|success"),
    ("shipped", r"已发货|待收货|等待确认收货|运输中|已出库|shipped|in transit"),
    ("paid", r"已付款|待发货|等待发货|等待卖家发货|待出库|已支付|备货|paid|processing|unshipped"),
)
_TITLES = "，"  # what joins the titles of one order in an order report


def states(words: pd.Series, paid: pd.Series, refunded: pd.Series, amount: pd.Series) -> pd.Series:
    """The state by the export's own words; without a word an order with a pay time is paid, else placed.

    A word in an unknown tongue counts as no word. An order whose whole amount was paid back is refunded whatever it says; a closed one
    that had been paid and was paid back in part stays closed. Result: one of STATES, indexed like `words`.
    """
    text = words.fillna("").astype("str").str.lower()
    found = pd.Series("", index=words.index, dtype="str")
    for state, pattern in _WORDS:
        found = found.mask((found == "") & text.str.contains(pattern, regex=True), state)
    found = found.mask((found == "") & paid.notna(), "paid").mask((found == "") & paid.isna(), "placed")
    return found.mask((refunded.fillna(0) > 0) & (refunded.fillna(0) >= amount.fillna(0)), "refunded")


def buyer_keys(buyers: pd.Series, key: bytes) -> pd.Series:
    """Buyers as keyed hashes (HMAC-SHA256, 32 hex digits): the same buyer gives the same text, and nobody without the key finds a name.

    "" for a buyer behind stars, for `'null` and for a blank: many people share such a name.
    """
    names = buyers.fillna("").astype("str").str.strip().str.strip("'")
    unknown = (names == "") | names.str.contains("*", regex=False) | names.str.lower().isin(["null", "nan", "none", "-"])
    codes, distinct = pd.factorize(names)
    hashed = np.array([hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:32] for name in distinct], dtype=object)
    return pd.Series(hashed[codes], index=buyers.index, dtype="str").mask(unknown, "")


def lines(orders: pd.DataFrame) -> pd.DataFrame:
    """One row a line of an order: a row whose title joins several goods is split, its amount and units shared out exactly.

    `orders`: name, quantity (<NA> = 1), kinds (number of goods in the row, <NA> unknown), amount (fen), refund_amount (fen), sku_code
    ("" where the export has none) and whatever else; a row is split only where it has no code and its titles are as many as `kinds`
    (or, without kinds, not more than its units). Equal shares, the first lines one more: the parts sum to the row.
    """
    names = orders["name"].fillna("").astype("str")
    count = names.str.count(_TITLES) + 1
    quantity = orders["quantity"].fillna(1).astype("int64").clip(lower=0)
    told = orders["kinds"].fillna(0).astype("int64")
    split = (orders["sku_code"] == "") & (count > 1) & ((told == count) | ((told == 0) & (quantity >= count)))
    titles = names.where(~split, names.str.replace(_TITLES, "\x1f", regex=False)).str.split("\x1f")
    frame = orders.assign(name=titles, quantity=quantity, parts=count.where(split, 1).astype("int64")).explode("name")
    place = frame.groupby(level=0, sort=False).cumcount()
    for column in ("quantity", "amount", "refund_amount"):
        whole = frame[column].fillna(0).astype("int64")
        frame[column] = whole // frame["parts"] + (place < whole % frame["parts"])
    return frame.assign(name=frame["name"].astype("str").str.strip()).drop(columns="parts").reset_index(drop=True)


def order_ids(frame: pd.DataFrame) -> pd.Series:
    """The export's order number; where it has none, one made of buyer and times, so that a buyer's one payment stays one basket.

    `frame`: order_id ("" missing), buyer_key, ordered_at, paid_at, row. An unknown buyer's rows are orders of their own.
    """
    own = frame["buyer_key"].where(frame["buyer_key"] != "", "row " + frame["row"].astype("str"))
    moment = frame["paid_at"].astype("str") + " " + frame["ordered_at"].astype("str")
    made = pd.util.hash_pandas_object(own + " " + moment, index=False).astype("uint64").map("~{:016x}".format)
    return frame["order_id"].mask(frame["order_id"] == "", made)
