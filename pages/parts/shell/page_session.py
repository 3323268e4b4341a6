"""What this open page tells the server's gates: whose it is, so that files go into it from nobody else."""

from __future__ import annotations

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.access import Actor
from core.access.files.uploads import SOCKET_HEADER, uploads


def belongs_to(actor: Actor) -> None:
    """The page behind this run's socket is this person's."""
    run = get_script_run_ctx()
    if run is not None:
        uploads.bind(st.context.headers.get(SOCKET_HEADER) or "", run.session_id, actor.name)
        uploads.free = _free


def _free(session: str) -> None:
    """Drops the files that a closed page has left in the server's memory."""
    if runtime.exists():
        runtime.get_instance().uploaded_file_mgr.remove_session_files(session)
