"""大屏: one number, one curve, one ranking, one message; readable at five metres, alive or honest about it."""

import streamlit as st

from pages.parts.live import wall as parts
from pages.parts.shell.campaign_picker import campaign
from pages.parts.shell.guard import require

page = require("live.view")
page = campaign(page, drills=True)
if page.campaign is None:
    parts.nothing(page)

parts.dress()
stage = st.container()  # what is looked at stands above what is touched
at = parts.bar(page)
with stage:
    parts.head(page)
    parts.show(page, at)
