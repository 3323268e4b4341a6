"""One settings value, read from the environment (`DATABASE_URL`, `BIGSALE_*`) or from files; secrets from nowhere else."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """Everything an operator may choose from outside. Durations in seconds, sizes in MiB unless the name says more."""

    model_config = SettingsConfigDict(env_prefix="BIGSALE_", env_file=ROOT / ".env", extra="ignore", secrets_dir=None)

    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    data_dir: Path = ROOT / "data" / "local"
    timezone: str = "Asia/Shanghai"
    language: Literal["", "zh", "en"] = ""  # empty: the browser's
    rise_is_red: Literal["auto", "yes", "no"] = "auto"  # auto: red up in Chinese, green up in English
    secret: SecretStr = SecretStr("")  # empty: a key file made once in data_dir
    log_level: str = "INFO"

    session_hours: int = 12
    session_idle_minutes: int = 240
    behind_proxy: bool = False  # take the visitor's address from the last entry of X-Forwarded-For
    metrics_token: SecretStr = SecretStr("")  # bearer token of /metrics; empty: this machine alone may read it
    labels_token: SecretStr = SecretStr("")  # bearer token of the label feed; empty: this machine alone may read it
    channels: dict[str, SecretStr] = Field(default_factory=dict)  # message channels by name: {"ops": "dingtalk://.."}
    channels_file: Path | None = None  # addresses of the message channels; None: channels.toml in data_dir
    pg_bin: Path | None = None  # folder of pg_dump and pg_restore; None: found on the PATH
    allowed_hosts: str = "127.0.0.1,localhost"
    public_url: str = ""  # https address of the shop's console, when behind a proxy

    count_approval_units: int = 50  # a stock count that moves more needs a second person
    count_approval_yuan: int = 2_000

    read_memory_mib: int = 3072
    read_cpu_seconds: int = 120
    read_wall_seconds: int = 180
    upload_mib: int = 50

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
