"""What is drawn of a sale: the curve with its marks, the bars, the goods; the same day whatever the server's
own time zone."""

from __future__ import annotations

import shutil
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from core.access import Actor
from core.database import Database, connect
from core.live import live_view
from core.live.actions import decisions
from core.live.actions.effects import Act
from core.live.ledger.series import PEOPLE
from core.live.rehearsal import rehearsal
from core.live.snapshot import service
from core.live.snapshot.snapshot import Picture
from pages.parts.live import alerts, arrow_tables
from tests import demo_shop
from tests.live.conftest import OPENS, Shop, event, hour, opened

AT = OPENS + timedelta(minutes=40)


@pytest.fixture
def small_shop(sqlite: Database, admin: Actor) -> Shop:
    """A shop in a sale."""
    return opened(sqlite, admin)


def rows(table: pa.Table, series: str) -> list[dict[str, object]]:
    return [row for row in table.to_pylist() if row["series"] == series]


def test_the_curve_has_its_lines_its_now_and_its_decisions(small_shop: Shop, admin: Actor) -> None:
    small_shop.send(hour())
    decisions.act(
        small_shop.db,
        admin,
        small_shop.campaign_id,
        Act("restock", "S01", 5, note="快"),
        AT,
        OPENS + timedelta(minutes=20),
    )
    look = live_view.live_view(small_shop.db, admin, small_shop.campaign_id, AT, AT)
    curve = arrow_tables.drawn(look).curve
    assert {row["series"] for row in curve.to_pylist()} == {"plan", "paid", "forecast", "now", "decision"}
    paid = rows(curve, "paid")
    assert (paid[0]["yuan"], paid[-1]["yuan"]) == (0, look.seen.paid / 100)
    assert rows(curve, "forecast")[-1]["yuan"] == pytest.approx(look.seen.forecast.close / 100, rel=1e-6)  # type: ignore[operator]
    (now,), (pin,) = rows(curve, "now"), rows(curve, "decision")
    assert now["at"] == datetime.fromisoformat("2026-11-11T00:40")
    assert pin["at"] == datetime.fromisoformat("2026-11-11T00:20")
    assert pin["yuan"] == pytest.approx(next(row["yuan"] for row in paid if row["at"] == pin["at"]))
    assert "S01" in str(pin["word"])
    assert all(row["low"] <= row["yuan"] <= row["high"] for row in rows(curve, "plan"))  # type: ignore[operator]


def test_bars_and_goods_say_what_the_picture_says(small_shop: Shop, admin: Actor) -> None:
    small_shop.send(hour())
    look = live_view.live_view(small_shop.db, admin, small_shop.campaign_id, AT, AT)
    drawn = arrow_tables.drawn(look)
    assert sum(drawn.factors["yuan"].to_pylist()) == pytest.approx(look.seen.ahead / 100, abs=2)
    assert drawn.goods["sku_code"].to_pylist() == look.seen.goods.index[: arrow_tables.TOP].tolist()
    assert drawn.goods["sold"].to_pylist() == look.seen.goods["sold"].head(arrow_tables.TOP).tolist()
    assert drawn.tiers.num_rows == 4
    assert drawn is arrow_tables.drawn(look)


def test_a_copy_of_the_shop_draws_tables_of_its_own(small_shop: Shop, admin: Actor, tmp_path: Path) -> None:
    """The same sale at the same minute with the same amount, in another database of this process."""
    small_shop.send(hour())
    demo_shop.into_one_file(small_shop.db)
    file = shutil.copy(str(make_url(small_shop.db.url).database), tmp_path / "copy.db")
    both = (small_shop.db, connect(f"sqlite:///{file}"))
    mine, copied = (live_view.live_view(db, admin, small_shop.campaign_id, AT, AT) for db in both)
    assert mine.seen.paid == copied.seen.paid > 0
    assert arrow_tables.drawn(mine) is not arrow_tables.drawn(copied)
    both[1].dispose()


def test_a_sale_without_a_target_draws_no_plan(
    small_shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.live.snapshot import scope as scopes

    monkeypatch.setattr(scopes.planning, "in_force", lambda *_: None)
    service.forget()
    small_shop.send(hour(orders=20))
    curve = arrow_tables.drawn(
        live_view.live_view(small_shop.db, admin, small_shop.campaign_id, AT, AT)
    ).curve
    assert rows(curve, "plan") == []
    assert rows(curve, "paid")


def test_the_hidden_wall_tells_no_amount() -> None:
    for kind, facts in (
        ("pace", {"forecast": 100, "high": 200, "target": 300}),
        ("refund", {"refunded": 5_000, "rate": 0.2}),
    ):
        row = {"kind": kind, "subject": "", "facts": facts}
        assert "¥" in alerts.sentence(row)
        assert "¥" not in alerts.sentence(row, hide_money=True)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_the_midnight_peak_is_on_the_right_day(
    small_shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """The server's own zone says nothing: 11-11 00:00 in Shanghai is the first minute of the curve and of the
    day's people."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        small_shop.send(
            [
                event(n, kind, n / 10, order_id=f"o{n}", amount_fen=9_900)
                for n in range(20)
                for kind in ("order", "pay")
            ]
        )
        look = live_view.live_view(small_shop.db, admin, small_shop.campaign_id, AT, AT)
        curve = arrow_tables.drawn(look).curve
    finally:
        monkeypatch.undo()
        time.tzset()
    first, second = rows(curve, "paid")[:2]
    assert (first["at"], second["at"]) == (
        datetime.fromisoformat("2026-11-11"),
        datetime.fromisoformat("2026-11-11T00:05"),
    )
    assert second["yuan"] == look.seen.paid / 100 == 20 * 99
    with small_shop.db.reading() as connection:
        assert set(connection.scalars(select(PEOPLE.c.day))) == {date(2026, 11, 11).toordinal()}


def test_sixty_viewers_cost_one_reading(
    small_shop: Shop, admin: Actor, viewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    draw = service.draw

    def counted(db: Database, name: str, at: datetime, *, costs: bool = True) -> Picture:
        made.append(name)
        return draw(db, name, at, costs=costs)

    monkeypatch.setattr(service, "draw", counted)
    live_view.forget()
    looks = [
        live_view.live_view(small_shop.db, (admin, viewer)[n % 2], small_shop.campaign_id, AT)
        for n in range(60)
    ]
    assert len(made) == 1
    assert all(look is looks[0] for look in looks)
    assert "unit_cost" not in looks[0].seen.goods
    live_view.forget()
    assert live_view.live_view(small_shop.db, admin, small_shop.campaign_id, AT) is not looks[0]


def test_a_rehearsal_is_looked_at_by_its_own_clock(small_shop: Shop, admin: Actor) -> None:
    drill = rehearsal.start(small_shop.db, admin, small_shop.campaign_id, AT, play=rehearsal.Play(speed=60))
    seen = live_view.live_view(small_shop.db, admin, drill, AT + timedelta(seconds=30)).seen
    assert seen.scope.drill
    assert seen.at == OPENS + timedelta(minutes=30)
