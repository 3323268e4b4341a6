"""The label feed over HTTP: who may read it, its ETag, and that it says what the page says at the same
minute."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pandas as pd
import pytest
from starlette.testclient import TestClient

from core import clock, web
from core.access import Actor
from core.database import Database
from core.settings import settings
from core.warmup.storefront import service
from tests import shops
from tests.warmup.conftest import Shop, build

AT = datetime(2026, 10, 24, 4, 0, 30, tzinfo=UTC)
FEED = "/api/v1/labels"


@pytest.fixture
def shop(database: Database, lead: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = build(database, lead, now)
    rows = pd.DataFrame(
        {
            "campaign_id": made.campaign,
            "sku_code": ["001", "002", "003"],
            "sale_price": [19_900, 9_900, 29_900],
        }
    )
    with database.writing() as connection:
        shops.lines(connection, rows, now)
    monkeypatch.setattr(clock, "now", lambda: AT)
    return made


def test_the_feed_says_what_the_page_says_at_that_minute(
    house: TestClient, shop: Shop, viewer: Actor
) -> None:
    answer = house.get(FEED)
    assert answer.status_code == 200
    body = orjson.loads(answer.content)
    assert (body["campaign_id"], body["at"]) == (shop.campaign, "2026-10-24T04:00:00Z")
    page = service.labels(shop.db, viewer, shop.campaign, AT.replace(second=1))
    fed = pd.DataFrame(body["labels"])
    for column in (
        "sku_code",
        "stock",
        "units",
        "price",
        "stock_text",
        "price_text",
        "shipping_text",
        "countdown",
        "countdown_text",
        "mood_text",
    ):
        assert fed[column].tolist() == page[column].tolist()
    assert fed["price_text"].tolist() == ["到手价 ¥199", "到手价 ¥99", "到手价 ¥299"]
    assert (
        orjson.loads(house.get(f"{FEED}?lang=en&campaign={shop.campaign}").content)["labels"][2]["stock_text"]
        == "Sold out"
    )


def test_who_has_the_labels_gets_none_until_one_changes(
    house: TestClient, shop: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = house.get(FEED).headers["etag"]
    again = house.get(FEED, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    monkeypatch.setattr(clock, "now", lambda: AT.replace(minute=7))
    assert house.get(FEED, headers={"If-None-Match": tag}).status_code == 304
    shop.stocked(now, _001=-95)
    changed = house.get(FEED, headers={"If-None-Match": f'"other", {tag}'})
    assert changed.status_code == 200
    assert orjson.loads(changed.content)["labels"][0]["stock_text"] == "仅剩 5 件"


def test_the_feed_is_for_this_machine_or_the_token(
    house: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = TestClient(web.app, base_url="http://127.0.0.1:8501", client=("10.0.0.9", 50000))
    assert stranger.get(FEED).status_code == 404
    monkeypatch.setenv("BIGSALE_LABELS_TOKEN", "shop-front")
    settings.cache_clear()
    assert house.get(FEED).status_code == 404
    assert stranger.get(FEED, headers={"Authorization": "Bearer other"}).status_code == 404
    assert stranger.get(FEED, headers={"Authorization": "Bearer shop-front"}).status_code == 200


def test_no_campaign_is_said_so(house: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert orjson.loads(house.get(f"{FEED}?campaign=nobody").content)["code"] == "campaign.unknown"
    monkeypatch.setattr(clock, "now", lambda: AT.replace(year=2030))
    answer = house.get(FEED)
    assert (answer.status_code, orjson.loads(answer.content)["code"]) == (400, "warmup.no_campaign")


def test_the_server_tells_its_clock_to_countdowns(house: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)
    answer = house.get("/api/v1/time")
    assert answer.json() == {"ms": int(AT.timestamp() * 1000)}
    assert answer.headers["cache-control"] == "no-store"
