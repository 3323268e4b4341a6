"""Commands for replenishment: forecast, replenish, reorder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Annotated

import pandas as pd
import typer

from core.commands.terminal.run import desk
from core.commands.terminal.words import language
from core.errors import ShopError
from core.money import format_fen, parse_fen
from core.replenishment import after_sale, demand, scoring, service
from core.replenishment.quantity import explain
from core.translations import sentences

app = typer.Typer()

CampaignId = Annotated[str, typer.Option("--campaign", help="the campaign's id")]


@app.command("forecast")
def forecast(
    campaign: CampaignId,
    horizon: Annotated[
        int | None, typer.Option(min=1, max=60, help="days of the sale, from its opening")
    ] = None,
    day: Annotated[
        str, typer.Option("--date", help="the day to forecast from (ISO), when it is not today")
    ] = "",
) -> pd.DataFrame:
    """Sale demand by SKU, without the pre-sale."""
    at = desk()
    return service.forecast(at.db, at.actor, campaign, now=at.now, ahead=service.Ahead(horizon, _day(day)))


@app.command("replenish")
def replenish(
    campaign: CampaignId,
    budget: Annotated[str | None, typer.Option(help="yuan that may be spent")] = None,
    day: Annotated[str, typer.Option("--date", help="the day to decide on (ISO), when it is not today")] = "",
    caution: Annotated[
        float, typer.Option(min=-0.3, max=0.3, help="taken off every tier's cap: rather sell out")
    ] = 0.0,
    count_jumps: Annotated[
        bool | None,
        typer.Option(
            "--count-jumps/--hold-jumps", help="whether warm-up signals far beyond their past are counted"
        ),
    ] = None,
) -> pd.DataFrame:
    """The replenishment sheet: one line a SKU with its quantity and why; the sale's level and its band on
    standard error."""
    at = desk()
    policy = {
        "today": _day(day),
        "budget": None if budget is None else parse_fen(budget),
        "caution": caution,
        "count_jumps": count_jumps,
    }
    run = service.replenish(at.db, at.actor, campaign, policy, now=at.now)
    lines = service.sheet(at.db, at.actor, run.run_id, at.now).lines
    doubts = demand.doubts(at.db, at.actor, campaign, at.now)
    scored = _scored(scoring.scores(at.db, at.actor, campaign))
    for sentence in [*_doubted(doubts), *_said(run, int(lines["committed"].sum())), *scored]:
        typer.echo(sentence, err=True)
    if not at.as_json:
        return explain.whole_units(lines)[list(_SHORT)]
    return lines.assign(run_id=run.run_id, explain=service.reasons(lines, at.actor))


def _doubted(doubts: demand.Doubts) -> list[str]:
    """What does not fit between target, forecast, order and reports, in words and yuan."""
    words, figures = sentences(language()), asdict(doubts.figures)
    money = {
        name: "" if figures[name] is None else words["doubt.money"].format(amount=format_fen(figures[name]))
        for name in ("order_value", "stock_value")
    }
    units = {name: "—" if value is None else f"{value:,}" for name, value in figures.items()}
    goal = figures["target_gmv"]  # goods planned in units alone have no target in money
    blanks = units | money | {"target_gmv": "—" if goal is None else format_fen(goal)}
    return [
        words[f"doubt.{one.doubt}"].format(
            **blanks,
            figure=words["doubt.endless"] if one.figure == float("inf") else f"{one.figure:,.1f}",
            limit=f"{one.limit:g}",
        )
        for one in doubts.challenges
    ]


def _said(run: service.Run, promised: int) -> list[str]:
    """What the forecast stands on, and the signals that wait for an answer, in words."""
    words, level = sentences(language()), run.basis["level"]
    units = {name: f"{level[name] + promised:,.0f}" for name in ("total", "total_low", "total_high")}
    band = {name: f"{level[name]:.1f}" for name in ("low", "high")}
    said = [
        words[f"replenishment.level_{'note' if run.basis['past_sales'] else 'prior'}"].format(
            n=run.basis["past_sales"], **band, **units
        )
    ]
    if run.policy["count_jumps"] is None:
        said += [_asked(words, jump) for jump in run.basis["jumps"]]
    return said


def _scored(scores: pd.DataFrame) -> list[str]:
    """How the last scored sale's forecast did, in words."""
    words = sentences(language())
    return [
        words["forecast_score.note" if row["own_run"] else "forecast_score.note_as_if"].format(
            name=row["name"],
            sold=f"{row['sold']:,}",
            bias=f"{row['bias']:+.0%}",
            covered=f"{row['covered']:.0%}",
            **{name: f"{row[name]:.0f}%" for name in ("earned", "earned_mean", "earned_uplift")},
        )
        for row in scores.head(1).to_dict("records")
    ]


def _asked(words: Mapping[str, str], jump: Mapping[str, object]) -> str:
    """One signal that leapt, with the flag that answers."""
    return words["replenishment.jump_flag"].format(
        stage=words[f"signal_stage.{jump['stage']}"],
        ratio=f"{jump['ratio']:.0f}",
        sku=jump["sku_code"],
        n=jump["skus"],
    )


_SHORT = (
    "sku_code",
    "name",
    "tier",
    "state",
    "forecast_mean",
    "committed",
    "available",
    "in_transit",
    "need",
    "quantity",
    "expected_leftover",
    "expected_lost",
    "latest_order",
    "arrival",
)


@app.command("reorder")
def reorder(
    campaign: CampaignId, service_level: Annotated[float, typer.Option(min=0.5, max=0.999)] = 0.95
) -> pd.DataFrame:
    """Ordinary days after the sale: reorder points and what falls below them."""
    at = desk()
    return after_sale.ordinary(at.db, at.actor, campaign, now=at.now, service_level=service_level)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ShopError("time.unreadable", value=text) from error
