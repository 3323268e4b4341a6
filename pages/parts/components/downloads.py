"""A download is made on the click, for the person and the role that the page was drawn for, in their
language, and handed to nobody else.

download(Button(t("stock.export_sheet"), key="stock_sheet"), File("stock.xlsx"), lambda _page: stock_sheet(view))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import streamlit as st
from streamlit.runtime.memory_media_file_storage import _calculate_file_id as file_id_of

from core.access.files.made_files import made_for
from pages.parts.components.text import language, spoken_by
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import Admission, deferred

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class File:
    """The file's name and media type."""

    name: str
    mime: str = XLSX


@dataclass(frozen=True, slots=True)
class Button:
    """What the button says, its key and its looks."""

    label: str
    key: str | None = None
    icon: str = ":material/download:"
    help: str | None = None
    width: Literal["content", "stretch"] = "content"


def download(button: Button, file: File, make: Callable[[PageContext], bytes], *, action: str = "") -> None:
    """A button that makes the file when it is clicked; `make` gets a fresh context. `action`: what it needs,
    the page's own where none is named."""
    st.download_button(
        button.label,
        deferred(spoken_by(language(), make), partial(_bound, file), action),
        file_name=file.name,
        mime=file.mime,
        key=button.key,
        on_click="ignore",
        icon=button.icon,
        help=button.help,
        width=button.width,
    )


def _bound(file: File, content: bytes, admission: Admission) -> bytes:
    """Notes for whom it was made, under the id by which it will be fetched."""
    made_for(file_id_of(content, file.mime, file.name), admission.account, admission.action)
    return content
