"""A page that stands open does nothing for whom it was not drawn: after a session was revoked or a role was
changed, a click, a refresh, a dialog and a file made on the click are refused at the moment they run."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.testing.v1 import AppTest

from core import clock
from core.access import Actor, accounts, service, sessions
from core.access.accounts import NewAccount
from core.access.files import made_files
from core.access.service import LOCAL_OPERATOR, Duties
from core.access.tables import audit
from core.database import Database
from core.errors import ShopError
from core.live.alerts import monitor
from pages.parts.admin import system
from pages.parts.components import downloads
from pages.parts.components.downloads import File
from pages.parts.entry import guarded, visitor
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import (
    Admission,
    Frame,
    admitted,
    ask_again,
    callback,
    deferred,
    dialog,
    fragment,
)
from tests.live.conftest import OPENS, Shop, opened

WORD = "tall-river-47-lamp"


@dataclass(frozen=True)
class Desk:
    """A database with people in it, and a browser that stands open for one of them."""

    db: Database
    monkeypatch: pytest.MonkeyPatch

    def hire(self, name: str, role: str) -> None:
        """An account that has chosen its own password."""
        with self.db.writing() as connection:
            accounts.create(connection, LOCAL_OPERATOR, NewAccount(name, role, word=WORD), clock.now())
            connection.execute(accounts.account.update().values(must_change=False))

    def open_page(self, name: str, action: str) -> PageContext:
        """The person signs in and opens a page of that action."""
        with self.db.reading() as connection:
            role = str(accounts.find(connection, name)["role"])
        with self.db.writing() as connection:
            opened = sessions.open_session(connection, Actor(name, role), "test", clock.now())
        self.monkeypatch.setattr(visitor, "token", lambda: opened.token)
        actor = visitor.visitor()
        assert actor is not None
        return admitted(action, actor)

    def revoke(self, name: str) -> None:
        """Somebody signs the person out everywhere."""
        service.end_sessions(self.db, LOCAL_OPERATOR, name, clock.now())

    def move(self, name: str, role: str) -> None:
        """The person gets another role."""
        service.change_account(self.db, LOCAL_OPERATOR, name, clock.now(), duties=Duties(role=role))

    def rows(self, action: str) -> int:
        """How often the audit trail tells of an action."""
        with self.db.reading() as connection:
            query = select(func.count()).select_from(audit).where(audit.c.action == action)
            return int(connection.scalar(query) or 0)


@pytest.fixture
def desk(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Mei is an administrator beside another one, Fang does finance, Vi looks."""
    monkeypatch.setattr(visitor, "database", lambda: sqlite)
    monkeypatch.setattr(visitor, "company", lambda: False)
    office = Desk(sqlite, monkeypatch)
    for name, role in (("boss", "admin"), ("mei", "admin"), ("fang", "finance"), ("vi", "viewer")):
        office.hire(name, role)
    return office


def refusal(work: Callable[[], object]) -> str:
    """The code with which it is refused."""
    with pytest.raises(ShopError) as refused:
        work()
    return refused.value.code


def kept(content: bytes, _admission: Admission) -> bytes:
    return content


def test_an_audit_export_asked_for_after_the_sign_out_is_neither_made_nor_recorded(desk: Desk) -> None:
    desk.open_page("mei", "account.manage")
    export = deferred(system._whole_trail, kept, "audit.view")
    assert b"session.sign_in" in export()
    assert desk.rows("audit.export") == 1
    desk.revoke("mei")
    assert refusal(export) == "access.signed_out"
    assert desk.rows("audit.export") == 1


def test_an_export_acts_as_the_person_of_now(desk: Desk) -> None:
    """Not as the Actor of the run that drew the button: the department, for one, is today's."""
    desk.open_page("mei", "account.manage")
    export = deferred(lambda page: page.actor.department.encode(), kept)
    service.change_account(
        desk.db, LOCAL_OPERATOR, "mei", clock.now(), duties=Duties(role="admin", department="仓库")
    )
    assert export() == "仓库".encode()


@pytest.mark.parametrize("role", ["viewer", "merchandiser"])
def test_a_person_of_finance_in_another_role_exports_no_margins(desk: Desk, role: str) -> None:
    """A merchandiser may open the page too, but would not have been shown the margins that the frame holds."""
    desk.open_page("fang", "price.view")
    margins = deferred(lambda _page: b"margins", kept)
    assert margins() == b"margins"
    desk.move("fang", role)
    assert refusal(margins) == "access.denied"


def test_a_disabled_account_exports_nothing(desk: Desk) -> None:
    desk.open_page("fang", "price.view")
    margins = deferred(lambda _page: b"margins", kept)
    service.disable_account(desk.db, LOCAL_OPERATOR, "fang", clock.now())
    assert refusal(margins) == "access.signed_out"


def test_a_page_that_never_asked_its_guard_offers_no_file(desk: Desk) -> None:
    guarded._admission.set(None)
    assert refusal(deferred(lambda _page: b"x", kept)) == "access.signed_out"


def test_a_file_is_fetched_by_the_account_and_role_that_it_was_made_for(desk: Desk) -> None:
    """Under the very id that Streamlit gives it."""
    page = desk.open_page("mei", "account.manage")
    file, content = File("audit.jsonl", "application/x-ndjson"), b"everything" * 200_000
    download = deferred(
        lambda _page: content, lambda made, admission: downloads._bound(file, made, admission), "audit.view"
    )
    served = MemoryMediaFileStorage("/media").load_and_get_id(
        download(), file.mime, MediaFileKind.DOWNLOADABLE, file.name
    )
    assert made_files.may_fetch(served, page.actor)
    for stranger in (Actor("vi", "viewer"), Actor("boss", "admin"), Actor("mei", "viewer")):
        assert not made_files.may_fetch(served, stranger)


