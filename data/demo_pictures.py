"""Demo pictures of the goods: a drawn pack on a coloured ground, so that rows of a table are known by sight."""

from __future__ import annotations

import colorsys
import zipfile
from collections.abc import Callable
from datetime import date
from io import BytesIO

from PIL import Image, ImageDraw

from data.demo_shop import shop

SIDE = 128
Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw
WHITE, GREY = (255, 255, 255), (225, 225, 230)
HUES = {"彩妆": 0.95, "护肤": 0.55, "个护": 0.45, "香氛": 0.78, "家居": 0.09, "健康": 0.30}


def files(_anchor: date) -> dict[str, bytes]:
    """goods_pictures.zip: one picture a SKU, named by its code."""
    goods, out = shop(), BytesIO()
    turns = goods.groupby("product_id").cumcount()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for code, category, function, turn in zip(
            goods["sku_code"], goods["category"], goods["function"], turns, strict=True
        ):
            member = zipfile.ZipInfo(f"{code}.png", (2026, 1, 1, 0, 0, 0))
            archive.writestr(member, _picture(category, function, int(turn)))
    return {"goods_pictures.zip": out.getvalue()}


def _picture(category: str, function: str, turn: int) -> bytes:
    """The pack of a function in the colours of its category; each variant a little lighter."""
    hue = HUES.get(category, 0.6) + sum(map(ord, function)) % 7 * 0.012
    image = Image.new("RGB", (SIDE, SIDE), _colour(hue, 0.94 - 0.02 * (turn % 3), 0.35))
    PACKS.get(function, _bottle)(ImageDraw.Draw(image), _colour(hue, 0.42 + 0.07 * (turn % 5), 0.6))
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _colour(hue: float, light: float, strength: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, light, strength)
    return round(red * 255), round(green * 255), round(blue * 255)


def _bottle(draw: Draw, colour: Colour) -> None:
    draw.rounded_rectangle((42, 44, 86, 112), 8, fill=colour)
    draw.rectangle((54, 22, 74, 44), fill=GREY)
    draw.rectangle((42, 68, 86, 90), fill=WHITE)


def _stick(draw: Draw, colour: Colour) -> None:
    draw.polygon([(54, 36), (74, 22), (74, 60), (54, 60)], fill=colour)
    draw.rectangle((50, 60, 78, 78), fill=GREY)
    draw.rounded_rectangle((46, 78, 82, 114), 4, fill=(60, 60, 68))


def _palette(draw: Draw, colour: Colour) -> None:
    draw.rounded_rectangle((22, 32, 106, 100), 8, fill=(60, 60, 68))
    for column in range(3):
        for row in range(2):
            left, top = 30 + column * 25, 40 + row * 28
            shade = tuple(min(255, part + 24 * (column + row)) for part in colour)
            draw.rectangle((left, top, left + 19, top + 22), fill=shade)


def _compact(draw: Draw, colour: Colour) -> None:
    draw.ellipse((24, 24, 104, 104), fill=colour)
    draw.ellipse((38, 38, 90, 90), fill=WHITE)
    draw.ellipse((50, 50, 78, 78), fill=GREY)


def _jar(draw: Draw, colour: Colour) -> None:
    draw.rounded_rectangle((30, 56, 98, 108), 12, fill=colour)
    draw.rounded_rectangle((28, 34, 100, 58), 5, fill=GREY)


def _tube(draw: Draw, colour: Colour) -> None:
    draw.polygon([(40, 20), (88, 20), (80, 96), (48, 96)], fill=colour)
    draw.rounded_rectangle((50, 96, 78, 114), 3, fill=GREY)


def _scent(draw: Draw, colour: Colour) -> None:
    draw.rounded_rectangle((34, 52, 94, 112), 6, fill=colour)
    draw.rectangle((56, 40, 72, 52), fill=GREY)
    draw.rounded_rectangle((50, 18, 78, 40), 4, fill=(60, 60, 68))


def _folded(draw: Draw, colour: Colour) -> None:
    for layer in range(4):
        shade = tuple(min(255, part + 22 * layer) for part in colour)
        draw.rounded_rectangle((22, 84 - layer * 18, 106, 104 - layer * 18), 8, fill=shade)


def _box(draw: Draw, colour: Colour) -> None:
    draw.polygon([(24, 46), (64, 28), (104, 46), (64, 64)], fill=GREY)
    draw.polygon([(24, 46), (64, 64), (64, 110), (24, 92)], fill=colour)
    draw.polygon([(104, 46), (64, 64), (64, 110), (104, 92)], fill=tuple(part * 4 // 5 for part in colour))


def _cup(draw: Draw, colour: Colour) -> None:
    draw.ellipse((76, 52, 108, 88), outline=colour, width=8)
    draw.rounded_rectangle((28, 38, 88, 104), 10, fill=colour)


PACKS: dict[str, Callable[[Draw, Colour], None]] = {
    "唇部": _stick,
    "眼部": _palette,
    "底妆": _compact,
    "补水保湿": _jar,
    "抗初老": _jar,
    "防晒": _tube,
    "口腔": _tube,
    "香水": _scent,
    "家纺": _folded,
    "收纳": _box,
    "餐饮": _cup,
    "营养": _box,
}
