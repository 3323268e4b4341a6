"""What was typed and not saved: cells, rows added and taken out, one account's alone."""

from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest

from pages.parts.components import drafts


def test_typed_cells_and_rows_come_out_in_the_types_of_their_columns() -> None:
    frame = pd.DataFrame(
        {
            "name": ["a", "b", "c"],
            "units": [1, 2, 3],
            "from": pd.to_datetime(["2026-11-01", "2026-11-02", "2026-11-03"]),
        }
    )
    typed = drafts.applied(
        frame,
        {
            "edited_rows": {0: {"units": None, "from": "2026-11-05T20:00:00.000"}, 2: {"name": "z"}},
            "deleted_rows": [1],
            "added_rows": [{"name": "new", "units": 9}, {}],
        },
    )
    assert typed["name"].tolist() == ["a", "z", "new"]
    assert [None if pd.isna(one) else int(one) for one in typed["units"]] == [None, 3, 9]
    assert typed["from"].iloc[0] == pd.Timestamp("2026-11-05 20:00")
    assert frame["units"].tolist() == [1, 2, 3]


def _two_tabs() -> None:
    import pandas as pd
    import streamlit as st

    from pages.parts.components import drafts

    drafts.begin(st.session_state["who"], "plan")
    if st.session_state["open"]:
        edited = drafts.rows(pd.DataFrame({"level": ["gold"], "from": [100]}), "levels", num_rows="dynamic")
        st.session_state["rows"] = edited["from"].tolist()
    st.session_state["named"] = [draft.changes for draft in drafts.left()]


def test_rows_outlive_a_tab_and_belong_to_one_account() -> None:
    page = AppTest.from_function(_two_tabs, default_timeout=60)
    page.session_state["who"], page.session_state["open"] = "anna", True
    page.run()
    page.session_state["levels@_editor_0"] = {
        "edited_rows": {0: {"from": 150}},
        "added_rows": [{"level": "iron", "from": 20}],
        "deleted_rows": [],
    }
    page.run()
    assert page.session_state["named"] == []
    page.session_state["open"] = False
    page.run()
    assert page.session_state["named"] == [2]  # one cell changed, one row added
    page.session_state["open"] = True
    page.run()
    assert page.session_state["rows"] == [150, 20]
    page.session_state["who"], page.session_state["open"] = "ben", False
    page.run()
    assert page.session_state["named"] == []
