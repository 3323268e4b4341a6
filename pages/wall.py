"""大屏: one number, one curve, one ranking, one message; readable at five metres, alive or honest about it."""

import streamlit as st

from core import clock
from pages.parts import wall as parts
from pages.parts.guard import database, require
from pages.parts.picker import campaign

user = require("live.view")
chosen = campaign(user) or parts.nothing(user)
db = database()
moment = chosen.moment(clock.now())

parts.dress()
stage = st.container()  # what is looked at stands above what is touched
at = parts.bar(chosen, moment)
with stage:
    parts.head(chosen, moment)
    parts.show(db, chosen, at)
