"""The live desk as it is drawn: what is in force, by whom, and the buttons that act and take back; who may
press them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.live.actions import decisions
from core.live.actions.effects import Act
from core.live.rehearsal import rehearsal
from core.warmup.storefront import marks
from pages.parts.live import actions as live_actions
from tests.live.conftest import OPENS, Shop, event

NOW = OPENS + timedelta(minutes=30)


def screen(url, campaign_id, actor, now, drill):  # type: ignore[no-untyped-def]  # AppTest takes its text alone
    """The desk of one reader."""
    from datetime import timedelta

    from core.access import Actor
    from core.database import connect
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.live import desk as live_desk
    from tests.live.conftest import OPENS

    chosen = Chosen(campaign_id, "11.11", "Asia/Shanghai", OPENS, OPENS + timedelta(days=1), drill=drill)
    live_desk.tabs(PageContext(connect(url), Actor(*actor), now, chosen), now)


def desk(shop: Shop, actor: Actor, campaign_id: str = "", drill: Any = None) -> AppTest:
    facts = {
        "url": str(shop.db.url),
        "campaign_id": campaign_id or shop.campaign_id,
        "actor": (actor.name, actor.role),
        "now": NOW,
        "drill": drill,
    }
    app = AppTest.from_function(screen, kwargs=facts, default_timeout=60).run()
    assert not app.exception
    return app


def backs(app: AppTest) -> list[Any]:
    return [button for button in app.button if str(button.key).startswith("back_")]


def said(app: AppTest) -> str:
    return "\n".join(str(one.value) for one in app.markdown)


def test_what_is_in_force_is_listed_and_lifted_with_one_click(small_shop: Shop, lead: Actor) -> None:
    assert backs(desk(small_shop, lead)) == []
    decisions.act(
        small_shop.db,
        lead,
        small_shop.campaign_id,
        Act("cap", "S01", 5, note="*黄牛*"),
        NOW - timedelta(minutes=3),
    )
    decisions.act(
        small_shop.db,
        lead,
        small_shop.campaign_id,
        Act("swap", "S02", 5, partner="S20"),
        NOW - timedelta(minutes=2),
    )
    app = desk(small_shop, lead)
    assert [button.label for button in backs(app)] == ["换回主推", "解除限购"]  # the newest first
    for word in (
        "生效中 · 2",
        "限购 1 件",
        "**S01** 货1",
        "11-11 00:27",
        r"campaign\_lead\-1",
        r"\*黄牛\*",
        "→ S20",
    ):
        assert word in said(app)
    backs(app)[1].click().run()
    assert not app.exception
    assert [button.label for button in backs(app)] == ["换回主推"]
    with small_shop.db.reading() as connection:
        assert marks.standing(connection, small_shop.campaign_id) == {}
    made = decisions.decisions(small_shop.db, lead, small_shop.campaign_id, NOW)
    assert made["act"].tolist() == ["uncap", "swap", "cap"]


def test_a_click_that_comes_too_late_says_so(small_shop: Shop, lead: Actor) -> None:
    done = decisions.act(small_shop.db, lead, small_shop.campaign_id, Act("cap", "S01", 5), NOW)
    app = desk(small_shop, lead)
    (button,) = backs(app)
    decisions.take_back(small_shop.db, lead, small_shop.campaign_id, done, NOW)
    button.click().run()
    assert not app.exception
    assert backs(app) == []
    assert decisions.decisions(small_shop.db, lead, small_shop.campaign_id, NOW)["act"].tolist() == [
        "uncap",
        "cap",
    ]


def test_only_who_may_act_can_press(small_shop: Shop, admin: Actor, lead: Actor, viewer: Actor) -> None:
    """A price is the pricing room's: the campaign lead sees it and cannot move it; in a rehearsal it is
    paper."""
    for one in (Act("cap", "S01", 5), Act("raise_price", "S02", 5, 10_900)):
        decisions.act(small_shop.db, admin, small_shop.campaign_id, one, NOW)
    shown = {
        actor.name: {button.label: button.disabled for button in backs(desk(small_shop, actor))}
        for actor in (admin, lead, viewer)
    }
    assert shown[admin.name] == {"改回原价": False, "解除限购": False}
    assert shown[lead.name] == {"改回原价": True, "解除限购": False}
    assert shown[viewer.name] == {"改回原价": True, "解除限购": True}
    assert "¥99 → ¥109" in said(desk(small_shop, viewer))
    drill = rehearsal.start(small_shop.db, admin, small_shop.campaign_id, NOW)
    with small_shop.db.reading() as connection:
        played = rehearsal.find(connection, drill)
    assert played is not None
    decisions.act(small_shop.db, lead, drill, Act("raise_price", "S02", 5, 10_900), NOW, played.moment(NOW))
    (button,) = backs(desk(small_shop, lead, drill, played))
    assert not button.disabled


@pytest.mark.parametrize("name", ["cap", "raise_price"])
def test_an_advised_row_is_done_and_can_be_taken_back(
    small_shop: Shop, lead: Actor, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shop.send(
        [event(n, "order", n / 2, sku_code="S01", order_id=f"o{n}", amount_fen=9_900) for n in range(36)]
    )
    found = decisions.advice(small_shop.db, lead, small_shop.campaign_id, NOW)
    row = int(found.index[(found["act"] == name) & (found["sku_code"] == "S01")][0])

    def picks(_frame: object, _columns: object, *, key: str, **_how: object) -> int | None:
        return row if key == "live_advice_0" else None  # until the act; AppTest cannot pick a row itself

    monkeypatch.setattr(live_actions, "draw_table", picks)
    app = desk(small_shop, lead)
    button = app.button(key=f"live_do_{name}_S01")
    if name == "raise_price":
        assert button.disabled
        return
    app.text_input(key="live_note_cap_S01").input("抢得太快").run()
    app.button(key="live_do_cap_S01").click().run()
    assert not app.exception
    (standing,) = decisions.in_force(small_shop.db, lead, small_shop.campaign_id, NOW)
    assert (standing["act"], standing["note"]) == ("cap", "抢得太快")
    assert [button.label for button in backs(app)] == ["解除限购"]


def test_everybody_sees_the_advice_and_only_some_its_margin(
    small_shop: Shop, admin: Actor, lead: Actor, viewer: Actor
) -> None:
    small_shop.send(
        [event(n, "order", n / 2, sku_code="S01", order_id=f"o{n}", amount_fen=9_900) for n in range(36)]
    )
    for actor, sees in ((admin, True), (lead, False), (viewer, False)):
        table = desk(small_shop, actor).dataframe[0].value
        assert {"sku_code", "act"} <= set(table.columns)
        assert ("margin_effect" in table.columns) is sees
