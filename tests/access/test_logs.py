"""Logs: every fact as JSON, no secret in any of them."""

from __future__ import annotations

import json
import logging

import pytest

from core import logs


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]):
    """What was logged since, as objects."""
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = root.handlers[:]
    logs.configure.cache_clear()
    logs.configure()
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    root.handlers, root.level = handlers, level
    logs.configure.cache_clear()


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("postgresql+psycopg://shop:hunter2@db:5432/bigsale", "@db:5432/bigsale", "hunter2"),
        ("could not post to dingtalk://abcdef0123/13800000000?secret=s3", "dingtalk://", "abcdef0123"),
        ("feishu://tok-en-123/ failed", "failed", "tok-en-123"),
        ("https://oapi.dingtalk.com/robot/send?access_token=abc&sign=xyz", "oapi.dingtalk.com", "abc"),
        ("Authorization: Bearer eyJhbGciOi.x-y_z", "Authorization", "eyJhbGciOi"),
        ("password=hunter2 host=db", "host=db", "hunter2"),
        ("mailto://me:pw@mail.example", "mailto://", "pw@"),
    ],
)
def test_credentials_are_taken_out_of_texts(text: str, kept: str, gone: str) -> None:
    assert kept in logs.clean(text)
    assert gone not in logs.clean(text)


def test_ordinary_texts_stay(lines) -> None:
    for text in ("导入 1,200 行，SKU 00123", "http://127.0.0.1:8501/stock?sku=00123", "满300减50"):
        assert logs.clean(text) == text


def test_telling_keys_are_hidden_at_every_depth(lines) -> None:
    logs.log().info(
        "x",
        password="p1",
        word="w1",
        metrics_token="t1",
        url="dingtalk://u1",
        nested={"secret": "s1", "rows": [{"cookie": "c1", "n": 5}]},
        rows=3,
    )
    (line,) = lines()
    assert (line["event"], line["level"], line["rows"], line["nested"]["rows"][0]["n"]) == ("x", "info", 3, 5)
    assert not any(secret in json.dumps(line) for secret in ("p1", "w1", "t1", "u1", "s1", "c1"))


def test_a_fault_is_logged_whole_under_the_id_that_the_user_sees(lines) -> None:
    try:
        raise RuntimeError("cannot reach postgresql://shop:hunter2@db/bigsale")
    except RuntimeError as error:
        error_id = logs.unexpected(error, path="/stock")
    (line,) = lines()
    assert (line["error_id"], line["path"], line["kind"]) == (error_id, "/stock", "RuntimeError")
    assert "test_logs.py" in line["exception"]
    assert "hunter2" not in json.dumps(line)


def test_the_libraries_loggers_write_the_same_cleaned_lines(lines) -> None:
    logging.getLogger("uvicorn.error").warning("proxy %s", "http://me:hunter2@proxy")
    logging.getLogger("alembic").info("not worth a line")
    (line,) = lines()
    assert (line["logger"], line["level"]) == ("uvicorn.error", "warning")
    assert "hunter2" not in line["event"]


def test_keys_and_secret_addresses_stay_out_of_the_log(lines) -> None:
    logging.getLogger("uvicorn.access").warning('"GET /calendar/abc-DEF_123.ics HTTP/1.1" 200')
    logging.getLogger("uvicorn.error").warning("bsk_abcDEF123 whsec_abc+/==")
    for line in lines():
        assert not any(secret in line["event"] for secret in ("abc-DEF", "abcDEF123", "abc+/"))
