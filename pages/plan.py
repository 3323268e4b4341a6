"""目标拆解: what must be true for the target, is it realistic, and who carries which part of it when."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.campaign import planning
from core.campaign import service as campaigns
from core.signals import service as signals
from pages.parts.components.tabs import at_first, tabbed
from pages.parts.components.text import t
from pages.parts.plan import breakdown, new_campaign, schedule, start_from, tried
from pages.parts.plan import target as parts
from pages.parts.shell.campaign_picker import campaign
from pages.parts.shell.empty import empty
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("plan.view")
page = campaign(page)
heading(page, "plan.title")
with st.container(horizontal=True):
    new_campaign.new_campaign(page)
    schedule.archived(page)
if page.campaign is None:
    empty("plan.none")
    st.stop()

known = start_from.origins(page)
plan = planning.plan(page.database, page.actor, page.campaign_id)


def target() -> None:
    """The boxes, what moves them most, what was tried, and whether it is realistic."""
    draft = parts.boxes(page, plan, start_from.first_target(known, parts.FIRST))
    start_from.shown(known)
    past = signals.past(page.database, page.actor, page.campaign_id, draft)
    parts.levers(draft, past)
    tried.tried(page)
    parts.history(past)


mine = plan.campaign if plan else campaigns.load(page.database, page.actor, page.campaign_id)
drawn: dict[str, Callable[[], None]] = {"target": target}
if plan is not None:
    drawn |= {
        "time": partial(breakdown.over_time, page, plan),
        "parts": partial(breakdown.by_part, page, plan),
        "new": partial(breakdown.acquisition, page, plan),
        "replan": partial(breakdown.replan, page, plan),
        "versions": partial(breakdown.versions, page, plan),
    }
drawn["schedule"] = partial(schedule.schedule, page, mine)
tabs = {name: (t(f"plan.tab_{name}"), draw) for name, draw in drawn.items()}
if plan is None:
    st.info(t("plan.no_plan"), icon=":material/target:")
else:
    done, due = signals.course(page.database, page.actor, page.campaign_id, page.now)
    past = signals.past(page.database, page.actor, page.campaign_id, plan.target)
    parts.answer(plan, past, (done, due), page.now, strip=not at_first("plan_tab", tabs))
tabbed("plan_tab", tabs)
