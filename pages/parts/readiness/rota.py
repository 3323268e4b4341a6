"""The rota on the readiness page: day by day, stage by stage, hour by hour; a sheet for the wall of the
warehouse, and a workbook."""

from __future__ import annotations

from datetime import date
from functools import partial

import pandas as pd
import streamlit as st

from core.readiness.shifts import Shift
from core.readiness.staffing import STAGES, Heads
from core.sheets.writer import export
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.printing import grid, paper, print_button, sheet
from pages.parts.components.tables import draw
from pages.parts.components.text import day, language, plain, t
from pages.parts.entry.context import Chosen

WHOLE = "all"  # in place of a day
ROTA = (
    Column("day", "readiness.day", "day", pinned=True),
    Column("shift_name", "readiness.shift", pinned=True),
    Column("hours", "readiness.shift_hours"),
    *(Column(stage, f"stage.{stage}", "integer") for stage in STAGES),
    Column("chat", "readiness.chat", "integer"),
    Column("new_hands", "readiness.new_hands", "integer", help="readiness.new_hands_help"),
    Column("heads", "readiness.heads", "integer"),
)
HOURS = (
    Column("hour_name", "readiness.hour", pinned=True),
    Column("orders", "readiness.orders_hour", "integer"),
    *(Column(stage, f"stage.{stage}", "decimal") for stage in STAGES),
    Column("chat", "readiness.chat", "integer"),
)


def rota(found: Heads, chosen: Chosen) -> None:
    """One day of the rota, or all of it; what prints is exactly what is chosen."""
    frame = rota_table(found)
    busiest = frame.groupby("day")["heads"].sum().idxmax()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            t("readiness.rota"),
            [WHOLE, *frame["day"].unique()],
            index=1 + list(frame["day"].unique()).index(busiest),
            format_func=lambda one: plain("readiness.every_day") if one == WHOLE else day(one),
            key="rota_day",
            width=220,
        )
        print_button("rota_print")
        _download(frame)
    mine = frame if picked == WHOLE else frame[frame["day"] == picked]
    draw(
        mine,
        [column for column in ROTA if picked == WHOLE or column.name != "day"],
        key="staffing_rota",
        pick=False,
    )
    if picked != WHOLE:
        hours = day_hours(found, picked)
        st.markdown(f"**{t('readiness.day_hours', day=day(picked))}**")
        draw(hours, list(HOURS), key="staffing_day", pick=False, height=300)
    paper([day_sheet(found, part, chosen.name) for _, part in mine.groupby("day")])


def _download(frame: pd.DataFrame) -> None:
    titles = [
        (
            column.name,
            column.heading(),
            {"day": "day", "shift_name": "text", "hours": "text"}.get(column.name, "integer"),
        )
        for column in ROTA
    ]
    make = partial(
        export, frame.assign(day=pd.to_datetime(frame["day"])), titles, plain("readiness.rota"), language()
    )
    download(
        Button(t("readiness.download_rota"), help=t("readiness.download_rota_help")),
        File("rota.xlsx"),
        lambda _page: make(),
    )


def rota_table(found: Heads) -> pd.DataFrame:
    """The rota as people read it: a row a day and shift, a column a stage, chat, new hands, and all
    together."""
    wide = found.rota.pivot_table(
        index=["day", "shift"], columns="stage", values="heads", aggfunc="sum", fill_value=0
    )
    chat = found.chat_rota.groupby(["day", "shift"])["heads"].sum().rename("chat")
    new = found.rota.groupby(["day", "shift"])["new_hands"].sum()
    joined = (
        wide.reindex(columns=list(STAGES), fill_value=0)
        .join([chat, new], how="outer")
        .fillna(0)
        .astype("int64")
    )
    spans = {shift.name: shift for shift in (*found.settings.chat_shifts, *found.settings.shifts)}
    rows = joined.assign(heads=joined[[*STAGES, "chat"]].sum(axis=1)).reset_index()
    rows = rows.assign(begins=rows["shift"].map({name: shift.starts for name, shift in spans.items()}))
    rows = rows.sort_values(["day", "begins", "shift"], ignore_index=True)
    return rows.assign(
        shift_name=rows["shift"].map(shift_name), hours=[span(spans[name]) for name in rows["shift"]]
    )


def day_hours(found: Heads, one: date) -> pd.DataFrame:
    """The people who must be there in each hour of a day: hour_name, orders (planned), a column a stage, chat
    (the busier half hour)."""
    work = found.hours[found.hours["hour"].dt.date == one].pivot_table(
        index="hour", columns="stage", values="heads", aggfunc="sum"
    )
    chat = found.chat[found.chat["time"].dt.date == one]
    agents = chat.groupby(chat["time"].dt.floor("h"))["agents"].max().rename("chat")
    come = found.come.set_index("hour")["orders"]
    come = come[pd.DatetimeIndex(come.index).date == one].round().astype("int64")
    frame = pd.concat([come, work.reindex(columns=list(STAGES)), agents], axis=1).sort_index().fillna(0)
    hours: pd.DataFrame = frame.assign(
        chat=frame["chat"].astype("int64"), hour_name=frame.index.strftime("%H:%M")
    ).reset_index(drop=True)
    return hours


def shift_name(name: str) -> str:
    """A shift's name in the reader's words; a shop's own is its own word."""
    words = plain(f"shift.{name}")
    return name if words == f"shift.{name}" else words


def span(shift: Shift) -> str:
    """From when to when: `16:00–00:00`."""
    begins, ends = ((hours % 24) for hours in (shift.starts, shift.starts + shift.hours))
    return "–".join(f"{int(at):02d}:{round(at % 1 * 60):02d}" for at in (begins, ends))


def day_sheet(found: Heads, part: pd.DataFrame, title: str) -> str:
    """A day of the rota for paper: shifts by stage with room to sign, then the heads of each hour in which
    anybody is needed."""
    one = part["day"].iloc[0]
    shifts = part.assign(who=part["shift_name"] + " " + part["hours"]).drop(
        columns=["shift_name", "hours", "day"]
    )
    heads = [
        ("who", plain("readiness.shift")),
        *((c.name, c.heading()) for c in ROTA if c.name not in {"day", "shift_name", "hours"}),
    ]
    by_hour = day_hours(found, one)
    by_hour = by_hour[by_hour[["orders", *STAGES, "chat"]].sum(axis=1) > 0]
    return sheet(
        f"{title} · {plain('readiness.rota')} · {day(one)}",
        grid(heads, _records(shifts), sign=plain("readiness.sign")),
        grid([(column.name, column.heading()) for column in HOURS], _records(by_hour), kind="dense"),
        note=plain("readiness.sheet_note"),
    )


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
