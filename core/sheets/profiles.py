"""Exports that are recognised by their headers: what they are called, and what their columns mean."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from core.sheets.columns import SheetSpec, fold

EXPORTS_FILE = Path(__file__).with_name("exports.toml")


@dataclass(frozen=True, slots=True)
class Profile:
    """One layout of an export.

    `signature`: headers that it must have, each with its spellings; `without`: headers that it must not have.
    `mapping`: field -> headers, of which those that the sheet has are added (figures) or tried in their order
    (codes, texts). `order_level`: amounts of the whole order that stand on each or on the first of its lines.
    `places`: (header, field): behind that header every column is a place, and holds that figure of it; () = none.
    `confirmed`: "by file" | "by code" | "unconfirmed".
    """

    name: str
    name_en: str
    kind: str
    signature: tuple[tuple[str, ...], ...]
    without: tuple[str, ...]
    mapping: Mapping[str, tuple[str, ...]]
    order_level: tuple[str, ...]
    confirmed: Literal["by file", "by code", "unconfirmed"]
    note: str
    places: tuple[str, str] | tuple[()] = ()

    def title(self, language: str) -> str:
        """What the layout is called in a language."""
        return self.name_en if language == "en" else self.name


@lru_cache(maxsize=1)
def profiles() -> tuple[Profile, ...]:
    """Every known layout, in the file's order."""
    entries = tomllib.loads(EXPORTS_FILE.read_text("utf-8"))["export"]
    return tuple(
        Profile(
            entry["name"],
            entry["name_en"],
            entry["kind"],
            tuple(tuple(spellings.split("|")) for spellings in entry["signature"]),
            tuple(entry.get("without", ())),
            {field: tuple(headers) for field, headers in entry["mapping"].items()},
            tuple(entry.get("order_level", ())),
            entry["confirmed"],
            entry["note"],
            tuple(entry.get("places", ())),
        )
        for entry in entries
    )


ORDERS = Profile(  # any list of orders, whoever exported it; says no more than that
    "订单表",
    "a list of orders",
    "orders",
    (
        ("订单编号", "订单号", "主订单编号", "订单id", "order id", "order number"),
        ("订单状态", "订单付款时间", "支付时间", "付款时间", "买家实际支付金额", "financial status"),
    ),
    (),
    {},
    (),
    "unconfirmed",
    "",
)


def recognised(headers: Sequence[str], kind: str) -> Profile | None:
    """The layout of that kind whose signature the headers hold, the most particular one; None for none."""
    return _fitting(headers, [profile for profile in profiles() if profile.kind == kind])


def elsewhere(headers: Sequence[str], kind: str) -> Profile | None:
    """The layout of any other kind that the headers are of: the file came in by the wrong door."""
    return _fitting(headers, [profile for profile in (*profiles(), ORDERS) if profile.kind != kind])


def _fitting(headers: Sequence[str], among: Sequence[Profile]) -> Profile | None:
    titles = {fold(header) for header in headers}
    fitting = [profile for profile in among if _fits(profile, titles)]
    return max(fitting, key=lambda profile: len(profile.signature), default=None)


def _fits(profile: Profile, titles: set[str]) -> bool:
    """Whether folded headers have all of the signature and nothing that the layout is without."""
    signed = all(any(fold(one) in titles for one in spellings) for spellings in profile.signature)
    return signed and not any(fold(header) in titles for header in profile.without)


def mapped(profile: Profile, headers: Sequence[str], spec: SheetSpec) -> dict[int, str]:
    """Column -> field by a layout: all the columns of a figure, the first that is there of anything else. Of
    two 商家编码 the last is the SKU's."""
    at = {fold(header): column for column, header in enumerate(headers) if header}
    known = {entry.name: entry for entry in spec.fields}
    mapping: dict[int, str] = {}
    for name, titles in profile.mapping.items():
        columns = [at[fold(title)] for title in titles if fold(title) in at]
        if name in known:
            several = known[name].adds and name in _ADDED
            mapping |= dict.fromkeys(columns if several else columns[:1], name)
    if profile.places:
        last, figure = profile.places
        behind = range(at[fold(last)] + 1, len(headers))
        mapping |= {column: figure for column in behind if headers[column]}
    return mapping


_ADDED = frozenset({"reserved"})  # figures whose columns are parts; of any other the headers are spellings
