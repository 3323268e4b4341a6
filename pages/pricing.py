"""成本定价: can anything lose money? Every price at its worst landed price, judged; why; what would change;
approved by a second person; published."""

import streamlit as st

from core.pricing import approvals
from pages.parts.pricing import judged_table as parts
from pages.parts.shell.campaign_picker import need_campaign
from pages.parts.shell.empty import empty
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("price.view")
page = need_campaign(page, "pricing.title")
heading(page, "pricing.title")

desk = approvals.load(page.database, page.actor, page.campaign_id, parts.phase())
if desk.picture.prices.empty:
    empty("pricing.empty", button="pricing.empty_button", page="goods")
    st.stop()

parts.answer(desk.picture, strip=parts.open_tab(page, desk.picture) != parts.FIRST)
parts.tabs(page, desk.picture, desk.requests)