@pytest.fixture
def ringing(desk: Desk, sqlite: Database, admin: Actor) -> tuple[Shop, str]:
    """A sale with an alert that fires."""
    shop = opened(sqlite, admin)
    shop.send([])
    for minute in (3, 4, 5, 6, 30, 60, 61, 62):
        at = OPENS + timedelta(minutes=minute)
        monitor.tick(shop.db, shop.campaign_id, at, at)
    found = monitor.standing_alerts(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=62))
    firing = found[found["state"] == "firing"]
    assert len(firing)
    return shop, str(firing["alert_id"].iloc[0])


@pytest.mark.parametrize("change", ["revoked", "moved"])
def test_a_click_of_yesterday_acknowledges_no_alert(
    desk: Desk, ringing: tuple[Shop, str], change: str
) -> None:
    from pages.parts.live import alerts

    shop, alert_id = ringing
    desk.hire("lin", "campaign_lead")
    desk.open_page("lin", "live.view")
    click = callback("live.acknowledge", alerts._acknowledge, alert_id, OPENS + timedelta(minutes=62))
    (desk.revoke("lin") if change == "revoked" else desk.move("lin", "viewer"))
    click()
    rows = monitor.standing_alerts(shop.db, LOCAL_OPERATOR, shop.campaign_id, OPENS + timedelta(minutes=62))
    assert rows.set_index("alert_id").loc[alert_id, "state"] == "firing"
    assert desk.rows("alert.acknowledge") == 0


def test_the_same_click_in_time_is_hers(desk: Desk, ringing: tuple[Shop, str]) -> None:
    from pages.parts.live import alerts

    shop, alert_id = ringing
    desk.hire("lin", "campaign_lead")
    desk.open_page("lin", "live.view")
    callback("live.acknowledge", alerts._acknowledge, alert_id, OPENS + timedelta(minutes=62))()
    rows = monitor.standing_alerts(shop.db, LOCAL_OPERATOR, shop.campaign_id, OPENS + timedelta(minutes=62))
    row = rows.set_index("alert_id").loc[alert_id]
    assert (row["state"], row["acknowledged_by"]) == ("acknowledged", "lin")


@pytest.mark.parametrize("kind", ["fragment", "dialog"])
def test_a_refresh_asks_again(desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part that runs again on its own is what was handed to Streamlit: it draws for the person of now,
    meets the gate once the session is over, and is refused in a role without the action."""
    import streamlit as st

    parts: list[Callable[[], None]] = []

    def taken(work: Callable[[], None] | str = "", **_how: Any) -> Any:
        """Streamlit's wrapper: notes the part."""
        if callable(work):
            parts.append(work)
            return lambda: None
        return taken

    drawn: list[str] = []
    monkeypatch.setattr(st, kind, taken)
    monkeypatch.setattr(st, "rerun", lambda **_: (_ for _ in ()).throw(RuntimeError("to the gate")))
    desk.open_page("fang", "price.view")

    def draw(page: PageContext) -> None:
        drawn.append(page.actor.role)

    if kind == "fragment":
        fragment("price.view", draw)()
    else:
        dialog(Frame("x"), "price.view", draw)
    (part,) = parts
    part()
    desk.move("fang", "merchandiser")
    part()
    assert drawn == ["finance", "merchandiser"], "drawn for the role of now"
    desk.move("fang", "viewer")
    assert refusal(part) == "access.denied"
    desk.revoke("fang")
    with pytest.raises(RuntimeError, match="to the gate"):
        part()
    assert drawn == ["finance", "merchandiser"]


def test_nobody_is_passed_along(desk: Desk) -> None:
    page = desk.open_page("fang", "price.view")
    for one in (page, page.actor):
        with pytest.raises(TypeError):
            callback("price.view", lambda _page, _one: None, one)
        with pytest.raises(TypeError):
            fragment("price.view", lambda _page, _one: None, one)


def test_a_fresh_context_speaks_of_the_campaign_as_it_stands_now(
    desk: Desk, ringing: tuple[Shop, str]
) -> None:
    shop, _ = ringing
    desk.open_page("vi", "live.view")
    page = ask_again("live.view", shop.campaign_id)
    assert page is not None
    assert page.campaign_id == shop.campaign_id
    gone = ask_again("live.view", "no such campaign")
    assert gone is not None
    assert gone.campaign is None


def table_page() -> None:
    """A table with an export, on a guarded page."""
    import pandas as pd

    from pages.parts.components.columns import Column
    from pages.parts.components.tables import table
    from pages.parts.shell.guard import require

    require("price.view")
    frame = pd.DataFrame({"sku_code": ["001"]})
    table(frame, (Column("sku_code", "stock.sku_code", "code"),), key="t", export="margins")


def test_the_export_of_any_table_is_for_whom_the_table_was_drawn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit as st

    makers: list[Callable[[], bytes]] = []
    monkeypatch.setattr(st, "download_button", lambda _label, make, **_: makers.append(make))
    desk.open_page("fang", "price.view")
    ran = AppTest.from_function(table_page, default_timeout=60).run()
    assert not ran.exception
    (make,) = makers
    assert pd.read_excel(io.BytesIO(make()), dtype=str).to_numpy().tolist() == [["001"]]
    desk.move("fang", "merchandiser")
    assert refusal(make) == "access.denied"
