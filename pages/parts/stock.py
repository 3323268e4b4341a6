"""What the stock page is made of: the answer, the risk strip, positions with their ledger, counts, imports,
goods and suppliers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from core import clock
from core.goods import pictures
from core.goods import service as goods_service
from core.goods.sheet import GOODS, SUPPLIERS
from core.settings import settings
from core.sheets import writer
from core.stock import counts as count_service
from core.stock import service
from core.stock.sheet import COUNT, STOCK, count_sheet, stock_sheet
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column, Kind
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import refusals
from pages.parts.components.tables import Filter, table
from pages.parts.components.tabs import Tab
from pages.parts.components.text import ago, day, language, money_short, number, number_short, plain, t, time
from pages.parts.entry import goods_looks
from pages.parts.entry.context import PageContext
from pages.parts.shell.sku_card import LOCATED
from pages.parts.upload.flow import upload
from pages.parts.upload.history import history

MASTER_KINDS: dict[str, Kind] = {"money": "price", "integer": "integer"}
COVER_BINS = [0, 1, 3, 7, 14, 30, 60, 1_000_000]
COVER_NAMES = ("0–1", "1–3", "3–7", "7–14", "14–30", "30–60", "60+")
LEVELS = ("on_hand", "reserved", "presale_committed", "activity_locked", "in_transit")

POSITIONS = (
    Column("sku_code", "stock.sku_code", "code"),
    Column("name", "stock.name", pinned=True, width="medium"),
    Column("spec", "stock.spec"),
    Column("mark", "stock.mark", "state"),
    Column("available_to_promise", "stock.available", "integer", help="stock.available_help"),
    Column("days_of_cover", "stock.days_of_cover", "decimal", help="stock.days_of_cover_help"),
    Column("on_hand", "stock.on_hand", "integer", help="stock.on_hand_help"),
    Column("stock_value", "stock.stock_value", "money"),
    Column("reserved", "stock.reserved", "integer", help="stock.reserved_help"),
    Column("presale_committed", "stock.presale_committed", "integer", help="stock.presale_committed_help"),
    Column("activity_locked", "stock.activity_locked", "integer", help="stock.activity_locked_help"),
    Column("in_transit", "stock.in_transit", "integer", help="stock.in_transit_help"),
    Column("next_arrival", "stock.next_arrival"),
    Column("located", "stock.located", help="stock.located_help", shown=False),
    Column("units_per_day", "stock.units_per_day", "decimal", help="stock.units_per_day_help"),
    Column("inventory_position", "stock.position", "integer", help="stock.position_help", shown=False),
    Column("safety_stock", "stock.safety_stock", "integer", shown=False),
    Column("category", "stock.category", shown=False),
    Column("brand", "stock.brand", shown=False),
    Column("supplier", "stock.supplier", shown=False),
    Column("unit_cost", "stock.unit_cost", "price", shown=False),
)
VIEWS = (
    Filter("sold_out", "stock.view_sold_out", lambda frame: frame["mark"] == "sold_out"),
    Filter("tight", "stock.view_tight", lambda frame: frame["mark"] == "tight"),
    Filter("excess", "stock.view_excess", lambda frame: frame["mark"] == "excess"),
    Filter("arriving", "stock.view_arriving", lambda frame: frame["in_transit"] > 0),
)
LEDGER = (
    Column("at", "stock.at", "moment"),
    Column("state", "stock.state", "state", words="stock_state"),
    Column("quantity", "stock.quantity", "integer"),
    Column("balance", "stock.balance", "integer"),
    Column("cause", "stock.cause", "state", words="stock_cause"),
    Column("expected_on", "stock.expected_on"),
    Column("account", "stock.account", "person"),
    Column("source_id", "stock.source", shown=False),
)
COUNTS = (
    Column("sku_code", "stock.sku_code", "code"),
    Column("name", "stock.name"),
    Column("state", "count.state", "state", words="count_state"),
    Column("book", "count.book", "integer"),
    Column("moved", "count.moved", "integer"),
    Column("expected", "count.expected", "integer"),
    Column("counted", "count.counted", "integer"),
    Column("difference", "count.difference", "integer"),
    Column("reason", "count.reason"),
    Column("counters", "count.counters"),
)


def uploading(key: str) -> bool:
    """Whether a file is on its way through the upload, so that its expander stays open."""
    return any(st.session_state.get(f"{key}_{part}") is not None for part in ("stand", "done", "choice"))


def sample() -> bytes:
    """An empty stock sheet to fill in."""
    return writer.template(STOCK.spec, language())


def answer(view: pd.DataFrame, age: service.Age, now: datetime, *, whole: bool = True) -> None:
    """Four figures and how old they are; `whole`: with the picture of risk."""
    units, short = t("stock.units"), view["mark"].isin(["sold_out", "tight"])
    cards(
        *(
            Card(
                f"stock.{name}",
                number_short(total.units),
                units,
                against=money_short(total.value) if total.value is not None else "",
                help=f"stock.{name}_help",
            )
            for name, total in service.totals(view).items()
        ),
        Card(
            "stock.at_risk",
            number(int(short.sum())),
            t("stock.skus"),
            alarm=bool(short.any()),
            help="stock.at_risk_help",
        ),
        strip=True,
    )
    ages = [
        t(f"stock.age_{name}", age=ago(at, now)) if at else t(f"stock.no_{name}")
        for name, at in (("sheet", age.sheet), ("count", age.counted))
    ]
    if age.old:
        st.warning(" · ".join([*ages, t("stock.age_old")]), icon=":material/history:")
    else:
        st.caption(" · ".join(ages))
    if whole:
        _cover(view)


def _cover(view: pd.DataFrame) -> None:
    known = view[view["days_of_cover"].notna()]
    if len(known):
        bins = pd.cut(
            known["days_of_cover"].astype(float), COVER_BINS, labels=list(COVER_NAMES), include_lowest=True
        )
        shown = bins.value_counts().reindex(COVER_NAMES).rename_axis("days").reset_index(name="skus")
        shown["tone"] = ["red", "red", "amber", "gray", "gray", "gray", "blue"]
        spec = charts.Columns(
            "days", "skus", y_title="stock.cover_count", x_title="stock.cover_axis", tone="tone", height=150
        ).spec()
        with st.expander(t("stock.cover_title"), icon=":material/bar_chart:"):
            charts.draw(shown, spec, key="stock_cover", alt=plain("stock.cover_alt"))
    if len(known) < len(view):
        st.caption(t("stock.cover_unknown", n=len(view) - len(known)))


def tabs(page: PageContext, view: pd.DataFrame) -> dict[str, Tab]:
    """The tabs that the role may use."""
    offered: dict[str, tuple[bool, Callable[[], None]]] = {
        "positions": (not view.empty, lambda: positions(page, view)),
        "counts": (not view.empty and page.may("stock.count"), lambda: counts(page, view)),
        "imports": (
            page.may("import.view"),
            lambda: history(page, (STOCK, COUNT, GOODS, SUPPLIERS), key="stock_imports"),
        ),
        "goods": (True, lambda: goods(page)),
    }
    return {name: (t(f"stock.tab_{name}"), draw) for name, (may, draw) in offered.items() if may}


def positions(page: PageContext, view: pd.DataFrame) -> None:
    """The table, worst first, and the ledger behind the row that was picked."""
    order = view["mark"].map({"sold_out": 0, "tight": 1, "excess": 2}).fillna(3)
    worst = (
        view.assign(order=order)
        .sort_values(["order", "days_of_cover"])
        .drop(columns="order")
        .set_index("sku_code", drop=False)
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        download(
            Button(
                t("stock.export_sheet"), "stock_sheet", ":material/table_view:", t("stock.export_sheet_help")
            ),
            File("stock.xlsx"),
            lambda _page: stock_sheet(view, language()),
        )
        st.caption(t("stock.why_hint"))
    shown = table(
        worst,
        POSITIONS,
        key="stock",
        filters=VIEWS,
        search=("sku_code", "name", "spec", "supplier"),
        export="positions",
        pick=True,
    )
    if shown.picked is not None:
        _ledger(page, str(shown.picked))


def _ledger(page: PageContext, code: str) -> None:
    with st.container(border=True, key="stock_ledger"):
        st.markdown(f"**{t('stock.why', code=code)}**")
        lying = service.located(page.database, page.actor, code)
        if len(lying):
            st.caption(t("stock.located_of"))
            table(lying, LOCATED, key="located", export=f"located_{code}", height=220)
        moved = service.movements(page.database, page.actor, code)
        if moved.empty:
            st.caption(t("stock.why_none"))
        else:
            table(moved, LEDGER, key="ledger", export=f"ledger_{code}", height=320)


def counts(page: PageContext, view: pd.DataFrame) -> None:
    """New count, sheets out and in, the result, the adjustment."""
    with st.popover(t("count.new"), icon=":material/add:"):
        _new_count(page, view)
    upload(page, COUNT, key="count_upload")
    known = count_service.counts(page.database, page.actor)
    if known.empty:
        st.info(t("count.none"), icon=":material/fact_check:")
        return
    names = {
        row[
            "count_id"
        ]: f"{row['name']} · {time(row['snapshot_at'])} · {plain('count_state.' + row['state'])}"
        for row in known.to_dict("records")
    }
    chosen = st.selectbox(t("count.pick"), list(names), format_func=names.__getitem__, key="count_pick")
    _count(page, known.set_index("count_id").loc[chosen], chosen)


def _new_count(page: PageContext, view: pd.DataFrame) -> None:
    scopes = {"all": t("count.scope_all"), "risk": t("count.scope_risk")} | {
        f"c:{name}": name for name in sorted(view["category"].unique()) if name
    }
    with st.form("count_new", border=False):
        zone = page.campaign.timezone if page.campaign else settings().timezone
        today = clock.business_day(page.now, zone)
        name = st.text_input(t("count.new_name"), value=plain("count.name_default", day=day(today)))
        scope = st.selectbox(t("count.scope"), list(scopes), format_func=scopes.__getitem__)
        blind = st.checkbox(t("count.blind"))
        if not st.form_submit_button(t("count.open"), type="primary"):
            return
    risk = view["mark"].isin(["sold_out", "tight"])
    rows = view if scope == "all" else view[risk] if scope == "risk" else view[view["category"] == scope[2:]]
    with refusals():
        count_service.open_count(
            page.database,
            page.actor,
            count_service.NewCount(name, rows["sku_code"].tolist(), blind=blind),
            now=page.now,
        )
        st.success(t("count.opened"))


def _count(page: PageContext, head: pd.Series, count_id: str) -> None:
    judged = count_service.result(page.database, page.actor, count_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        download(
            Button(t("count.download"), "count_sheet", ":material/print:"),
            File(f"count_{count_id[-8:]}.xlsx"),
            partial(_sheet_of_count, count_id),
            action="stock.count",
        )
        differs = judged[judged["state"] == "differs"]
        units = int(differs["difference"].abs().sum()) if "difference" in judged else 0
        pressed = head["state"] == "open" and st.button(
            t("count.settle"),
            type="primary",
            key="count_settle",
            disabled=bool((judged["state"] == "missing").all()),
        )
        st.caption(t("count.settle_note", skus=len(differs), units=units))
    if pressed:
        with refusals():
            done = count_service.settle(page.database, page.actor, count_id, now=page.now)
            st.success(t(f"count.{done['state']}", skus=done["skus"], units=done["units"]))
    table(
        judged, COUNTS, key="count", search=("sku_code", "name"), export=f"count_{count_id[-8:]}", height=420
    )


def _sheet_of_count(count_id: str, page: PageContext) -> bytes:
    return count_sheet(count_service.count_rows(page.database, page.actor, count_id), language())


def goods(page: PageContext) -> None:
    """The SKU master and the suppliers, with their own sheets."""
    kinds = {
        "goods": (GOODS, goods_service.goods, "goods.edit"),
        "suppliers": (SUPPLIERS, goods_service.suppliers, "supplier.edit"),
    }
    which = st.segmented_control(
        t("stock.tab_goods"),
        list(kinds),
        default="goods",
        required=True,
        key="master",
        format_func=lambda name: plain(f"kind.{name}"),
    )
    kind, load, action = kinds[str(which)]
    if page.may(action):
        upload(page, kind, key=f"{which}_upload")
    if which == "goods" and page.may("goods.edit"):
        _pictures(page)
    frame = load(page.database, page.actor)
    if len(frame):
        frame = frame.rename(columns={"name": "supplier"}) if which == "suppliers" else frame
        titled = [
            Column(field.name, field.title(language()), MASTER_KINDS.get(field.kind, "text"))
            for field in kind.spec.fields
            if field.name in frame
        ]
        table(
            frame,
            [replace(titled[0], kind="code"), *titled[1:]],
            key=f"master_{which}",
            search=tuple(frame.columns[:3]),
            export=str(which),
        )


def _pictures(page: PageContext) -> None:
    """An archive of pictures named by merchant code, and what became of it."""
    with st.expander(t("picture.title"), icon=":material/image:"):
        st.caption(t("picture.note"))
        file = st.file_uploader(t("picture.drop"), ["zip"], key="pictures_file")
        if file is None or not st.button(t("picture.take"), type="primary", key="pictures_take"):
            return
        with refusals():
            taken = pictures.take(page.database, page.actor, file.getvalue(), now=page.now)
            goods_looks.forget()
            st.success(t("picture.taken", n=taken.kept))
            for name in ("unknown", "unreadable"):
                files: tuple[str, ...] = getattr(taken, name)
                if files:
                    first = ", ".join(files[:20])
                    st.warning(t(f"picture.{name}", n=len(files), files=first))
            if taken.other:
                st.caption(t("picture.other", n=taken.other))
