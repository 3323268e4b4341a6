"""总览: are we on course today, and what do I do first?"""

import streamlit as st

from core import clock
from core.access import allowed
from core.overview import service
from pages.parts import goods
from pages.parts import overview as parts
from pages.parts.cards import heading
from pages.parts.empty import empty
from pages.parts.guard import database, require
from pages.parts.picker import campaign

user = require("campaign.view")
db, now, chosen = database(), clock.now(), campaign(user)
heading("overview.title", chosen)
if chosen is None:
    empty("overview.none", button="overview.make" if allowed(user, "campaign.edit") else "", page="plan")
    st.stop()

view = service.load(db, user, chosen.campaign_id, now, goods=goods.picture(db, user, chosen.campaign_id).rows)
parts.clock(view, now)
if view.selling is not None:
    parts.selling(view.selling)
parts.figures(view)
parts.risks(view)
parts.curve(view)
left, right = st.columns((3, 2))
with left:
    parts.tasks(view)
with right:
    parts.changes(view, now)
