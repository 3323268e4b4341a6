"""The entry: one ASGI app with the screens and the HTTP routes. `streamlit run dashboard.py` or `uvicorn
dashboard:app`."""

from pathlib import Path

import streamlit as st

from core import web
from pages.parts.shell import error_page

app = st.App(
    Path(__file__).parent / "pages" / "parts" / "shell" / "shell.py",
    routes=web.routes(),
    middleware=web.protection(),
    lifespan=web.lifespan,
    on_script_error=error_page.show,
)
