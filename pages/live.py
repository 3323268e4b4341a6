"""实况: are we ahead or behind, why, and what now? The running minute, or any past one."""

import streamlit as st

from pages.parts.components.figures.demand import ladder, strip
from pages.parts.components.tabs import at_first
from pages.parts.live import actions, desk
from pages.parts.live import board as parts
from pages.parts.live.minute import minute
from pages.parts.shell.campaign_picker import need_campaign
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("live.view")
page = need_campaign(page, "live.title", drills=True)

heading(page, "live.title")
at = minute(page)
desk.before(page)
actions.area(at)
note = st.container()
low = not at_first("live_tab", desk.drawers(page, at or page.moment))
parts.board(page, at, low=low)
with note:
    parts.other_source(page)
if (
    at is None and page.sale.drill is None and not low
):  # the ladder speaks of the real sale and of this moment
    strip(ladder(page))
desk.tabs(page, at or page.moment)
