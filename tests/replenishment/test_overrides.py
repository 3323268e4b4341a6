"""A quantity set by hand is what is ordered, whether it was set before the approval or after it: through the
service, on the page and on the command line."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.__main__ import app
from core.access import Actor
from core.commands.terminal import run as terminal
from core.errors import ShopError
from core.replenishment import orders, service
from core.replenishment.tables import replenishment_override
from core.settings import settings
from tests.replenishment.conftest import Shop

CODE, BY_HAND = "00002", 572


def by_hand(shop: Shop, actor: Actor, run_id: str, quantity: int | None = BY_HAND) -> None:
    changes = pd.DataFrame({"sku_code": [CODE], "quantity": pd.array([quantity], "Int64")})
    service.override(shop.db, actor, run_id, service.ByHand(changes, "主播加场"), now=shop.now)


def computed(shop: Shop, actor: Actor, **policy: object) -> str:
    return service.replenish(shop.db, actor, shop.campaign_id, policy, now=shop.now).run_id


def line(shop: Shop, actor: Actor, run_id: str) -> pd.Series:
    return service.sheet(shop.db, actor, run_id).lines.set_index("sku_code").loc[CODE]


def assert_ordered(shop: Shop, actor: Actor, units: int) -> None:
    """One line of one purchase order has these units of CODE."""
    table = orders.orders(shop.db, actor, shop.campaign_id)
    rows = pd.concat([orders.order_lines(shop.db, actor, order_id) for order_id in table["order_id"]])
    assert rows.set_index("sku_code")["quantity"].to_dict()[CODE] == units


def test_after_the_approval_it_reopens_the_run_and_is_ordered(shop: Shop, admin: Actor) -> None:
    run_id = computed(shop, admin)
    suggested = int(line(shop, admin, run_id)["quantity"])
    service.approve(shop.db, admin, run_id, now=shop.now)
    by_hand(shop, admin, run_id)
    sheet = service.sheet(shop.db, admin, run_id)
    assert (sheet.run.state, sheet.run.approved_by, sheet.run.approved_at) == ("draft", "", None)
    with pytest.raises(ShopError, match="not_approved"):
        orders.order(shop.db, admin, run_id, now=shop.now)
    service.approve(shop.db, admin, run_id, now=shop.now)
    orders.order(shop.db, admin, run_id, now=shop.now)
    assert suggested != BY_HAND
    assert_ordered(shop, admin, BY_HAND)


def test_before_the_approval_it_is_ordered_too(shop: Shop, admin: Actor) -> None:
    run_id = computed(shop, admin)
    by_hand(shop, admin, run_id)
    service.approve(shop.db, admin, run_id, now=shop.now)
    orders.order(shop.db, admin, run_id, now=shop.now)
    assert_ordered(shop, admin, BY_HAND)


def test_the_line_and_the_totals_are_those_of_a_new_run(shop: Shop, admin: Actor) -> None:
    run_id = computed(shop, admin)
    by_hand(shop, admin, run_id)
    at_once = service.sheet(shop.db, admin, run_id)
    anew = service.sheet(shop.db, admin, computed(shop, admin))
    pd.testing.assert_frame_equal(at_once.lines, anew.lines)
    assert at_once.run.totals == anew.run.totals
    by_hand(shop, admin, anew.run.run_id, None)
    taken_back = service.sheet(shop.db, admin, anew.run.run_id)
    assert taken_back.lines["override"].isna().all()
    assert taken_back.run.totals == service.sheet(shop.db, admin, computed(shop, admin)).run.totals


def test_a_quantity_taken_back_keeps_to_what_the_other_lines_leave_of_the_budget(
    shop: Shop, admin: Actor
) -> None:
    free = service.sheet(shop.db, admin, computed(shop, admin)).run.totals["amount"]
    run_id = computed(shop, admin, budget=free // 2)
    by_hand(shop, admin, run_id)
    assert service.sheet(shop.db, admin, run_id).run.totals["budget_left"] < 0, "shown, not hidden"
    by_hand(shop, admin, run_id, None)
    assert service.sheet(shop.db, admin, run_id).run.totals["amount"] <= free // 2


def test_an_ordered_or_replaced_run_refuses(shop: Shop, admin: Actor) -> None:
    old = computed(shop, admin)
    run_id = computed(shop, admin)
    with pytest.raises(ShopError, match="not_latest"):
        by_hand(shop, admin, old)
    service.approve(shop.db, admin, run_id, now=shop.now)
    orders.order(shop.db, admin, run_id, now=shop.now)
    with pytest.raises(ShopError, match="already_ordered"):
        by_hand(shop, admin, run_id)


def test_an_order_that_would_leave_a_quantity_by_hand_out_is_refused(shop: Shop, admin: Actor) -> None:
    """However the stored quantity and the line came apart."""
    run_id = computed(shop, admin)
    by_hand(shop, admin, run_id)
    service.approve(shop.db, admin, run_id, now=shop.now)
    with shop.db.writing() as connection:
        connection.execute(update(replenishment_override).values(quantity=600))
    with pytest.raises(ShopError, match="override_not_in_run"):
        orders.order(shop.db, admin, run_id, now=shop.now)
    assert service.sheet(shop.db, admin, run_id).run.state == "approved"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("approved_first", [True, False])
def test_on_the_command_line(
    shop: Shop,
    admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    approved_first: bool,
) -> None:
    monkeypatch.setenv("DATABASE_URL", shop.db.url)
    monkeypatch.setattr("core.clock.now", lambda: shop.now)
    monkeypatch.setattr("core.commands.terminal.run.require_current", lambda database: None)
    settings.cache_clear()

    def call(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = terminal.main(app, [*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    try:
        run_id = call("replenish", "--campaign", shop.campaign_id)[1][0]["run_id"]
        if approved_first:
            assert call("purchase", "approve", run_id)[1]["state"] == "approved"
        by_sku = ("--sku", f"{CODE}={BY_HAND}")
        assert call("purchase", "override", run_id, *by_sku)[1]["error"] == "replenishment.no_reason"
        code, answer = call("purchase", "override", run_id, *by_sku, "--reason", "主播加场")
        assert (code, answer["state"]) == (0, "draft")
        assert call("purchase", "order", run_id)[1]["error"] == "replenishment.not_approved"
        assert call("purchase", "approve", run_id)[1]["units"] == answer["units"]
        assert call("purchase", "order", run_id)[0] == 0
        assert call("purchase", "override", run_id, "--sku", f"{CODE}=", "--reason", "")[1]["error"] == (
            "replenishment.already_ordered"
        )
    finally:
        settings.cache_clear()
    assert_ordered(shop, admin, BY_HAND)


def _page(shop, admin, code, units):  # type: ignore[no-untyped-def]  # AppTest takes its text alone
    from unittest.mock import patch

    import pandas as pd
    import streamlit as st

    from core.replenishment import service
    from pages.parts.components.editing import Edited
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.replenishment import lines, run
    from tests.replenishment.conftest import CLOSES, OPENS

    chosen = Chosen(shop.campaign_id, "双11", "Asia/Shanghai", OPENS, CLOSES)
    view = service.sheet(shop.db, admin, service.newest(shop.db, admin, shop.campaign_id))
    page = PageContext(shop.db, admin, shop.now, chosen)
    run.controls(page, view)
    changes = pd.DataFrame({"key": [code], "after": [units]})
    edited = Edited(changes, changes) if st.button("save the cell") else None
    with patch.object(lines, "edit", return_value=edited):
        lines.by_hand(page, view)


def press(page: AppTest, label: str) -> None:
    """Presses the one button whose label begins so."""
    next(button for button in page.button if button.label.startswith(label)).click().run()
    assert not page.exception


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("approved_first", [True, False])
def test_on_the_page(shop: Shop, admin: Actor, approved_first: bool) -> None:
    computed(shop, admin)
    page = AppTest.from_function(_page, args=(shop, admin, CODE, BY_HAND), default_timeout=60).run()
    assert not page.exception
    page.text_input(key="replenishment_reason").set_value("主播加场").run()
    if approved_first:
        press(page, "通过这版补货单")
    press(page, "save the cell")
    page.run()
    assert not any(button.label.startswith("生成采购单") for button in page.button), "a draft is not ordered"
    press(page, "通过这版补货单")
    press(page, "生成采购单")
    assert_ordered(shop, admin, BY_HAND)
