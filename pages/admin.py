"""管理: who may enter, what was done, what waits for a second person, where messages go, and the backup."""

import streamlit as st

from core import clock
from pages.parts import admin as parts
from pages.parts.address import kept
from pages.parts.cards import heading
from pages.parts.guard import database, require
from pages.parts.text import plain, t

user = require("account.manage")
db, now = database(), clock.now()
heading("menu.admin")

with kept("admin", "accounts", parts.SECTIONS):
    chosen = st.segmented_control(
        t("menu.admin"), list(parts.SECTIONS), required=True, key="admin", format_func=lambda name: plain(f"admin.{name}"),
        label_visibility="collapsed",
    )  # fmt: skip
parts.SECTIONS[chosen or "accounts"](db, user, now)
