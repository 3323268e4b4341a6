"""One settings value, read from the environment (`DATABASE_URL`, `BIGSALE_*`) or from files; secrets from
nowhere else."""

from __future__ import annotations

from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MOST_OVER_RECEIPT = 20.0  # per cent of a purchase order's line
ROOT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """Everything an operator may choose from outside. Durations in seconds, sizes in MiB unless the name says
    more."""

    model_config = SettingsConfigDict(
        env_prefix="BIGSALE_", env_file=ROOT / ".env", extra="ignore", secrets_dir=None
    )

    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    data_dir: Path = ROOT / "data" / "local"
    timezone: str = "Asia/Shanghai"
    language: Literal["", "zh", "en"] = ""  # empty: the browser's
    rise_is_red: Literal["auto", "yes", "no"] = "auto"  # auto: red up in Chinese, green up in English
    secret: SecretStr = SecretStr("")  # empty: a key file made once in data_dir
    log_level: str = "INFO"

    session_hours: int = 12
    session_idle_minutes: int = 240
    behind_proxy: bool = (
        False  # believe X-Forwarded-For (its last entry) and X-Forwarded-Proto; else nobody does
    )
    metrics_token: SecretStr = SecretStr(
        ""
    )  # bearer token of /metrics; empty: this machine alone may read it
    labels_token: SecretStr = SecretStr(
        ""
    )  # bearer token of the label feed; empty: this machine alone may read it
    channels: dict[str, SecretStr] = Field(
        default_factory=dict
    )  # message channels by name: {"ops": "dingtalk://.."}
    channels_file: Path | None = None  # addresses of the message channels; None: channels.toml in data_dir
    inbox: Path | None = None  # folder whose workbooks are taken in; None: no folder is watched
    inbox_settle_seconds: int = Field(default=5, ge=1)  # how long a file must lie unchanged before it is read
    nats_url: SecretStr = SecretStr(
        ""
    )  # nats://account:password@host:4222, several with commas; empty: no stream
    nats_credentials: Path | None = None  # the account's .creds file; None: the address is enough
    nats_stream: str = "BIGSALE"  # the JetStream stream whose messages are events
    backup_at: time = time(3, 30)  # of the shop's day, every night
    backup_keep: int = Field(default=14, ge=0)  # newest backups that stay; 0: none is made by itself
    person_fields: dict[str, str] = Field(
        default_factory=dict
    )  # which field is the person: of events by source ({"app": "member_id"}; else user_key), of order exports
    # ("orders": "member") the member number instead of the buyer's name
    person_retention_months: int = Field(
        default=0, ge=0, le=1200
    )  # whose last trace is older is erased at night; 0: people stay until somebody asks
    pg_bin: Path | None = None  # folder of pg_dump and pg_restore; None: found on the PATH
    allowed_hosts: str = "127.0.0.1,localhost"
    public_url: str = ""  # https address of the shop's console, when behind a proxy

    count_approval_units: int = 50  # a stock count that moves more needs a second person
    count_approval_yuan: int = 2_000
    count_window_days: int = 30  # counts of one SKU by one person within these days are judged together
    approver_days: int = 7  # who was created, promoted or reset by the asker within these days may not decide
    order_approval_yuan: int = 500_000  # a replenishment order above it is approved by a second person
    over_receipt_percent: float = Field(
        default=5.0, ge=0, le=MOST_OVER_RECEIPT
    )  # of a line that may come beyond it

    read_memory_mib: int = 3072
    read_cpu_seconds: int = 120
    read_wall_seconds: int = 180
    upload_mib: int = 50
    upload_session_mib: int = 150  # files that one open page may hold
    upload_total_mib: int = 1024  # files that all open pages of a process may hold
    request_head_seconds: int = 15  # how long a connection may take to say what it wants
    request_body_seconds: int = 60  # and to send a body (files: five times as long), or to take an answer
    sockets_signed_out: int = 200  # pages open without sign-in, of all visitors
    sockets_signed_out_each: int = 40  # and of one address

    @property
    def url(self) -> str:
        """The database's address; SQLite below `data_dir` when none is given."""
        return self.database_url or f"sqlite:///{self.data_dir / 'bigsale.db'}"

    @property
    def embedded(self) -> bool:
        """True when the database is the embedded SQLite file of this machine."""
        return self.url.startswith("sqlite")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once. Tests that change the environment call `settings.cache_clear()`."""
    return Settings()
