"""The parts of which screens are made: tables in the reader's units, edits in core's, exports of what is
shown, specs that stay."""

from __future__ import annotations

from typing import Any

import altair
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.database import Database
from core.sheets.columns import Field, SheetSpec
from core.sheets.detect import guess_header, guess_sheet
from core.sheets.reader import read_workbook
from pages.parts.components import charts, columns, editing, exports, tables
from pages.parts.components.charts import Series
from pages.parts.components.charts.waterfalls import folded, waterfall
from pages.parts.components.columns import Column, displayed
from pages.parts.upload import comparison, mapping, rejected
from tests.pages.visiting import sign_in_as

COLUMNS = (
    Column("sku_code", "stock.sku_code", "code"),
    Column("name", "stock.name"),
    Column("on_hand", "stock.on_hand", "integer"),
    Column("price", "stock.unit_cost", "price"),
    Column("rate", "common.now", "percent"),
    Column("state", "stock.mark", "state"),
)


@pytest.fixture
def frame() -> pd.DataFrame:
    """Three SKUs in core's units."""
    rows = {
        "sku_code": ["0001", "0002", "0003"],
        "name": ["=1+1", "面霜 50ml", "Cream"],
        "on_hand": pd.array([5, None, 7], dtype="Int64"),
        "price": [1999, 5, 123_456],
        "rate": [0.5, 0.125, 1.0],
        "state": ["tight", "enough", "tight"],
    }
    return pd.DataFrame(rows).set_index("sku_code", drop=False)


def test_a_table_shows_the_readers_units(frame: pd.DataFrame) -> None:
    shown = columns.displayed(frame, COLUMNS)
    assert list(shown["price"]) == [19.99, 0.05, 1234.56]
    assert list(shown["rate"]) == [50.0, 12.5, 100.0]
    assert shown["state"].iloc[0] == ["紧张"]
    assert list(shown["sku_code"]) == ["0001", "0002", "0003"]


def test_no_state_is_an_empty_cell_and_no_empty_pill() -> None:
    frame = pd.DataFrame({"state": ["tight", "", None]})
    shown = displayed(frame, [Column("state", "stock.mark", "state")])
    setting = columns.settled(frame, [Column("state", "stock.mark", "state")])["state"]
    assert [value is None or value != value for value in shown["state"]] == [False, True, True]
    assert "" not in setting["type_config"]["options"]
    assert len(setting["type_config"]["options"]) == 1


def test_search_takes_every_word_in_any_column_and_no_pattern(frame: pd.DataFrame) -> None:
    assert list(tables.found(frame, ("sku_code", "name"), "000 面霜").index) == ["0002"]
    assert list(tables.found(frame, ("name",), "CREAM").index) == ["0003"]
    assert list(tables.found(frame, ("name",), "=1+").index) == ["0001"]
    assert tables.found(frame, ("name",), ".*").empty
    assert len(tables.found(frame, ("name",), "  ")) == 3


def test_an_export_holds_what_is_shown_with_codes_as_text(frame: pd.DataFrame) -> None:
    content = exports.workbook(
        frame, [exports._sheet_column(frame, column) for column in COLUMNS], "goods", "zh"
    )
    book = read_workbook(content, "goods.xlsx")
    rows = book.grid(book.sheets[0].name).head(4)
    assert rows[0] == [column.heading() for column in COLUMNS]
    assert rows[1][:2] == ["0001", "=1+1"]
    assert rows[1][5] == "紧张"
    assert [float(row[3]) for row in rows[1:]] == [19.99, 0.05, 1234.56]


@given(st.integers(min_value=0, max_value=10**12))
def test_a_price_survives_the_way_to_the_screen_and_back(fen: int) -> None:
    shown = columns.displayed(pd.DataFrame({"price": [fen]}), (Column("price", "stock.unit_cost", "price"),))[
        "price"
    ].iloc[0]
    assert editing.stored(float(shown), Column("price", "stock.unit_cost", "price")) == fen


