"""库存: is the stock true, and where will it break? A sheet in, the difference shown, committed or taken back; counts; the ledger behind each number."""

import streamlit as st

from core import clock
from core.access import allowed
from core.settings import settings
from core.stock import service
from core.stock.sheet import STOCK
from pages.parts import stock as parts
from pages.parts.cards import heading
from pages.parts.empty import empty
from pages.parts.guard import database, require
from pages.parts.picker import campaign
from pages.parts.text import t
from pages.parts.upload import upload

user = require("stock.view")
db, now = database(), clock.now()
heading("stock.title", campaign(user))

if allowed(user, "stock.import"):
    with st.expander(t("stock.upload"), icon=":material/upload_file:", expanded=parts.uploading("stock_upload")):
        st.caption(t("stock.upload_note"))
        upload(user, STOCK, key="stock_upload", now=now)

view = service.positions(db, user, today=clock.business_day(now, settings().timezone))
if view.empty:
    empty("stock.empty", sample=("stock.xlsx", parts.sample))
else:
    parts.answer(view, service.age(db, user, now), now)

parts.tabs(db, user, view, now)
