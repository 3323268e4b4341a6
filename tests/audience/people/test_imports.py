"""Workbooks of people: ids become keys at the door, and no word of an id is anywhere in the database."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy import select, text

from core.access import Actor
from core.audience.people.sheet import INVITES, MEMBERS, PEOPLE
from core.audience.people.tables import invite, member, person
from core.database import Database, read
from core.database.types import load_tables
from core.errors import ShopError
from core.imports import service as imports
from core.orders.tables import order_line
from core.overview import erasure
from tests.audience.people.shop import NOW, csv, orders, take

PEOPLE_HEAD = ("用户标识", "首次访问日期", "性别", "年龄段", "渠道")
ANNA = ("买家甲甲", "2026-09-01", "女", "25-29", "search")
BEN = ("买家乙乙", "2026-09-02", "男", "30-34", "paid")


def _everything(db: Database) -> str:
    """Each value of each table as one text."""
    with db.reading() as connection:
        return "\n".join(
            str(row)
            for table in load_tables().sorted_tables
            for row in connection.execute(text(f'SELECT * FROM "{table.name}"'))
        )


def test_ids_are_hashed_as_those_of_orders_and_stand_nowhere(database: Database, merchandiser: Actor) -> None:
    orders(database, merchandiser, [("买家甲甲", NOW, 100)])
    content = csv(
        PEOPLE_HEAD,
        [
            ANNA,
            ANNA,
            BEN,
            ("买***", "", "男", "", ""),
            ("买家丙丙", "", "男", "", ""),
            ("买家丙丙", "", "女", "", ""),
        ],
    )
    report = take(database, merchandiser, PEOPLE, content)
    assert (report.figures["added"], report.figures["merged"], report.figures["rejected"]) == (2, 1, 3)
    invited = csv(
        ("邀请人", "被邀请人", "新老账号", "邀请时间"),
        [("买家甲甲", "买家丁丁", "新客", "2026-10-01 10:00:00")],
    )
    take(database, merchandiser, INVITES, invited)
    take(database, merchandiser, MEMBERS, csv(("用户标识", "会员等级"), [("买家甲甲", "金卡")]))
    with database.reading() as connection:
        known = read(connection, select(person)).set_index("first_day")
        bought = connection.scalar(select(order_line.c.buyer_key))
        invites = connection.execute(select(invite.c.inviter_key, invite.c.account_kind)).all()
    assert known.loc["2026-09-01", "person_key"] == bought == invites[0].inviter_key
    assert known.loc["2026-09-01", "sex"] == "female"
    assert invites[0].account_kind == "new"
    stored = _everything(database)
    assert not [name for name in ("买家甲甲", "买家乙乙", "买家丙丙", "买家丁丁", "买***") if name in stored]


def test_a_later_sheet_changes_people_and_its_undo_brings_them_back(
    database: Database, merchandiser: Actor
) -> None:
    take(database, merchandiser, PEOPLE, csv(PEOPLE_HEAD, [ANNA]))
    later = take(database, merchandiser, PEOPLE, csv(PEOPLE_HEAD, [(*ANNA[:3], "30-34", ""), BEN]))
    assert (later.figures["added"], later.figures["changed"]) == (1, 1)
    imports.undo(database, merchandiser, PEOPLE, later.import_id, now=NOW, reason="wrong file")
    with database.reading() as connection:
        known = read(connection, select(person))
    assert known["age_band"].tolist() == ["25-29"]


def test_a_person_is_forgotten_here_too(database: Database, merchandiser: Actor) -> None:
    take(database, merchandiser, PEOPLE, csv(PEOPLE_HEAD, [ANNA, BEN]))
    take(database, merchandiser, PEOPLE, csv(PEOPLE_HEAD, [(*ANNA[:3], "30-34", "")]))
    take(database, merchandiser, MEMBERS, csv(("用户标识", "会员等级"), [("买家甲甲", "金卡")]))
    invited = csv(("邀请编号", "邀请人", "邀请时间"), [("Y1", "买家甲甲", "2026-10-01 10:00:00")])
    take(database, merchandiser, INVITES, invited)
    later = csv(("邀请编号", "邀请人", "邀请时间"), [("Y1", "买家甲甲", "2026-10-01 11:00:00")])
    assert take(database, merchandiser, INVITES, later).figures["changed"] == 1, "an image names the inviter"
    with database.reading() as connection:
        key = connection.scalar(select(person.c.person_key).where(person.c.sex == "female"))
    done = erasure.forget(database, Actor("root", "admin"), "买家甲甲", now=NOW)
    assert asdict(done)["records"] >= 3
    assert str(key) not in _everything(database)
    with database.reading() as connection:
        assert len(read(connection, select(person))) == 1
        assert len(read(connection, select(member))) == 0
        assert connection.execute(select(invite.c.inviter_key)).all() == [("",)], "the invite stays counted"


def test_only_who_may_brings_people_in(sqlite: Database, finance: Actor) -> None:
    with pytest.raises(ShopError, match=r"access\.denied"):
        imports.inspect(sqlite, finance, PEOPLE, csv(PEOPLE_HEAD, [ANNA]), "people.csv")
