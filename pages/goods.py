"""商品结构: is the line-up right? Tiers, functions, prices and stock beside what the figures suggest, and what is sold together."""

import streamlit as st

from core import clock
from core.access import allowed
from core.goods import structure
from pages.parts import goods as parts
from pages.parts import goods_tabs as tabs
from pages.parts.cards import heading
from pages.parts.empty import empty
from pages.parts.guard import database, require
from pages.parts.picker import campaign
from pages.parts.text import t

user = require("goods.view")
db, now, chosen = database(), clock.now(), campaign(user)
heading("goods.title", chosen)
parts.said()
if chosen is None:
    empty("goods.none", button="menu.plan" if allowed(user, "campaign.edit") else "", page="plan")
    st.stop()

mine = chosen.campaign_id
view = parts.picture(db, user, mine)
if view.rows.empty:
    if empty("goods.empty", button="goods.enter_all" if allowed(user, "goods.structure") else ""):
        parts.act(lambda: t("goods.entered", n=structure.enter(db, user, mine, now=now)))
    tabs.data(db, user, now)
    st.stop()

parts.answer(view)
parts.shape(view)
parts.matrix(db, user, view, mine)
names = ("table", "suggest", "attach", "gaps", "data")
opened = dict(zip(names, st.tabs([t(f"goods.tab_{name}") for name in names], key="goods_tab", on_change="rerun"), strict=True))
if opened["table"].open:
    with opened["table"]:
        parts.listing(db, user, view, mine, now)
if opened["suggest"].open:
    with opened["suggest"]:
        tabs.suggestions(db, user, view, mine, now)
if opened["attach"].open:
    with opened["attach"]:
        tabs.attach(db, user, mine, now)
if opened["gaps"].open:
    with opened["gaps"]:
        tabs.gaps(view)
if opened["data"].open:
    with opened["data"]:
        tabs.data(db, user, now)
