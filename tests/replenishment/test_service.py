"""A run, its reasons, overrides, orders and receipts on both databases; and what users of other systems
complain about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import get_ident

import pandas as pd
import pytest

from core.access import Actor
from core.backup.checks import broken, check
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import insert
from core.errors import ShopError
from core.replenishment import after_sale, new_run, orders, receipts, service
from core.settings import settings
from core.sheets.reader import read_workbook
from core.signals.tables import daily_signal
from core.stock import service as stock
from tests.conftest import together
from tests.replenishment.conftest import CLOSES, OPENS, Shop


def run(shop: Shop, actor: Actor, **policy: object) -> service.Sheet:
    made = service.replenish(shop.db, actor, shop.campaign_id, policy, now=shop.now)
    return service.sheet(shop.db, actor, made.run_id)


def line(sheet: service.Sheet, code: str) -> pd.Series:
    return sheet.lines.set_index("sku_code").loc[code]


def override(
    shop: Shop, actor: Actor, sheet: service.Sheet, code: str, quantity: int | None, reason: str = "主播加场"
) -> None:
    changes = pd.DataFrame({"sku_code": [code], "quantity": pd.array([quantity], "Int64")})
    service.override(shop.db, actor, sheet.run.run_id, service.ByHand(changes, reason), now=shop.now)


def ordered(shop: Shop, actor: Actor, sheet: service.Sheet) -> orders.Ordered:
    service.approve(shop.db, actor, sheet.run.run_id, now=shop.now)
    return orders.order(shop.db, actor, sheet.run.run_id, now=shop.now)


def test_a_run_explains_itself_to_the_unit(shop: Shop, admin: Actor) -> None:
    sheet = run(shop, admin)
    assert len(sheet.lines) == 8
    assert sheet.run.basis["past_sales"] == 1
    assert sheet.run.totals["units"] == sheet.lines["quantity"].sum() > 0
    for code in sheet.lines["sku_code"]:
        steps = {step["term"]: step for step in service.explain(shop.db, admin, sheet.run.run_id, code)}
        lacks = steps["committed"]["value"] + steps["available"]["value"] + steps["in_transit"]["value"]
        assert steps["need"]["value"] == max(steps["wanted"]["value"] + lacks, lacks, 0)
        assert (
            steps["need"]["value"] + steps["rounding"]["value"] + steps["limits"]["value"]
            == steps["quantity"]["value"]
        )
        row = line(sheet, code)
        assert row["quantity"] % (row["pack_size"] or 1) == 0
    known = sheet.lines["unit_cost"].notna()
    assert (sheet.lines["amount"] == sheet.lines["quantity"] * sheet.lines["unit_cost"])[known].all()


def test_nobody_waits_for_a_run_and_what_was_done_meanwhile_is_in_it(
    shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a run is computed an order comes in and a colleague decides a quantity; the computing that the
    run keeps has seen both. The colleague's override decides its own line on a thread of its own: only what
    this thread computes is the run's."""
    sheet, decide, times, runner = run(shop, admin), new_run.decide.decide, [], get_ident()

    def slowly(*given: object) -> object:
        if get_ident() != runner:
            return decide(*given)  # type: ignore[arg-type]
        times.append(1)
        if len(times) == 1:
            with ThreadPoolExecutor() as pool:  # on another connection, as they do
                pool.submit(shop.stock, "reserved", {"00001": 30}, cause="event").result(timeout=5)
                pool.submit(override, shop, admin, sheet, "00002", 77).result(timeout=5)
        return decide(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(new_run.decide, "decide", slowly)
    newer = run(shop, admin)
    assert len(times) == 2
    assert line(newer, "00002")["quantity"] == 77
    assert line(newer, "00001")["available"] == line(sheet, "00001")["available"] - 30
    run(shop, admin)
    assert len(times) == 3, "nobody acted: computed once"


def test_forecast_knows_the_past_sale_and_new_skus_their_analogues(shop: Shop, merchandiser: Actor) -> None:
    told = service.forecast(shop.db, merchandiser, shop.campaign_id, now=shop.now).set_index("sku_code")
    assert told["source"].tolist() == ["own"] * 7 + ["analogues"]
    assert (told["uplift"] > 2.5).all()
    assert told.loc["00001", "mean"] > told.loc["00004", "mean"] > 0
    assert told.loc["00008", "mean"] > 0
    assert ((told["low"] <= told["mean"]) & (told["mean"] <= told["high"] + 1)).all()
    half = service.forecast(
        shop.db, merchandiser, shop.campaign_id, now=shop.now, ahead=service.Ahead(days=1)
    )
    assert (half["mean"].to_numpy() < told["mean"].to_numpy()).all()


def test_presale_is_covered_once_and_not_added_again(shop: Shop, admin: Actor) -> None:
    before = line(run(shop, admin), "00002")
    shop.stock("presale_committed", {"00002": 30})
    after = line(run(shop, admin), "00002")
    assert after["committed"] == 30
    assert after["need"] == before["need"] + 30
    assert after["available"] == before["available"] == 40


def test_deposits_of_the_warm_ups_reports_are_commitments(shop: Shop, admin: Actor) -> None:
    """Reported inside the warm-up (the fortnight before the opening), before the shop's stock sheet knows of
    them."""
    row = {
        "sku_code": ["00002"],
        "day": [date(2026, 10, 30)],
        "channel": "",
        "deposits": 25,
        "import_id": "t",
        "updated_at": shop.now,
    }
    with shop.db.writing() as connection:
        insert(connection, daily_signal, pd.DataFrame(row))
    made = service.replenish(shop.db, admin, shop.campaign_id, {}, now=shop.now + timedelta(days=12))
    assert line(service.sheet(shop.db, admin, made.run_id), "00002")["committed"] == 25


def test_in_transit_counts_by_its_date(shop: Shop, admin: Actor) -> None:
    before = line(run(shop, admin), "00002")
    shop.stock("in_transit", {"00002": 10}, "2026-11-07")
    shop.stock("in_transit", {"00002": 7}, "2026-11-25")
    after = line(run(shop, admin), "00002")
    assert (after["in_transit"], after["late_in_transit"]) == (10, 7)
    assert after["need"] == before["need"] - 10


def test_late_line_orders_nothing_and_says_so(shop: Shop, admin: Actor) -> None:
    shop.stock("reserved", {"00007": 30})  # ten units are left, and the sale wants more
    late = line(run(shop, admin), "00007")
    assert late["late"]
    assert (late["quantity"], late["state"]) == (0, "late")
    assert late["need"] > 0
    assert str(late["latest_order"]) == "2026-09-29"


def test_override_needs_a_reason_survives_and_goes_stale(shop: Shop, admin: Actor) -> None:
    """odoo 180951: a manual quantity froze the recalculation. Here it stands, the suggestion beside it moves
    on, and it is marked."""
    sheet = run(shop, admin)
    with pytest.raises(ShopError, match="no_reason"):
        override(shop, admin, sheet, "00001", 500, " ")
    override(shop, admin, sheet, "00001", 500)
    again = line(run(shop, admin), "00001")
    assert (again["quantity"], again["state"], bool(again["stale"])) == (500, "override", False)
    assert again["override_reason"] == "主播加场"
    shop.stock("on_hand", {"00001": 60}, cause="event")
    moved_run = run(shop, admin)
    moved = line(moved_run, "00001")
    assert (moved["quantity"], bool(moved["stale"])) == (500, True)
    assert moved["suggested"] != again["suggested"]
    assert moved_run.run.totals["stale_overrides"] == 1
    override(shop, admin, moved_run, "00001", None, "")
    assert line(run(shop, admin), "00001")["override"] is pd.NA


def test_a_suggestion_never_repeats_what_is_ordered(shop: Shop, admin: Actor) -> None:
    """odoo 67278: suggested again after the purchase order; also for an overridden line."""
    sheet = run(shop, admin)
    override(shop, admin, sheet, "00002", int(line(sheet, "00002")["suggested"]) + 20)
    made = ordered(shop, admin, run(shop, admin))
    assert len(made.orders) == 2
    again = run(shop, admin)
    assert (again.lines["quantity"] == 0).all()
    assert line(again, "00002")["override"] is pd.NA
    # the same approved run cannot be ordered twice
    with pytest.raises(ShopError, match="not_latest|not_approved"):
        orders.order(shop.db, admin, sheet.run.run_id, now=shop.now)


def test_a_few_units_more_than_ordered_are_taken_in(
    shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered(shop, admin, run(shop, admin))
    table = orders.orders(shop.db, admin, shop.campaign_id).set_index("supplier")
    order_id = table.loc["甲厂", "order_id"]
    lines = orders.order_lines(shop.db, admin, order_id)
    code, quantity = str(lines.iloc[0]["sku_code"]), int(lines.iloc[0]["quantity"])
    before = stock.positions(shop.db, admin).set_index("sku_code").loc[code]
    surplus = quantity // 20  # 5 %
    assert surplus > 0

    def receive(units: int) -> str:
        came = pd.DataFrame({"sku_code": [code], "quantity": [units]})
        return receipts.receive(shop.db, admin, order_id, came, now=shop.now)

    with pytest.raises(ShopError, match="over_receipt"):
        receive(quantity + surplus + 1)
    monkeypatch.setattr(settings(), "over_receipt_percent", 0.0)
    with pytest.raises(ShopError, match="over_receipt"):
        receive(quantity + 1)
    monkeypatch.undo()
    receive(quantity + surplus)
    after = stock.positions(shop.db, admin).set_index("sku_code").loc[code]
    assert after["on_hand"] - before["on_hand"] == quantity + surplus
    assert before["in_transit"] - after["in_transit"] == quantity  # the surplus was never on its way
    rest = orders.order_lines(shop.db, admin, order_id).set_index("sku_code")["open"]
    assert rest[code] == 0
    with shop.db.reading() as connection:
        assert not broken(check(connection))


def test_receipts_in_part_and_in_full(shop: Shop, admin: Actor) -> None:
    ordered(shop, admin, run(shop, admin))
    table = orders.orders(shop.db, admin, shop.campaign_id).set_index("supplier")
    order_id, lines = table.loc["甲厂", "order_id"], None
    lines = orders.order_lines(shop.db, admin, order_id)
    first = lines.iloc[0]
    half = int(first["quantity"]) // 2
    part = pd.DataFrame({"sku_code": [first["sku_code"]], "quantity": [half]})
    assert receipts.receive(shop.db, admin, order_id, part, now=shop.now) == "part"
    level = stock.positions(shop.db, admin).set_index("sku_code").loc[first["sku_code"]]
    assert (level["on_hand"], level["in_transit"]) == (40 + half, first["quantity"] - half)
    over = pd.DataFrame({"sku_code": [first["sku_code"]], "quantity": [int(first["quantity"])]})
    with pytest.raises(ShopError, match="over_receipt"):
        receipts.receive(shop.db, admin, order_id, over, now=shop.now)
    with pytest.raises(ShopError, match="not_on_order"):
        receipts.receive(shop.db, admin, order_id, over.assign(sku_code="no such"), now=shop.now)
    assert (run(shop, admin).lines["quantity"] == 0).all()
    assert receipts.receive(shop.db, admin, order_id, now=shop.now) == "received"
    with pytest.raises(ShopError, match="order_closed"):
        receipts.receive(shop.db, admin, order_id, now=shop.now)
    with shop.db.reading() as connection:
        assert not broken(check(connection))
    assert receipts.receipts(shop.db, admin, order_id)["quantity"].sum() == lines["quantity"].sum()


def test_orders_of_two_campaigns_at_once_have_numbers_of_their_own(
    shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = campaigns.add_sale(
        shop.db, admin, NewSale("双12", OPENS + timedelta(days=30), CLOSES + timedelta(days=30)), now=shop.now
    )
    made = [
        service.replenish(shop.db, admin, campaign_id, {}, now=shop.now).run_id
        for campaign_id in (shop.campaign_id, other)
    ]
    for run_id in made:
        service.approve(shop.db, admin, run_id, now=shop.now)
    monkeypatch.setattr(orders, "insert", together(orders.insert))
    with ThreadPoolExecutor() as pool:
        placed = list(
            pool.map(lambda run_id: orders.order(shop.db, admin, run_id, now=shop.now).orders, made)
        )
    numbers = pd.concat(placed)["number"]
    assert len(numbers) >= 3
    assert numbers.is_unique


@pytest.mark.parametrize("ending", ["receive", "close"])
def test_units_that_a_sheet_has_put_off_leave_the_day_on_which_they_stand(
    shop: Shop, admin: Actor, ending: str
) -> None:
    made = ordered(shop, admin, run(shop, admin)).orders
    order_id = str(made["order_id"].iloc[0])
    first = orders.order_lines(shop.db, admin, order_id).iloc[0]
    code, units = str(first["sku_code"]), int(first["quantity"])
    shop.stock("in_transit", {code: -units}, str(first["expected_on"]))
    shop.stock("in_transit", {code: units + 5}, "2026-11-30")
    if ending == "receive":
        receipts.receive(shop.db, admin, order_id, now=shop.now)
    else:
        receipts.close(shop.db, admin, order_id, "停产", now=shop.now)
    with shop.db.reading() as connection:
        coming = stock.arrivals(connection, [code])
        assert not broken(check(connection))
    assert coming[["expected_on", "quantity"]].to_numpy().tolist() == [["2026-11-30", 5]]


def test_closing_an_order_short_gives_the_need_back(shop: Shop, admin: Actor) -> None:
    sheet = run(shop, admin)
    ordered(shop, admin, sheet)
    table = orders.orders(shop.db, admin, shop.campaign_id).set_index("supplier")
    with pytest.raises(ShopError, match="no_reason"):
        receipts.close(shop.db, admin, table.loc["甲厂", "order_id"], "", now=shop.now)
    assert (
        receipts.close(shop.db, admin, table.loc["甲厂", "order_id"], "供应商停产", now=shop.now)
        == "cancelled"
    )
    again = run(shop, admin)
    assert line(again, "00002")["quantity"] == line(sheet, "00002")["quantity"] > 0
    with shop.db.reading() as connection:
        assert not broken(check(connection))


def test_supplier_minimum_holds_an_order_back(shop: Shop, admin: Actor) -> None:
    """OCA 456: the supplier's minimum was ignored."""
    from sqlalchemy import update

    from core.goods.tables import supplier

    with shop.db.writing() as connection:
        connection.execute(update(supplier).where(supplier.c.name == "乙厂").values(minimum_amount=10**9))
    sheet = run(shop, admin)
    made = ordered(shop, admin, sheet)
    assert made.orders["supplier"].tolist() == ["甲厂"]
    assert [entry["supplier"] for entry in made.held] == ["乙厂"]
    assert made.held[0]["minimum"] == 10**9


def test_capacity_and_budget_cut_and_say_where(shop: Shop, admin: Actor) -> None:
    from sqlalchemy import update

    from core.goods.tables import supplier

    free = run(shop, admin)
    whole = free.run.totals["amount"]
    tight = run(shop, admin, budget=whole // 2)
    assert tight.run.totals["amount"] <= whole // 2
    assert tight.run.totals["marginal_profit"] > 0
    assert tight.run.totals["first_unfunded"] in tight.lines.loc[tight.lines["unfunded"], "sku_code"].tolist()
    with shop.db.writing() as connection:
        connection.execute(update(supplier).where(supplier.c.name == "甲厂").values(capacity_units=50))
    capped = run(shop, admin).lines
    assert capped.loc[capped["supplier"] == "甲厂", "quantity"].sum() <= 50
    assert capped["over_capacity"].any()


def test_more_caution_orders_less_and_costs_profit(shop: Shop, admin: Actor) -> None:
    bold, shy = run(shop, admin, caution=-0.3), run(shop, admin, caution=0.3)
    assert shy.run.totals["units"] < bold.run.totals["units"]
    assert shy.run.totals["cap_forgone"] > bold.run.totals["cap_forgone"]
    assert shy.run.totals["expected_leftover"] < bold.run.totals["expected_leftover"]
    assert shy.run.totals["expected_lost"] > bold.run.totals["expected_lost"]
    moved = service.compare(shop.db, admin, bold.run.run_id, shy.run.run_id)
    assert moved["change"].sum() == shy.run.totals["units"] - bold.run.totals["units"]
    assert all("ratio" in terms for terms in moved["moved"])
    with pytest.raises(ShopError, match="bad_policy"):
        service.replenish(shop.db, admin, shop.campaign_id, {"caution": 2}, now=shop.now)


def test_only_the_newest_draft_is_approved_and_only_by_those_who_may(
    shop: Shop, merchandiser: Actor, viewer: Actor, lead: Actor
) -> None:
    old, new = run(shop, merchandiser), run(shop, merchandiser)
    with pytest.raises(ShopError, match="denied"):
        service.approve(shop.db, lead, new.run.run_id, now=shop.now)
    with pytest.raises(ShopError, match="not_latest"):
        service.approve(shop.db, merchandiser, old.run.run_id, now=shop.now)
    with pytest.raises(ShopError, match="not_approved"):
        orders.order(shop.db, merchandiser, new.run.run_id, now=shop.now)
    assert service.approve(shop.db, merchandiser, new.run.run_id, now=shop.now).state == "approved"
    with pytest.raises(ShopError, match="not_draft"):
        service.approve(shop.db, merchandiser, new.run.run_id, now=shop.now)
    with pytest.raises(ShopError, match="denied"):
        service.sheet(shop.db, viewer, new.run.run_id)


def test_costs_and_margins_stay_with_those_who_may_see_them(
    shop: Shop, merchandiser: Actor, lead: Actor, admin: Actor
) -> None:
    made = run(shop, admin)
    seen = service.sheet(shop.db, lead, made.run.run_id)
    hidden = {
        "unit_cost",
        "amount",
        "contribution",
        "lost_profit",
        "critical_ratio",
        "cap_forgone",
        "expected_profit",
    }
    assert not hidden & set(seen.lines.columns)
    assert not {"amount", "lost_profit", "cap_forgone", "marginal_profit"} & set(seen.run.totals)
    bought = service.sheet(shop.db, merchandiser, made.run.run_id)
    assert "unit_cost" in bought.lines
    assert "contribution" not in bought.lines
    ladder = service.explain(shop.db, merchandiser, made.run.run_id, "00001")
    assert not any("critical_ratio" in step for step in ladder)


def test_order_workbook_keeps_codes_and_names_as_text(shop: Shop, admin: Actor) -> None:
    ordered(shop, admin, run(shop, admin))
    order_id = orders.orders(shop.db, admin, shop.campaign_id).set_index("supplier").loc["甲厂", "order_id"]
    titles = {
        name: name
        for name in ("sku_code", "name", "pack_size", "quantity", "expected_on", "unit_cost", "amount")
    }
    content, name = orders.workbook(shop.db, admin, order_id, titles)
    assert name.startswith("PO20261020-")
    book = read_workbook(content, name)
    cells = book.grid(book.sheets[0].name).cells
    text = cells.to_pandas() if hasattr(cells, "to_pandas") else cells
    assert text.iloc[1:, 0].str.fullmatch(r"0000\d").all()
    assert text.iloc[1:, 1].str.startswith("=款").all()


def test_newcomers_and_ordinary_days(shop: Shop, merchandiser: Actor) -> None:
    fresh = after_sale.newcomers(shop.db, merchandiser, shop.campaign_id, now=shop.now)
    assert fresh["sku_code"].tolist() == ["00008"]
    plain = after_sale.ordinary(shop.db, merchandiser, shop.campaign_id, now=shop.now).set_index("sku_code")
    assert plain.loc["00001", "daily"] == pytest.approx(12, rel=0.2)
    assert plain.loc["00001", "reorder_point"] > plain.loc["00001", "daily"] * 10
    assert (plain.loc[plain["position"] >= plain["reorder_point"], "quantity"] == 0).all()
    assert (plain.loc[plain["position"] < plain["reorder_point"], "quantity"] > 0).all()


def test_a_shop_without_any_past_says_so(shop: Shop, admin: Actor) -> None:
    from sqlalchemy import delete

    with shop.db.writing() as connection:
        connection.execute(delete(daily_signal))
    sheet = run(shop, admin)
    assert sheet.run.basis["past_sales"] == 0
    assert sheet.run.basis["sources"]["nothing"] == 8
    assert (sheet.lines["quantity"] == 0).all()
    blind = sheet.lines["source"] == "nothing"
    assert set(sheet.lines.loc[blind, "state"]) == {"unknown"}, "what cannot be forecast is not called enough"


def test_an_unknown_campaign_and_run_are_refused(shop: Shop, admin: Actor) -> None:
    with pytest.raises(ShopError, match="campaign.unknown"):
        service.replenish(shop.db, admin, "none", {}, now=shop.now)
    with pytest.raises(ShopError, match="unknown_run"):
        service.sheet(shop.db, admin, "none")
