"""总览: are we on course today, and what do I do first?"""

import streamlit as st

from core.overview import service
from pages.parts.components.figures.demand import ladder, strip
from pages.parts.goods import structure
from pages.parts.overview import figures as parts
from pages.parts.overview import first_steps, inbox
from pages.parts.shell.campaign_picker import campaign
from pages.parts.shell.empty import empty
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("campaign.view")
page = campaign(page)
heading(page, "overview.title")
if page.campaign is None:
    first_steps.checklist(page)
    empty("overview.none", button="overview.make" if page.may("campaign.edit") else "", page="plan")
    st.stop()

account = ladder(page)
view = service.load(
    page.database, page.actor, page.campaign_id, page.now, goods=structure.picture(page).rows, ladder=account
)
parts.over(view)
first_steps.checklist(page)
if view.selling is not None:
    parts.selling(view.selling)
parts.figures(view)
strip(account)
left, right = st.columns(2)
with left:
    inbox.cards(page)
with right:
    parts.risks(view)
parts.curve(view)
left, right = st.columns((3, 2))
with left:
    parts.tasks(view, own=bool(page.actor.department))
with right:
    parts.changes(view, page.now)
