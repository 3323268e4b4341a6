"""The checklist of a new shop: what is done, what each step unlocks, its sample file, and the way to it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.overview import demo_shop
from core.overview import first_steps as service
from core.pricing.changes.sheet import COSTS
from core.sheets import writer
from core.sheets.columns import SheetSpec
from core.signals.sheet import TRAFFIC
from core.stock.sheet import STOCK
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import attempt
from pages.parts.components.text import language, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.links import link

BESIDE = "BIGSALE_DATA_DIR=~/bigsale-demo DATABASE_URL=sqlite:///$HOME/bigsale-demo/shop.db .venv/bin/python -m core start --port 8502"
SAMPLES: Mapping[str, SheetSpec] = {"stock": STOCK.spec, "reports": TRAFFIC.spec, "costs": COSTS.spec}


def checklist(page: PageContext) -> None:
    """The steps until all are done; nothing afterwards."""
    campaign_id = page.campaign.campaign_id if page.campaign is not None else ""
    steps = service.steps(page.database, page.actor, campaign_id)
    left = [step for step in steps if not step.done]
    if page.may("demo.manage"):
        _demo(page, fresh=bool(left))
    if not left:
        return
    with st.container(border=True, key="first_steps"):
        st.markdown(f"**{t('first.title', done=len(steps) - len(left), of=len(steps))}**")
        for step in steps:
            _step(page, step, first=step is left[0])


def _demo(page: PageContext, *, fresh: bool) -> None:
    """For an administrator: the demo into an empty shop, and out of it again; how it runs beside a shop of one's own while
    that is being set up (`fresh`)."""
    state = demo_shop.state(page.database, page.actor, page.now)
    if state == "own":
        if fresh:
            with st.popover(t("first.demo_beside"), type="tertiary", icon=":material/storefront:"):
                st.caption(t("first.demo_beside_note"))
                st.code(BESIDE, language="sh", wrap_lines=True)
        return
    with st.container(horizontal=True, vertical_alignment="center", key="demo_shop"):
        if state == "empty" and st.button(
            t("first.demo_load"), icon=":material/storefront:", help=t("first.demo_load_help")
        ):
            names = language()
            attempt(
                lambda: demo_shop.load(page.database, page.actor, names, now=page.now),
                t("first.demo_started"),
            )
        if state == "loading":
            st.markdown(f":material/hourglass_top: {t('first.demo_loading')}", width="content")
            st.button(t("first.demo_again"), type="tertiary", icon=":material/refresh:")
        if state == "demo":
            st.caption(t("first.demo_here"), width="content")
            with st.popover(t("first.demo_remove"), type="tertiary", icon=":material/delete_sweep:"):
                st.caption(t("first.demo_remove_note"))
                if st.button(t("first.demo_remove"), type="primary", key="demo_remove"):
                    attempt(
                        lambda: demo_shop.remove(page.database, page.actor, now=page.now),
                        lambda n: t("first.demo_removed", n=n),
                        "success",
                    )


def _step(page: PageContext, step: service.Step, *, first: bool) -> None:
    """One line: the mark, the step, what it unlocks; the sample and the way only where it is still to be done."""
    icon = "check_circle" if step.done else "arrow_circle_right" if first else "radio_button_unchecked"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = t(f"first.{step.name}")
        name = words if step.done else f"**{words}**" if first else words
        st.markdown(f":material/{icon}: {name} :small[{t(f'first.{step.name}_unlocks')}]", width="stretch")
        if step.done or not page.may(step.action):
            return
        if step.name in SAMPLES:
            spec, tongue = SAMPLES[step.name], language()
            download(
                Button(t("common.sample"), f"first_{step.name}"),
                File(f"{step.name}.xlsx"),
                lambda _page: writer.template(spec, tongue),
            )
        link(step.page, t("first.go"), dict(step.query))
