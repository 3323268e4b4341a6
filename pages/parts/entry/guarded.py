"""Whatever runs after its page was drawn asks the session and the action again at the moment it runs.

st.button(…, on_click=callback("live.acknowledge", _acknowledge, alert_id))
fragment("live.view", _board, at, run_every=2.0)
dialog(Frame(plain("pricing.confirm")), "price.edit", _confirm, phase, edited)
st.download_button(…, deferred(make))        # through pages.parts.components.downloads

Each function takes a fresh PageContext first; no Actor and no context outlives its run. A session that was
revoked meets the sign-in, a role without the action is refused, and a file made of what one role has seen is
not made for another: neither for another account nor for the same person in another role.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from typing import Concatenate, Literal, ParamSpec, TypeVar

import streamlit as st

from core import clock
from core.access import Actor, allowed
from core.database import Database
from core.errors import ShopError
from pages.parts.entry import goods_looks, visitor
from pages.parts.entry.campaigns import chosen_again
from pages.parts.entry.context import Chosen, PageContext
from pages.parts.entry.feedback import as_refusal, flash_refusal

P = ParamSpec("P")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Admission:
    """As whom and for what the running page was let in: names to compare with later, nothing to act with."""

    action: str
    account: str
    role: str
    credential: visitor.Credential
    campaign_id: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A dialog's title, width, icon and side."""

    title: str
    width: Literal["small", "large", "medium"] = "small"
    icon: str | None = None
    position: Literal["left", "center", "right"] = "center"


_admission: ContextVar[Admission | None] = ContextVar("admission of the running page", default=None)


def admitted(action: str, actor: Actor) -> PageContext:
    """Notes that this run was let in, and gives its context (without a campaign so far)."""
    _admission.set(Admission(action, actor.name, actor.role, visitor.credential()))
    goods_looks.remember(visitor.database(), actor)
    return PageContext(visitor.database(), actor, clock.now())


def on_campaign(page: PageContext, chosen: Chosen | None) -> PageContext:
    """The same run, speaking of that campaign."""
    current = _admission.get()
    if current is not None:
        _admission.set(replace(current, campaign_id=chosen.campaign_id if chosen else ""))
    return replace(page, campaign=chosen)


def ask_again(action: str, campaign_id: str = "") -> PageContext | None:
    """A fresh context, or None when the session is over.

    ShopError("access.denied") when the role may not do it (any more).
    """
    actor = visitor.visitor()
    if actor is None:
        return None
    if not allowed(actor, action):
        raise ShopError("access.denied", action=action, role=actor.role)
    page = admitted(action, actor)
    return on_campaign(page, chosen_again(page.database, actor, campaign_id)) if campaign_id else page


def callback(
    action: str, work: Callable[Concatenate[PageContext, P], object], *args: P.args, **kwargs: P.kwargs
) -> Callable[[], None]:
    """The work of a widget's on_click or on_change. Refused, it does nothing: the run that follows meets the
    sign-in, or says why."""
    _refuse_people(args, kwargs)
    campaign_id = _campaign_id()

    def run() -> None:
        """Asks, then works."""
        try:
            page = ask_again(action, campaign_id)
            if page is not None:
                work(page, *args, **kwargs)
        except ShopError as error:
            flash_refusal(error)

    return run


def fragment(
    action: str, draw: Callable[Concatenate[PageContext, P], None], *args: P.args, **kwargs: P.kwargs
) -> Callable[..., None]:
    """A part of a page that draws itself anew, as a function to be called once:
    `fragment("live.view", _board, at)(run_every=2.0, lost=_lost)`.

    `lost(error)` draws what can be shown when the asking itself fails (the database is away); without it the
    refusal is shown.
    """
    _refuse_people(args, kwargs)
    campaign_id = _campaign_id()

    def run(lost: Callable[[ShopError], None] | None) -> None:
        """Asks, then draws."""
        try:
            page = ask_again(action, campaign_id)
        except Exception as error:
            if lost is None or (isinstance(error, ShopError) and error.code == "access.denied"):
                raise
            lost(as_refusal(error))
            return
        if page is None:
            st.rerun()
        draw(page, *args, **kwargs)

    def show(*, run_every: float | None = None, lost: Callable[[ShopError], None] | None = None) -> None:
        """Draws it, now and every `run_every` seconds."""
        st.fragment(partial(run, lost), run_every=run_every)()

    return show


def dialog(
    frame: Frame,
    action: str,
    draw: Callable[Concatenate[PageContext, P], None],
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Opens a dialog; every click in it asks again."""
    _refuse_people(args, kwargs)
    campaign_id = _campaign_id()

    def run() -> None:
        """Asks, then draws."""
        page = ask_again(action, campaign_id)
        if page is None:
            st.rerun()
        draw(page, *args, **kwargs)

    st.dialog(frame.title, width=frame.width, icon=frame.icon, position=frame.position)(run)()


def deferred(
    make: Callable[[PageContext], Value], keep: Callable[[Value, Admission], Value], action: str = ""
) -> Callable[[], Value]:
    """The maker of a file, run on the click, outside of the page's run and without its cookies.

    `action`: what it needs, the page's own where none is named. `keep` is handed the file and for whom it was
    made. ShopError("access.signed_out" | "access.denied").
    """
    admission, database = _admission.get(), None
    if admission is not None:
        admission, database = replace(admission, action=action or admission.action), visitor.database()

    def run() -> Value:
        """Asks as whom the page was drawn, then makes it."""
        if admission is None or database is None:
            raise ShopError("access.signed_out")
        page = _as_drawn(admission, database)
        return keep(make(page), admission)

    return run


def _as_drawn(admission: Admission, database: Database) -> PageContext:
    """A fresh context of the same account in the same role as the page was drawn for."""
    actor = admission.credential.actor(database)
    if actor is None:
        raise ShopError("access.signed_out")
    same = (actor.name, actor.role) == (admission.account, admission.role)
    if not (same and allowed(actor, admission.action)):
        raise ShopError("access.denied", action=admission.action, role=actor.role)
    campaign = chosen_again(database, actor, admission.campaign_id) if admission.campaign_id else None
    return PageContext(database, actor, clock.now(), campaign)


def _campaign_id() -> str:
    admission = _admission.get()
    return admission.campaign_id if admission is not None else ""


def _refuse_people(args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    """What runs later is handed its own context: one that is passed along would be yesterday's."""
    if any(isinstance(one, Actor | PageContext) for one in (*args, *kwargs.values())):
        raise TypeError("no Actor and no PageContext is captured across a rerun")
