"""`check` notices what somebody has written past the program: no trail, an account, a role, a password, an
approval, an import, an order or a trigger that nothing explains."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from core.access import Actor, approvals, service
from core.access.accounts import NewAccount
from core.access.approvals import Decision, Request
from core.access.service import Duties
from core.backup.checks import broken, check
from core.database import Database
from tests.security.test_03_backups import PLANTED, plant

LATER = timedelta(days=30)


@pytest.fixture
def shop(database: Database, admin: Actor, merchandiser: Actor, now: datetime) -> Database:
    for name, role in (("mei", "merchandiser"), ("fang", "finance"), ("eve", "viewer")):
        service.add_account(database, admin, NewAccount(name, role, word="lantern-of-the-shop"), now - LATER)
    with database.writing() as connection:
        asked = approvals.request(
            connection, Actor("mei", "merchandiser"), now, Request("price_floor", "S1", {"price": 1}, "why")
        )
    approvals.decide(database, Actor("fang", "finance"), asked, Decision("approved", ""), now)
    service.change_account(database, admin, "eve", now, duties=Duties(role="member", department="ops"))
    service.reset_password(database, admin, "eve", now)
    service.disable_account(database, admin, "eve", now)
    return database


def faults(database: Database) -> dict[str, list[object]]:
    with database.reading() as connection:
        return broken(check(connection))


def test_an_honest_history_explains_itself(shop: Database) -> None:
    assert faults(shop) == {}


ACCOUNT = (
    "INSERT INTO account (name, role, department, password, must_change, disabled, valid_after, created_at, created_by)"
    " SELECT 'mallory', 'admin', '', password, must_change, disabled, valid_after, created_at, created_by"
    " FROM account WHERE name = 'mei'"
)
APPROVAL = (
    "INSERT INTO approval (id, kind, subject, inputs, inputs_digest, requested_by, requested_at, reason, state,"
    " decided_by, decided_at, note) SELECT 'x', kind, 'S2', inputs, inputs_digest, requested_by, requested_at,"
    " reason, state, decided_by, decided_at, note FROM approval"
)
IMPORT = (
    "INSERT INTO import_run (import_id, kind, campaign_id, file_name, content_digest, sheet, header_row, mapping,"
    " figures, control, rejected, state, at, account, undone_by, reason) SELECT 'x', 'stock', '', 'f', 'd', 's', 1,"
    " '{}', '{}', '{}', '[]', 'committed', created_at, 'mei', '', '' FROM account WHERE name = 'mei'"
)
PAST_THE_PROGRAM = {
    "the whole trail": ("access.audit", ["DELETE FROM audit", "DELETE FROM audit_head"]),
    "an account": ("access.explained", [ACCOUNT]),
    "a role": ("access.explained", ["UPDATE account SET role = 'admin' WHERE name = 'mei'"]),
    "a password": (
        "access.explained",
        [
            "UPDATE account SET password = (SELECT password FROM account WHERE name = 'eve') WHERE name = 'mei'"
        ],
    ),
    "an e-mail address": (
        "access.explained",
        ["UPDATE account SET email = 'eve@evil.example' WHERE name = 'fang'"],
    ),
    "an enabled account": ("access.explained", ["UPDATE account SET disabled = false WHERE name = 'eve'"]),
    "an approval": ("access.explained", [APPROVAL]),
    "who decided": ("access.explained", ["UPDATE approval SET decided_by = 'admin-1'"]),
    "an import": ("access.explained", [IMPORT]),
}


@pytest.mark.parametrize("what", list(PAST_THE_PROGRAM))
def test_what_no_row_explains_is_a_fault(shop: Database, what: str) -> None:
    where, statements = PAST_THE_PROGRAM[what]
    with shop.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))
    assert where in faults(shop)


@pytest.mark.parametrize("what", list(PLANTED))
def test_a_planted_object_is_a_fault(shop: Database, what: str) -> None:
    plant(shop, what)
    assert "database.schema" in faults(shop)
