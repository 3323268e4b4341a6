"""A table to work in: quick filters, search, columns and an export of exactly what is shown; filters live in
the address.

shown = table(frame, COLUMNS, key="stock", search=("sku_code", "name"), export="stock",
              filters=(Filter("risk", "stock.at_risk", lambda f: f["days_of_cover"] < 7),))
if shown.picked is not None: …                       # the index label of the chosen row, with pick=True
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import pandas as pd
import streamlit as st
from streamlit.typing import DataframeState

from pages.parts.components.columns import Column, displayed, settled
from pages.parts.components.exports import Export, export_button
from pages.parts.components.text import plain, t
from pages.parts.components.url_state import arrive, kept
from pages.parts.entry import goods_looks

EAGER_ROWS = 2_000  # above it the browser fetches rows as it scrolls
PICKED_ROWS = (
    20_000  # rows to pick from come all at once, since Streamlit fetches none of those; above it page by page
)
ROW, MOST = 31, 620  # heights in pixels; a table that fits is as high as its rows
SPEC = Column("spec", "goods.spec")
PICTURE = Column("picture", "goods.picture", "picture", pinned=True)
NAMES = (
    "sku_name",
    "name",
)  # columns that hold a product's name; beside the first, the second is something else's


@dataclass(frozen=True, slots=True)
class Filter:
    """A quick filter: its name in the address, the key of its word, and the rows that it keeps."""

    name: str
    title: str
    keeps: Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the reader sees: the rows left by filters and search, and the index label of the chosen row. With `many`
    the ticked rows, and the room over the table for the bar of `pages.parts.components.bulk`; one ticked row alone
    is the chosen one."""

    frame: pd.DataFrame
    picked: Hashable | None = None
    ticked: pd.DataFrame | None = None
    over: st.delta_generator.DeltaGenerator | None = None


def table(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    key: str,
    filters: Sequence[Filter] = (),
    search: Sequence[str] = (),
    export: str | Export = "",
    pick: bool = False,
    height: int = MOST,
    alt: str = "",
    rows: bool = True,
    many: bool = False,
) -> Shown:
    """Draws the toolbar and the table. `frame` comes sorted by what needs a decision; its index names the
    rows (unique). `pick`: one row is chosen; `many`: rows are ticked.

    `rows`: False draws the toolbar alone, over an editor of what it leaves.
    """
    frame, columns = dressed(frame, columns)
    bar = st.container(key=f"{key}_bar", gap="small")
    left = filtered(frame, filters, search, key=key, holder=bar)
    chosen = [column for column in columns if column.name in frame.columns]
    with bar:
        chosen = _tools(left, len(frame), chosen, key, export, bool(search))
    if left.empty:
        st.info(t("common.no_match"), icon=":material/search_off:")
        if len(frame):
            st.button(
                t("common.clear_filters"),
                key=f"{key}_clear",
                on_click=_clear,
                args=(key,),
                icon=":material/filter_alt_off:",
            )
        return Shown(left)
    if not rows:
        return Shown(left)
    if many:
        return _many(left, chosen, key, height)
    picked = draw(left, chosen, key=key, pick=pick, height=height, alt=alt)
    if picked is not None and "sku_code" in left:
        _whole_sku(str(left.at[picked, "sku_code"]), key)
    return Shown(left, picked)


def _many(left: pd.DataFrame, chosen: Sequence[Column], key: str, height: int) -> Shown:
    over = st.container(key=f"{key}_over")
    marked = ticked(left, chosen, key=key, height=height)
    picked = marked.index[0] if len(marked) == 1 else None
    if picked is not None and "sku_code" in left:
        _whole_sku(str(left.at[picked, "sku_code"]), key)
    return Shown(left, picked, left.loc[marked.index], over)


