"""Pictures of SKUs: an archive of files named by merchant code goes in, small thumbnails are kept and shown."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import PurePosixPath

import pandas as pd
from PIL import Image, ImageOps
from sqlalchemy import delete, select

from core.access import Actor, allow, audit
from core.database import Database, keyed, read
from core.errors import ShopError
from core.goods.service import known
from core.goods.tables import sku, sku_picture

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
FORMATS = ("JPEG", "PNG", "WEBP")
SIDE = 128  # pixels: sharp in a row of a table and on a card
MOST_FILES = 20_000
LARGEST_FILE = 15 * 1024 * 1024  # bytes, unpacked
MOST_PIXELS = 50_000_000  # of one picture: a small file may unfold into much more


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an archive: pictures kept, and the files that were not, by reason: `unknown` no such merchant
    code, `unreadable` no picture that can be read, `other` no picture by its name."""

    kept: int
    unknown: tuple[str, ...]
    unreadable: tuple[str, ...]
    other: int


def take(db: Database, actor: Actor, archive: bytes, *, now: datetime) -> Taken:
    """Keeps the pictures of a ZIP archive, one a SKU, named by the merchant code (0001.jpg); a later one replaces.
    ShopError("picture.archive") where the file is none, ("picture.too_many") beyond MOST_FILES."""
    allow(actor, "goods.edit")
    files, other = _files(archive)
    with db.reading() as connection:
        ours = known(connection, list(files))
    unknown = tuple(name for code, (name, _) in files.items() if code not in ours)
    thumbnails = {code: _thumbnail(data) for code, (_, data) in files.items() if code in ours}
    unreadable = tuple(files[code][0] for code, image in thumbnails.items() if not image)
    rows = [
        {"sku_code": code, "digest": hashlib.sha256(image).hexdigest()[:16], "image": image, "at": now}
        for code, image in thumbnails.items()
        if image
    ]
    with db.writing() as connection:
        if rows:
            codes = [str(row["sku_code"]) for row in rows]
            connection.execute(delete(sku_picture).where(keyed(sku_picture.c.sku_code, codes, connection)))
            connection.execute(sku_picture.insert(), rows)
        facts = {"kept": len(rows), "unknown": len(unknown), "unreadable": len(unreadable)}
        audit.record(connection, actor, now, "goods.pictures", "", None, facts)
    return Taken(len(rows), unknown, unreadable, other)


def picture(db: Database, actor: Actor, sku_code: str) -> bytes | None:
    """The thumbnail of a SKU as WebP."""
    allow(actor, "goods.view")
    with db.reading() as connection:
        return connection.scalar(select(sku_picture.c.image).where(sku_picture.c.sku_code == sku_code))


def looks(db: Database, actor: Actor) -> pd.DataFrame:
    """What tells goods of one name apart: spec and digest of the picture ("" = none), by sku_code."""
    allow(actor, "goods.view")
    query = select(sku.c.sku_code, sku.c.spec, sku_picture.c.digest)
    with db.reading() as connection:
        frame = read(connection, query.outerjoin(sku_picture, sku_picture.c.sku_code == sku.c.sku_code))
    return frame.assign(digest=frame["digest"].fillna("")).set_index("sku_code")


def _files(archive: bytes) -> tuple[dict[str, tuple[str, bytes]], int]:
    """The pictures by merchant code (file name, bytes; b"" where one is too large), and how many files are none."""
    try:
        with zipfile.ZipFile(BytesIO(archive)) as opened:
            members = [one for one in opened.infolist() if not one.is_dir()]
            if len(members) > MOST_FILES:
                raise ShopError("picture.too_many", n=len(members), most=MOST_FILES)
            pictures = dict(_pictures(opened, members))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ShopError("picture.archive") from error
    return pictures, len(members) - len(pictures)


def _pictures(
    opened: zipfile.ZipFile, members: list[zipfile.ZipInfo]
) -> Iterator[tuple[str, tuple[str, bytes]]]:
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        with opened.open(member) as stream:  # what the header says of the size is not believed
            data = stream.read(LARGEST_FILE + 1)
        yield path.stem.strip(), (path.name, data if len(data) <= LARGEST_FILE else b"")


def _thumbnail(data: bytes) -> bytes:
    """A square WebP of SIDE pixels; b"" for what is no picture."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                return b""
            image.draft("RGB", (SIDE * 2, SIDE * 2))  # a JPEG is then decoded at about that size
            small = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (SIDE, SIDE))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
    out = BytesIO()
    small.save(out, "WEBP", quality=80)
    return out.getvalue()
