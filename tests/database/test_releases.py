"""Whoever runs a release comes up to this program with everything that was in the shop."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.backup.checks import broken, check
from core.database.migrate import current, head, require_current, upgrade
from core.goods.tables import sku
from core.stock import service as stock
from tests import servers
from tests.database.next_version import change
from tests.database.releases import digest, released, shop_of

ROOT = Path(__file__).resolve().parents[2]
RELEASES = list(released())


def test_this_program_is_in_the_list_of_releases_or_comes_after_them() -> None:
    number = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert all(f"## {release} " in changes for release in RELEASES)
    assert number in RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_what_a_release_brought_is_never_changed(release: str) -> None:
    known = released()[release]
    assert digest(known["version"]) == known["digest"], (
        "a migration that has been released is not edited: make a new one"
    )


@pytest.mark.parametrize("release", RELEASES)
def test_a_shop_of_a_release_comes_up_whole(release: str, tmp_path: Path) -> None:
    shop = shop_of(release, tmp_path / "shop.db")
    assert current(shop) == released()[release]["version"]
    upgrade(shop)
    require_current(shop)
    with shop.reading() as connection:
        assert broken(check(connection)) == {}
        goods = connection.scalar(select(func.count()).select_from(sku))
    positions = stock.positions(shop, Actor("mei", "merchandiser", "cli"))
    assert len(positions) == goods == 300
    assert int(positions["on_hand"].sum()) > 0
    shop.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("release", RELEASES)
def test_the_schema_of_a_release_comes_up_on_postgresql(release: str, postgres_server: str) -> None:
    with servers.nothing(postgres_server) as database:
        upgrade(database, released()[release]["version"])
        upgrade(database)
        require_current(database)
        assert current(database) == head()
        with database.reading() as connection:
            assert broken(check(connection)) == {}


def test_the_migrations_make_what_the_tables_say() -> None:
    assert change() == ("pass", "pass"), 'make schema WORDS="what has changed"'


def test_a_new_column_becomes_a_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import Column, MetaData, String

    from core.database.types import load_tables
    from tests.database import next_version

    tables = MetaData()
    for table in load_tables().sorted_tables:
        table.to_metadata(tables)
    tables.tables["sku"].append_column(Column("colour_of_box", String(20)))
    monkeypatch.setattr(next_version, "load_tables", lambda: tables)
    up, down = next_version.change()
    assert "batch_op.add_column(sa.Column('colour_of_box'" in up
    assert "batch_op.drop_column('colour_of_box')" in down
