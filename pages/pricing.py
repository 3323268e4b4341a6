"""成本定价: can anything lose money? Every price at its worst landed price, judged; why; what would change; approved by a second person; published."""

import streamlit as st

from core import clock
from core.pricing import service
from pages.parts import pricing as parts
from pages.parts.cards import heading
from pages.parts.empty import empty
from pages.parts.guard import database, require
from pages.parts.picker import need_campaign

user = require("price.view")
db, now = database(), clock.now()
chosen = need_campaign(user, "pricing.title")
heading("pricing.title", chosen)

picture = service.load(db, user, chosen.campaign_id, parts.phase())
if picture.prices.empty:
    empty("pricing.empty", button="pricing.empty_button", page="goods")
    st.stop()

parts.answer(picture)
parts.tabs(db, user, chosen, picture, now)
