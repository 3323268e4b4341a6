"""What the live page and the wall say of an alert: words in both languages, the goods by name, nothing that
only a program reads."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from core.access import Actor
from core.database import Database
from core.live.alerts import monitor
from core.live.intake import batches
from pages.parts.components import text
from pages.parts.live import alerts
from tests.live.conftest import OPENS, Shop, event, opened

CODE_WORDS = re.compile(r"[a-z]_[a-z]|\blive\.|[{}…]|None|nan|True|False")


@pytest.fixture
def small_shop(sqlite: Database, admin: Actor) -> Shop:
    """A shop in a sale."""
    return opened(sqlite, admin)


@pytest.fixture(params=text.LANGUAGES)
def tongue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each language in turn, as the reader's."""
    monkeypatch.setattr(text, "language", lambda: request.param)
    return str(request.param)


def told(shop: Shop, admin: Actor, kind: str, *minutes: int) -> str:
    """The sentence of the alert of that kind after these minutes were judged, as it is read."""
    for minute in minutes:
        at = OPENS + timedelta(minutes=minute)
        monitor.tick(shop.db, shop.campaign_id, at, at)
    found = monitor.standing_alerts(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=minutes[-1]))
    (row,) = found[found["kind"] == kind].to_dict("records")
    said = alerts.sentence(row).replace("\\", "").replace("\u2060", "")
    assert not CODE_WORDS.search(said), said
    return said


def sent_back(shop: Shop, counts: dict[str, int]) -> None:
    """Thirty orders, and of each of these goods so many parcels back in the following minutes."""
    codes = [code for code, count in counts.items() for _ in range(count)]
    facts: list[dict[str, Any]] = [
        {"order_id": f"o{n}", "sku_code": code, "amount_fen": 9_900} for n, code in enumerate(codes)
    ]
    sold = [event(n, kind, 1, **line) for n, line in enumerate(facts) for kind in ("order", "pay")]
    shop.send([*sold, *(event(n, "refund", 3 + n / 10, **line) for n, line in enumerate(facts))])


def test_refused_lines_are_explained_in_words(small_shop: Shop, admin: Actor, tongue: str) -> None:
    strange = [event(n, "view", 3) | {"sku_code": 7} for n in range(40)]
    batches.take(small_shop.db, admin, "erp", strange, OPENS + timedelta(minutes=3))
    said = told(small_shop, admin, "rejected", 3, 4, 5)
    reason = "最多的原因：这个字段要写成文本" if tongue == "zh" else "mostly: write this field as text"
    assert reason.lower() in said.lower()
    assert "erp" in said


def test_a_surge_of_refunds_names_the_goods_that_carry_it(
    small_shop: Shop, admin: Actor, tongue: str
) -> None:
    sent_back(small_shop, {"S05": 20, "S06": 5, "S07": 5})
    said = told(small_shop, admin, "refund", 5, 10)
    assert ("货5（S05）" if tongue == "zh" else "货5 (S05)") in said
    assert "66.7%" in said
    assert "S06" not in said


def test_refunds_of_everything_are_called_spread(small_shop: Shop, admin: Actor, tongue: str) -> None:
    sent_back(small_shop, {f"S{n:02d}": 2 if n < 3 else 1 for n in range(27)})
    said = told(small_shop, admin, "refund", 5, 10)
    assert ("分散在 27 个商品" if tongue == "zh" else "spread over 27 goods") in said
    assert all(f"S0{n}" in said for n in range(3))
    assert "20.0%" in said
    assert "S03" not in said


@pytest.mark.parametrize(
    ("facts", "zh", "en"),
    [
        ({"left": 0, "short": 0, "minutes": None, "next_on": ""}, "货 已售罄", "货: sold out"),
        (
            {"left": 0, "short": 3, "minutes": None, "next_on": ""},
            "货 已售罄，超卖 3 件",
            "货: sold out, 3 oversold",
        ),
        (
            {"left": 5, "short": 0, "minutes": None, "next_on": ""},
            "按现在的节奏够卖到收盘",
            "lasts to the close at this pace",
        ),
        ({"left": 5, "short": 0, "minutes": 9, "next_on": ""}, "近期没有到货", "no receipt on the way"),
        (
            {"left": 5, "short": 0, "minutes": 9, "next_on": "2026-11-12"},
            "下次到货 2026-11-12",
            "next receipt 2026-11-12",
        ),
    ],
)
def test_goods_that_run_out_say_how_it_stands(facts: dict[str, Any], zh: str, en: str, tongue: str) -> None:
    row = {"kind": "stock_out", "subject": "S01", "facts": facts | {"name": "货"}}
    said = alerts.sentence(row).replace("\\", "").replace("\u2060", "")
    assert said.endswith(zh if tongue == "zh" else en), said
    assert "—" not in said
