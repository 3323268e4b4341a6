"""From the change to the robot: with it, once, in time, and without its address anywhere."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from core.access import Actor, audit
from core.database import Database
from core.errors import ShopError
from core.notify import post, send_due, service
from core.notify.channels import addresses
from core.notify.tables import channel, message
from core.notify.words import Wording
from core.settings import settings
from tests.notify.conftest import Receiver


def written(title: str, body: str) -> Wording:
    """A message that says the same in every language."""
    return lambda _language: (title, body)


def tell(database: Database, now: datetime, n: int = 1, level: str = "info", **more: str) -> None:
    with database.writing() as connection:
        for i in range(n):
            post(connection, now, written(f"缺货风险 {i}", f"SKU 0012{i}"), level, **more)


def states(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.scalars(select(message.c.state).order_by(message.c.id)))


def test_a_message_arrives_as_it_was_written(database: Database, ops: Receiver, now: datetime) -> None:
    tell(database, now)
    done = send_due(database, now)
    assert (done.postings, done.messages, done.failed, done.waiting) == (1, 1, 0, 0)
    assert [(m["title"], m["message"]) for m in ops.got] == [("缺货风险 0", "SKU 00120")]
    assert send_due(database, now).messages == 0, "once"


def test_a_message_exists_only_with_its_change(database: Database, ops: Receiver, now: datetime) -> None:
    with pytest.raises(RuntimeError), database.writing() as connection:  # noqa: PT012 - the fault comes after the message
        post(connection, now, written("t", "b"))
        raise RuntimeError
    assert states(database) == []


def test_no_platform_gets_more_than_its_minute(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        settings(), "channels", {"ding": SecretStr("dingtalk://x"), "fei": SecretStr("feishu://x")}
    )
    sent: list[tuple[datetime, str]] = []
    moment = now
    while moment < now + timedelta(minutes=2):
        tell(database, moment, 2, "urgent")
        send_due(
            database, moment, lambda url, title, body, moment=moment: sent.append((moment, url[:4])) or ""
        )
        moment += timedelta(seconds=2)
    ding = [at for at, url in sent if url == "ding"]
    assert max(sum(start <= at < start + timedelta(minutes=1) for at in ding) for start in ding) == 18
    assert len([at for at, url in sent if url == "feis"]) > len(ding)
    send_due(database, moment + timedelta(minutes=1), lambda *_: "")
    assert set(states(database)) == {"sent"}, "what did not fit went out in digests"


def test_it_waits_for_the_rush_to_pass(database: Database, ops: Receiver) -> None:
    rush = datetime.fromisoformat("2026-11-11T00:00:10+08:00")
    tell(database, rush, 1, "urgent")
    assert (send_due(database, rush).messages, ops.got) == (0, [])
    assert send_due(database, rush + timedelta(minutes=1)).messages == 1


def test_quiet_hours_and_levels_are_the_channels_own(database: Database, ops: Receiver, admin: Actor) -> None:
    night = datetime.fromisoformat("2026-11-05T03:00:00+08:00")
    service.change_channel(
        database,
        admin,
        "ops",
        service.Use(enabled=True, least="warning", quiet_from=23 * 60, quiet_to=8 * 60),
        night,
    )
    tell(database, night, 1, "info")
    tell(database, night, 1, "warning")
    tell(database, night, 1, "urgent")
    assert send_due(database, night).messages == 1, "the urgent one"
    assert send_due(database, night + timedelta(hours=5)).messages == 1, (
        "the warning in the morning; the info was never for this channel"
    )
    service.change_channel(database, admin, "ops", service.Use(enabled=False), night)
    tell(database, night, 1, "urgent")
    assert len(states(database)) == 2


def test_a_robot_that_is_down_gets_it_later_and_at_last_not(
    database: Database, ops: Receiver, now: datetime, admin: Actor
) -> None:
    ops.status = 500
    tell(database, now)
    assert send_due(database, now).failed == 1
    assert send_due(database, now + timedelta(seconds=29)).failed == 0
    ops.status = 200
    assert send_due(database, now + timedelta(seconds=31)).messages == 1
    tell(database, now, level="urgent")
    moment = now
    for _ in range(20):
        moment += timedelta(hours=1)
        send_due(database, moment, lambda *_: "refused")
    assert states(database) == ["sent", "failed"]
    assert service.try_again(database, admin, moment) == 1
    send_due(database, moment)
    assert states(database) == ["sent", "sent"]


def test_a_sender_that_died_loses_nothing(database: Database, ops: Receiver, now: datetime) -> None:
    tell(database, now)

    def die(*_: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_due(database, now, die)
    assert states(database) == ["sending"]
    assert send_due(database, now + timedelta(minutes=1)).messages == 0
    assert send_due(database, now + timedelta(minutes=6)).messages == 1
    assert len(ops.got) == 1


def test_two_senders_do_not_send_twice(database: Database, ops: Receiver, now: datetime) -> None:
    tell(database, now, 3)
    threads = [threading.Thread(target=send_due, args=(database, now)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ops.got) == 3
    assert states(database) == ["sent"] * 3


def test_an_alarm_that_keeps_firing_waits_once(database: Database, ops: Receiver, now: datetime) -> None:
    tell(database, now, 5, key="stockout:00123")
    assert len(states(database)) == 1
    send_due(database, now)
    tell(database, now, 1, key="stockout:00123")
    assert len(states(database)) == 2, "told again after the last one went out"


def test_addresses_come_from_file_and_environment_and_go_nowhere(
    database: Database, ops: Receiver, admin: Actor, now: datetime, tmp_path: Path, monkeypatch, caplog
) -> None:
    path = tmp_path / "channels.toml"
    path.write_text('[channels]\nteam = "dingtalk://abcdef0123"\nops = "json://overridden"\n')
    monkeypatch.setattr(settings(), "channels_file", path)
    assert set(addresses()) == {"ops", "team"}
    assert "127.0.0.1" in addresses()["ops"].get_secret_value(), "the environment wins"
    frame = service.channels(database, admin)
    assert frame[["name", "platform", "limit"]].to_numpy().tolist() == [
        ["ops", "json", 60],
        ["team", "dingtalk", 18],
    ]
    tell(database, now)
    ops.status = 500
    with caplog.at_level("DEBUG"):
        send_due(database, now)
    service.change_channel(database, admin, "ops", service.Use(enabled=True), now)
    with database.reading() as connection:
        stored = (
            "".join(str(connection.execute(select(table)).all()) for table in (message, channel))
            + audit.search(connection).to_string()
        )
    everything = (
        stored
        + frame.to_string()
        + service.queue(database, admin).to_string()
        + caplog.text
        + repr(settings())
    )
    assert not any(secret in everything for secret in ("hunter2", "abcdef0123"))
    path.write_text("[channels")
    with pytest.raises(ShopError) as caught:
        addresses()
    assert (caught.value.code, caught.value.facts) == ("notify.bad_file", {"file": "channels.toml"})


def test_a_test_message_says_what_became_of_it(
    database: Database, ops: Receiver, admin: Actor, now: datetime
) -> None:
    assert service.test_message(database, admin, "ops", now) == ""
    ops.status = 500
    assert service.test_message(database, admin, "ops", now) == "refused"
    assert [m["title"] for m in ops.got] == ["测试消息"]
    assert service.queue(database, admin)["state"].tolist() == ["failed", "sent"]
    row = service.channels(database, admin).iloc[0]
    assert (row["queued"], row["failed"], row["last_sent"]) == (0, 1, now)
    for change, code in (
        (("no", service.Use(enabled=True)), "unknown_channel"),
        (("ops", service.Use(least="loud")), "bad_level"),
        (("ops", service.Use(quiet_to=1440)), "bad_hours"),
        (("ops", service.Use(language="fr")), "bad_language"),
    ):
        with pytest.raises(ShopError, match=f"notify.{code}"):
            service.change_channel(database, admin, *change, now)


def test_without_a_channel_nothing_is_queued_or_asked(sqlite: Database, now: datetime) -> None:
    tell(sqlite, now)
    assert states(sqlite) == []
    with sqlite.writing() as connection:
        connection.execute(text("DROP TABLE message"))
    assert send_due(sqlite, now).messages == 0
