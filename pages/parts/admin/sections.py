"""The sections of the admin page, plain and dense: people and sessions here, the rest in admin_house.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from core.access import ROLES, service
from core.access.service import Duties, FirstPassword, NewAccount
from pages.parts.admin import api_keys, channels, jobs, system
from pages.parts.admin.approvals import approvals
from pages.parts.admin.sources import sources
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, flash, refusals
from pages.parts.components.tables import Filter, row_of, table
from pages.parts.components.text import literal, plain, t
from pages.parts.entry.context import PageContext

PEOPLE = (
    Column("name", "admin.name", "code"),
    Column("role", "admin.role", "state", words="role"),
    Column("department", "admin.department", "text"),
    Column("email", "admin.email", "text"),
    Column("account_state", "admin.state", "state"),
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


def people(page: PageContext) -> None:
    """Accounts: the list, a new one, and what can be done with the chosen one."""
    _first_password()
    frame = service.people(page.database, page.actor)
    frame = frame.assign(account_state=frame["disabled"].map({True: "disabled", False: "active"})).set_index(
        "name", drop=False
    )
    with st.popover(t("admin.add"), icon=":material/person_add:"):
        _add(page)
    filters = (
        Filter("active", "state.active", lambda rows: ~rows["disabled"]),
        Filter("disabled", "state.disabled", lambda rows: rows["disabled"]),
        Filter("new", "admin.must_change", lambda rows: rows["must_change"]),
    )
    shown = table(
        frame,
        PEOPLE,
        key="people",
        filters=filters,
        search=("name", "department", "email"),
        export="accounts",
        pick=True,
    )
    if shown.picked is not None:
        _person(page, row_of(frame, shown.picked))


def _add(page: PageContext) -> None:
    with st.form("add_account", border=False):
        name = st.text_input(t("admin.name"), max_chars=64)
        role = st.selectbox(t("admin.role"), ROLES, index=ROLES.index("member"), format_func=_role)
        department = st.text_input(t("admin.department"), max_chars=64)
        email = st.text_input(t("admin.email"), max_chars=254)
        if st.form_submit_button(t("admin.add"), type="primary"):
            _keep(
                lambda: service.add_account(
                    page.database,
                    page.actor,
                    NewAccount(name, role, department=department, email=email),
                    page.now,
                ),
                role,
            )


def _person(page: PageContext, row: pd.Series) -> None:
    """Role, password, sessions and the lock of one account."""
    name = str(row["name"])
    with st.container(border=True, key="person"):
        st.subheader(literal(name), anchor=False)
        with st.form(f"change_{name}", border=False):
            left, middle, right = st.columns(3)
            role = left.selectbox(
                t("admin.role"), ROLES, index=ROLES.index(str(row["role"])), format_func=_role
            )
            department = middle.text_input(t("admin.department"), value=str(row["department"]), max_chars=64)
            email = right.text_input(t("admin.email"), value=str(row["email"]), max_chars=254)
            if st.form_submit_button(t("common.save")):
                attempt(
                    lambda: service.change_account(
                        page.database,
                        page.actor,
                        name,
                        page.now,
                        duties=Duties(role=role, department=department, email=email),
                    ),
                    lambda holds: t("admin.changed" if holds else "admin.role_waits"),
                )
        with st.container(horizontal=True):
            if st.button(t("admin.reset_password"), icon=":material/key:", key=f"reset_{name}"):
                _keep(lambda: service.reset_password(page.database, page.actor, name, page.now))
            if st.button(
                t("admin.end_sessions", n=int(row["live_sessions"])),
                icon=":material/logout:",
                key=f"end_{name}",
            ):
                attempt(
                    lambda: service.end_sessions(page.database, page.actor, name, page.now),
                    t("admin.sessions_ended"),
                )
            off = bool(row["disabled"])
            icon = ":material/lock_open:" if off else ":material/lock:"
            if st.button(t("admin.enable" if off else "admin.disable"), icon=icon, key=f"lock_{name}"):
                attempt(
                    lambda: service.disable_account(
                        page.database, page.actor, name, page.now, disabled=not off
                    ),
                    t("admin.changed"),
                )


def _keep(make: Callable[[], FirstPassword], role: str = "") -> None:
    """Keeps a generated password for the one screen that shows it. `role`: the one that was asked for; where the
    account has another one, that waits for another administrator."""
    with refusals():
        first = st.session_state["first_password"] = make()
        if role not in {"", first.role}:
            flash(t("admin.role_waits"), "warning")
        st.rerun()


def _first_password() -> None:
    fresh: FirstPassword | None = st.session_state.pop("first_password", None)
    if fresh is not None:
        with st.container(border=True, key="first_password_card"):
            st.markdown(t("admin.first_password", name=fresh.name))
            st.code(fresh.password, language=None)


def _role(role: str) -> str:
    return plain(f"role.{role}")


def live_sessions(page: PageContext) -> None:
    """Who is signed in at this moment, and from where."""
    frame = service.live_sessions(page.database, page.actor, page.now).set_index("id", drop=False)
    shown = table(
        frame, SESSIONS, key="sessions", search=("account", "address", "agent"), export="sessions", pick=True
    )
    if shown.picked is not None:
        name = str(row_of(frame, shown.picked)["account"])
        if st.button(t("admin.end_all_of", name=name), icon=":material/logout:"):
            attempt(
                lambda: service.end_sessions(page.database, page.actor, name, page.now),
                t("admin.sessions_ended"),
            )


def waiting(page: PageContext) -> None:
    """Two-person approvals of every package."""
    approvals(page, key="approvals")


SECTIONS: Mapping[str, Callable[[PageContext], None]] = {
    "accounts": people,
    "sessions": live_sessions,
    "approvals": waiting,
    "sources": sources,
    "imports": system.imports,
    "audit": system.trail,
    "channels": channels.channels,
    "keys": api_keys.keys,
    "jobs": jobs.jobs,
    "backup": system.backups,
    "settings": system.configuration,
}
