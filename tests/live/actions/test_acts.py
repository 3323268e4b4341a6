"""Acts in the sale: advised with their worth, done by the room that owns the data, written down, ticked off,
and taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import insert as insert_rows
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.access import Actor, audit
from core.database import read, schema
from core.errors import ShopError
from core.goods import structure
from core.goods.tables import sku
from core.live.actions import advice, decisions
from core.live.actions.effects import Act
from core.live.rehearsal import rehearsal
from core.pricing.changes import prices
from core.stock import service as stock
from core.warmup.flash_sale import service
from core.warmup.storefront import marks
from core.warmup.storefront import service as storefront
from core.warmup.tables import flash_session
from tests.live.conftest import OPENS, Shop, event

NOW = OPENS + timedelta(minutes=30)


def test_advice_is_ranked_and_hides_margins(small_shop: Shop, admin: Actor, lead: Actor) -> None:
    small_shop.send(
        [event(n, "order", n / 10, sku_code="S01", order_id=f"o{n}", amount_fen=9_900) for n in range(40)]
    )
    at = OPENS + timedelta(minutes=10)
    found = decisions.advice(small_shop.db, admin, small_shop.campaign_id, at)
    assert set(found["problem"]) == {"sold_out"}
    assert {"restock", "take_down", "swap"} & set(found["act"])
    worth = found["margin_effect"].dropna().tolist()
    assert worth == sorted(worth, reverse=True)
    assert set(found["act"]) <= set(advice.ACTS)
    assert "margin_effect" not in decisions.advice(small_shop.db, lead, small_shop.campaign_id, at).columns


def test_an_act_is_done_recorded_and_pinned(small_shop: Shop, admin: Actor, viewer: Actor) -> None:
    at = OPENS + timedelta(minutes=10)
    with pytest.raises(ShopError, match="access.denied"):
        decisions.act(small_shop.db, viewer, small_shop.campaign_id, Act("cap", "S01"), at)
    with pytest.raises(ShopError, match="live.unknown_act"):
        decisions.act(small_shop.db, admin, small_shop.campaign_id, Act("pray", "S01"), at)
    with pytest.raises(ShopError, match="live.nothing_locked"):
        decisions.act(small_shop.db, admin, small_shop.campaign_id, Act("release", "S01"), at)
    decisions.act(
        small_shop.db, admin, small_shop.campaign_id, Act("raise_price", "S01", 10, 10_900, note="hot"), at
    )
    decisions.act(small_shop.db, admin, small_shop.campaign_id, Act("cap", "S02", 5), at)
    made = decisions.decisions(small_shop.db, admin, small_shop.campaign_id, at)
    assert set(made["act"]) == {"raise_price", "cap"}
    assert decisions.decisions(small_shop.db, admin, small_shop.campaign_id, at - timedelta(minutes=1)).empty
    with small_shop.db.reading() as connection:
        assert structure.standing(connection, small_shop.campaign_id, ["S01"])["sale_price"].iloc[0] == 10_900


def do(shop: Shop, actor: Actor, name: str, code: str, units: int = 0, partner: str = "") -> str:
    return decisions.act(shop.db, actor, shop.campaign_id, Act(name, code, units, partner=partner), NOW)


def left(shop: Shop, actor: Actor) -> list[tuple[str, str, str]]:
    made = decisions.decisions(shop.db, actor, shop.campaign_id, NOW + timedelta(hours=1))
    return [(row["act"], row["sku_code"], row["to_do"]) for row in decisions.to_do(made.to_dict("records"))]


def test_a_release_wave_goes_through_its_sessions(shop: Shop, admin: Actor) -> None:
    """Act, sessions and ledger agree: waves to come give first, a part of a session lowers its promise, a
    whole one closes it."""
    first = OPENS + timedelta(minutes=20)
    ids = service.plan(
        shop.db,
        admin,
        shop.campaign_id,
        service.NewSession("S03", "wave", first, [10, 8, 6], length_minutes=30, every_minutes=60),
        now=OPENS,
    )
    service.lock(shop.db, admin, ids, OPENS)
    do(shop, admin, "release", "S03", 11)
    with shop.db.reading() as connection:
        rows = service.sessions(shop.db, admin, shop.campaign_id, NOW).set_index("session_id").loc[ids]
        assert rows["state"].tolist() == ["locked", "closed", "locked"]
        assert rows["held"].tolist() == [10, 0, 3]
        assert rows["quota"].tolist() == [10, 8, 3]
        assert stock.levels(connection, ["S03"])["activity_locked"].iloc[0] == 13
        assert service.held(connection, shop.campaign_id).to_dict() == {"S03": 13}
        assert service.check(connection) == {"locks_are_movements": []}
    do(shop, admin, "release", "S03", 100)
    with shop.db.reading() as connection:
        assert stock.levels(connection, ["S03"])["activity_locked"].iloc[0] == 0
        assert set(read(connection, flash_session.select())["state"]) == {"closed"}
        assert service.check(connection) == {"locks_are_movements": []}
    with pytest.raises(ShopError, match="live.nothing_locked"):
        do(shop, admin, "release", "S03", 1)
    assert left(shop, admin) == [("release", "S03", "back_office")] * 2


def test_a_session_that_sold_keeps_what_it_sold(small_shop: Shop, admin: Actor) -> None:
    ids = service.plan(
        small_shop.db,
        admin,
        small_shop.campaign_id,
        service.NewSession("S03", "wave", OPENS, [10], length_minutes=60),
        now=OPENS,
    )
    service.lock(small_shop.db, admin, ids, OPENS)
    with small_shop.db.writing() as connection:
        assert service.draw(connection, {"S03": 4}, "intake", NOW) == {"S03": 4}
    do(small_shop, admin, "release", "S03", 4)
    row = service.sessions(small_shop.db, admin, small_shop.campaign_id, NOW).iloc[0]
    assert (row["quota"], row["sold"], row["held"], row["state"]) == (6, 4, 2, "locked")


def test_a_cap_and_a_take_down_stand_on_the_label_at_once(small_shop: Shop, admin: Actor) -> None:
    do(small_shop, admin, "cap", "S01", 5)
    do(small_shop, admin, "take_down", "S02", 5)
    rows = storefront.labels(small_shop.db, admin, small_shop.campaign_id, NOW).set_index("sku_code")
    assert (rows.loc["S01", "purchase_limit"], rows.loc["S01", "limit_text"]) == (1, "每单限购 1 件")
    assert (rows.loc["S02", "stock"], rows.loc["S02", "stock_text"]) == ("off_sale", "已下架")
    assert rows["purchase_limit"].isna()["S03"]
    assert rows.loc["S03", "stock"] == "enough"
    fed = storefront.feed(small_shop.db, admin, small_shop.campaign_id, NOW).body.decode()
    assert "每单限购 1 件" in fed
    assert "已下架" in fed


def test_the_main_push_is_swapped_in_the_goods_structure(small_shop: Shop, admin: Actor) -> None:
    do(small_shop, admin, "swap", "S01", 5, partner="S20")
    with small_shop.db.reading() as connection:
        tiers = structure.standing(connection, small_shop.campaign_id, ["S01", "S20"])["tier"].to_dict()
    assert tiers == {"S01": "regular", "S20": "main_push"}
    for partner in ("", "S99"):
        with pytest.raises(ShopError, match="live.no_partner"):
            do(small_shop, admin, "swap", "S02", 5, partner=partner)


def test_what_is_left_to_do_by_hand_is_ticked_off_in_the_log(
    small_shop: Shop, admin: Actor, viewer: Actor
) -> None:
    restock = do(small_shop, admin, "restock", "S01", 20)
    do(small_shop, admin, "cap", "S02", 5)
    assert left(small_shop, admin) == [("restock", "S01", "replenishment"), ("cap", "S02", "back_office")]
    with pytest.raises(ShopError, match="access.denied"):
        decisions.tick(small_shop.db, viewer, small_shop.campaign_id, restock, NOW)
    decisions.tick(small_shop.db, admin, small_shop.campaign_id, restock, NOW)
    assert left(small_shop, admin) == [("cap", "S02", "back_office")]
    with pytest.raises(ShopError, match="live.no_to_do"):
        decisions.tick(small_shop.db, admin, small_shop.campaign_id, restock, NOW)


def test_a_rehearsal_only_records(small_shop: Shop, admin: Actor) -> None:
    drill = rehearsal.start(small_shop.db, admin, small_shop.campaign_id, NOW)
    decisions.act(small_shop.db, admin, drill, Act("take_down", "S02", 5), NOW, NOW)
    made = decisions.decisions(small_shop.db, admin, drill, NOW)
    assert made["act"].tolist() == ["take_down"]
    assert decisions.to_do(made.to_dict("records")) == []
    rows = storefront.labels(small_shop.db, admin, small_shop.campaign_id, NOW).set_index("sku_code")
    assert rows.loc["S02", "stock"] == "enough"


PRICED = {"raise_price": 10_900, "cut_price": 8_900}


def chosen(name: str, **more: Any) -> Act:
    """An act of each kind that the shop of `ready` can do."""
    code = "NEW" if name == "add_goods" else "S01"
    return Act(name, code, 5, price=PRICED.get(name), partner="S20" if name == "swap" else "", **more)


def ready(shop: Shop, actor: Actor) -> None:
    """Goods outside the sale to add, and a locked session to release."""
    with shop.db.writing() as connection:
        connection.execute(
            insert_rows(sku).values(sku_code="NEW", name="新货", list_price=19_900, updated_at=OPENS)
        )
    ids = service.plan(
        shop.db,
        actor,
        shop.campaign_id,
        service.NewSession("S01", "wave", OPENS, [10], length_minutes=90),
        now=OPENS,
    )
    service.lock(shop.db, actor, ids, OPENS)


def everything(shop: Shop) -> dict[str, list[str]]:
    """Every row of every table."""
    with shop.db.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)))) for table in schema.sorted_tables
        }


@pytest.mark.parametrize("name", advice.ACTS)
def test_an_act_whose_entry_cannot_be_written_is_not_done(shop: Shop, admin: Actor, name: str) -> None:
    """The log refuses the entry (its note is missing): nothing at all has happened. With a note the same act
    changes something."""
    ready(shop, admin)
    before = everything(shop)
    with pytest.raises(IntegrityError):
        decisions.act(shop.db, admin, shop.campaign_id, chosen(name, note=None), NOW)
    assert everything(shop) == before
    decisions.act(shop.db, admin, shop.campaign_id, chosen(name), NOW)
    moved = {table for table, rows in everything(shop).items() if rows != before[table]}
    assert {"decision", "audit"} < moved or name == "restock"


@pytest.mark.parametrize("name", advice.BACK)
def test_what_cannot_be_written_is_not_taken_back(shop: Shop, admin: Actor, name: str) -> None:
    ready(shop, admin)
    done = decisions.act(shop.db, admin, shop.campaign_id, chosen(name), NOW)
    before = everything(shop)
    nobody = Actor(None, "admin")  # type: ignore[arg-type]  # the log wants to know who
    with pytest.raises(IntegrityError):
        decisions.take_back(shop.db, nobody, shop.campaign_id, done, NOW)
    assert everything(shop) == before


def fields(shop: Shop) -> dict[str, Any]:
    """What acts change: marks, and the rows of the goods structure without their versions."""
    with shop.db.reading() as connection:
        rows = structure.standing(connection, shop.campaign_id).drop(columns=["version", "changed_by"])
        return {
            "marks": marks.standing(connection, shop.campaign_id),
            "rows": rows.sort_index().astype(str).to_dict("index"),
        }


@pytest.mark.parametrize("name", advice.BACK)
def test_an_act_is_taken_back_to_what_was(shop: Shop, admin: Actor, name: str) -> None:
    ready(shop, admin)
    before = fields(shop)
    done = decisions.act(shop.db, admin, shop.campaign_id, chosen(name, note="误点"), NOW)
    assert fields(shop) != before
    at = NOW + timedelta(minutes=2)
    (row,) = decisions.in_force(shop.db, admin, shop.campaign_id, at)
    assert (row["decision_id"], row["account"], row["at"], row["note"], row["back"]) == (
        done,
        admin.name,
        NOW,
        "误点",
        advice.BACK[name],
    )
    back = decisions.take_back(shop.db, admin, shop.campaign_id, done, at)
    assert fields(shop) == before
    assert decisions.in_force(shop.db, admin, shop.campaign_id, at) == []
    made = decisions.decisions(shop.db, admin, shop.campaign_id, at)
    assert made[["decision_id", "act", "at"]].to_numpy().tolist() == [
        [back, advice.BACK[name], pd.Timestamp(at)],
        [done, name, pd.Timestamp(NOW)],
    ]
    assert left(shop, admin) == [
        (advice.BACK[name], row["sku_code"], "back_office")
    ]  # the act's own rest is closed by it
    with pytest.raises(ShopError, match="live.no_way_back"):
        decisions.take_back(shop.db, admin, shop.campaign_id, done, at)
    with shop.db.reading() as connection:
        said = audit.search(connection, limit=1).iloc[0]
    assert (said["action"], said["subject"]) == ("live.take_back", f"{shop.campaign_id}/{row['sku_code']}")


def test_what_was_touched_since_is_not_taken_back(shop: Shop, admin: Actor) -> None:
    """A later price, an edited row, a sale: each refuses, changes nothing, and the act is no longer
    offered."""
    ready(shop, admin)
    ids = {
        name: decisions.act(shop.db, admin, shop.campaign_id, chosen(name), NOW)
        for name in ("raise_price", "swap", "add_goods")
    }
    with shop.db.reading() as connection:
        seen = structure.standing(connection, shop.campaign_id, ["S01", "S20"])
    prices.set_prices(
        shop.db,
        admin,
        shop.campaign_id,
        seen[["version"]].loc[["S01"]].assign(sale_price=pd.array([9_500], dtype="Int64")),
        now=NOW,
    )
    tier = pd.DataFrame({"key": ["S20"], "field": "tier", "after": ["clearance"]})
    structure.edit(
        shop.db, admin, shop.campaign_id, structure.Cells(tier, {"S20": int(seen["version"]["S20"])}), now=NOW
    )
    shop.send([event(1, "order", 20, sku_code="NEW", order_id="o1", amount_fen=19_900)])
    before = everything(shop)
    for decision_id in ids.values():
        with pytest.raises(ShopError, match="live.changed_since"):
            decisions.take_back(shop.db, admin, shop.campaign_id, decision_id, NOW)
    assert everything(shop) == before
    assert decisions.in_force(shop.db, admin, shop.campaign_id, NOW) == []


def test_two_people_take_one_decision_back_once(shop: Shop, admin: Actor, lead: Actor) -> None:
    done = do(shop, admin, "cap", "S01")

    def back(actor: Actor) -> str:
        try:
            decisions.take_back(shop.db, actor, shop.campaign_id, done, NOW)
        except ShopError as error:
            return error.code
        return "taken back"

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(back, (admin, lead))) == ["live.no_way_back", "taken back"]
    assert decisions.decisions(shop.db, admin, shop.campaign_id, NOW)["act"].tolist() == ["uncap", "cap"]


def test_of_two_acts_on_one_field_only_the_later_can_be_taken_back(small_shop: Shop, admin: Actor) -> None:
    """Two heroes give way to the same goods: taking the first back alone would leave the second without any
    in its place."""
    before = fields(small_shop)
    first = do(small_shop, admin, "swap", "S01", 5, partner="S20")
    second = do(small_shop, admin, "swap", "S02", 5, partner="S20")
    with pytest.raises(ShopError, match="live.changed_since"):
        decisions.take_back(small_shop.db, admin, small_shop.campaign_id, first, NOW)
    for one in (second, first):
        assert [
            row["decision_id"]
            for row in decisions.in_force(small_shop.db, admin, small_shop.campaign_id, NOW)
        ] == [one]
        decisions.take_back(small_shop.db, admin, small_shop.campaign_id, one, NOW)
    assert fields(small_shop) == before


def test_units_released_and_orders_placed_cannot_be_taken_back(shop: Shop, admin: Actor) -> None:
    ready(shop, admin)
    for name in ("release", "restock"):
        done = decisions.act(shop.db, admin, shop.campaign_id, chosen(name), NOW)
        with pytest.raises(ShopError, match="live.no_way_back"):
            decisions.take_back(shop.db, admin, shop.campaign_id, done, NOW)


def test_a_cap_and_a_take_down_of_one_sku_do_not_touch_each_other(small_shop: Shop, admin: Actor) -> None:
    cap, down = do(small_shop, admin, "cap", "S01"), do(small_shop, admin, "take_down", "S01")

    def label() -> tuple[str, str]:
        row = (
            storefront.labels(small_shop.db, admin, small_shop.campaign_id, NOW)
            .set_index("sku_code")
            .loc["S01"]
        )
        return str(row["limit_text"]), str(row["stock"])

    assert label() == ("每单限购 1 件", "off_sale")
    with pytest.raises(ShopError, match="live.stands_already"):
        do(small_shop, admin, "cap", "S01")
    decisions.take_back(small_shop.db, admin, small_shop.campaign_id, down, NOW)
    assert label() == ("每单限购 1 件", "enough")
    decisions.take_back(small_shop.db, admin, small_shop.campaign_id, cap, NOW)
    assert label() == ("", "enough")
    with small_shop.db.reading() as connection:
        assert marks.standing(connection, small_shop.campaign_id) == {}


def test_who_may_do_an_act_may_take_it_back(
    small_shop: Shop, admin: Actor, lead: Actor, viewer: Actor
) -> None:
    """The campaign lead caps and lifts; a price is the pricing room's, whichever way it moves, but for a
    rehearsal."""
    price = decisions.act(small_shop.db, admin, small_shop.campaign_id, chosen("raise_price"), NOW)
    cap = do(small_shop, lead, "cap", "S02")
    for actor, decision_id in ((viewer, cap), (lead, price)):
        with pytest.raises(ShopError, match="access.denied"):
            decisions.take_back(small_shop.db, actor, small_shop.campaign_id, decision_id, NOW)
    with pytest.raises(ShopError, match="access.denied"):
        decisions.act(small_shop.db, lead, small_shop.campaign_id, chosen("cut_price"), NOW)
    decisions.take_back(small_shop.db, lead, small_shop.campaign_id, cap, NOW)
    assert [decisions.may(lead, name, drill=False) for name in ("cap", "swap", "raise_price")] == [
        True,
        True,
        False,
    ]
    assert decisions.may(lead, "raise_price", drill=True)
    assert not decisions.may(viewer, "cap", drill=True)


def test_a_rehearsal_takes_back_on_paper_only(small_shop: Shop, admin: Actor, lead: Actor) -> None:
    ready(small_shop, admin)
    drill = rehearsal.start(small_shop.db, admin, small_shop.campaign_id, NOW)
    before = fields(small_shop)
    at = OPENS + timedelta(hours=5)  # sale time runs ahead of the real one
    for name in advice.BACK:
        done = decisions.act(small_shop.db, lead, drill, chosen(name), NOW, at)
        assert [row["decision_id"] for row in decisions.in_force(small_shop.db, lead, drill, at)] == [done]
        decisions.take_back(small_shop.db, lead, drill, done, NOW, at)
        assert decisions.in_force(small_shop.db, lead, drill, at) == []
    assert fields(small_shop) == before
    assert decisions.to_do(decisions.decisions(small_shop.db, lead, drill, at).to_dict("records")) == []


def test_advice_leaves_out_what_is_in_force(small_shop: Shop, admin: Actor) -> None:
    small_shop.send(
        [event(n, "order", n / 10, sku_code="S01", order_id=f"o{n}", amount_fen=9_900) for n in range(40)]
    )

    def advised() -> set[tuple[str, str]]:
        found = decisions.advice(small_shop.db, admin, small_shop.campaign_id, NOW)
        return set(zip(found["act"], found["sku_code"], strict=True))

    assert ("take_down", "S01") in advised()
    done = do(small_shop, admin, "take_down", "S01", 5)
    assert ("take_down", "S01") not in advised()
    decisions.take_back(small_shop.db, admin, small_shop.campaign_id, done, NOW)
    assert ("take_down", "S01") in advised()


Night = list[tuple[str, str, int]]
NIGHTS = some.lists(
    some.tuples(
        some.sampled_from(list(advice.BACK)), some.sampled_from(["S01", "S02"]), some.integers(8_000, 8_003)
    ),
    max_size=12,
)
SHORT = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHORT
@given(NIGHTS)
def test_taken_back_newest_first_any_night_ends_as_it_began(
    small_shop: Shop, admin: Actor, night: Night
) -> None:
    assert_taken_back(small_shop, admin, night)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@settings(SHORT, max_examples=200)
@given(NIGHTS)
def test_taken_back_newest_first_many_nights_end_as_they_began(
    small_shop: Shop, admin: Actor, night: Night
) -> None:
    assert_taken_back(small_shop, admin, night)


def assert_taken_back(small_shop: Shop, admin: Actor, night: Night) -> None:
    """Whatever was done to two SKUs, one over the other: the marks are those of the decisions in force, and
    the way back is exact."""
    before = fields(small_shop)
    for name, code, price in night:
        try:
            decisions.act(small_shop.db, admin, small_shop.campaign_id, Act(name, code, 1, price, "S20"), NOW)
        except ShopError as error:
            assert error.code == "live.stands_already"
        standing = decisions.in_force(small_shop.db, admin, small_shop.campaign_id, NOW)
        marked = fields(small_shop)["marks"]
        for act, field in (("cap", "limit"), ("take_down", "off_sale")):
            assert {row["sku_code"] for row in standing if row["act"] == act} == {
                code for code, put in marked.items() if put[field]
            }
    while standing := decisions.in_force(small_shop.db, admin, small_shop.campaign_id, NOW):
        decisions.take_back(small_shop.db, admin, small_shop.campaign_id, standing[0]["decision_id"], NOW)
    assert fields(small_shop) == before
