"""管理: who may enter, what was done, what waits for a second person, where messages go, and the backup."""

import streamlit as st

from pages.parts.admin import sections as parts
from pages.parts.components.text import plain, t
from pages.parts.components.url_state import kept
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("account.manage")
heading(page, "menu.admin")

with kept("admin", "accounts", parts.SECTIONS):
    chosen = st.segmented_control(
        t("menu.admin"),
        list(parts.SECTIONS),
        required=True,
        key="admin",
        format_func=lambda name: plain(f"admin.{name}"),
        label_visibility="collapsed",
    )
parts.SECTIONS[chosen or "accounts"](page)
