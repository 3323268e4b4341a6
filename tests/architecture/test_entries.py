"""No way into a page's code without a guard, and nothing that runs later holds on to a person."""

from __future__ import annotations

import ast
import textwrap

import pytest

from core.access.rules import ACTIONS
from tests.architecture.entries import ROOT, Entry, captured, entries, sources

WRAPPING = {"pages/parts/entry/guarded.py", "pages/parts/components/downloads.py"}  # the wrappers themselves
NOBODY_ACTS = {  # what touches only this reader's own view, or nobody's
    ("pages/parts/components/tables.py", "_clear"): "empties the reader's own filters",
    ("pages/parts/components/bulk.py", "unticked"): "takes the reader's own ticks away",
    ("pages/parts/plan/target.py", "_moved"): "reckons the reader's own draft anew",
    ("pages/parts/plan/target.py", "_use"): "puts the lever's figures into the reader's own draft",
    ("pages/parts/upload/comparison.py", "_remember"): "keeps the reader's own answers to conflicts",
    ("pages/parts/live/desk.py", "look"): "turns the reader's own screen to another campaign",
    ("pages/parts/shell/person/sign_in.py", "st.logout"): "leaves",
    ("pages/parts/shell/person/sign_in.py", "change_dialog"): "shows the form that asks for the old password",
    ("pages/parts/shell/shell.py", "closed"): "the database is away: nobody is known",
}


def every() -> list[Entry]:
    """All ways in of all screens."""
    return [
        entry
        for path in sources()
        if str(path.relative_to(ROOT)) not in WRAPPING
        for entry in entries(ast.parse(path.read_text("utf-8")), str(path.relative_to(ROOT)))
    ]


def test_every_way_in_has_its_guard() -> None:
    bare = [one for one in every() if not one.action and (one.file, one.code) not in NOBODY_ACTS]
    assert bare == [], "wrap it: pages/parts/entry/guarded.py, pages/parts/components/downloads.py"


def test_no_exception_outlives_its_code() -> None:
    assert set(NOBODY_ACTS) == {(one.file, one.code) for one in every() if not one.action}


def test_a_guard_asks_for_an_action_that_there_is() -> None:
    asked = {one.action for one in every()} - {"", "the page's own"}
    assert {"live.view", "live.acknowledge", "audit.view", "price.edit", "campaign.edit"} <= asked
    assert asked <= set(ACTIONS)


def test_nothing_that_runs_later_holds_on_to_a_person() -> None:
    held = {
        f"{path.relative_to(ROOT)}:{one}"
        for path in sources()
        if str(path.relative_to(ROOT)) not in WRAPPING
        for one in captured(ast.parse(path.read_text("utf-8")))
    }
    assert held == set()


@pytest.mark.parametrize(
    "code",
    [
        "st.button('x', on_click=work, args=(page, 1))",
        "st.button('x', on_click=callback('live.act', work, page.actor))",
        "download(button, file, lambda _page: make(page.actor))",
        "download(button, file, partial(make, page))",
        "dialog(frame, 'price.edit', lambda fresh: save(who))",
        "st.fragment(lambda: draw(page))()",
        "st.download_button('x', partial(export, page.database, page.actor))",
    ],
)
def test_the_search_finds_a_person_held_on_to(code: str) -> None:
    whole = f"def f(page: PageContext, who: Actor) -> None:\n{textwrap.indent(code, '    ')}"
    assert list(captured(ast.parse(whole)))


def test_the_search_finds_the_person_in_a_function_inside() -> None:
    code = """
    def f(page: PageContext) -> None:
        def shown(fresh):
            save(page.actor)
        dialog(frame, "price.edit", shown)
    """
    assert list(captured(ast.parse(textwrap.dedent(code))))


@pytest.mark.parametrize(
    "code",
    [
        "download(button, file, lambda page: make(page.actor))",
        "dialog(frame, 'price.edit', save, page.campaign_id)",
        "st.button('x', on_click=callback('live.act', work, row['id']))",
    ],
)
def test_a_fresh_context_is_no_such_find(code: str) -> None:
    assert not list(captured(ast.parse(f"def f(page: PageContext) -> None:\n    {code}")))


@pytest.mark.parametrize(
    "code",
    [
        "st.button('x', on_click=act)",
        "st.selectbox('x', [], on_change=lambda: act())",
        "st.download_button('x', make)",
        "st.fragment(draw, run_every=2)()",
        "@st.dialog('x')\ndef f(): ...",
        "@st.fragment\ndef f(): ...",
    ],
)
def test_the_search_finds_a_bare_way_in(code: str) -> None:
    assert [one.action for one in entries(ast.parse(code), "f.py")] == [""]
