"""The workbook of counts of a test that somebody else splits: people and buyers by day, arm and layer."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from sqlalchemy import Connection

from core.experiments import designs
from core.experiments.tables import experiment_count
from core.imports import rules
from core.imports.kinds import Comparison, Context, Kind
from core.imports.versioned import VersionedTable
from core.sheets.columns import Field, SheetSpec

FIGURES = ("people", "buyers", "viewers", "order_buyers")
COUNTS = VersionedTable(experiment_count, "count_id", ("experiment_id", "day", "arm", "layer", *FIGURES))


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The counts of a day, arm and layer, against those that stand. Rows of a test that is not there, takes no
    counts or has been stopped, and of an arm that it has not, are refused."""
    tests = designs.names(connection).set_index("name")
    lines = sheet.assign(
        layer=sheet["layer"].fillna("").astype("str") if "layer" in sheet else "",
        day=pd.to_datetime(sheet["stat_date"]).dt.date.astype("str"),
    )
    known = tests.reindex(lines["experiment"])
    arms = [
        arm in [code for code, _ in listed] if isinstance(listed, list) else False
        for arm, listed in zip(lines["arm"], known["arms"], strict=True)
    ]
    faults = pd.Series("", index=lines.index, dtype="str")
    for code, bad in (
        ("experiments.unknown_test", known["experiment_id"].isna()),
        ("experiments.takes_no_counts", known["source"] != "counts"),
        ("experiments.test_stopped", known["state"] == "stopped"),
        ("experiments.no_arm", ~pd.Series(arms, known.index, dtype=bool)),
    ):
        faults = faults.mask((faults == "") & bad.to_numpy(bool), code)
    lines = lines.assign(experiment_id=known["experiment_id"].to_numpy(), fault=faults)
    sound = lines[lines["fault"] == ""]
    keys = sound["experiment"] + "/" + sound["day"] + "/" + sound["arm"] + "/" + sound["layer"]
    stated = ["experiment_id", "day", "arm", "layer", *(name for name in FIGURES if name in sheet), "row"]
    result = COUNTS.compare(connection, sound[stated].assign(count_id=keys), context)
    refused = [
        rules.refuse(
            part,
            context.sheet,
            "arm" if code == "experiments.no_arm" else "experiment",
            str(code),
            part["arm" if code == "experiments.no_arm" else "experiment"],
        )
        for code, part in lines[lines["fault"] != ""].groupby("fault")
    ]
    return replace(result, rejected=pd.concat([result.rejected, *refused], ignore_index=True))


EXPERIMENTS = Kind(
    "experiments",
    "experiment.edit",
    SheetSpec(
        "experiments",
        (
            Field("experiment", "text", required=True, title_zh="试验", title_en="Experiment"),
            Field("stat_date", "day", required=True),
            Field("arm", "text", required=True, title_zh="组别", title_en="Arm"),
            Field("layer", "text", title_zh="分层", title_en="Layer"),
            Field("people", "integer", required=True, minimum=0, title_zh="进组人数", title_en="People"),
            Field("buyers", "integer", required=True, minimum=0, title_zh="买家数", title_en="Buyers"),
            Field("viewers", "integer", minimum=0, title_zh="页面访客数", title_en="Page viewers"),
            Field("order_buyers", "integer", minimum=0, title_zh="订单买家数", title_en="Buyers by orders"),
        ),
        key=("experiment", "stat_date", "arm", "layer"),
    ),
    compare,
    COUNTS.write,
    COUNTS.revert,
)
