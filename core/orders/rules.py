"""Order exports as they come: several titles in one row, buyers behind stars, orders without a number. Pure."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from core.access.person_keys import key_maker
from core.money import split_each

_TITLES = "，"  # what joins the titles of one order in an order report
_COUNTED = re.compile(r"(.+?)[(（](\d{1,6})[)）]")  # 农夫核桃卷(1);日式生巧(2): titles with their units


def buyer_keys(buyers: pd.Series, key: bytes) -> pd.Series:
    """Buyers as keyed hashes (32 hex digits, see core/access/person_keys.py): the same buyer gives the same
    text, and nobody without the key finds a name. "" for a buyer behind stars, for `'null` and for a blank:
    many people share such a name."""
    codes, distinct = pd.factorize(buyers.fillna("").astype("str"))
    hashed = np.array([*map(key_maker(key), distinct)], dtype=object)
    return pd.Series(hashed[codes], index=buyers.index, dtype="str")


def lines(orders: pd.DataFrame) -> pd.DataFrame:
    """One row a line of an order: a row whose title joins several goods is split, its amount and units shared
    out exactly.

    `orders`: name, quantity (<NA> = 1), kinds (number of goods in the row, <NA> unknown), amount (fen),
    refund_amount (fen), sku_code ("" where the export has none) and whatever else; a row is split only where
    it has no code and its titles are as many as `kinds` (or, without kinds, not more than its units). Equal
    shares, the first lines one more: the parts sum to the row.
    """
    names = orders["name"].fillna("").astype("str")
    count = names.str.count(_TITLES) + 1
    orders = _counted_apart(orders, names)
    names = orders["name"].fillna("").astype("str")
    count = names.str.count(_TITLES) + 1
    quantity = orders["quantity"].fillna(1).astype("int64").clip(lower=0)
    kinds = orders["kinds"].fillna(0).astype("int64")
    split = (
        (orders["sku_code"] == "") & (count > 1) & ((kinds == count) | ((kinds == 0) & (quantity >= count)))
    )
    titles = names.where(~split, names.str.replace(_TITLES, "\x1f", regex=False)).str.split("\x1f")
    frame = orders.assign(
        name=titles, quantity=quantity, parts=count.where(split, 1).astype("int64")
    ).explode("name")
    line_number = frame.groupby(level=0, sort=False).cumcount()
    for column in ("quantity", "amount", "refund_amount"):
        whole = frame[column].fillna(0).astype("int64")
        frame[column] = whole // frame["parts"] + (line_number < whole % frame["parts"])
    return (
        frame.assign(name=frame["name"].astype("str").str.strip())
        .drop(columns="parts")
        .reset_index(drop=True)
    )


def _counted_apart(orders: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """The rows with titles that say their own units (`X(1);Y(2)`) as one row a title, where every row without a code
    is written so and its units come to its quantity; money by units, largest remainder."""
    bare = orders["sku_code"] == ""
    texts = names[bare]
    if not bare.any() or not texts.str.contains(r"[)）]\s*[;；]", regex=True).any():
        return orders
    titles = {at: _counted(text) for at, text in texts.items()}
    units = pd.Series({at: sum(n for _, n in parts) for at, parts in titles.items()}, dtype="int64")
    stated = orders.loc[bare, "quantity"].astype("Int64")
    if (units == 0).any() or not (stated.isna() | (stated == units)).all():
        return orders
    whole = orders.assign(
        name=pd.Series(
            {at: [name for name, _ in parts] for at, parts in titles.items()}, dtype=object
        ).reindex(orders.index, fill_value=""),
        part=pd.Series({at: [n for _, n in parts] for at, parts in titles.items()}, dtype=object).reindex(
            orders.index
        ),
    )
    whole["name"] = whole["name"].where(bare, names)
    apart = whole.explode(["name", "part"])
    places = pd.factorize(apart.index)[0]
    own = apart["part"].notna().to_numpy()
    weight = apart["part"].fillna(1).to_numpy(np.int64)
    for column in ("amount", "refund_amount"):
        sums = orders[column].fillna(0).to_numpy(np.int64)
        apart[column] = split_each(sums, weight, places)
    apart["quantity"] = apart["part"].where(own, apart["quantity"]).astype("Int64")
    apart["kinds"] = apart["kinds"].mask(own, 1)
    return apart.drop(columns="part").reset_index(drop=True)


def _counted(text: str) -> list[tuple[str, int]]:
    """The titles of a cell with their units; nothing where one has none.

    >>> _counted("核桃卷(1);生巧（黑巧）(2)"), _counted("核桃卷")
    ([('核桃卷', 1), ('生巧（黑巧）', 2)], [])
    """
    parts = [_COUNTED.fullmatch(part.strip()) for part in re.split("[;；]", text) if part.strip()]
    if not all(parts):
        return []
    return [(part[1].strip(), int(part[2])) for part in parts if part]


def order_ids(frame: pd.DataFrame) -> pd.Series:
    """The export's order number; where it has none, one made of buyer and times, so that a buyer's one
    payment stays one basket.

    `frame`: order_id ("" missing), buyer_key, ordered_at, paid_at, row. An unknown buyer's rows are orders of
    their own.
    """
    own = frame["buyer_key"].where(frame["buyer_key"] != "", "row " + frame["row"].astype("str"))
    moment = frame["paid_at"].astype("str") + " " + frame["ordered_at"].astype("str")
    hashed = (
        pd.util.hash_pandas_object(own + " " + moment, index=False).astype("uint64").map("~{:016x}".format)
    )
    return frame["order_id"].mask(frame["order_id"] == "", hashed)
