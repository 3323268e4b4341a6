"""Pictures of goods are for whoever is signed in, and for nobody else."""

from __future__ import annotations

from datetime import datetime

from starlette.testclient import TestClient

from core import clock
from core.access import Actor, service
from core.access.accounts import NewAccount
from core.database import Database
from core.goods.tables import sku, sku_picture
from tests.web.routes.test_account import WORD, enter


def test_a_picture_is_for_the_signed_in(
    house: TestClient, database: Database, admin: Actor, now: datetime
) -> None:
    service.add_account(database, admin, NewAccount("mei", "viewer", word=WORD), clock.now())
    with database.writing() as connection:
        connection.execute(sku.insert(), {"sku_code": "A/1", "updated_at": now})
        row = {"sku_code": "A/1", "digest": "d", "image": b"RIFF", "at": now}
        connection.execute(sku_picture.insert(), row)
    assert house.get("/picture/A%2F1").status_code == 404
    enter(house)
    answer = house.get("/picture/A%2F1")
    assert (answer.status_code, answer.content) == (200, b"RIFF")
    assert answer.headers["content-type"] == "image/webp"
    assert "private" in answer.headers["cache-control"]
    assert house.get("/picture/none").status_code == 404
