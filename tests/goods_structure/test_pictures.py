"""An archive of pictures goes in as thumbnails; what is no picture, or has no SKU, is named and not kept."""

from __future__ import annotations

import zipfile
from contextvars import Context
from datetime import datetime
from io import BytesIO

import pandas as pd
import pytest
from PIL import Image

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.goods import pictures
from pages.parts.components.columns import Column
from pages.parts.components.tables import dressed
from pages.parts.entry import goods_looks
from tests import shops


def picture(kind: str = "PNG", side: int = 300) -> bytes:
    out = BytesIO()
    Image.new("RGB", (side, side // 2), (200, 16, 46)).save(out, kind)
    return out.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def goods(database: Database, now: datetime) -> Database:
    rows = pd.DataFrame({"sku_code": ["0001", "0002", "0003"], "name": "面霜", "spec": ["50ml", "100ml", ""]})
    with database.writing() as connection:
        shops.goods(connection, rows, now)
    return database


def test_pictures_are_kept_by_code_and_every_other_file_is_named(
    goods: Database, merchandiser: Actor, viewer: Actor, now: datetime
) -> None:
    files = {
        "图/0001.jpg": picture("JPEG"),
        "0002.PNG": picture(),
        "0003.webp": b"no picture",
        "9999.png": picture(),
        "readme.txt": b"hello",
    }
    taken = pictures.take(goods, merchandiser, archive(files), now=now)
    assert taken == pictures.Taken(2, ("9999.png",), ("0003.webp",), 1)
    kept = pictures.picture(goods, viewer, "0001")
    assert kept is not None
    with Image.open(BytesIO(kept)) as image:
        assert (image.format, image.size) == ("WEBP", (pictures.SIDE, pictures.SIDE))
    assert pictures.picture(goods, viewer, "0003") is None

    before = pictures.looks(goods, viewer).loc["0001", "digest"]
    pictures.take(goods, merchandiser, archive({"0001.png": picture(side=80)}), now=now)
    after = pictures.looks(goods, viewer)
    assert after.loc["0001", "digest"] not in ("", before)
    assert after.loc["0003", "digest"] == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", picture()])
def test_what_is_no_archive_is_refused(
    goods: Database, merchandiser: Actor, now: datetime, content: bytes
) -> None:
    with pytest.raises(ShopError, match=r"picture\.archive"):
        pictures.take(goods, merchandiser, content, now=now)


def test_a_file_that_unfolds_without_end_is_not_read(
    goods: Database, merchandiser: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "LARGEST_FILE", 1000)
    monkeypatch.setattr(pictures, "MOST_PIXELS", 300 * 150 - 1)
    files = {"0001.png": b"\x89PNG" + b"\0" * 5000, "0002.png": picture()}
    assert pictures.take(goods, merchandiser, archive(files), now=now).unreadable == ("0001.png", "0002.png")
    monkeypatch.setattr(pictures, "MOST_FILES", 1)
    with pytest.raises(ShopError, match=r"picture\.too_many"):
        pictures.take(goods, merchandiser, archive(files), now=now)


def test_tables_of_goods_show_picture_and_spec_of_their_own_accord(
    goods: Database, merchandiser: Actor, now: datetime
) -> None:
    pictures.take(goods, merchandiser, archive({"0001.png": picture()}), now=now)
    Context().run(
        assert_a_run_dresses_its_tables, goods, merchandiser
    )  # the runs of pages tested before left theirs here


def assert_a_run_dresses_its_tables(goods: Database, merchandiser: Actor) -> None:
    frame = pd.DataFrame({"sku_code": ["0002", "0001", "new"], "name": ["面霜", "面霜", "?"]})
    columns = (Column("sku_code", "stock.sku_code", "code"), Column("name", "stock.name"))
    bare, narrow = dressed(frame, columns)
    assert (bare is frame, narrow is columns) == (True, True), "outside of a page's run nothing is known"
    goods_looks.forget()
    goods_looks.remember(goods, merchandiser)
    rows, wide = dressed(frame, columns)
    assert [column.name for column in wide] == ["sku_code", "picture", "name", "spec"]
    assert rows["spec"].tolist() == ["100ml", "50ml", ""]
    assert rows["picture"].notna().tolist() == [False, True, False]
    assert rows["picture"].iloc[1].startswith("/picture/0001?v=")
    again, as_wide = dressed(rows, wide)
    assert again.equals(rows)
    assert as_wide == wide
