"""The bar over ticked rows: nothing ticked is nothing done, and an act says what it fits."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _bar(ticked: int) -> None:
    import pandas as pd
    import streamlit as st

    from pages.parts.components.bulk import Act, bulk
    from pages.parts.components.tables import Shown

    frame = pd.DataFrame(
        {"amount": [100_00, 250_00, 5_00], "open": [True, False, True]}, index=["a", "b", "c"]
    )
    shown = Shown(frame, ticked=frame.iloc[:ticked], over=st.container())
    act = Act(
        "move", "readiness.bulk_move", lambda rows: st.button(",".join(rows.index)), lambda one: one["open"]
    )
    bulk(shown, (act,), key="x", money="amount")


def bar(ticked: int) -> AppTest:
    app = AppTest.from_function(_bar, args=(ticked,), default_timeout=60).run()
    assert not app.exception
    return app


def test_without_a_tick_there_is_no_act() -> None:
    app = bar(0)
    assert [caption.value for caption in app.caption] == ["勾选行，就能一起处理"]
    assert not app.button


def test_an_act_is_done_to_the_ticked_rows_that_it_fits() -> None:
    app = bar(2)
    assert "已选 2 行" in app.markdown[0].value
    assert "¥350" in app.markdown[0].value
    assert [caption.value for caption in app.caption] == ["选中的 2 行里，这里只动 1 行"]
    assert [button.label for button in app.button] == ["a", "取消选择"]
    assert app.button(key="x_bulk_clear").click().run().session_state["x_ticked"] == 1
