"""Commands for experiments: experiments, assign, learnings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from core.commands.terminal.run import desk
from core.experiments import designs, learnings, results

app = typer.Typer()


@app.command("experiments")
def experiments(
    campaign: Annotated[str, typer.Option("--campaign", help="the campaign's id")],
) -> list[dict[str, object]]:
    """Every test of a campaign with its checks, effect and verdict; money in fen, conversion as a share."""
    at = desk()
    rows = []
    for trial in designs.trials(at.db, at.actor, campaign):
        view = results.view(at.db, at.actor, trial.experiment_id, at.now)
        for outcome in view.result.outcomes:
            effect, look = outcome.effect, outcome.look
            rows.append(
                {
                    "experiment_id": trial.experiment_id,
                    "name": trial.design.name,
                    "state": trial.state,
                    "metric": trial.design.metric,
                    "arm": outcome.arm,
                    "people": sum(view.result.people),
                    "verdict": outcome.verdict.word,
                    "reasons": list(outcome.verdict.reasons),
                    "control": effect.control if effect else None,
                    "treatment": effect.treatment if effect else None,
                    "difference": effect.difference if effect else None,
                    "low": look.low if look else None,
                    "high": look.high if look else None,
                    "worth": view.worth[outcome.arm][0] if outcome.arm in view.worth else None,
                    "broken_checks": [check.name for check in view.result.checks if check.broken],
                }
            )
    return rows


@app.command("assign")
def assign(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="the test's id or name")],
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="a person's key a line")
    ],
) -> pd.DataFrame:
    """The arm of each person in a file of keys, by the shop's keyed hash; "" outside of the test's traffic."""
    at = desk()
    units = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    return designs.assigned(at.db, at.actor, experiment, units)


@app.command("learnings")
def learned(
    query: Annotated[str, typer.Argument(help="words, Chinese too; none: the newest first")] = "",
    factor: Annotated[str, typer.Option(help="visitors, conversion_rate or aov")] = "",
) -> pd.DataFrame:
    """What was learnt, the best match first."""
    at = desk()
    return learnings.search(at.db, at.actor, query, factor).drop(columns="tag_words")
