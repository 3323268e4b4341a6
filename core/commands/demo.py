"""The demo: its workbooks made for today, loaded through the real import path, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

import orjson
import pandas as pd
import typer

from core import clock
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.target import solve
from core.clock import parse_local
from core.commands.imports import run_import
from core.commands.run import desk
from core.commands.words import language
from core.errors import ShopError
from core.lineup import service as lineup
from core.live.files import import_events
from core.live.service import curves
from core.readiness import advertising, staffing
from core.readiness import service as readiness
from core.replenishment import orders as purchasing
from core.replenishment import receipts
from core.replenishment import service as replenishment
from core.settings import settings
from core.stock.service import positions
from core.warmup import deposits, selling, storefront
from core.warmup import settings as warmup

app = typer.Typer()

Files = dict[str, bytes]


def _past_sales(files: Files) -> dict[str, int]:
    """Sales of the past year with their events; before the stock sheet, which knows already what they took."""
    at, events = desk(), 0
    for told in orjson.loads(files["past_sales.json"]):
        opens_at, closes_at = (parse_local(told[name], clock.SHANGHAI) for name in ("opens_at", "closes_at"))
        sale = campaigns.add_sale(at.db, at.actor, told["name"], opens_at, closes_at, now=at.now)
        name, zone = told["events"], clock.SHANGHAI
        done = import_events(at.db, at.actor, files[name], name, at.now, campaign_id=sale, timezone=zone)
        events += done["accepted"] + done["released"]
    return {"events": events}


def _goods(files: Files) -> dict[str, int]:
    """Suppliers, SKUs and the stock sheet."""
    counts = {}
    for kind, name in (("suppliers", "suppliers.xlsx"), ("goods", "goods.xlsx"), ("stock", "stock.xlsx")):
        counts[kind] = run_import(kind, name, files[name]).figures["added"]
    return counts


def _campaign(files: Files) -> dict[str, int]:
    """The sale with its phases, target and line-up; daily reports and orders."""
    at = desk()
    counts = {}
    for kind, name in (("traffic", "traffic.xlsx"), ("shop", "shop_days.xlsx"), ("orders", "orders.csv")):
        counts[kind] = run_import(kind, name, files[name]).figures["added"]
    told = orjson.loads(files["campaign.json"])
    spans = [
        Phase(phase_id, kind, parse_local(start, clock.SHANGHAI), parse_local(end, clock.SHANGHAI))
        for phase_id, kind, start, end in told["phases"]
    ]
    campaign_id = campaigns.add(at.db, at.actor, told["name"], spans, now=at.now)
    goal, own = solve(**told["target"]), curves(at.db, at.actor, campaign_id)
    first = planning.set_target(at.db, at.actor, campaign_id, goal, why="首版目标", curves=own, now=at.now)
    weights = replace(first.weights, **told["acquisition"])
    planning.set_target(at.db, at.actor, campaign_id, goal, weights=weights, why=told["acquisition_why"], now=at.now)
    counts["structure"] = run_import("structure", "structure.xlsx", files["structure.xlsx"], campaign=campaign_id).figures[
        "added"
    ]
    counts["planned"] = lineup.spread(at.db, at.actor, campaign_id, now=at.now)
    together = lineup.partners(at.db, at.actor, campaign_id)
    counts["attached"] = lineup.keep(at.db, at.actor, campaign_id, together[together["verdict"] == "good"].head(8), now=at.now)
    return counts | {"campaigns": 1}


def _replenishment(files: Files) -> dict[str, int]:
    """A first run, approved, ordered and received in part; quantities by hand; the run of today."""
    at, plan = desk(), orjson.loads(files["replenishment.json"])
    campaign_id = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    first = replenishment.replenish(at.db, at.actor, campaign_id, {"budget": plan["first_budget"]}, now=at.now)
    by_hand = pd.DataFrame(plan["by_hand"]).astype({"quantity": "Int64"})
    replenishment.approve(at.db, at.actor, first.run_id, now=at.now)
    ordered = purchasing.order(at.db, at.actor, first.run_id, now=at.now, below_minimum=True).orders
    lines = purchasing.order_lines(at.db, at.actor, ordered["order_id"].iloc[0])
    some = lines.head(3)[["sku_code", "quantity"]]
    receipts.receive(at.db, at.actor, ordered["order_id"].iloc[0], some.assign(quantity=some["quantity"] // 2 + 1), now=at.now)
    for reason, rows in by_hand.groupby("reason"):
        replenishment.override(at.db, at.actor, first.run_id, rows, str(reason), now=at.now)
    run = replenishment.replenish(at.db, at.actor, campaign_id, {"budget": plan["budget"]}, now=at.now)
    return {"purchase_orders": len(ordered), "replenishment_lines": int(run.totals["lines"])}


def _prices(files: Files) -> dict[str, int]:
    """Cost cards and promotion rules."""
    at = desk()
    sale = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    return {
        kind: run_import(kind, f"{kind}.xlsx", files[f"{kind}.xlsx"], campaign=sale).figures["added"]
        for kind in ("costs", "promotions")
    }


def _warmup(files: Files) -> dict[str, int]:
    """The warm-up report, targets, sessions (the first one locked), pre-sale terms, coupons and banners; then what members did."""
    at, plan = desk(), orjson.loads(files["warmup.json"])
    campaign_id = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    counts = {"warmup": run_import("warmup", "warmup.xlsx", files["warmup.xlsx"]).figures["added"]}
    warmup.set_targets(at.db, at.actor, campaign_id, plan["targets"], at.now)
    ids: list[str] = []
    plenty = positions(at.db, at.actor).nlargest(len(plan["sessions"]), "available_to_promise")["sku_code"]
    for code, one in zip(plenty, plan["sessions"], strict=True):
        begins, quotas = parse_local(one["starts_at"], clock.SHANGHAI), one["quotas"]
        told = {"length_minutes": one["minutes"], "every_minutes": one["every"], "needs_reservation": one["needs_reservation"]}
        ids += selling.plan(at.db, at.actor, campaign_id, code, one["name"], begins, quotas, **told, now=at.now)
    selling.lock(at.db, at.actor, ids[:1], at.now)
    for one in plan["terms"]:
        window = {name: parse_local(one[name], clock.SHANGHAI) for name in ("balance_from", "balance_to")}
        terms = deposits.Terms(**{**one, **window, "ships_on": date.fromisoformat(one["ships_on"])})
        deposits.set_terms(at.db, at.actor, campaign_id, terms, at.now)
    for one in plan["banners"]:
        begins, ends = (parse_local(one[name], clock.SHANGHAI) for name in ("starts_at", "ends_at"))
        storefront.put_banner(at.db, at.actor, campaign_id, one["position"], one["title"], begins, ends, at.now)
    expiries = [
        (one["name"], *(parse_local(one[name], clock.SHANGHAI) for name in ("starts_at", "ends_at"))) for one in plan["coupons"]
    ]
    warmup.set_coupons(at.db, at.actor, campaign_id, expiries, at.now)
    name = "members.ndjson.gz"
    done = import_events(at.db, at.actor, files[name], name, at.now, campaign_id=campaign_id, timezone=clock.SHANGHAI)
    counts["member_events"] = done["accepted"] + done["released"]
    return counts | {"sessions": len(ids), "presale": len(plan["terms"]), "banners": len(plan["banners"])}


def _readiness(files: Files) -> dict[str, int]:
    """The template's tasks with owners and states, own hands, and the advertising plan."""
    at, plan = desk(), orjson.loads(files["readiness.json"])
    campaign_id = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    counts = {"tasks": readiness.draw_up(at.db, at.actor, campaign_id, at.now, language())}
    tasks = readiness.board(at.db, at.actor, campaign_id, at.now).tasks
    owners = {
        task_id: {"owner": plan["owners"][where], "version": 1}
        for task_id, where in zip(tasks["task_id"], tasks["department"], strict=True)
    }
    readiness.edit(at.db, at.actor, campaign_id, owners, at.now)
    states = [*((code, "done", "") for code in plan["done"]), *((code, "doing", "") for code in plan["doing"])]
    for code, state, reason in [*states, *((code, "blocked", why) for code, why in plan["blocked"].items())]:
        proof = f"wiki/{code}" if state == "done" else ""
        readiness.progress(at.db, at.actor, campaign_id, code, state, 2, at.now, proof=proof, reason=reason)
    own = replace(staffing.Staffing(), permanent=plan["permanent"])
    staffing.change(at.db, at.actor, campaign_id, own, 0, at.now)
    for one in plan["places"]:
        span = {name: parse_local(one[name], clock.SHANGHAI) for name in ("starts_at", "ends_at")}
        advertising.put_resource(at.db, at.actor, campaign_id, **{**one, **span}, now=at.now)
    return counts | {"advertising": len(plan["places"])}


# One step a room, in the order in which the rooms need each other. A step takes the demo's files and returns counts by kind.
STEPS: list[Callable[[Files], dict[str, int]]] = [_past_sales, _goods, _campaign, _prices, _replenishment, _warmup, _readiness]


@app.command("demo")
def demo(
    today: Annotated[str, typer.Option("--date", help="the demo's today (ISO day); its sale opens three weeks later")] = "",
) -> dict[str, int]:
    """Loads the demo campaign from data/ into an empty shop."""
    return load(desk().now, date.fromisoformat(today) if today else None)


def load(now: datetime, today: date | None = None) -> dict[str, int]:
    """The demo of a day (the present one) into an empty shop, a step a room; counts by kind. ShopError("demo.not_empty")."""
    from data.make_demo import build  # the demo is no part of the product: loaded only when it is asked for

    at = desk()
    if len(positions(at.db, at.actor)):
        raise ShopError("demo.not_empty")
    files = build(today or clock.business_day(now, settings().timezone))
    counts: dict[str, int] = {}
    for step in STEPS:
        counts |= step(files)
    return counts
