"""Sessions: what a cookie is worth, from sign-in to sign-out, and what it is worth in the wrong hands."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.access import Actor, accounts, back_off, passwords, service, sessions
from core.access.accounts import NewAccount
from core.access.service import Duties
from core.access.sessions import Client
from core.access.tables import audit, session
from core.access.tables import back_off as back_off_table
from core.database import Database
from core.errors import ShopError
from tests import cheaply
from tests.conftest import together

WORD = "peach-lantern-42"


@pytest.fixture
def mei(database: Database, admin: Actor, now: datetime) -> str:
    """An account whose password is known."""
    service.add_account(
        database,
        admin,
        NewAccount("mei", "merchandiser", department="goods", email="Mei@Shop.example", word=WORD),
        now,
    )
    return "mei"


def enter(
    database: Database,
    now: datetime,
    name: str = "mei",
    word: str = WORD,
    address: str = "10.0.0.1",
    device: str = "",
    browser: str = "",
) -> sessions.SignedIn:
    return sessions.sign_in(database, name, word, Client(address, "test browser", device, browser), now)


def refused(database: Database, now: datetime, **given: str) -> ShopError:
    with pytest.raises(ShopError) as caught:
        enter(database, now, **given)
    return caught.value


def test_a_session_knows_its_person_until_it_ends(database: Database, mei: str, now: datetime) -> None:
    opened = enter(database, now, name=" MEI ")  # folded: blanks and capitals do not make another person
    assert sessions.who(database, opened.token, now) == Actor(
        "mei", "merchandiser", "page", "10.0.0.1", "goods"
    )
    assert (
        sessions.who(database, opened.token, opened.expires_at - timedelta(seconds=1)) is None
    )  # idle for hours
    sessions.sign_out(database, opened.token, now)
    assert sessions.who(database, opened.token, now) is None, "a cookie replayed after sign-out"


def test_looking_keeps_a_session_awake_but_not_beyond_its_end(
    database: Database, mei: str, now: datetime
) -> None:
    opened = enter(database, now)
    moment = now
    while moment < opened.expires_at - timedelta(hours=3):
        moment += timedelta(hours=3)
        assert sessions.who(database, opened.token, moment) is not None
        assert sessions.flush(database) == 1
    assert sessions.who(database, opened.token, opened.expires_at) is None
    with database.reading() as connection:
        assert connection.scalar(select(session.c.seen_at)) == moment


@pytest.mark.parametrize(
    "token", [None, 7, object(), "", "x" * 43, "' OR 1=1 --" * 4, "\ud800" * 30, "é" * 40, "x" * 10_000]
)
def test_a_forged_or_guessed_cookie_is_nobody(
    database: Database, mei: str, now: datetime, token: object
) -> None:
    enter(database, now)
    assert sessions.who(database, token, now) is None


def test_the_stored_digest_is_no_cookie(database: Database, mei: str, now: datetime) -> None:
    opened = enter(database, now)
    with database.reading() as connection:
        stored = connection.scalar(select(session.c.digest))
        everything = str(connection.execute(select(session)).all()) + str(
            connection.execute(select(audit)).all()
        )
    assert stored == sessions.digest_of(opened.token)
    assert sessions.who(database, stored, now) is None
    assert opened.token not in everything
    assert WORD not in everything


def test_unknown_disabled_and_wrong_are_the_same_answer_after_the_same_work(
    database: Database, admin: Actor, mei: str, now: datetime, monkeypatch
) -> None:
    service.add_account(database, admin, NewAccount("gone", "viewer", word=WORD), now)
    service.disable_account(database, admin, "gone", now)
    verified: list[str] = []
    real = passwords._argon2.verify
    monkeypatch.setattr(
        passwords._argon2, "verify", lambda word, stored: verified.append(stored) or real(word, stored)
    )
    answers = [
        refused(database, now, name=name, word=word)
        for name, word in (("mei", "wrong-wrong"), ("nobody", "wrong-wrong"), ("gone", WORD))
    ]
    assert [(error.code, error.facts) for error in answers] == [("access.wrong_password", {})] * 3
    assert len(verified) == 3, "every refusal costs one verification"
    assert len({stored.split("$")[3] for stored in verified}) == 1, "and every verification costs the same"


def test_twenty_wrong_passwords_slow_down_and_never_lock_out(
    database: Database, mei: str, now: datetime, monkeypatch
) -> None:
    monkeypatch.setattr(passwords, "matches", lambda word, stored: word == WORD and stored is not None)
    moment, waits = now, []
    for _ in range(20):
        error = refused(database, moment, word="wrong-wrong")
        if error.code == "access.slow_down":
            waits.append(error.facts["seconds"])
            moment += timedelta(seconds=int(str(error.facts["seconds"])))
            assert refused(database, moment, word="wrong-wrong").code == "access.wrong_password"
    assert waits == sorted(waits)
    assert max(waits) <= 601, "nobody waits longer than ten minutes"
    assert refused(database, moment, word=WORD).code == "access.slow_down", (
        "the right password waits as well: no guess is told"
    )
    assert enter(database, moment + timedelta(seconds=601)).token


def test_somebody_elses_hammering_does_not_shut_the_owner_out(
    database: Database, mei: str, now: datetime, monkeypatch
) -> None:
    monkeypatch.setattr(passwords, "matches", lambda word, stored: word == WORD and stored is not None)
    device = enter(database, now).device
    for n in range(300):
        refused(database, now + timedelta(milliseconds=n), word="wrong-wrong", address=f"203.0.113.{n % 40}")
    moment = now + timedelta(seconds=1)
    mark = back_off.browser_mark(now - timedelta(minutes=1))
    assert enter(database, moment, address="10.0.0.9", browser=mark).token, "in a browser at the sign-in page"
    assert enter(database, moment, address="203.0.113.1", browser=mark).token, (
        "at the attacker's own address too"
    )
    assert enter(database, moment, address="203.0.113.1", device=device).token, (
        "from the attacker's own network, in a browser that was here before"
    )
    assert refused(database, moment, address="203.0.113.1").code == "access.slow_down"
    assert (
        refused(
            database, moment, address="203.0.113.1", device=device[:-1] + ("1" if device[-1] == "0" else "0")
        ).code
        == "access.slow_down"
    ), "a forged mark"


def test_parallel_guesses_do_not_slip_through_together(
    database: Database, mei: str, now: datetime, monkeypatch
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(passwords, "matches", lambda word, stored: False)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda n: refused(database, now, word=f"wrong-{n}").code, range(40)))
    assert codes.count("access.wrong_password") == 6, "five free, the sixth sets the wait"


def test_back_off_rows_name_nobody_and_are_forgotten(
    database: Database, mei: str, now: datetime, monkeypatch
) -> None:
    monkeypatch.setattr(passwords, "matches", lambda word, stored: word == WORD and stored is not None)
    refused(database, now, name="my-password-typed-as-name", word="wrong-wrong")
    with database.reading() as connection:
        assert "my-password" not in str(connection.execute(select(back_off_table)).all())
    enter(database, now + timedelta(hours=2))
    with database.reading() as connection:
        left = connection.execute(select(back_off_table)).all()
    assert all(row.last_at > now for row in left)


def test_a_first_password_opens_nothing_but_its_change(
    database: Database, admin: Actor, now: datetime
) -> None:
    first = service.add_account(database, admin, NewAccount("fin", "finance"), now)
    opened = enter(database, now, name="fin", word=first.password)
    assert opened.must_change
    assert sessions.who(database, opened.token, now) is None
    assert sessions.must_change(database, opened.token, now)
    other = enter(database, now, name="fin", word=first.password)
    fresh = sessions.change_password(
        database,
        opened.token,
        sessions.NewPassword(first.password, "a-lantern-of-my-own"),
        sessions.Browser("", ""),
        now,
    )
    assert sessions.who(database, fresh.token, now) is not None
    assert sessions.who(database, opened.token, now) is None
    assert sessions.visit(database, other.token, now) is None, "every other session of the account ended"
    assert refused(database, now, name="fin", word=first.password).code == "access.wrong_password"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("wrong-wrong", "a-lantern-of-my-own", "access.wrong_password"),
        (WORD, WORD, "access.password_same"),
        (WORD, "short", "access.password_short"),
        (WORD, "x" * 300, "access.password_long"),
        (WORD, "mei123456!", "access.password_weak"),
        (WORD, "aaaaaaaaaaaa", "access.password_weak"),
        (WORD, "Ｐａｓｓｗｏｒｄ１２３４５６", "access.password_weak"),
    ],
)
def test_a_bad_new_password_is_refused(
    sqlite: Database, admin: Actor, now: datetime, old: str, new: str, code: str
) -> None:
    service.add_account(sqlite, admin, NewAccount("mei", "merchandiser", word=WORD), now)
    opened = enter(sqlite, now)
    with pytest.raises(ShopError) as caught:
        sessions.change_password(
            sqlite, opened.token, sessions.NewPassword(old, new), sessions.Browser("", ""), now
        )
    assert caught.value.code == code
    assert sessions.who(sqlite, opened.token, now) is not None


def test_disabling_changing_and_signing_out_everywhere_count_at_once(
    database: Database, admin: Actor, mei: str, now: datetime
) -> None:
    here, there = enter(database, now), enter(database, now, address="10.0.0.2")
    service.change_account(database, admin, "mei", now, duties=Duties(role="viewer"))
    found = sessions.who(database, here.token, now)
    assert found is not None
    assert found.role == "viewer"
    later = now + timedelta(seconds=1)
    assert sessions.sign_out_everywhere(database, here.token, later) == 2
    assert sessions.who(database, there.token, later) is None
    again = enter(database, later)
    service.disable_account(database, admin, "mei", later)
    assert sessions.who(database, again.token, later) is None
    service.disable_account(database, admin, "mei", later, disabled=False)
    assert sessions.who(database, again.token, later) is None, "an ended session does not come back to life"


def test_the_oldest_of_too_many_sessions_make_room(
    database: Database, mei: str, admin: Actor, now: datetime
) -> None:
    actor = Actor("mei", "merchandiser")
    tokens = []
    for n in range(sessions.MOST_LIVE + 5):
        with database.writing() as connection:
            tokens.append(sessions.open_session(connection, actor, "", now + timedelta(seconds=n)).token)
    later = now + timedelta(minutes=1)
    alive = [sessions.who(database, token, later) is not None for token in tokens]
    assert alive == [False] * 5 + [True] * sessions.MOST_LIVE
    assert len(service.live_sessions(database, admin, later)) == sessions.MOST_LIVE


def test_the_identity_provider_proves_an_address_and_our_table_gives_the_role(
    database: Database, admin: Actor, mei: str, now: datetime
) -> None:
    claims = {"email": "MEI@shop.example", "email_verified": True, "iat": now.timestamp(), "role": "admin"}
    email, issued = sessions.verified_email(claims), sessions.issued_moment(claims)
    assert sessions.who_oidc(database, email, now, issued) == Actor(
        "mei", "merchandiser", "page", "", "goods"
    )
    assert sessions.verified_email(claims | {"email_verified": False}) == ""
    assert sessions.verified_email(claims | {"email_verified": "true"}) == "", (
        "only the provider's true is true"
    )
    assert sessions.who_oidc(database, "", now) is None
    assert sessions.who_oidc(database, "stranger@shop.example", now, issued) is None
    assert sessions.who_oidc(database, email, now + timedelta(hours=12), issued) is None
    later = now + timedelta(seconds=1)
    service.end_sessions(database, admin, "mei", later)
    assert sessions.who_oidc(database, email, later, issued) is None
    assert sessions.who_oidc(database, email, later, later) is not None


def test_device_marks_hold_for_one_account_and_half_a_year(now: datetime) -> None:
    mark = back_off.device_mark("mei", now)
    assert back_off.known_device(mark, "mei", now)
    assert not back_off.known_device(mark, "fin", now)
    assert not back_off.known_device(mark, "mei", now + timedelta(days=181))
    for broken in (
        "",
        ".",
        "..",
        mark[:-1],
        mark + "0",
        "é" + mark,
        f"{secrets.token_hex(8)}.{int(datetime.now(UTC).timestamp())}.{'0' * 64}",
    ):
        assert not back_off.known_device(broken, "mei", now)


def test_the_products_own_hashes_cost_what_they_should() -> None:
    assert cheaply.ARGON2.hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_generated_passwords_are_strong_and_accepted() -> None:
    words = {passwords.generate() for _ in range(200)}
    assert len(words) == 200
    for word in words:
        passwords.require_good(word, "admin")
    assert passwords.matches("Ｐｅａｃｈ-4242x", passwords.sealed("Peach-4242x")), (
        "full-width letters are the same password"
    )


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 65, "../etc", "<b>", "a\nb", "a,b"])
def test_odd_names_are_refused(sqlite: Database, admin: Actor, now: datetime, name: str) -> None:
    with pytest.raises(ShopError, match="access.bad_name"):
        service.add_account(sqlite, admin, NewAccount(name, "viewer"), now)


def test_accounts_keep_an_administrator_and_unique_names(database: Database, now: datetime) -> None:
    first = service.first_account(database, now)
    assert first is not None
    assert (first.name, first.role) == ("admin", "admin")
    assert service.first_account(database, now) is None
    boss = service.operator(database, "admin")
    for act in (
        lambda: service.disable_account(database, boss, "admin", now),
        lambda: service.change_account(database, boss, "admin", now, duties=Duties(role="viewer")),
    ):
        with pytest.raises(ShopError, match="access.last_admin"):
            act()
    service.add_account(database, boss, NewAccount("小梅", "finance", email="a@b.example"), now)
    for given, code in (
        ({"name": "小梅"}, "name_taken"),
        ({"name": "b", "email": "A@B.example"}, "email_taken"),
        ({"name": "c", "email": "x"}, "bad_email"),
    ):
        with pytest.raises(ShopError, match=code):
            service.add_account(database, boss, NewAccount(**({"role": "viewer"} | given)), now)
    service.add_account(database, boss, NewAccount("阿强", "viewer"), now)
    with pytest.raises(ShopError, match="email_taken"):
        service.change_account(database, boss, "阿强", now, duties=Duties(role="viewer", email="A@B.example"))
    service.change_account(
        database, boss, "小梅", now, duties=Duties(role="finance", department="财务", email="A@B.example")
    )
    service.change_account(database, boss, "阿强", now, duties=Duties(role="viewer"))
    frame = service.people(database, boss).query("name != '阿强'")
    assert frame["name"].tolist() == ["admin", "小梅"]
    assert frame["must_change"].tolist() == [True, True]
    assert "password" not in frame.columns
    reset = service.reset_password(database, boss, "小梅", now)
    assert enter(database, now, name="小梅", word=reset.password).must_change


def test_an_empty_house_opened_twice_at_once_has_one_first_account(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "create", together(accounts.create))
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(lambda _: service.first_account(database, now), range(2)))
    assert [first.name for first in made if first is not None] == ["admin"]


def test_two_administrators_who_demote_each_other_at_once_do_not_both_go(
    database: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        service.add_account(database, admin, NewAccount(name, "admin"), now)
    monkeypatch.setattr(service.audit, "record", together(service.audit.record))

    def demote(name: str) -> str:
        try:
            service.change_account(database, admin, name, now, duties=Duties(role="viewer"))
        except ShopError as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(demote, ("one", "two"))) == ["access.last_admin", "done"]


def test_the_local_operator_exists_where_nobody_else_can(
    sqlite: Database, postgres: Database, admin: Actor, now: datetime
) -> None:
    assert service.operator(sqlite).role == "admin"
    assert service.operator(postgres).role == "admin", "until the first account is made"
    service.add_account(postgres, admin, NewAccount("boss", "admin"), now)
    with pytest.raises(ShopError, match="access.name_yourself"):
        service.operator(postgres)
    assert service.operator(postgres, "boss").name == "boss"
    service.add_account(postgres, admin, NewAccount("gone", "viewer"), now)
    service.disable_account(postgres, admin, "gone", now)
    for name, code in (("gone", "access.disabled"), ("nobody", "access.unknown_account")):
        with pytest.raises(ShopError, match=code):
            service.operator(postgres, name)


def test_names_fold() -> None:
    assert accounts.clean_name("  ＭＥＩ ") == "mei"
