"""The sections of the admin page, plain and dense: people and sessions here, the rest in admin_house.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import pandas as pd
import streamlit as st

from core.access import Actor, service
from core.access.accounts import FirstPassword
from core.access.rules import ROLES
from core.database import Database
from core.errors import ShopError
from pages.parts import admin_house
from pages.parts.approvals import approvals
from pages.parts.columns import Column
from pages.parts.tables import Filter, row_of, table
from pages.parts.text import error_text, literal, plain, t

PEOPLE = (
    Column("name", "admin.name", "code"),
    Column("role", "admin.role", "state", words="role"),
    Column("department", "admin.department", "text"),
    Column("email", "admin.email", "text"),
    Column("standing", "admin.state", "state"),
    Column("live_sessions", "admin.live_sessions", "integer"),
    Column("last_seen", "admin.last_seen", "moment"),
    Column("must_change", "admin.must_change", "flag"),
    Column("created_at", "admin.created_at", "moment", shown=False),
    Column("created_by", "admin.created_by", "text", shown=False),
)
SESSIONS = (
    Column("account", "admin.name", "code"),
    Column("created_at", "admin.signed_in_at", "moment"),
    Column("seen_at", "admin.last_seen", "moment"),
    Column("expires_at", "admin.expires_at", "moment"),
    Column("address", "admin.address", "text"),
    Column("agent", "admin.agent", "text", width="large"),
)


def people(db: Database, user: Actor, now: datetime) -> None:
    """Accounts: the list, a new one, and what can be done with the chosen one."""
    _first_password()
    frame = service.people(db, user)
    frame = frame.assign(standing=frame["disabled"].map({True: "disabled", False: "active"})).set_index("name", drop=False)
    with st.popover(t("admin.add"), icon=":material/person_add:"):
        _add(db, user, now)
    filters = (
        Filter("active", "state.active", lambda rows: ~rows["disabled"]),
        Filter("disabled", "state.disabled", lambda rows: rows["disabled"]),
        Filter("new", "admin.must_change", lambda rows: rows["must_change"]),
    )
    shown = table(
        frame, PEOPLE, key="people", filters=filters, search=("name", "department", "email"), export="accounts", pick=True
    )
    if shown.picked is not None:
        _person(db, user, now, row_of(frame, shown.picked))


def _add(db: Database, user: Actor, now: datetime) -> None:
    with st.form("add_account", border=False):
        name = st.text_input(t("admin.name"), max_chars=64)
        role = st.selectbox(t("admin.role"), ROLES, index=ROLES.index("member"), format_func=_role)
        department = st.text_input(t("admin.department"), max_chars=64)
        email = st.text_input(t("admin.email"), max_chars=254)
        if st.form_submit_button(t("admin.add"), type="primary"):
            _keep(lambda: service.add_account(db, user, name, role, now, department=department, email=email))


def _person(db: Database, user: Actor, now: datetime, row: pd.Series) -> None:
    """Role, password, sessions and the lock of one account."""
    name = str(row["name"])
    with st.container(border=True, key="person"):
        st.subheader(literal(name), anchor=False)
        with st.form(f"change_{name}", border=False):
            left, middle, right = st.columns(3)
            role = left.selectbox(t("admin.role"), ROLES, index=ROLES.index(str(row["role"])), format_func=_role)
            department = middle.text_input(t("admin.department"), value=str(row["department"]), max_chars=64)
            email = right.text_input(t("admin.email"), value=str(row["email"]), max_chars=254)
            if st.form_submit_button(t("common.save")):
                done(
                    lambda: service.change_account(db, user, name, now, role=role, department=department, email=email),
                    "admin.changed",
                )
        with st.container(horizontal=True):
            if st.button(t("admin.reset_password"), icon=":material/key:", key=f"reset_{name}"):
                _keep(lambda: service.reset_password(db, user, name, now))
            if st.button(t("admin.end_sessions", n=int(row["live_sessions"])), icon=":material/logout:", key=f"end_{name}"):
                done(lambda: service.end_sessions(db, user, name, now), "admin.sessions_ended")
            off = bool(row["disabled"])
            icon = ":material/lock_open:" if off else ":material/lock:"
            if st.button(t("admin.enable" if off else "admin.disable"), icon=icon, key=f"lock_{name}"):
                done(lambda: service.disable_account(db, user, name, now, disabled=not off), "admin.changed")


def _keep(make: Callable[[], FirstPassword]) -> None:
    """Keeps a generated password for the one screen that shows it."""
    try:
        st.session_state["first_password"] = make()
    except ShopError as error:
        st.error(error_text(error), icon=":material/block:")
        return
    st.rerun()


def _first_password() -> None:
    fresh: FirstPassword | None = st.session_state.pop("first_password", None)
    if fresh is not None:
        with st.container(border=True, key="first_password_card"):
            st.markdown(t("admin.first_password", name=fresh.name))
            st.code(fresh.password, language=None)


def _role(role: str) -> str:
    return plain(f"role.{role}")


def done(act: Callable[[], object], said: str) -> None:
    """Does it, says so, and draws the page afresh; or says why not."""
    try:
        act()
    except ShopError as error:
        st.error(error_text(error), icon=":material/block:")
        return
    st.toast(t(said), icon=":material/check:")
    st.rerun()


def live_sessions(db: Database, user: Actor, now: datetime) -> None:
    """Who is signed in at this moment, and from where."""
    frame = service.live_sessions(db, user, now).set_index("id", drop=False)
    shown = table(frame, SESSIONS, key="sessions", search=("account", "address", "agent"), export="sessions", pick=True)
    if shown.picked is not None:
        name = str(row_of(frame, shown.picked)["account"])
        if st.button(t("admin.end_all_of", name=name), icon=":material/logout:"):
            done(lambda: service.end_sessions(db, user, name, now), "admin.sessions_ended")


def waiting(db: Database, user: Actor, now: datetime) -> None:
    """Two-person approvals of every room."""
    approvals(db, user, now, key="approvals")


SECTIONS: Mapping[str, Callable[[Database, Actor, datetime], None]] = {
    "accounts": people,
    "sessions": live_sessions,
    "approvals": waiting,
    "imports": admin_house.imports,
    "audit": admin_house.trail,
    "channels": admin_house.channels,
    "backup": admin_house.backups,
    "settings": admin_house.configuration,
}
