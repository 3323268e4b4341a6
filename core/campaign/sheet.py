"""The plan as a workbook: every part out; phases, channels and tiers back in as a new version, with their GMV
and visitors."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from sqlalchemy import Connection

from core.campaign import planning
from core.campaign import target as rules
from core.campaign.planning import Plan
from core.errors import ShopError
from core.imports import rules as compared
from core.imports.kinds import Comparison, Context, Kind
from core.imports.versioned import images, keep_images, later_change, row_states
from core.sheets import writer
from core.sheets.columns import Field, SheetSpec

GIVEN = ("phase", "channel", "tier")  # what a planner decides; days and hours follow from the curve
DIMENSIONS = {
    "阶段": "phase",
    "日": "day",
    "小时": "hour",
    "渠道": "channel",
    "层级": "tier",
    "phase": "phase",
    "day": "day",
    "hour": "hour",
    "channel": "channel",
    "tier": "tier",
}
_FIELDS = (
    Field("dimension", "choice", required=True, choices=DIMENSIONS, title_zh="维度", title_en="Dimension"),
    Field("part", "code", required=True, title_zh="分项", title_en="Part"),
    Field("gmv", "money", required=True, minimum=0, title_zh="GMV", title_en="GMV"),
    Field("visitors", "integer", minimum=0, title_zh="访客数", title_en="Visitors"),
)


def plan_sheet(plan: Plan, language: str) -> bytes:
    """The plan in force as a workbook that can come back: dimension, part, what the part is called, GMV,
    visitors."""
    words = {code: word for word, code in DIMENSIONS.items() if word.isascii() == (language == "en")}
    names = {p.phase_id: p.name or f"{p.kind} {p.starts_at:%Y-%m-%d %H:%M}Z" for p in plan.campaign.phases}
    frame = plan.parts.assign(
        note=plan.parts["part"].map(names).fillna(""), dimension=plan.parts["dimension"].map(words)
    )
    note = ("note", "说明" if language == "zh" else "Note", "text")
    columns = [(f.name, f.title(language), "text" if f.kind == "choice" else f.kind) for f in _FIELDS]
    return writer.export(
        frame, [*columns[:2], note, *columns[2:]], "目标拆解" if language == "zh" else "plan", language
    )


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The sheet's phases, channels and tiers against the plan in force, GMV and visitors. A row of a day or
    hour that differs from it is refused: those follow from the phases along the curve. A refused row that the
    plan has keeps what the plan says; blank visitors follow the GMV.

    ShopError("plan.none") without a plan; "plan.sheet_sums" when the given dimensions do not sum to one and
    the same GMV, "plan.sheet_visitors" when those whose visitors were changed do not sum to one and the same
    number.
    """
    plan = _standing(connection, context)
    lines = sheet.set_axis((sheet["dimension"].astype("str") + " " + sheet["part"].astype("str")).to_numpy())
    before = plan.parts.set_axis((plan.parts["dimension"] + " " + plan.parts["part"]).to_numpy())
    current = before[["gmv", "visitors"]].reindex(lines.index).astype("Int64")
    usual = current["visitors"].fillna(_following(lines["gmv"], plan))
    lines = lines.assign(
        visitors=(lines["visitors"].astype("Int64") if "visitors" in lines else usual).fillna(usual)
    )
    phases, given, known = (
        lines["dimension"] == "phase",
        lines["dimension"].isin(GIVEN),
        lines.index.isin(before.index),
    )
    moved = (lines[["gmv", "visitors"]] != current).fillna(True).any(axis=1)
    done = lines["part"].isin(list(plan.weights.closed)) & phases & moved
    strange = phases & ~lines["part"].isin([p.phase_id for p in plan.campaign.phases])
    follows = ~given & moved
    refused = pd.concat(
        [
            compared.refuse(lines[mask], context.sheet, "part", code, lines.loc[mask, "part"])
            for mask, code in (
                (done, "plan.phase_closed"),
                (strange, "plan.unknown_phase"),
                (follows, "plan.part_follows"),
            )
        ]
    )
    state = row_states(lines.index, known | ~given, moved & known)
    lines = lines.assign(key=lines.index, state=state.mask(done | follows, "refused"))
    for name in ("gmv", "visitors"):
        lines[name] = lines[name].astype("Int64").mask(done, current[name])
    lines = lines[~strange]
    people = _summed(lines, usual)
    both = lines.index[lines["state"] == "changed"]
    fields = ["gmv", "visitors"]
    changed = compared.changes(before.loc[both, fields], lines.loc[both, fields], fields)
    return Comparison(lines.assign(own=lines["dimension"].isin(people)), changed, refused)


