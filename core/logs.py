"""Structured logs: one JSON object a line on standard error, secrets taken out, and an error id that the user
sees."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, TextIO

from core.settings import settings

HIDDEN = "***"
_SECRET_KEY = re.compile(
    r"pass|word|secret|token|cookie|authorization|digest_key|api_?key|webhook|url$|dsn", re.IGNORECASE
)
_IN_TEXT = (
    (re.compile(r"(?<=://)[^\s/@:'\"]*:[^\s/@'\"]*(?=@)"), HIDDEN),  # user:password@ in an address
    (
        re.compile(
            r"\b(dingtalk|wecombot|wecom|feishu|lark|mailtos?|jsons?|slack|discord|tgram)://[^\s'\"]+",
            re.IGNORECASE,
        ),
        rf"\1://{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(bsk_|whsec_)[\w+/=-]+"), rf"\1{HIDDEN}"),  # our own keys and signing secrets
    (re.compile(r"(/calendar/)[\w-]+"), rf"\1{HIDDEN}"),  # a person's secret address
    (re.compile(r"(?i)((?:password|secret|access_token|token|sign|key)=)[^\s&'\"]+"), rf"\1{HIDDEN}"),
)


def clean(text: str) -> str:
    """The text without what looks like a credential: passwords in addresses, robots' tokens, bearer values.

    >>> clean("connect postgresql://shop:hunter2@db/bigsale failed")
    'connect postgresql://***@db/bigsale failed'
    """
    for pattern, instead in _IN_TEXT:
        text = pattern.sub(instead, text)
    return text


def redact(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """structlog processor: values of telling keys are hidden, all other text is cleaned."""
    for key, value in event.items():
        event[key] = _clean_value(key, value)
    return event


def _clean_value(key: str, value: object) -> object:
    if _SECRET_KEY.search(key) and key not in {"keyword", "words"}:
        return HIDDEN if value else value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {inner: _clean_value(str(inner), part) for inner, part in value.items()}
    return [_clean_value("", part) for part in value] if isinstance(value, list | tuple) else value


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at that moment, not to the one of the start."""

    def emit(self, record: logging.LogRecord) -> None:
        """One record, to the standard error of now."""
        self.stream = sys.stderr
        super().emit(record)


class _Lines(logging.Formatter):
    """Cleaned JSON lines. structlog, which takes as long to load as a short command to run, is loaded with the first."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return _formatter().format(record)


@lru_cache(maxsize=1)
def _formatter() -> logging.Formatter:
    """structlog set up, and what writes its records and the libraries' own alike."""
    import structlog

    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    ending: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    return structlog.stdlib.ProcessorFormatter(processors=ending, foreign_pre_chain=[*chain, redact])


@lru_cache(maxsize=1)
def configure() -> None:
    """Sets the process's logging up, once: structlog and the libraries' own loggers write the same cleaned
    JSON lines."""
    handler = _ToStandardError()
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings().log_level.upper())
    for served in (
        "uvicorn",
        "uvicorn.error",
        "uvicorn.access",
    ):  # a server in this process brings handlers of its own
        logger = logging.getLogger(served)
        logger.handlers, logger.propagate, logger.disabled = [], True, False
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def log(name: str = "bigsale") -> Any:
    """A logger that takes facts as keywords: `log().info("import.committed", rows=12)`."""
    import structlog

    _formatter()
    return structlog.get_logger(name)


def unexpected(error: BaseException, **facts: object) -> str:
    """Logs a fault with its traceback and returns the short id that the user is shown (and can read out on
    the telephone)."""
    error_id = secrets.token_hex(4)
    log("bigsale.fault").error(
        "unexpected", error_id=error_id, kind=type(error).__name__, exc_info=error, **facts
    )
    return error_id
