"""The front door: one ASGI app with the screens and the HTTP routes. `streamlit run dashboard.py` or `uvicorn dashboard:app`."""

from pathlib import Path

import streamlit as st

from core import web
from pages.parts import fault

app = st.App(
    Path(__file__).parent / "pages" / "parts" / "shell.py",
    routes=web.routes(),
    middleware=web.middleware(),
    lifespan=web.lifespan,
    on_script_error=fault.show,
)
