"""People at the door: the shop's own ids become keyed hashes before anything is compared, kept or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.access.keys import derived
from core.imports import rules as compared
from core.imports.kinds import REJECTED
from core.orders import rules

NOBODY, TWICE = "people.nobody", "people.twice"


@dataclass(frozen=True, slots=True)
class Keyed:
    """Rows with hashes in place of ids, rows that were refused (columns REJECTED, without any id), and how many rows
    were the same again."""

    rows: pd.DataFrame
    refused: pd.DataFrame
    merged: int


def hashed(people: pd.Series) -> pd.Series:
    """The keys that orders know these people by; "" for whoever stands behind stars or is blank."""
    return rules.buyer_keys(people, derived("buyer"))


def of_events(people: Sequence[str]) -> set[str]:
    """The same keys from people of events: a source may send the shop's own ids, or the keys."""
    sent = pd.Series(list(people), dtype="str")
    ready = sent.str.fullmatch("[0-9a-f]{32}").astype(bool)
    return {*sent[ready], *hashed(sent[~ready])}


def keyed(sheet: pd.DataFrame, ids: Mapping[str, str]) -> pd.DataFrame:
    """The sheet with each column of ids (`ids`: column -> name of its key) replaced by its hashes."""
    keys = {
        key: hashed(sheet[name]) if name in sheet else pd.Series("", sheet.index, dtype="str")
        for name, key in ids.items()
    }
    return sheet.drop(columns=[name for name in ids if name in sheet]).assign(**keys)


def one_each(rows: pd.DataFrame, sheet_name: str, key: str) -> Keyed:
    """One row a key. A row without a key is refused; equal rows count once; rows that differ are refused together: which
    of them is right cannot be known."""
    nobody = rows[key] == ""
    left = rows[~nobody]
    again = left.drop(columns="row").astype("str").duplicated()
    single = left[~again.to_numpy()]
    torn = single[key].duplicated(keep=False)
    several = left[left[key].isin(single.loc[torn, key])]
    refused = pd.concat(
        [_refused(rows[nobody], sheet_name, NOBODY), _refused(several, sheet_name, TWICE)], ignore_index=True
    )
    merged = int((again & ~left[key].isin(several[key])).sum())
    return Keyed(single[~torn.to_numpy()], refused[list(REJECTED)], merged)


def _refused(rows: pd.DataFrame, sheet_name: str, code: str) -> pd.DataFrame:
    return compared.refuse(rows, sheet_name, "person", code, pd.Series("", rows.index))


def invite_ids(rows: pd.DataFrame) -> pd.Series:
    """The shop's own numbers; without one a hash of who invited whom and when."""
    own = rows["invite_id"].fillna("").astype("str") if "invite_id" in rows else pd.Series("", rows.index)
    parts = rows["inviter_key"] + "\x1f" + rows["invited_key"] + "\x1f" + rows["sent_minute"].astype("str")
    made = parts.map(lambda text: "~" + hashlib.sha256(text.encode()).hexdigest()[:24])
    return own.mask(own == "", made).astype("str")
