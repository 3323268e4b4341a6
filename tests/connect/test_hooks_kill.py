"""A shop system goes on calling while our server dies: whatever got no answer is sent again, and the sums are its own."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.connect.feeds import hooks
from core.database import Database
from core.live.ledger import recount
from core.live.tables import event, sale_line
from tests.connect.shops import OPENS
from tests.connect.test_hooks import SECRET, life, signed
from tests.faults.test_intake_kill import Intake

pytestmark = pytest.mark.fault
Delivery = tuple[str, bytes, dict[str, str]]


def deliveries(orders: int) -> list[Delivery]:
    """Each order made, paid and refunded in part, each delivery numbered, in no order and a fifth of them twice."""
    out: list[Delivery] = []
    for n in range(orders):
        out += [_delivery(topic, document, f"{topic}-{n}") for document, topic in life(n)]
    dice = random.Random(11)
    out += dice.sample(out, len(out) // 5)
    dice.shuffle(out)
    return out


def _delivery(topic: str, document: dict[str, Any], number: str) -> Delivery:
    content = json.dumps(document).encode()
    return number, content, signed("shopify", SECRET, content, number, topic)


def send(server: Intake, every: Sequence[Delivery]) -> None:
    """Sends each delivery until it is answered with 200, as the system does within its two days."""
    with httpx.Client(timeout=10) as client:
        for number, content, headers in every:
            while True:
                try:
                    url = f"http://127.0.0.1:{server.port}/api/v1/hooks/shopify"
                    answer = client.post(url, content=content, headers=headers)
                except httpx.TransportError:
                    time.sleep(0.05)
                    continue
                assert answer.status_code in {200, 503}, f"{number}: {answer.text}"
                if answer.status_code == 200:
                    break
                time.sleep(0.05)


def assert_sums_are_the_senders(database: Database, admin: Actor, orders: int, kills: int) -> None:
    campaigns.add_sale(database, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS)
    hooks.add(database, admin, "shopify", "shopify", SECRET, OPENS)
    server, every = Intake(database.url), deliveries(orders)
    server.await_door()
    halves = [every[0::2], every[1::2]]
    senders = [threading.Thread(target=send, args=(server, half)) for half in halves]
    for sender in senders:
        sender.start()
    dice = random.Random(5)
    while any(sender.is_alive() for sender in senders) and server.kills < kills:
        before = _stored(database)
        while any(sender.is_alive() for sender in senders) and _stored(database) == before:
            time.sleep(dice.uniform(0.01, 0.05))
        server.kill()
        server.start()
        server.await_door()
    for sender in senders:
        sender.join()
    server.kill()
    with database.reading() as connection:
        c = sale_line.c
        sums = connection.execute(
            select(func.sum(c.paid_fen), func.sum(c.refunded_fen), func.sum(c.waiting))
        ).one()
        assert not any(recount.faults(connection).values())
    assert tuple(map(int, sums)) == (orders * 11_860, orders * 3_930, 0)
    assert server.kills > kills, f"{server.kills - 1} deaths before the senders were done"


def _stored(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(event)) or 0)


def test_the_server_dies_under_webhooks_and_the_sums_are_the_senders(sqlite: Database, admin: Actor) -> None:
    assert_sums_are_the_senders(sqlite, admin, 20, 1)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_a_hundred_deaths_under_webhooks(sqlite: Database, admin: Actor) -> None:
    assert_sums_are_the_senders(sqlite, admin, 4_000, 100)
