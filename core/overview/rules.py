"""Which risks come first. Pure: one row a risk, whatever package it comes from."""

from __future__ import annotations

from datetime import date

import pandas as pd

from core.pricing.engine.verdicts import UNDECIDED, UNSAFE, Verdict

RISKS = ["kind", "code", "subject", "name", "amount", "units", "days", "page", "score"]
"""kind ("setup" | "stock" | "price" | "task" | "data"), code (its sentence), subject (SKU, task id ..), name,
amount (fen at stake, <NA> unknown), units, days (<NA> where they mean nothing), page (where to act), score
(what the order goes by, a share of the target)."""
TASK_DAY, TASK_MOST = 0.01, 0.10  # a task that will be late weighs 1% of the target a day, at most 10%
WAITING = 0.3  # a price that only waits for its approval, against one that was refused
SETUP = (
    ("setup_plan", "plan"),
    ("setup_goods", "goods"),
    ("setup_tasks", "readiness"),
)  # what a campaign begins with, first things first
DATA_DAY, DATA_MOST = 0.02, 0.20  # reports older than yesterday: 2% of the target a day


def frame(rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rows with all columns of RISKS and their dtypes."""
    full = (rows if rows is not None else pd.DataFrame()).reindex(columns=RISKS)
    whole = dict.fromkeys(("amount", "units", "days"), "Int64")
    return full.astype(
        whole | {"score": "float64"} | dict.fromkeys(("kind", "code", "subject", "name", "page"), "object")
    )


def setup_risks(plan: bool, goods: bool, tasks: bool) -> pd.DataFrame:
    """What a campaign still lacks before anything can be reckoned: before every other risk, in the order in
    which it is done."""
    rows = [
        {
            "kind": "setup",
            "code": code,
            "subject": page,
            "name": "",
            "page": page,
            "score": float(len(SETUP) - place),
        }
        for place, ((code, page), there) in enumerate(zip(SETUP, (plan, goods, tasks), strict=True))
        if not there
    ]
    return frame(pd.DataFrame(rows))


def stock_risks(goods: pd.DataFrame, ladder: pd.DataFrame, target: int) -> pd.DataFrame:
    """SKUs that lack units, and those promised to two sales at once.

    `goods`: sku_code, name, sale_price (fen), promised, oversold. `ladder`, by sku_code: have, arriving, short (to
    the forecast: code "stock_short"), target_short (to the target, where there is no forecast yet: code
    "stock_target").
    """
    account = ladder.reindex(goods.index)
    there = (account["have"] + account["arriving"]).clip(lower=0).fillna(0).astype("int64")
    price = goods["sale_price"].fillna(0).astype("int64")
    double = goods["oversold"].fillna(False).astype(bool)
    forecast = account["short"].notna()
    short = account["short"].fillna(account["target_short"]).fillna(0).astype("int64")
    short = short.where(~double, (goods["promised"] - there).clip(lower=0))
    code = (
        pd.Series("stock_target", index=goods.index)
        .mask(forecast, "stock_short")
        .mask(double, "stock_double")
    )
    rows = pd.DataFrame(
        {
            "kind": "stock",
            "code": code,
            "subject": goods["sku_code"],
            "name": goods["name"],
            "amount": short * price,
            "units": short,
            "page": pd.Series("replenishment", index=goods.index).mask(double, "goods"),
        }
    )[short > 0]
    return frame(rows.assign(score=rows["amount"] / max(target, 1)))


def price_risks(goods: pd.DataFrame, target: int) -> pd.DataFrame:
    """SKUs whose price cannot be published, with the GMV planned on them; those without a plan are one row
    that counts them. What lacks a price or a cost is not unsafe but undecided: one row each, with count and
    planned GMV.

    `goods`: sku_code, name, verdict (`Verdict`), planned_gmv (fen).
    """
    unsafe = goods[goods["verdict"].isin(UNSAFE)]
    planned = unsafe["planned_gmv"].fillna(0) > 0
    unplanned, unsafe = unsafe[~planned], unsafe[planned]
    rows = pd.DataFrame(
        {
            "kind": "price",
            "code": "price_" + unsafe["verdict"].astype("str"),
            "subject": unsafe["sku_code"],
            "name": unsafe["name"],
            "amount": unsafe["planned_gmv"].astype("Int64"),
            "page": "pricing",
        }
    )
    weight = unsafe["verdict"].map({Verdict.REFUSED: 1.0, Verdict.NEEDS_APPROVAL: WAITING}).to_numpy(float)
    valued = frame(rows.assign(score=rows["amount"].astype(float) / max(target, 1) * weight))
    counted = [
        _counted_price("price_unplanned", unplanned, 0.0),
        *(
            _counted_price(f"price_{verdict}", goods[goods["verdict"] == verdict], WAITING / max(target, 1))
            for verdict in UNDECIDED
        ),
    ]
    return pd.concat([valued, *(part for part in counted if len(part))], ignore_index=True)


def _counted_price(code: str, goods: pd.DataFrame, weight: float) -> pd.DataFrame:
    """One row that counts the goods, weighed by their planned GMV; none where there are none."""
    if goods.empty:
        return frame()
    planned = int(goods["planned_gmv"].fillna(0).sum())
    row = {"kind": "price", "code": code, "subject": "", "name": "", "page": "pricing"}
    known = {"amount": planned} if weight else {}
    return frame(pd.DataFrame([{**row, **known, "units": len(goods), "score": planned * weight}]))


def task_risks(tasks: pd.DataFrame, today: date) -> pd.DataFrame:
    """Tasks that are overdue, blocked, or bound to be late.

    `tasks` as the readiness board has them: task_id, title, state, overdue, mark, late_by (days), due_on
    (date).
    """
    behind = (pd.Timestamp(today) - pd.to_datetime(tasks["due_on"])).dt.days.clip(lower=0)
    late = (
        tasks["late_by"]
        .astype("int64")
        .clip(lower=0)
        .where(~tasks["overdue"], tasks["late_by"].clip(lower=behind))
    )
    risky = tasks[(tasks["state"] != "done") & (tasks["overdue"] | (tasks["mark"] == "blocked") | (late > 0))]
    days = late[risky.index]
    code = (
        pd.Series("task_late", index=risky.index)
        .mask(risky["overdue"], "task_overdue")
        .mask(risky["mark"] == "blocked", "task_blocked")
    )
    rows = pd.DataFrame(
        {
            "kind": "task",
            "code": code,
            "subject": risky["task_id"],
            "name": risky["title"],
            "days": days,
            "page": "readiness",
        }
    )
    return frame(rows.assign(score=((days + 1) * TASK_DAY).clip(upper=TASK_MOST)))


def data_risks(age: int | None) -> pd.DataFrame:
    """Daily reports that are older than yesterday, or not there at all."""
    if age is not None and age <= 1:
        return frame()
    code = "data_none" if age is None else "data_old"
    score = DATA_MOST if age is None else min(DATA_MOST, (age - 1) * DATA_DAY)
    return frame(
        pd.DataFrame(
            [
                {
                    "kind": "data",
                    "code": code,
                    "subject": "traffic",
                    "name": "",
                    "days": age,
                    "page": "goods",
                    "score": score,
                }
            ]
        )
    )


def largest(risks: list[pd.DataFrame], most: int = 5, of_kind: int = 2) -> pd.DataFrame:
    """The largest risks of all packages, at most `most`, largest score first; equal ones in the order in which
    they came.

    No kind takes more than `of_kind` places while another kind still has something to say.
    """
    whole = pd.concat([frame(part) for part in risks], ignore_index=True) if risks else frame()
    ordered = whole.sort_values("score", ascending=False, kind="stable", ignore_index=True)
    spare = ordered.groupby("kind").cumcount() >= of_kind
    chosen = pd.concat([ordered[~spare], ordered[spare]]).head(most)
    return chosen.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def covered(ladder: pd.DataFrame) -> float | None:
    """The share of the target's units, valued at the sale price, that what is there and arrives in time can serve,
    SKU by SKU (one SKU's plenty helps no other). `ladder`: target_units, have, arriving, sale_price."""
    wanted = ladder["target_units"].fillna(0).astype(float)
    price = ladder["sale_price"].fillna(0).astype(float)
    whole = float((wanted * price).sum())
    there = (ladder["have"] + ladder["arriving"]).clip(lower=0).astype(float)
    return float((there.clip(upper=wanted) * price).sum()) / whole if whole > 0 else None
