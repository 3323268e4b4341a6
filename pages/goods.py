"""商品结构: is the line-up right? Tiers, functions, prices and stock beside what the figures suggest, and what is
sold together."""

import streamlit as st

from core.goods import structure
from pages.parts.components.feedback import attempt
from pages.parts.components.figures.demand import ladder, strip
from pages.parts.components.tabs import tabbed
from pages.parts.components.text import t
from pages.parts.goods import structure as parts
from pages.parts.goods import tabs
from pages.parts.shell.campaign_picker import campaign
from pages.parts.shell.empty import empty
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("goods.view")
page = campaign(page)
heading(page, "goods.title")
if page.campaign is None:
    empty("goods.none", button="menu.plan" if page.may("campaign.edit") else "", page="plan")
    tabs.data(page)
    st.stop()

view = parts.picture(page)
if view.rows.empty:
    if empty("goods.empty", button="goods.enter_all" if page.may("goods.structure") else ""):
        attempt(
            lambda: structure.enter(page.database, page.actor, page.campaign_id, now=page.now),
            lambda n: t("goods.entered", n=n),
            "success",
        )
    tabs.data(page)
    st.stop()

parts.answer(view)
strip(ladder(page))
tabbed(
    "goods_tab",
    {
        "table": (t("goods.tab_table"), lambda: parts.listing(page, view)),
        "suggest": (t("goods.tab_suggest"), lambda: tabs.suggestions(page, view)),
        "attach": (t("goods.tab_attach"), lambda: tabs.attach(page)),
        "shape": (t("goods.tab_shape"), lambda: parts.pictures(page, view)),
        "gaps": (t("goods.tab_gaps"), lambda: tabs.gaps(view)),
        "data": (t("goods.tab_data"), lambda: tabs.data(page)),
    },
)
