"""Messages in words: both languages, figures as the trade writes them, and names that stay names on every
platform."""

from __future__ import annotations

import json
import re
import string
from datetime import date, datetime
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.notify import post, service
from core.notify.postings import LONGEST, Waiting, postings
from core.notify.sender import deliver
from core.notify.words import _FORMATS, LANGUAGES, as_markdown, house_language, say, shown
from core.settings import settings
from core.translations import sentences
from tests.commands.test_run import Said, core
from tests.notify.conftest import Receiver

HOSTILE = '<at user_id="all">所有人</at> **粗** [领](http://evil.example) `a` _b_ #c'
__all__ = ["core"]


def test_both_languages_ask_for_the_same_blanks_in_formats_that_there_are() -> None:
    for key in {key for key in sentences("zh") if key.startswith("message.")} | {
        key for key in sentences("en") if key.startswith("message.")
    }:
        zh, en = (
            sorted((n, f) for _, n, f, _ in string.Formatter().parse(sentences(one)[key]) if n)
            for one in LANGUAGES
        )
        assert zh == en, key
        assert all(not spec or spec in _FORMATS or spec.startswith("@") for _, spec in zh), key


def test_figures_are_written_as_each_language_does() -> None:
    facts = {"forecast": 81_234_567_00, "high": 9_000_000_00, "target": 120_000_000_00, "short": 0.323}
    assert say("zh", "message.alert.pace", **facts).startswith(
        "预计收盘 ¥8,123.46万，有九成五把握到不了 ¥900万，目标 ¥1.2亿，差 32.3%"
    )
    assert (
        say("en", "message.alert.pace", **facts)
        == "forecast to close ¥81.23M, 95% sure to stay below ¥9M, target ¥120M, 32.3% short"
    )
    assert [say(one, "message.task_due", due_on=date(2026, 11, 9)) for one in LANGUAGES] == [
        "截止 11-09",
        "due 9 Nov",
    ]


@given(st.text(max_size=300))
def test_a_name_is_one_short_line_without_hidden_letters(name: str) -> None:
    said = shown(name)
    assert shown(said) == said
    assert len(said.replace("\u2060", "")) <= 40
    assert all(letter.isprintable() for letter in said.replace("\u2060", ""))
    assert not re.search(r"<[^\s\u2060]|://|\]\(", said)


@given(st.text(alphabet="ab12 \n*_`[]()<>#|~!&$-+=.\\{}", max_size=60))
def test_markdown_shows_the_same_letters(text: str) -> None:
    assert re.sub(r"\\([^\w\s]|_)", r"\1", as_markdown(text)).replace("  \n  ", "\n") == text


class Answer:
    """What a platform says that takes everything."""

    status_code, content, text, headers = 200, b'{"errcode": 0, "code": 0}', "", {}


@pytest.mark.parametrize(
    ("address", "shape"),
    [
        ("dingtalk://abcdef0123", "text"),
        ("dingtalk://abcdef0123?format=markdown", "markdown"),
        ("feishu://abcdef0123456789abcdef", "text"),
        ("wecombot://abcdef0123456789", "text"),
    ],
)
def test_robots_show_a_hostile_name_letter_by_letter(
    address: str, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(requests, "post", lambda *_, **how: sent.append(json.loads(how["data"])) or Answer())
    assert (
        deliver(address, "双 11 · *价*", f"{say('zh', 'message.goods', name=HOSTILE, code='S_01')}\n第二行")
        == ""
    )
    (body,) = sent
    assert (body.get("msgtype") or body.get("msg_type")) == shape
    text = json.dumps(body, ensure_ascii=False)
    assert "<at" not in text
    assert "http://" not in text
    if shape == "markdown":
        shown_text = body["markdown"]["text"]
        assert re.findall(r"(?<!\\)[*`_\[\]<>]", shown_text) == []
        assert "  \n  第二行" in shown_text
    else:
        assert "**粗**" in text
        assert "（S_01）" in text


def test_a_digest_counts_and_names_in_the_channels_language() -> None:
    waiting = [
        Waiting(str(n), "info", f"11.11 · 任务{n}", "拍主图\n截止 10-21\n负责人 王" * 5) for n in range(30)
    ]
    for language, title, last in (
        ("zh", "30 条消息，先看：11.11 · 任务0", "另有 (\\d+) 条没列出"),
        ("en", "30 messages, first: 11.11 · 任务0", "and (\\d+) more messages"),
    ):
        (posting,) = postings(waiting, 18, language)
        *lines, rest = posting.body.splitlines()
        assert posting.title == title
        assert lines[0].startswith(
            "· 11.11 · 任务0" + ("：" if language == "zh" else ": ") + "拍主图 / 截止 10-21 / 负责人 王"
        )
        assert len(lines) + int(re.fullmatch(last, rest)[1]) == 30  # type: ignore[index]
        assert len(posting.body.encode()) <= LONGEST


def test_a_channel_keeps_its_language_and_takes_the_houses_until_then(
    database: Database, ops: Receiver, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoken() -> str:
        return str(service.channels(database, admin)["language"].iloc[0])

    assert (house_language(), spoken()) == ("zh", "zh")
    monkeypatch.setattr(settings(), "language", "en")
    assert spoken() == "en"
    service.change_channel(database, admin, "ops", service.Use(language="zh"), now)
    assert spoken() == "zh"
    service.change_channel(database, admin, "ops", service.Use(least="warning"), now)
    assert service.channels(database, admin)[["language", "least", "enabled"]].iloc[0].tolist() == [
        "zh",
        "warning",
        True,
    ]
    with pytest.raises(ShopError, match="notify.bad_language"):
        service.change_channel(database, admin, "ops", service.Use(language="fr"), now)
    with database.writing() as connection:
        post(connection, now, lambda language: (language, language), "urgent")
    assert service.queue(database, admin)["title"].tolist() == ["zh"]
    service.change_channel(database, admin, "ops", service.Use(language="en"), now)
    assert service.test_message(database, admin, "ops", now) == ""
    assert ops.got[-1]["message"] == "A test from the Big-Sale Control Room, sent by " + admin.name + "."


def test_the_command_line_says_and_sets_it(core: Any, ops: Receiver) -> None:
    said: Said = core("--json", "channel", "ops", "--language", "en", "--least", "urgent")
    assert said.code == 0
    assert [(row["name"], row["language"], row["least"], row["enabled"]) for row in said.json] == [
        ("ops", "en", "urgent", True)
    ]
    assert core("--json", "channel", "ops", "--off").json[0]["enabled"] is False
    assert core("--json", "channel").json[0]["language"] == "en"
    assert core("--json", "channel", "ops", "--language", "fr").json["error"] == "notify.bad_language"
    assert core("--json", "channel", "none", "--language", "en").json["error"] == "notify.unknown_channel"
