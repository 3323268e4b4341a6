"""目标拆解: what must be true for the target, is it realistic, and who carries which part of it when."""

import streamlit as st

from core import clock
from core.campaign import planning
from core.campaign import service as campaigns
from core.signals import service as signals
from pages.parts import plan as parts
from pages.parts import plan_parts, schedule
from pages.parts.cards import heading
from pages.parts.empty import empty
from pages.parts.guard import database, require
from pages.parts.picker import campaign
from pages.parts.text import t

user = require("plan.view")
db, now, chosen = database(), clock.now(), campaign(user)
heading("plan.title", chosen)
with st.container(horizontal=True):
    schedule.new_campaign(db, user, now)
    schedule.archived(db, user)
parts.said()
if chosen is None:
    empty("plan.none")
    st.stop()

plan = planning.plan(db, user, chosen.campaign_id)
if plan is None:
    st.info(t("plan.no_plan"), icon=":material/target:")
else:
    done, due = signals.course(db, user, chosen.campaign_id, now)
    parts.answer(plan, signals.past(db, user, chosen.campaign_id, plan.target), done, due, now)
draft = parts.boxes(db, user, chosen.campaign_id, plan, now)
past = signals.past(db, user, chosen.campaign_id, draft)
parts.levers(draft, past)
parts.history(past)

mine = plan.campaign if plan else campaigns.load(db, user, chosen.campaign_id)
names = ["time", "parts", "new", "replan", "versions"] if plan else []
tabs = st.tabs([t(f"plan.tab_{name}") for name in [*names, "schedule"]], key="plan_tab", on_change="rerun")
opened = {name: tab for name, tab in zip([*names, "schedule"], tabs, strict=True) if tab.open}
for name, tab in opened.items():
    with tab:
        if name == "schedule":
            schedule.schedule(db, user, mine, now)
        elif plan is not None and name == "time":
            plan_parts.over_time(db, user, plan, now)
        elif plan is not None and name == "parts":
            plan_parts.by_part(db, user, plan, now)
        elif plan is not None and name == "new":
            plan_parts.acquisition(db, user, plan, now)
        elif plan is not None and name == "replan":
            plan_parts.replan(db, user, plan, now)
        elif plan is not None:
            plan_parts.versions(db, user, plan, now)
