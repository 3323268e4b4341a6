"""Every chart with names on an axis, each with the longest names that the demo has: a program of Streamlit that
test_chart_names.py looks at."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.components import charts
from pages.parts.components.charts.waterfalls import waterfall

NAMES = {
    "zh": "云上小屋 桌面化妆收纳盒 礼盒 大号·两件 页面标签接口接入",
    "en": "Cloud House Lyocell bedding set gift set 1.8m, two, warm apricot",
}
ROWS = 9


def main() -> None:
    """Draws them all, at three widths."""
    longest = NAMES[str(st.query_params.get("lang", "zh"))]
    names = [f"{n}{longest}" for n in range(ROWS)]
    figures = [10.0**n for n in range(ROWS)]
    moments = pd.date_range("2026-11-01", periods=ROWS, freq="3D")
    frame = pd.DataFrame({"name": names, "value": figures, "low": [-n for n in figures], "tone": "red"})
    frame["share"], frame["due"] = [n / ROWS for n in range(ROWS)], [1 - n / ROWS for n in range(ROWS)]
    frame["signed"] = frame["value"].where(frame.index % 2 == 0, frame["low"])
    steps = pd.DataFrame({"label": names, "start": 0.0, "end": figures, "kind": "rise"})
    steps["figure"] = [f"{n:+,.2f}" for n in figures]
    spans = pd.DataFrame(
        {"name": names, "start": moments, "end": moments + pd.Timedelta("9D"), "tone": "blue"}
    )
    spans["word"] = "x"
    bands = pd.DataFrame({"band": [f"¥{n:,.0f}–{n * 10:,.0f}" for n in figures], "value": figures})
    series = tuple(
        charts.Series(name, f"live.{name}", hue, dashed=name != "paid")  # type: ignore[arg-type]
        for name, hue in (("plan", "gray"), ("paid", "red"), ("forecast", "blue"))
    )
    lines = pd.concat(
        pd.DataFrame({"at": moments, "yuan": [level * n for n in range(ROWS)], "series": one.name})
        for one, level in zip(series, (900, 1_500, 1_000), strict=True)
    )
    bars = {
        "bars": charts.Bars("name", "value", "plan.daily", rows=ROWS),
        "low": charts.Bars("name", "value", "plan.daily", rows=ROWS, row=20),
        "due": charts.Bars("name", "share", "plan.daily", percent=True, target="due", rows=ROWS, row=20),
        "share": charts.Bars("name", "share", "plan.daily", share=True, rows=ROWS),
        "signed": charts.Bars("name", "signed", "plan.daily", signed=True, rows=ROWS, row=26),
    }
    for width in (1_000, 480, 330):
        with st.container(width=width):
            for key, one in bars.items():
                charts.draw(frame, one.spec(), key=f"{key}_{width}")
            charts.draw(steps, waterfall(value_title="pricing.amount", rows=ROWS), key=f"waterfall_{width}")
            charts.draw(spans, charts.timeline(rows=ROWS, row=22), key=f"timeline_{width}")
            charts.draw(bands, charts.Columns("band", "value", "plan.daily").spec(), key=f"columns_{width}")
            charts.draw(lines, charts.Lines("at", "yuan", series, "plan.daily").spec(), key=f"lines_{width}")


if __name__ == "__main__":
    main()