def _following(gmv: pd.Series, plan: Plan) -> pd.Series:
    """The visitors that a part of so much GMV brings along in this plan."""
    return (gmv.astype(float) * plan.target.visitors / max(plan.target.gmv, 1)).round().astype("Int64")


def write(connection: Connection, comparison: Comparison, context: Context) -> None:
    """A new version of the plan with the sheet's amounts. Where the sheet changes visitors they are its own,
    the AOV stays and the conversion answers; else the conversion stays and the visitors follow the GMV."""
    rows = comparison.rows
    if not rows["state"].isin(["added", "changed"]).any():
        return
    plan = _standing(connection, context)
    was, by = (
        plan.weights,
        {
            str(name): part.set_index("part")
            for name, part in rows[rows["dimension"].isin(GIVEN)].groupby("dimension")
        },
    )
    amounts = {name: {str(key): int(fen) for key, fen in part["gmv"].items()} for name, part in by.items()}
    people = {
        name: {str(key): int(n) for key, n in part["visitors"].items()}
        for name, part in by.items()
        if part["own"].any()
    }
    gmv = sum(amounts["phase"].values()) if "phase" in amounts else plan.target.gmv
    goal = plan.target if gmv == plan.target.gmv else rules.scaled(plan.target, gmv)
    visitors = sum(next(iter(people.values()), {}).values())
    if people and visitors != goal.visitors:
        goal = rules.solve(gmv=gmv, visitors=visitors, aov=plan.target.aov)
    weights = replace(
        was,
        phases=amounts.get("phase", was.phases),
        channels=amounts.get("channel", was.channels),
        tiers=amounts.get("tier", was.tiers),
        people={**was.people, **people},
    )
    planning.settle(
        connection,
        context.actor,
        plan.campaign.campaign_id,
        planning.NewPlan(goal, weights=weights, why=context.file_name or context.sheet),
        now=context.now,
    )
    image = pd.DataFrame({"version": [plan.version]}, index=["version"])
    keep_images(connection, context.import_id, image.index, image)


def revert(connection: Connection, import_id: str, context: Context) -> None:
    """A new version like the one before the import. ShopError("import.later_change") where the plan is not as
    the import left it."""
    plan = _standing(connection, context)
    kept = images(connection, import_id)
    earlier = int(kept["version"]["version"]) if len(kept) else 0
    before, imported = (
        planning.in_force(connection, context.campaign_id, version) for version in (earlier, earlier + 1)
    )
    if before is None or imported is None:
        raise ShopError("plan.none")
    if (plan.target, plan.weights) != (imported.target, imported.weights):
        raise later_change(import_id, f"{plan.version}", by=plan.account)
    why = f"↶ {context.file_name or context.sheet}"
    planning.settle(
        connection,
        context.actor,
        context.campaign_id,
        planning.NewPlan(before.target, weights=before.weights, why=why),
        now=context.now,
    )


def _standing(connection: Connection, context: Context) -> Plan:
    plan = planning.in_force(connection, context.campaign_id) if context.campaign_id else None
    if plan is None:
        raise ShopError("plan.none" if context.campaign_id else "import.no_campaign")
    return plan


def _summed(rows: pd.DataFrame, usual: pd.Series) -> list[str]:
    """The dimensions whose visitors the sheet changes, once every sum has been found to agree."""
    stated = rows[rows["dimension"].isin(GIVEN)]
    sums = stated.groupby("dimension")[["gmv", "visitors"]].sum()
    if sums["gmv"].nunique() > 1:
        raise ShopError(
            "plan.sheet_sums", sums={str(name): int(total) for name, total in sums["gmv"].items()}
        )
    own = stated.loc[stated["visitors"] != usual.reindex(stated.index), "dimension"].unique()
    people = sums.loc[own, "visitors"]
    if people.nunique() > 1:
        raise ShopError("plan.sheet_visitors", sums={str(name): int(total) for name, total in people.items()})
    return [str(name) for name in own]


PLAN = Kind(
    "plan", "plan.edit", SheetSpec("plan", _FIELDS, key=("dimension", "part")), compare, write, revert
)
