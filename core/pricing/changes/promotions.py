"""Promotion rule sets written: from sheets and from the screen; each change is a new version of a phase's
set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.campaign.phases import KINDS as PHASES
from core.database import Database, insert, one, read
from core.errors import ShopError
from core.imports import rules as sheets
from core.imports.kinds import REJECTED, Comparison, Context
from core.imports.versioned import later_change
from core.pricing import queries
from core.pricing.changes.campaigns import with_campaign
from core.pricing.engine.fillers import reckonable
from core.pricing.engine.promotions import ITEM_KINDS, WHOLE
from core.pricing.engine.rule_json import as_json, from_json
from core.pricing.tables import promotion_set

Plain = dict[str, object]  # a rule as an object


def compare_promotions(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The rules of the sheet against the standing sets: rows of one rule are its goods, and are added,
    changed or unchanged together.

    Rules that mean nothing refuse their rows ("price.rule_unsound"). Rules that the sheet does not name stay.
    """
    target = with_campaign(connection, context)
    rows = sheet.assign(
        phase=_column(sheet, "phase").fillna(queries.LIVE).replace("", queries.LIVE),
        rule_id=sheet["rule_id"].astype("str"),
    )
    current = {
        phase: queries.rule_set(connection, target.campaign_id, str(phase))["rules"]
        for phase in rows["phase"].unique()
    }
    states, changes, refused = pd.Series("unchanged", index=rows.index), [], []
    written: dict[object, Plain] = {}
    for (phase, rule_id), part in rows.groupby(["phase", "rule_id"], sort=False):
        try:
            after = as_json(from_json(plain_rule(part)))
        except ShopError as error:
            refused.append(_unsound(part, context.sheet, f"{rule_id}: {_faults(error)}"))
            states[part.index] = "refused"
            continue
        before = _named(current[phase], str(rule_id))
        states[part.index] = "added" if before is None else "unchanged" if before == after else "changed"
        written[part.index[0]] = after
        changes += _differences(f"{phase}/{rule_id}", before or after, after)
    key = rows["phase"] + "/" + rows["rule_id"]
    compared = pd.DataFrame(
        {
            "key": key,
            "phase": rows["phase"],
            "row": rows["row"],
            "state": states,
            "rule": pd.Series(written, dtype=object).reindex(rows.index),
        }
    )
    return Comparison(
        compared[states != "refused"],
        pd.DataFrame(changes, columns=["key", "field", "before", "after"]),
        pd.concat(refused, ignore_index=True) if refused else pd.DataFrame(columns=list(REJECTED)),
    )


def _faults(error: ShopError) -> str:
    faults = error.facts.get("faults", ["unreadable"])
    return ", ".join(map(str, faults)) if isinstance(faults, list | tuple) else str(faults)


def _unsound(part: pd.DataFrame, sheet: str, text: str) -> pd.DataFrame:
    return sheets.refuse(part, sheet, "rule_id", "price.rule_unsound", pd.Series(text, index=part.index))