def dressed(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[pd.DataFrame, Sequence[Column]]:
    """The rows with the picture behind the code and the spec behind the name of goods, where the table shows goods and has
    none of its own: equal names are told apart on every page."""
    looks = goods_looks.current()
    names = [column.name for column in columns]
    named = next((name for name in NAMES if name in names), "")
    if looks is None or not named or "sku_code" not in frame or "sku_code" not in names:
        return frame, columns
    codes = frame["sku_code"]
    known, wide = looks.reindex(codes), list(columns)
    specs, digests = known["spec"].fillna("").to_numpy(), known["digest"].fillna("").to_numpy()
    if "spec" not in names and (specs != "").any():
        frame = frame if "spec" in frame else frame.assign(spec=specs)
        wide.insert(names.index(named) + 1, SPEC)
        names = [column.name for column in wide]
    if "picture" not in names and (digests != "").any():
        addresses = [
            goods_looks.address(str(code), digest) if digest else None
            for code, digest in zip(codes, digests, strict=True)
        ]
        frame = frame.assign(picture=pd.Series(addresses, index=frame.index, dtype=object))
        wide.insert(names.index("sku_code") + 1, PICTURE)
    return frame, wide


def _whole_sku(code: str, key: str) -> None:
    """The way to everything that the shop knows of the picked SKU."""
    if st.button(t("common.sku_card", code=code), key=f"{key}_sku_card", icon=":material/inventory_2:"):
        st.query_params["sku"] = code
        st.rerun()


def _clear(key: str) -> None:
    for name, value in ((f"{key}_view", "all"), (f"{key}_find", "")):
        if name in st.session_state:
            st.session_state[name] = value


def filtered(
    frame: pd.DataFrame,
    filters: Sequence[Filter],
    search: Sequence[str],
    *,
    key: str,
    holder: st.delta_generator.DeltaGenerator,
) -> pd.DataFrame:
    """The rows that the pills and the search box keep; both widgets are drawn into `holder`."""
    if filters:
        masks = {one.name: one.keeps(frame).fillna(False).astype(bool) for one in filters}
        titles = {"all": plain("common.all")} | {one.name: plain(one.title) for one in filters}
        counts = {"all": len(frame)} | {name: int(mask.sum()) for name, mask in masks.items()}
        with holder, kept(f"{key}_view", "all", titles):
            view = st.pills(
                t("common.all"),
                list(titles),
                required=True,
                key=f"{key}_view",
                label_visibility="collapsed",
                format_func=lambda name: f"{titles[name]} {counts[name]:,}",
            )
        frame = frame if view in (None, "all") else frame[masks[view]]
    if search:
        arrive(f"{key}_find", "")
        frame = found(frame, search, str(st.session_state[f"{key}_find"] or ""))
    return frame


def found(frame: pd.DataFrame, search: Sequence[str], wanted: str) -> pd.DataFrame:
    """The rows in which each of the wanted words occurs in some searched column, whatever its case."""
    for piece in wanted.casefold().split():
        hits = pd.Series(False, index=frame.index)
        for name in search:
            hits |= frame[name].astype("str").str.casefold().str.contains(piece, regex=False, na=False)
        frame = frame[hits]
    return frame


def _tools(
    left: pd.DataFrame, total: int, columns: list[Column], key: str, export: str | Export, searching: bool
) -> list[Column]:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if searching:
            with kept(f"{key}_find", ""):
                st.text_input(
                    t("common.search"),
                    key=f"{key}_find",
                    type="search",
                    live=True,
                    width=260,
                    placeholder=plain("common.search_place"),
                    icon=":material/search:",
                    label_visibility="collapsed",
                )
        names = [column.name for column in columns]
        titles = {column.name: column.heading() for column in columns}
        usual = [column.name for column in columns if column.shown]
        with (
            st.popover(t("common.columns"), icon=":material/view_column:"),
            kept(f"{key}_columns", usual, names),
        ):
            wanted = st.pills(
                t("common.columns_help"),
                names,
                key=f"{key}_columns",
                selection_mode="multi",
                format_func=titles.__getitem__,
            )
        chosen = [column for column in columns if column.name in wanted or column.kind == "code"]
        if export:
            asked = export if isinstance(export, Export) else Export(export)
            export_button(left, chosen, asked, key=f"{key}_export")
        same = len(left) == total
        st.caption(
            t("common.shown", n=total) if same else t("common.shown_of", n=len(left), total=total),
            width="content",
        )
    return chosen


def row_of(frame: pd.DataFrame, label: Hashable) -> pd.Series:
    """The row that was picked."""
    return cast(pd.Series, frame.loc[label])  # type: ignore[call-overload]


def tall(rows: int, most: int = MOST) -> int | Literal["content"]:
    """The height of a table: its rows', or `most`."""
    return "content" if ROW * (rows + 1) < most else most


def draw(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    key: str,
    pick: bool = False,
    height: int = MOST,
    alt: str = "",
) -> Hashable | None:
    """The table alone, or a sentence where there are no rows; the index label of the chosen row with
    `pick`."""
    if frame.empty:
        st.caption(t("common.no_rows"))
        return None
    frame, columns = dressed(frame, columns)
    if pick and len(frame) > PICKED_ROWS:
        frame = _paged(frame, key)
    event = st.dataframe(
        displayed(frame, columns),
        key=f"{key}_table",
        hide_index=True,
        column_config=settled(frame, columns),
        height=tall(len(frame), height),
        lazy=True if len(frame) > EAGER_ROWS and not pick else None,
        on_select="rerun" if pick else "ignore",
        selection_mode="single-row",
        placeholder="—",
        alt=alt or None,
    )
    rows = cast(DataframeState, event)["selection"]["rows"] if pick else []
    return frame.index[rows[0]] if rows and rows[0] < len(frame) else None


def ticked(frame: pd.DataFrame, columns: Sequence[Column], *, key: str, height: int = MOST) -> pd.DataFrame:
    """A table in which rows are ticked; the ticked rows. Nothing ticked is nothing chosen. Ticks are places in the
    table: they end where other rows come into it, and with `unticked`."""
    frame, columns = dressed(frame, columns)
    if len(frame) > PICKED_ROWS:
        frame = _paged(frame, key)
    event = st.dataframe(
        displayed(frame, columns),
        key=f"{key}_ticks_{st.session_state.get(f'{key}_ticked', 0)}_{_rows_mark(frame)}",
        hide_index=True,
        column_config=settled(frame, columns),
        height=tall(len(frame), height),
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="—",
    )
    rows = event["selection"]["rows"]
    return frame.iloc[[row for row in rows if row < len(frame)]]


def unticked(key: str) -> None:
    """Takes the ticks of a table away."""
    st.session_state[f"{key}_ticked"] = st.session_state.get(f"{key}_ticked", 0) + 1


def _rows_mark(frame: pd.DataFrame) -> str:
    """Changes with the rows and their order."""
    return hashlib.blake2b(
        pd.util.hash_pandas_object(frame.index).to_numpy().tobytes(), digest_size=6
    ).hexdigest()


def _paged(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """One page of the rows, chosen by the reader."""
    pages = -(-len(frame) // PICKED_ROWS)
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.pagination(pages, key=f"{key}_page_{pages}")
        st.caption(t("common.paged", page=page, pages=pages, n=PICKED_ROWS))
    return frame.iloc[(page - 1) * PICKED_ROWS : page * PICKED_ROWS]
