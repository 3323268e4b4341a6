"""A walk over every page with all its tabs, and what stands on them: figures by their names, tables by SKU."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from html import unescape
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.parts.components import text
from pages.parts.shell import menu

CELL = re.compile(r"<div title=\"[^\"]*\"><dt>([^<]+)</dt><dd>([^<]+)")
WALL = re.compile(r"<(?:div class=\"wall-label\"|span)>([^<]+)</(?:div|span)><(?:div|b)[^>]*>([^<]+)")
LADDER = re.compile(r"<dl class=\"ladder\" aria-label=\"[^\"]+\">.*?</dl>")
NAME = re.compile(
    r"[a-z_]+(\.\w+)+"
)  # of a sentence; the titles of a sheet's columns are asked for too, as they are
SHOWN = {
    "replenishment": ("need", "quantity", "forecast", "expected_leftover", "expected_lost", "available"),
    "stock": ("on_hand", "reserved", "in_transit", "available_to_promise", "safety_stock", "units_per_day"),
}  # columns that a page shows only when they are asked for

Listed = dict[str, dict[str, dict[str, Any]]]  # heading -> table -> SKU -> figure


def open_every_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a page draws all its tabs in one run."""
    tabs = st.tabs

    def opened(*args: Any, **how: Any) -> Any:
        drawn = tabs(*args, **how)
        for one in drawn:
            one.open = True
        return drawn

    monkeypatch.setattr(st, "tabs", opened)


def visit(page: str, **address: str) -> AppTest:
    """A page that ran without a fault."""
    entry = next(entry for entry in menu.MENU if entry.page == page)
    app = AppTest.from_file(str(entry.file), default_timeout=300)
    for name, value in {"lang": "zh", **address}.items():
        app.query_params[name] = value
    if page in SHOWN:
        app.query_params[f"{page}_columns"] = ",".join(SHOWN[page])
    unknown = _run(app)
    assert not app.exception, f"{page}: {app.exception[0].message}"
    if unknown:
        pytest.fail(f"{page} shows names of sentences that nobody wrote: {sorted(unknown)}")
    return app


def _run(app: AppTest) -> set[str]:
    """Runs the page; the names of sentences that it asked for and that nobody wrote."""
    unknown, written = set[str](), text.sentence

    def noted(key: str) -> str:
        words = written(key)
        if words == key and NAME.fullmatch(key):
            unknown.add(key)
        return words

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "sentence", noted)
        app.run()
    return unknown


def figures(app: AppTest) -> Iterator[tuple[str, str]]:
    """(label, figure) of the page's cards and strips."""
    for element in app.get("html"):
        for label, figure in (*CELL.findall(element.proto.body), *WALL.findall(element.proto.body)):
            yield unescape(label), figure.strip("⚠ ")
    for metric in app.metric:
        yield metric.label, re.sub(r"\\|:small.*", "", metric.value).strip()


def ladder(app: AppTest) -> str:
    """The page's strip of the ladder, to the letter; "" without one."""
    hits = [LADDER.search(element.proto.body) for element in app.get("html")]
    return next((hit.group() for hit in hits if hit), "")


def columns(app: AppTest) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(heading, table, SKU -> figure) of the page's tables that have one row a SKU."""
    for place, table in enumerate(app.dataframe):
        frame, declared = table.value, json.loads(table.proto.columns or "{}")
        if "sku_code" not in frame or not frame["sku_code"].is_unique:
            continue
        for name in frame.columns:
            if pd.api.types.is_numeric_dtype(frame[name]):
                heading = (declared.get(name) or {}).get("label") or name
                yield heading, str(place), frame.set_index("sku_code")[name].dropna().to_dict()


def gathered(apps: dict[str, AppTest]) -> tuple[dict[str, dict[str, list[str]]], Listed]:
    """Figures by label and value with the pages that show them; columns by heading and table."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    listed: Listed = defaultdict(dict)
    for page, app in apps.items():
        for label, figure in figures(app):
            said[label][figure].append(page)
        for heading, table, values in columns(app):
            listed[heading][f"{page} {table}"] = values
    return said, listed


def differing(listed: Listed) -> list[str]:
    """What two tables say otherwise of one SKU under one heading."""
    wrong = []
    for heading, tables in listed.items():
        (first, base), *others = tables.items()
        for name, values in others:
            moved = [code for code in base.keys() & values if base[code] != values[code]]
            if moved:
                wrong.append(f"{heading}: {first} / {name}: {len(moved)} SKU, {moved[0]}")
            base = {**values, **base}
    return wrong