def test_edits_are_listed_in_cores_units_and_retyped_values_are_none(frame: pd.DataFrame) -> None:
    edited = {
        0: {"price": 20.0, "on_hand": 5},
        1: {"on_hand": 3, "rate": 12.5},
        2: {"state": "enough", "name": "Cream"},
    }
    changes = editing.changed(frame, COLUMNS, edited)
    assert changes[["key", "field", "after"]].to_numpy().tolist() == [
        ["0001", "price", 2000],
        ["0002", "on_hand", 3],
        ["0003", "state", "enough"],
    ]


def test_columns_of_a_sheet_are_named_like_excels() -> None:
    assert [mapping.letter(number) for number in (1, 26, 27, 52, 53, 702, 703)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


def test_changes_are_told_in_the_readers_units() -> None:
    fields = {
        "unit_cost": Field("unit_cost", "money", title_zh="成本", title_en="Cost"),
        "on_hand": Field("on_hand", "integer"),
    }
    changes = pd.DataFrame(
        {
            "key": ["0001", "0001"],
            "field": ["unit_cost", "on_hand"],
            "before": [1999, pd.NA],
            "after": [2050, 12_000],
        }
    )
    told = comparison.listed(changes, fields).to_numpy().tolist()
    assert [row[2:] for row in told] == [["¥19.99", "¥20.50"], ["—", "12,000"]]


def test_a_refused_cell_is_told_with_its_place_value_and_remedy() -> None:
    spec = SheetSpec(
        "stock", (Field("on_hand", "integer", title_zh="实物库存", title_en="On hand"),), key=("on_hand",)
    )
    line = {
        "sheet": ["表1"],
        "row": [7],
        "cell": ["C7"],
        "field": ["on_hand"],
        "code": ["cell.error"],
        "value": ["#REF!"],
    }
    told = rejected.described(pd.DataFrame(line), spec).iloc[0]
    assert (told["cell"], told["value"]) == ("表1!C7", "#REF!")
    assert "cell.error" not in told["problem"]


SPECS = {
    "lines": lambda: charts.Lines(
        "t",
        "y",
        (Series("a", "common.now"), Series("b", "common.was", "gray", dashed=True)),
        y_title="common.now",
    ).spec(),
    "bars": lambda: charts.Bars(
        "label", "value", value_title="common.now", tone="tone", target="goal"
    ).spec(),
    "columns": lambda: charts.Columns("label", "value", y_title="common.now", tone="tone").spec(),
    "waterfall": lambda: waterfall(value_title="common.now"),
    "timeline": lambda: charts.timeline(rows=4),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_is_valid_and_built_once(name: str) -> None:
    spec = SPECS[name]()
    assert SPECS[name]() is spec, (
        "the same arguments give the same spec, so that a refresh does not embed the chart anew"
    )
    whole = spec | {"data": {"values": []}}
    (altair.LayerChart if "layer" in spec else altair.Chart).from_dict(whole, validate=True)


LETTER = 12  # pixels of an axis name's letters
ROWS = {"bars": 8, "waterfall": 8, "timeline": 4}


def _axes(spec: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The axes with names of a spec and of its layers: ("x" | "y", encoding)."""
    own = [
        (side, coding)
        for side, coding in spec.get("encoding", {}).items()
        if side in ("x", "y") and coding.get("type") in ("nominal", "ordinal")
    ]
    return own + [found for layer in spec.get("layer", ()) for found in _axes(layer)]


@pytest.mark.parametrize("name", SPECS)
def test_names_on_an_axis_never_print_over_one_another(name: str) -> None:
    """Names below one another have a line of their own however long they are; names beside one another give way."""
    spec = SPECS[name]()
    for side, coding in _axes(spec):
        rules = coding.get("axis") or {}
        if side == "y":
            assert spec["height"] / ROWS[name] >= LETTER + 4
            assert rules.get("labelLimit", 160) <= 240, "the longest name leaves the bars their place"
        else:
            assert rules.get("labelOverlap") is True
            assert rules.get("labelAngle") == 0


@pytest.mark.parametrize("letters", ["特别长的费用名称", "a very long name of some cost"])
def test_a_waterfall_has_at_most_twelve_bars_and_still_adds_up(letters: str) -> None:
    start = [{"label": "吊牌价", "start": 0.0, "end": 100.0, "kind": "total", "figure": "¥100"}]
    steps, level = [], 100.0
    for n in range(20):
        change = -(n + 1) / 10
        steps.append(
            {"label": f"{letters}{n}", "start": level, "end": level + change, "kind": "fall", "figure": ""}
        )
        level += change
    end = [{"label": "毛利", "start": 0.0, "end": level, "kind": "total", "figure": ""}]
    bars, small = folded(pd.DataFrame([*start, *steps, *end]))
    assert len(bars) == 12
    assert len(bars) + len(small) - 1 == 22
    assert next(iter(small["label"])) == f"{letters}0", "the smallest are folded"
    between = bars[bars["kind"] != "total"]
    assert (between["end"] - between["start"]).sum() == pytest.approx(level - 100)
    assert between["end"].iloc[-1] == pytest.approx(level), "the last bar ends where the total begins"
    whole = pd.DataFrame([*start, *steps[:5], *end])
    assert folded(whole)[0] is whole


def _guarded() -> None:
    import streamlit as st

    from pages.parts.shell.guard import require

    require("account.manage")
    st.write("inside")


@pytest.mark.parametrize(("role", "inside"), [("admin", True), ("viewer", False), ("finance", False)])
def test_the_guard_stops_a_page_that_is_not_for_the_role(
    role: str, inside: bool, monkeypatch: pytest.MonkeyPatch, sqlite: Database
) -> None:
    sign_in_as(monkeypatch, sqlite, Actor("somebody", role))
    ran = AppTest.from_function(_guarded, default_timeout=60).run()
    assert [one.value for one in ran.markdown] == (["inside"] if inside else [])
    assert len(ran.error) == (0 if inside else 1)
    assert not ran.exception


def _filtered() -> None:
    import streamlit as st

    from pages.parts.components.url_state import kept

    with kept("view", "all", ("all", "late")):
        st.pills("view", ["all", "late"], key="view", required=True)
    st.write(st.session_state["view"])


def test_a_view_comes_from_the_address_and_goes_into_it() -> None:
    page = AppTest.from_function(_filtered, default_timeout=60)
    page.query_params["view"] = "late"
    page.run()
    assert page.markdown[0].value == "late"
    page.pills(key="view").set_value("all").run()
    assert page.markdown[0].value == "all"
    assert "view" not in page.query_params


def test_a_view_that_nobody_knows_is_the_default() -> None:
    page = AppTest.from_function(_filtered, default_timeout=60)
    page.query_params["view"] = "<script>"
    page.run()
    assert page.markdown[0].value == "all"


def test_the_header_of_a_sheet_with_a_title_row_is_found() -> None:
    """The mapping step starts from a good guess: what it shows first is the header, not the title above
    it."""
    book = read_workbook("库存日报,,\n商家编码,商品名称,实物库存\n0001,面霜,5\n".encode(), "stock.csv")
    spec = SheetSpec(
        "stock", (Field("sku_code", "code", required=True), Field("on_hand", "integer")), key=("sku_code",)
    )
    assert guess_header(book.grid(guess_sheet(book, spec)), spec).row == 2


def test_a_cell_that_somebody_else_changed_meanwhile_is_a_clash(frame: pd.DataFrame) -> None:
    changes = editing.changed(frame, COLUMNS, {0: {"price": 20.0}, 1: {"on_hand": 3}, 2: {"on_hand": 9}})
    fresh = frame.drop(index="0003").assign(price=[2100, 5])
    moved = editing.clashes(changes, fresh).to_numpy().tolist()
    assert moved == [["0001", "price", 1999, 2100, 2000], ["0003", "on_hand", 7, None, 9]]
    assert editing.clashes(changes, frame).empty


def _long_table(rows: int) -> None:
    import pandas as pd
    import streamlit as st

    from pages.parts.components.columns import Column
    from pages.parts.components.tables import table

    codes = [f"{n:06d}" for n in range(rows)]
    frame = pd.DataFrame({"sku_code": codes}, index=codes)
    shown = table(
        frame, (Column("sku_code", "stock.sku_code", "code"),), key="long", search=("sku_code",), pick=True
    )
    st.write(len(shown.frame))


@pytest.mark.parametrize(
    ("rows", "drawn", "pages"),
    [(tables.EAGER_ROWS + 1, tables.EAGER_ROWS + 1, 0), (tables.PICKED_ROWS + 5, 5, 1)],
)
def test_rows_can_be_picked_from_a_table_of_any_length(rows: int, drawn: int, pages: int) -> None:
    page = AppTest.from_function(_long_table, args=(rows,), default_timeout=60).run()
    assert not page.exception
    assert len(page.get("pagination")) == pages
    if pages:
        page.session_state[f"long_page_{pages + 1}"] = pages + 1
        page.run()
    assert not page.exception
    assert len(page.dataframe[0].value) == drawn
    assert page.markdown[0].value == f"`{rows}`"


def _edited() -> None:
    import pandas as pd
    import streamlit as st

    from pages.parts.components.columns import Column
    from pages.parts.components.editing import edit

    now = pd.DataFrame(st.session_state["rows"]).set_index("sku_code", drop=False).rename_axis(None)
    shown = now[now["on_hand"] < 100]  # what a filter leaves
    columns = (Column("sku_code", "stock.sku_code", "code"), Column("on_hand", "stock.on_hand", "integer"))
    edited = edit(shown, columns, editable=("on_hand",), key="e", stored=now)
    if edited is not None:
        st.session_state["saved"] = (
            edited.changes[["key", "after"]].values.tolist(),
            edited.source["version"].to_dict(),
        )


def _editing(rows: dict[str, list[object]]) -> AppTest:
    """The editor with a 6 typed over the second SKU's 5."""
    page = AppTest.from_function(_edited, default_timeout=60)
    page.session_state["rows"] = rows
    page.run()
    page.session_state["e@_editor_0"] = {
        "edited_rows": {1: {"on_hand": 6}},
        "added_rows": [],
        "deleted_rows": [],
    }
    return page


def test_another_cell_of_the_row_is_no_clash_and_the_save_goes_by_the_row_as_it_stands() -> None:
    rows = {"sku_code": ["A", "B"], "on_hand": [4, 5], "name": ["a", "b"], "version": [1, 1]}
    page = _editing(rows)
    page.session_state["rows"] = rows | {"name": ["a", "renamed"], "version": [1, 2]}
    page.run()
    page.button(key="e_save").click().run()
    assert page.session_state["saved"] == ([["B", 6]], {"A": 1, "B": 2})


def test_nothing_is_saved_over_a_cell_that_moved_until_the_reader_has_decided() -> None:
    rows = {"sku_code": ["A", "B"], "on_hand": [4, 5], "version": [1, 1]}
    page = _editing(rows)
    page.run()
    page.session_state["rows"] = rows | {
        "on_hand": [4, 500],
        "version": [1, 2],
    }  # which the filter now leaves out
    page.button(key="e_save").click().run()
    assert "saved" not in page.session_state
    assert page.warning
    page.button(key="e_keep_mine").click().run()
    page.button(key="e_save").click().run()
    assert page.session_state["saved"] == ([["B", 6]], {"A": 1, "B": 2})
