"""Two sources of one sale's amount: what came in as events, beside what the daily reports say."""

from __future__ import annotations

import streamlit as st

from pages.parts.components.text import money_short, percent, t

OTHERWISE = 0.05  # from there on the two are told apart by name


def otherwise(paid: int, reported: int | None) -> None:
    """That the reports say another amount (both fen), and which part of it the events are; nothing where they
    agree."""
    if reported and abs(paid / reported - 1) > OTHERWISE:
        st.caption(t("review.reported", reported=money_short(reported), share=percent(paid / reported)))
