"""A rehearsal is looked at on the live page and the wall; every other page speaks of the campaign that is rehearsed."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import clock
from core.access import Actor
from core.live.rehearsal import rehearsal
from pages.parts.shell import menu
from tests.live.conftest import Shop
from tests.live.conftest import shop as shop
from tests.live.conftest import small_shop as small_shop
from tests.pages.visiting import sign_in_as

NIGHT = {"live", "wall"}
OTHERS = [entry for entry in menu.MENU if entry.page not in NIGHT | {"admin"}]


@pytest.mark.parametrize("entry", OTHERS, ids=lambda entry: entry.page)
def test_another_page_speaks_of_the_campaign_itself(
    entry: menu.Entry, small_shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill = rehearsal.start(
        small_shop.db, admin, small_shop.campaign_id, clock.now(), play=rehearsal.Play(speed=60)
    )
    sign_in_as(monkeypatch, small_shop.db, admin)
    said = {}
    for chosen in (small_shop.campaign_id, drill):
        page = AppTest.from_file(str(Path(entry.file)), default_timeout=60)
        page.query_params["campaign"] = chosen
        page.run()
        assert not page.exception
        said[chosen] = [[str(one.value) for one in kind] for kind in (page.metric, page.dataframe, page.info)]
    assert said[drill] == said[small_shop.campaign_id]


def test_the_live_page_shows_the_rehearsal(
    small_shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill = rehearsal.start(
        small_shop.db, admin, small_shop.campaign_id, clock.now(), play=rehearsal.Play(speed=60)
    )
    sign_in_as(monkeypatch, small_shop.db, admin)
    entry = next(entry for entry in menu.MENU if entry.page == "live")
    page = AppTest.from_file(str(Path(entry.file)), default_timeout=60)
    page.query_params["campaign"] = drill
    page.run()
    assert not page.exception
    assert any("演练" in str(one.value) for one in page.caption)


def _picker(url, actor, chosen):  # type: ignore[no-untyped-def]  # AppTest takes its text alone
    """The sidebar's picker with that campaign chosen; and what its badge counts for."""
    import streamlit as st

    from core import clock
    from core.access import Actor
    from core.database import connect
    from pages.parts.entry.context import PageContext
    from pages.parts.shell import campaign_picker

    st.session_state.setdefault("campaign", chosen)
    st.text(campaign_picker.pick(PageContext(connect(url), Actor(*actor), clock.now())))


def test_the_badge_counts_for_the_campaign_that_the_overview_shows(small_shop: Shop, admin: Actor) -> None:
    drill = rehearsal.start(
        small_shop.db, admin, small_shop.campaign_id, clock.now(), play=rehearsal.Play(speed=60)
    )
    facts = {"url": str(small_shop.db.url), "actor": (admin.name, admin.role), "chosen": drill}
    page = AppTest.from_function(_picker, kwargs=facts, default_timeout=60).run()
    assert not page.exception
    assert (page.selectbox[0].value, page.text[0].value) == (drill, small_shop.campaign_id)
