"""The answer on top, and the tabs: where the gap comes from, goods, judgement, after-sale, units, encore."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.campaign import service as campaigns
from core.errors import ShopError
from core.review import service
from core.review.bridge import FACTORS
from core.review.service import Landing
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.charts.waterfalls import waterfall
from pages.parts.components.defaults import finding_text
from pages.parts.components.figures.reported import otherwise
from pages.parts.components.tables import draw, table
from pages.parts.components.tabs import at_first, tabbed
from pages.parts.components.text import day, known, money_short, number, percent, plain, t, time
from pages.parts.entry.context import PageContext
from pages.parts.review import after_sale, behind, comeback, judged, lessons, report, units
from pages.parts.review.columns import GOODS, PARTS
from pages.parts.review.rungs import rungs
from pages.parts.shell.links import link


def landing(page: PageContext) -> Landing | None:
    """The review as it stands; None before the sale, with the reason."""
    try:
        return service.review(page.database, page.actor, page.campaign_id, page.moment)
    except ShopError as error:
        if error.code != "review.not_begun":
            raise
        st.info(t("errors.review.not_begun", opens_at=time(page.sale.opens_at, page.sale.timezone)))
        _last_closed(page)
        return None


def _last_closed(page: PageContext) -> None:
    """The way to the review of the sale before this one."""
    rows = campaigns.campaigns(page.database, page.actor)
    closed = rows[(rows["closes_at"] <= page.moment) & (rows["rehearsal_of"] == "")]
    if len(closed):
        last = closed.sort_values("closes_at").iloc[-1]
        words = t("review.see_last", name=str(last["name"]))
        link("review", words, {"campaign": str(last["campaign_id"])}, icon="history")


def answer(seen: Landing, *, strip: bool) -> None:
    """目标 完成 利润 库存 客户, the first lesson, and what is still to come; `strip`: the figures alone, in one low line."""
    done = seen.paid / seen.target - 1 if seen.target else None
    left = int(seen.goods["left"].fillna(0).clip(lower=0).sum())
    kept = Card("review.actual", money_short(seen.actual), help="review.actual_help")
    cards(
        Card("review.target", money_short(seen.target)),
        Card(
            "review.paid",
            money_short(seen.paid),
            change=done,
            change_text="" if done is None else percent(done, sign=True),
            good=None if done is None else done >= 0,
        ),
        kept
        if seen.profit is None
        else Card("review.profit", money_short(seen.profit), help="review.profit_help"),
        Card("review.left", number(left), t("review.units_unit")),
        Card("review.customers", number(seen.buyers), help="review.customers_help"),
        strip=strip,
    )
    if strip:
        return
    if seen.findings:
        st.markdown(f":material/lightbulb: {finding_text(seen.findings[0].code, seen.findings[0].facts)}")
    state = t("review.open_until", day=day(seen.open_until)) if seen.closed else t("review.still_selling")
    st.caption(state)
    otherwise(seen.paid, seen.reported)


def show(page: PageContext, seen: Landing) -> None:
    """The answer, in one strip above every tab but the first, and the tabs; only the open one is drawn."""
    drawers: dict[str, Callable[[], None]] = {
        "bridge": lambda: bridge(page, seen),
        "goods": lambda: goods(page, seen),
        "judged": lambda: judged.tab(page, seen),
        "after_sale": lambda: after_sale.load(page),
    }
    if page.may("stock.view"):
        drawers["units"] = lambda: units.units(page)
    drawers["encore"] = lambda: comeback.encore(page)
    drawers["lessons"] = lambda: _lessons(page, seen)
    drawers["report"] = lambda: report.report(page, seen)
    drawn = {name: (t(f"review.tab_{name}"), drawer) for name, drawer in drawers.items()}
    answer(seen, strip=not at_first("review_tab", drawn))
    tabbed("review_tab", drawn)


def _lessons(page: PageContext, seen: Landing) -> None:
    lessons.lessons(page, seen)


def bridge(page: PageContext, seen: Landing) -> None:
    """The waterfall from the plan to what was kept, and the same gap by channel, phase or day."""
    if not seen.planned:
        st.info(t("review.no_plan"), icon=":material/target:")
        return
    charts.draw(
        rungs(seen),
        waterfall(value_title="review.amount", rows=len(FACTORS) + 2),
        key="review_bridge",
        alt=plain("review.bridge_alt"),
    )
    st.caption(t("review.mix_note", mix=money_short(seen.channel_mix, sign=True)))
    by = st.segmented_control(
        t("review.by"),
        ("channels", "phases", "days"),
        default="channels",
        required=True,
        key="review_by",
        label_visibility="collapsed",
        format_func=lambda name: plain(f"review.by_{name}"),
    )
    bar = _bar(seen)
    frame = getattr(seen, str(by)).reset_index()
    if bar:
        frame = frame.sort_values(bar, key=abs, ascending=False, ignore_index=True)
    words = _phase_words(page) if by == "phases" else {}
    codes = [str(part) for part in frame["part"]]
    named = dict(zip(codes, [words.get(code) or _part(str(by), code) for code in codes], strict=True))
    frame["part"] = list(named.values())
    columns = [one for one in PARTS if not bar or one.name not in FACTORS or one.name == bar]
    draw(frame, columns, key=f"review_parts_{by}")
    behind.behind(page, str(by), named, opened=bool(bar))


def _bar(seen: Landing) -> str:
    """The bar that is opened, "" of none: its parts come by their share in it."""
    chosen = st.pills(
        t("review.open_bar"), FACTORS, key="review_bar", format_func=lambda name: plain(f"review.{name}")
    )
    if not chosen:
        return ""
    bar = str(chosen)
    gap = money_short(int(seen.bridge[bar]), sign=True)
    st.caption(t("review.bar_parts", bar=plain(f"review.{bar}"), gap=gap))
    return bar


def _phase_words(page: PageContext) -> dict[str, str]:
    """The campaign's phases by id, in the operator's words or the kind's."""
    phases = campaigns.load(page.database, page.actor, page.campaign_id).phases
    return {phase.phase_id: phase.name or plain(f"phase.{phase.kind}") for phase in phases}


def _part(by: str, part: str) -> str:
    if by == "channels" and known(f"channel.{part}"):
        return plain(f"channel.{part}")
    return part


def goods(page: PageContext, seen: Landing) -> None:
    """Goods by what they missed or brought beyond their plan; price and units apart."""
    parts = seen.price_volume_mix
    st.caption(t("review.pvm", **{name: money_short(fen, sign=True) for name, fen in parts.items()}))
    draw(
        seen.tiers.reset_index(),
        [c for c in GOODS if c.name in {"tier", "planned", "amount", "gap", "price", "units_effect"}],
        key="review_tiers",
    )
    table(
        seen.goods.reset_index().set_index("sku_code", drop=False),
        GOODS,
        key="review_goods",
        search=("sku_code", "name"),
        export="review-goods",
    )
    behind.good(page, {str(code): f"{code} {name}" for code, name in seen.goods["name"].items()})
