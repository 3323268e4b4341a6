"""Where messages and events go: channels for people, signed webhooks for programs, the queue and its dead letters."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.notify import service as notify
from core.notify.service import LANGUAGES, LEVELS, TOPICS
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, flash, refusals
from pages.parts.components.tables import Filter, row_of, table
from pages.parts.components.text import literal, plain, t
from pages.parts.entry.context import PageContext

CHANNELS = (
    Column("name", "admin.channel", "code"),
    Column("platform", "admin.platform", "text"),
    Column("told", "channel.topics", "text"),
    Column("enabled", "admin.enabled", "flag"),
    Column("least", "admin.least", "state", words="level"),
    Column("language", "admin.language", "state", words="common"),
    Column("limit", "admin.limit", "integer", help="admin.limit_help"),
    Column("queued", "admin.queued", "integer"),
    Column("failed", "admin.failed", "integer"),
    Column("last_sent", "admin.last_sent", "moment"),
)
MESSAGES = (
    Column("created_at", "admin.at", "moment"),
    Column("channel", "admin.channel", "code"),
    Column("level", "admin.least", "state", words="level"),
    Column("title", "admin.message", "text", width="large"),
    Column("state", "admin.state", "state"),
    Column("tries", "admin.tries", "integer"),
    Column("fault", "admin.fault", "text"),
)
DEAD = Filter("dead", "channel.dead", lambda rows: rows["state"] == "failed")


def channels(page: PageContext) -> None:
    """Where messages go: how each channel is used, a test message, and the queue."""
    st.caption(t("admin.channels_note"))
    _secret()
    with st.container(horizontal=True):
        with st.popover(t("channel.add"), icon=":material/add_alert:"):
            _add_channel(page)
        with st.popover(t("channel.add_webhook"), icon=":material/webhook:"):
            _add_webhook(page)
    frame = notify.channels(page.database, page.actor)
    if frame.empty:
        st.info(t("admin.no_channels"), icon=":material/notifications_off:")
        return
    told = [" / ".join(map(_topic, topics)) for topics in frame["topics"]]
    frame = frame.assign(told=told).set_index("name", drop=False)
    shown = table(frame, CHANNELS, key="channels", pick=True)
    if shown.picked is not None:
        _channel(page, row_of(frame, shown.picked))
    _queue(page)


def _queue(page: PageContext) -> None:
    """What waits, what went out, and the dead letters, which come first."""
    messages = notify.queue(page.database, page.actor)
    if not messages.empty:
        st.subheader(t("admin.queue"), anchor=False)
        table(messages, MESSAGES, key="messages", search=("title", "channel"), filters=(DEAD,))
        if (messages["state"] == "failed").any() and st.button(
            t("admin.try_again"), icon=":material/refresh:"
        ):
            n = notify.try_again(page.database, page.actor, page.now)
            flash(t("admin.tried_again", n=n))
            st.rerun()


def _channel(page: PageContext, row: pd.Series) -> None:
    name = str(row["name"])
    if row["kind"] == notify.WEBHOOK:
        _webhook(page, name, bool(row["enabled"]))
    else:
        _messages(page, row)
    with st.popover(t("channel.remove"), icon=":material/delete:"):
        st.markdown(t("channel.remove_what", name=name))
        if st.button(t("channel.remove_now"), key=f"remove_{name}"):
            attempt(
                lambda: notify.remove(page.database, page.actor, name, page.now),
                lambda dropped: t("channel.removed", n=dropped),
            )


def _webhook(page: PageContext, name: str, enabled: bool) -> None:
    """A receiver of events: on or off, and a test."""
    with st.container(horizontal=True, border=True, key=f"webhook_{name}"):
        word = t("admin.disable" if enabled else "admin.enable")
        if st.button(word, icon=":material/power_settings_new:", key=f"switch_{name}"):
            attempt(
                lambda: notify.change_channel(
                    page.database, page.actor, name, notify.Use(enabled=not enabled), page.now
                ),
                t("admin.changed"),
            )
        if st.button(t("admin.test"), icon=":material/send:", key=f"test_{name}"):
            with refusals():
                _test(page, name)


def _test(page: PageContext, name: str) -> None:
    fault = notify.test_message(page.database, page.actor, name, page.now)
    (st.error if fault else st.success)(
        t("admin.test_failed", fault=fault) if fault else t("admin.test_sent")
    )


def _messages(page: PageContext, row: pd.Series) -> None:
    """A channel of people: what goes out there, when, in which language."""
    name = str(row["name"])
    with st.form(f"channel_{name}"):
        st.markdown(f"**{literal(name)}**")
        left, middle, right = st.columns(3)
        enabled = left.toggle(t("admin.enabled"), value=bool(row["enabled"]))
        least = left.selectbox(
            t("admin.least"),
            LEVELS,
            index=LEVELS.index(row["least"]),
            format_func=lambda level: plain(f"level.{level}"),
        )
        spoken = left.selectbox(
            t("admin.language"),
            LANGUAGES,
            index=LANGUAGES.index(row["language"]),
            format_func=lambda tongue: plain(f"common.{tongue}"),
            help=t("admin.language_help"),
        )
        start = middle.time_input(t("admin.quiet_from"), value=_clock(int(row["quiet_from"])), step=1800)
        end = right.time_input(t("admin.quiet_to"), value=_clock(int(row["quiet_to"])), step=1800)
        save, test = (
            st.form_submit_button(t("common.save")),
            st.form_submit_button(t("admin.test"), icon=":material/send:"),
        )
    with refusals():
        if save and start is not None and end is not None:
            minutes = (start.hour * 60 + start.minute, end.hour * 60 + end.minute)
            notify.change_channel(
                page.database, page.actor, name, notify.Use(enabled, least, *minutes, spoken), page.now
            )
            st.rerun()
        if test:
            _test(page, name)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _add_channel(page: PageContext) -> None:
    with st.form("add_channel", border=False, clear_on_submit=True):
        name = st.text_input(t("admin.channel"), max_chars=64)
        address = st.text_input(t("channel.address"), type="password", help=t("channel.address_help"))
        if st.form_submit_button(t("channel.add"), type="primary"):
            add = partial(notify.add_channel, page.database, page.actor, name.strip(), address, page.now)
            attempt(add, t("channel.added"))


def _add_webhook(page: PageContext) -> None:
    with st.form("add_webhook", border=False, clear_on_submit=True):
        name = st.text_input(t("admin.channel"), max_chars=64)
        address = st.text_input(t("channel.receiver"), type="password", help=t("channel.receiver_help"))
        topics = st.pills(t("channel.topics"), TOPICS, selection_mode="multi", format_func=_topic)
        if st.form_submit_button(t("channel.add_webhook"), type="primary"):
            with refusals():
                st.session_state["new_webhook"] = (
                    name.strip(),
                    notify.add_webhook(
                        page.database,
                        page.actor,
                        name.strip(),
                        notify.Receiver(address, list(topics)),
                        page.now,
                    ),
                )
                st.rerun()


def _secret() -> None:
    """The signing secret of a webhook just added, for the one screen that shows it."""
    made: tuple[str, str] | None = st.session_state.pop("new_webhook", None)
    if made is not None:
        with st.container(border=True, key="new_webhook_card"):
            st.markdown(t("channel.secret", name=made[0]))
            st.code(made[1], language=None)


def _topic(topic: str) -> str:
    return plain(f"topic.{topic}")
