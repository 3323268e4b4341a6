"""库存: is the stock true, and where will it break? A sheet in, the difference shown, committed or taken back;
counts; the ledger behind each number."""

import streamlit as st

from core import clock
from core.settings import settings
from core.stock import service
from core.stock.sheet import STOCK
from pages.parts import stock as parts
from pages.parts.components.figures.demand import ladder, strip
from pages.parts.components.tabs import at_first, tabbed
from pages.parts.components.text import t
from pages.parts.shell.campaign_picker import campaign
from pages.parts.shell.empty import empty
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading
from pages.parts.upload.flow import upload

page = require("stock.view")
page = campaign(page)
heading(page, "stock.title")

if page.may("stock.import"):
    with st.expander(
        t("stock.upload"), icon=":material/upload_file:", expanded=parts.uploading("stock_upload")
    ):
        st.caption(t("stock.upload_note"))
        upload(page, STOCK, key="stock_upload")

view = service.positions(page.database, page.actor, today=clock.business_day(page.now, settings().timezone))
tabs = parts.tabs(page, view)
first = at_first("stock_tab", tabs)  # on the others what stands above is low
if view.empty:
    empty("stock.empty", sample=("stock.xlsx", parts.sample))
else:
    parts.answer(view, service.age(page.database, page.actor, page.now), page.now, whole=first)

if page.campaign is not None and first:
    strip(ladder(page))
tabbed("stock_tab", tabs)
