"""What has been released: its schema's version, the digest of the migration that makes it, and a small shop of that time.
`python -m tests.database.releases 1.0.0` adds one, when everything of it is done."""

from __future__ import annotations

import gzip
import hashlib
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, connect
from core.database.migrate import head, upgrade
from core.goods.sheet import GOODS
from core.imports import service as imports
from core.stock.sheet import STOCK
from data.demo_goods import files
from tests.demo_shop import into_one_file

FOLDER = Path(__file__).parent / "released"
VERSIONS = Path(__file__).resolve().parents[2] / "core/database/migrations/versions"
DAY = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
BUYER, LEAD = Actor("mei", "merchandiser", "cli"), Actor("lin", "campaign_lead", "cli")


def released() -> dict[str, dict[str, str]]:
    """By number of the release: `version` of its schema and `digest` of each migration that it brought."""
    known: dict[str, dict[str, str]] = orjson.loads((FOLDER / "releases.json").read_bytes())
    return known


def digest(version: str) -> str:
    """The SHA-256 of a migration's file."""
    (file,) = VERSIONS.glob(f"{version}_*.py")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def shop_of(release: str, path: Path) -> Database:
    """The small shop that was kept of a release, unpacked at that path."""
    path.write_bytes(gzip.decompress((FOLDER / f"{release}.db.gz").read_bytes()))
    return connect(f"sqlite:///{path}")


def _fill(database: Database) -> None:
    made = files(date(2026, 10, 21))
    for kind, name in ((GOODS, "goods.xlsx"), (STOCK, "stock.xlsx")):
        draft = imports.check(imports.inspect(database, BUYER, kind, made[name], name))
        imports.commit(database, BUYER, draft, now=DAY)
    opens = DAY + timedelta(days=21)
    campaigns.add_sale(database, LEAD, NewSale("11.11", opens, opens + timedelta(days=1)), now=DAY)


def main(release: str) -> None:
    """Keeps a small shop of the program as it stands, under the number of its release."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        database = connect(f"sqlite:///{path}")
        upgrade(database)
        _fill(database)
        into_one_file(database)
        (FOLDER / f"{release}.db.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    known = released() if (FOLDER / "releases.json").exists() else {}
    known[release] = {"version": head(), "digest": digest(head())}
    (FOLDER / "releases.json").write_bytes(orjson.dumps(known, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    import tests.conftest  # noqa: F401 - the key with which the tests open what is kept here

    main(sys.argv[1])