def _differences(key: str, before: Plain, after: Plain) -> list[Plain]:
    """The fields of a rule that move, by name."""
    return [
        {"key": key, "field": name, "before": before.get(name), "after": after.get(name)}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def plain_rule(part: pd.DataFrame) -> Plain:
    """The rows of one rule (cleaned columns of the sheet) as a rule object: the first row says the terms,
    every row with a code an item."""
    first: dict[object, Any] = {
        name: None if pd.isna(value) else value for name, value in part.iloc[0].items()
    }
    kind = str(first.get("promotion_kind") or "amount_off")
    percent = kind in {"percent_off", "official_cut"}
    values = _percents(part) if percent else _column(part, "amount").fillna(0).astype("int64")
    codes = _column(part, "sku_code").fillna("").astype("str")
    items = {code: int(value) for code, value in zip(codes, values, strict=True) if code}
    categories = sorted({str(name) for name in _column(part, "category").dropna() if name})
    level = first.get("level") or ("item" if kind in ITEM_KINDS else "order")
    plain: Plain = {
        "rule_id": str(first["rule_id"]),
        "name": str(first.get("name") or ""),
        "kind": kind,
        "value": int(values.iloc[0]),
        "level": level,
        "base": first.get("base") or ("running" if level == "item" else "item"),
        "scope": "items" if items or categories else first.get("scope") or "shop",
        "items": items,
        "categories": categories,
        "group": str(first.get("stack_group") or ""),
        "reach": first.get("reach") or "automatic",
    }
    plain |= {
        name: int(first[name])
        for name in ("threshold", "minimum_quantity", "deposit", "cap")
        if first.get(name) is not None
    }
    if first.get("merchant_share") is not None:
        plain["merchant_share"] = round(first["merchant_share"] * WHOLE)
    return plain | {
        name: first[name].isoformat() for name in ("starts", "ends") if first.get(name) is not None
    }


def _column(part: pd.DataFrame, name: str) -> pd.Series:
    return part[name] if name in part else pd.Series(None, index=part.index, dtype=object)


def _percents(part: pd.DataFrame) -> pd.Series:
    """Basis points off: as stated, or what a discount (8.5折) leaves out."""
    off = pd.to_numeric(_column(part, "percent_off")).fillna(1 - pd.to_numeric(_column(part, "discount")))
    return (off.fillna(0) * WHOLE).round().astype("int64")


def _named(plain: Sequence[Plain], rule_id: str) -> Plain | None:
    return next((rule for rule in plain if rule["rule_id"] == rule_id), None)


def write_promotions(connection: Connection, comparison: Comparison, context: Context) -> None:
    """A new version of each phase's set that the sheet changes."""
    target = with_campaign(connection, context)
    rows = comparison.rows
    moved = rows[rows["state"].isin(["added", "changed"]) & rows["rule"].notna()]
    for phase, part in moved.groupby("phase", sort=False):
        current = {
            rule["rule_id"]: rule
            for rule in queries.rule_set(connection, target.campaign_id, str(phase))["rules"]
        }
        rules = list((current | {rule["rule_id"]: rule for rule in part["rule"]}).values())
        _put(connection, target.campaign_id, RuleSet(str(phase), rules), target, target.import_id)


def revert_promotions(connection: Connection, import_id: str, context: Context) -> None:
    """The sets as they were before the import, as new versions. ShopError("import.later_change") when a set
    is not as the import left it."""
    table = promotion_set
    columns = (table.c.campaign_id, table.c.phase, table.c.version, table.c.rules)
    for row in read(connection, select(*columns).where(table.c.source == import_id)).to_dict("records"):
        stands = queries.rule_set(connection, row["campaign_id"], row["phase"])
        if stands["rules"] != row["rules"]:
            count = stands["version"] - row["version"]
            raise later_change(import_id, row["phase"], by=stands["source"], count=count)
        here = (
            table.c.campaign_id == row["campaign_id"],
            table.c.phase == row["phase"],
            table.c.version == row["version"] - 1,
        )
        before = one(connection, select(table.c.rules).where(*here))
        stored = RuleSet(row["phase"], before["rules"] if before else [])
        _put(connection, row["campaign_id"], stored, context, context.import_id)


class RuleSet(NamedTuple):
    """Rule objects of a phase, in their order; `version`: of the stored set that was looked at, 0 for none."""

    phase: str
    rules: Sequence[Mapping[str, object]]
    version: int = 0


def save_rules(db: Database, actor: Actor, campaign_id: str, edited: RuleSet, *, now: datetime) -> int:
    """Replaces a phase's set. Returns the new version.

    ShopError("price.set_conflict" | "price.rule_unsound" | "price.rule_unreadable" | "price.same_rule" |
    "price.too_many_stacks" | "price.unknown_phase").
    """
    allow(actor, "price.promotion")
    phase, plain = edited.phase, [as_json(from_json(rule)) for rule in edited.rules]
    with db.writing() as connection:
        before = queries.rule_set(connection, campaign_id, phase)
        if before["version"] != edited.version:
            raise ShopError("price.set_conflict", phase=phase, account=before["account"])
        version = _put(connection, campaign_id, RuleSet(phase, plain), Context("", actor, now), actor.name)
        audit.record(
            connection, actor, now, "price.promotion", f"{campaign_id}/{phase}", before["rules"], plain
        )
    return version


def put_rules(connection: Connection, actor: Actor, campaign_id: str, new: RuleSet, now: datetime) -> int:
    """Puts rules into a phase's set, each in the place of the one with its id or last, whatever the set's version is
    now, inside the caller's transaction; returns the new version. Errors as in `save_rules`."""
    allow(actor, "price.promotion")
    phase, plain = new.phase, [as_json(from_json(rule)) for rule in new.rules]
    before = queries.rule_set(connection, campaign_id, phase)["rules"]
    rules = {one["rule_id"]: one for one in before} | {one["rule_id"]: one for one in plain}
    context = Context("", actor, now)
    version = _put(connection, campaign_id, RuleSet(phase, list(rules.values())), context, actor.name)
    subject = f"{campaign_id}/{phase}"
    audit.record(connection, actor, now, "price.promotion", subject, before, list(rules.values()))
    return version


def set_history(db: Database, actor: Actor, campaign_id: str, phase: str) -> pd.DataFrame:
    """Every version of a phase's set, newest first: version, rules (list of objects), source, account, at."""
    allow(actor, "price.view")
    s = promotion_set.c
    query = select(s.version, s.rules, s.source, s.account, s.at)
    query = query.where(s.campaign_id == campaign_id, s.phase == phase)
    with db.reading() as connection:
        return read(connection, query.order_by(s.version.desc()))


def _put(connection: Connection, campaign_id: str, new: RuleSet, context: Context, source: str) -> int:
    phase, rules = new.phase, list(new.rules)
    if phase not in PHASES:
        raise ShopError("price.unknown_phase", phase=phase)
    names = [rule["rule_id"] for rule in rules]
    if len(set(names)) < len(names):
        raise ShopError("price.same_rule", rule=next(name for name in names if names.count(name) > 1))
    reckonable([from_json(rule) for rule in rules])
    version = int(queries.rule_set(connection, campaign_id, phase)["version"]) + 1
    row = {
        "campaign_id": campaign_id,
        "phase": phase,
        "version": version,
        "rules": rules,
        "source": source,
        "account": context.actor.name,
        "at": context.now,
    }
    insert(connection, promotion_set, pd.DataFrame([row]))
    return version
