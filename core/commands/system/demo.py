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
from core.access import Actor
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.sale_kinds import SaleKind
from core.campaign.service import NewCampaign, NewSale
from core.campaign.target import solve
from core.clock import parse_local
from core.commands.imports import run_import
from core.commands.system import demo_experiments, demo_history, demo_lists, demo_people
from core.commands.terminal.run import desk
from core.errors import ShopError
from core.goods import pictures
from core.imports.service import Answers
from core.lineup import partners
from core.lineup import service as lineup
from core.live.intake.files import EventFile, import_events
from core.live.snapshot.service import curves
from core.overview import demo_shop
from core.pricing import approvals as price_approvals
from core.pricing import service as pricing
from core.pricing.engine.verdicts import Verdict
from core.readiness import advertising, staffing
from core.readiness import service as readiness
from core.readiness.service import Step
from core.replenishment import orders as purchasing
from core.replenishment import receipts
from core.replenishment import service as replenishment
from core.review import lessons
from core.settings import settings
from core.stock.service import positions
from core.versions import Version
from core.warmup import deposits
from core.warmup import settings as warmup
from core.warmup.flash_sale import service
from core.warmup.storefront import service as storefront

app = typer.Typer()

Files = dict[str, bytes]
BUYER = Actor("merchandiser-demo", "merchandiser", "cli")
FINANCE = Actor("finance-demo", "finance", "cli")  # the second person of the demo's approvals


def _past_sales(files: Files) -> dict[str, int]:
    """Sales of the past year with their events; before the stock sheet, which knows already what they
    took."""
    at, events = desk(), 0
    for told in orjson.loads(files["past_sales.json"]):
        opens_at, closes_at = (parse_local(told[name], clock.SHANGHAI) for name in ("opens_at", "closes_at"))
        kind = SaleKind(told["kind"])
        sale = campaigns.add_sale(
            at.db, at.actor, NewSale(told["name"], opens_at, closes_at, kind=kind), now=at.now
        )
        name, zone = told["events"], clock.SHANGHAI
        done = import_events(
            at.db, at.actor, EventFile(files[name], name, timezone=zone), at.now, campaign_id=sale
        )
        events += done["accepted"] + done["released"]
    return {"events": events}


def _goods(files: Files) -> dict[str, int]:
    """Suppliers, SKUs with their pictures, and the stock sheet."""
    counts = {}
    for kind, name in (("suppliers", "suppliers.xlsx"), ("goods", "goods.xlsx"), ("stock", "stock.xlsx")):
        counts[kind] = run_import(kind, name, files[name]).figures["added"]
    at = desk()
    taken = pictures.take(at.db, at.actor, files["goods_pictures.zip"], now=at.now)
    return counts | {"pictures": taken.kept}


def _campaign(files: Files) -> dict[str, int]:
    """The sale with its phases, target and line-up; daily reports and orders."""
    at = desk()
    counts = {}
    past = run_import("traffic", "past_traffic.csv", files["past_traffic.csv"]).figures["added"]
    for kind, name in (("traffic", "traffic.xlsx"), ("shop", "shop_days.xlsx"), ("orders", "orders.csv")):
        counts[kind] = run_import(kind, name, files[name]).figures["added"]
    counts["traffic"] += past
    described = orjson.loads(files["campaign.json"])
    spans = [
        Phase(phase_id, kind, parse_local(start, clock.SHANGHAI), parse_local(end, clock.SHANGHAI))
        for phase_id, kind, start, end in described["phases"]
    ]
    campaign_id = campaigns.add(at.db, at.actor, NewCampaign(described["name"], spans), now=at.now)
    goal, own = solve(**described["target"]), curves(at.db, at.actor, campaign_id)
    first = planning.set_target(
        at.db,
        at.actor,
        campaign_id,
        planning.NewPlan(goal, why=described["first_why"], curves=own),
        now=at.now,
    )
    weights = replace(first.weights, **described["acquisition"])
    planning.set_target(
        at.db,
        at.actor,
        campaign_id,
        planning.NewPlan(goal, weights=weights, why=described["acquisition_why"]),
        now=at.now,
    )
    counts["structure"] = run_import(
        "structure", "structure.xlsx", files["structure.xlsx"], answers=Answers(campaign_id)
    ).figures["added"]
    counts["planned"] = lineup.spread(at.db, at.actor, campaign_id, now=at.now)
    together = partners.partners(at.db, at.actor, campaign_id)
    counts["attached"] = partners.keep(
        at.db, at.actor, campaign_id, together[together["verdict"] == "good"].head(8), now=at.now
    )
    return counts | {"campaigns": 1}


def _replenishment(files: Files) -> dict[str, int]:
    """A first run, approved, ordered and received in part; the run of today with quantities by hand."""
    at, plan = desk(), orjson.loads(files["replenishment.json"])
    campaign_id = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    first = replenishment.replenish(
        at.db, at.actor, campaign_id, {"budget": plan["first_budget"]}, now=at.now
    )
    by_hand = pd.DataFrame(plan["by_hand"]).astype({"quantity": "Int64"})
    replenishment.approve(at.db, FINANCE, first.run_id, now=at.now)
    ordered = purchasing.order(at.db, at.actor, first.run_id, now=at.now, below_minimum=True).orders
    lines = purchasing.order_lines(at.db, at.actor, ordered["order_id"].iloc[0])
    some = lines.head(3)[["sku_code", "quantity"]]
    receipts.receive(
        at.db,
        at.actor,
        ordered["order_id"].iloc[0],
        some.assign(quantity=some["quantity"] // 2 + 1),
        now=at.now,
    )
    run = replenishment.replenish(at.db, at.actor, campaign_id, {"budget": plan["budget"]}, now=at.now)
    for reason, rows in by_hand.groupby("reason"):
        replenishment.override(
            at.db, at.actor, run.run_id, replenishment.ByHand(rows, str(reason)), now=at.now
        )
    return {"purchase_orders": len(ordered), "replenishment_lines": int(run.totals["lines"])}


def _prices(files: Files) -> dict[str, int]:
    """Cost cards and promotion rules."""
    at = desk()
    sale = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    return {
        kind: run_import(kind, f"{kind}.xlsx", files[f"{kind}.xlsx"], answers=Answers(sale)).figures["added"]
        for kind in ("costs", "promotions")
    }


def _requests(files: Files) -> dict[str, int]:
    """What waits for a second person: prices below their floor, asked for by the merchandiser."""
    at = desk()
    sale = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    prices = pricing.margins(at.db, at.actor, sale)
    waiting = prices.loc[prices["verdict"] == Verdict.NEEDS_APPROVAL, "sku_code"].tolist()
    reason = orjson.loads(files["replenishment.json"])["price_reason"]
    return {
        "price_requests": price_approvals.ask_for_prices(
            at.db, BUYER, sale, price_approvals.PricesAsked(waiting, reason), now=at.now
        )
    }


def _warmup(files: Files) -> dict[str, int]:
    """The warm-up report, targets, sessions (the first one locked), pre-sale terms, coupons and banners; then
    what members did."""
    at, plan = desk(), orjson.loads(files["warmup.json"])
    campaign_id = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    counts = {"warmup": run_import("warmup", "warmup.xlsx", files["warmup.xlsx"]).figures["added"]}
    warmup.set_targets(at.db, at.actor, campaign_id, plan["targets"], at.now)
    ids: list[str] = []
    plenty = positions(at.db, at.actor).nlargest(len(plan["sessions"]), "available_to_promise")["sku_code"]
    for code, one in zip(plenty, plan["sessions"], strict=True):
        begins, quotas = parse_local(one["starts_at"], clock.SHANGHAI), one["quotas"]
        span = (one["minutes"], one["every"], one["needs_reservation"])
        new = service.NewSession(code, one["name"], begins, quotas, *span)
        ids += service.plan(at.db, at.actor, campaign_id, new, now=at.now)
    service.lock(at.db, at.actor, ids[:1], at.now)
    for one in plan["terms"]:
        window = {name: parse_local(one[name], clock.SHANGHAI) for name in ("balance_from", "balance_to")}
        terms = deposits.Terms(**{**one, **window, "ships_on": date.fromisoformat(one["ships_on"])})
        deposits.set_terms(at.db, at.actor, campaign_id, terms, at.now)
    for one in plan["banners"]:
        begins, ends = (parse_local(one[name], clock.SHANGHAI) for name in ("starts_at", "ends_at"))
        storefront.put_banner(
            at.db,
            at.actor,
            campaign_id,
            storefront.Banner(one["position"], one["title"], begins, ends),
            at.now,
        )
    expiries = [
        (one["name"], *(parse_local(one[name], clock.SHANGHAI) for name in ("starts_at", "ends_at")))
        for one in plan["coupons"]
    ]
    warmup.set_coupons(at.db, at.actor, campaign_id, expiries, at.now)
    name = "members.ndjson.gz"
    done = import_events(
        at.db,
        at.actor,
        EventFile(files[name], name, timezone=clock.SHANGHAI),
        at.now,
        campaign_id=campaign_id,
    )
    counts["member_events"] = done["accepted"] + done["released"]
    return counts | {"sessions": len(ids), "presale": len(plan["terms"]), "banners": len(plan["banners"])}


def _readiness(files: Files) -> dict[str, int]:
    """The template's tasks with owners and states, own hands, and the advertising plan."""
    at, plan = desk(), orjson.loads(files["readiness.json"])
    campaign_id = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    counts = {"tasks": readiness.draw_up(at.db, at.actor, campaign_id, at.now, plan["language"])}
    tasks = readiness.board(at.db, at.actor, campaign_id, at.now).tasks
    owners = {
        task_id: {"owner": plan["owners"][where], "version": 1}
        for task_id, where in zip(tasks["task_id"], tasks["department"], strict=True)
    }
    readiness.edit(at.db, at.actor, campaign_id, owners, at.now)
    states = [
        *((code, "done", "") for code in plan["done"]),
        *((code, "doing", "") for code in plan["doing"]),
    ]
    for code, state, reason in [*states, *((code, "blocked", why) for code, why in plan["blocked"].items())]:
        proof = f"wiki/{code}" if state == "done" else ""
        readiness.progress(
            at.db, at.actor, campaign_id, Step(code, state, 2, proof=proof, reason=reason), at.now
        )
    own = replace(staffing.Staffing(), permanent=plan["permanent"])
    staffing.change(at.db, at.actor, Version(campaign_id, 0), own, at.now)
    for one in plan["places"]:
        span = {name: parse_local(one[name], clock.SHANGHAI) for name in ("starts_at", "ends_at")}
        advertising.put_resource(
            at.db, at.actor, campaign_id, advertising.NewResource(**{**one, **span}), at.now
        )
    return counts | {"advertising": len(plan["places"])}


def _last_sale(files: Files) -> dict[str, int]:
    """The plan that the last sale had: target and goods, so that its review has something to compare with."""
    at, plan = desk(), orjson.loads(files["last_plan.json"])
    rows = campaigns.campaigns(at.db, at.actor)
    last = rows[rows["closes_at"] <= at.now].sort_values("closes_at").iloc[-1]
    sale = str(last["campaign_id"])
    goal = solve(**plan["target"])
    planning.set_target(at.db, at.actor, sale, planning.NewPlan(goal, why=plan["why"]), now=at.now)
    answers = Answers(sale)
    run_import("structure", "structure.xlsx", files["structure.xlsx"], answers=answers)
    run_import("costs", "costs.xlsx", files["costs.xlsx"], answers=answers)
    lineup.spread(at.db, at.actor, sale, now=at.now)
    cases = run_import("service", "service_cases.csv", files["service_cases.csv"]).figures["added"]
    for sentence in plan["lessons"]:
        lessons.write(at.db, at.actor, sale, sentence, at.now)
    return {"reviewed": 1, "service_cases": cases}


# One step a package, in the order in which the packages need each other. A step takes the demo's files and returns
# counts by kind.
STEPS: list[Callable[[Files], dict[str, int]]] = [
    _past_sales,
    _goods,
    _campaign,
    _prices,
    _warmup,
    _readiness,
    _replenishment,
    _requests,
    _last_sale,
    demo_experiments.load,
    demo_people.load,
    demo_lists.load,
]


@app.command("demo")
def demo(
    today: Annotated[
        str, typer.Option("--date", help="the demo's today (ISO day); its sale opens three weeks later")
    ] = "",
    names: Annotated[str, typer.Option("--language", help="zh or en: the language of the demo's names")] = "",
    history: Annotated[
        bool, typer.Option("--history", help="with two years of orders by 60,000 people (a minute more)")
    ] = False,
    remove: Annotated[
        bool,
        typer.Option("--remove", help="takes the demo away whole, unless data of the shop's own came in"),
    ] = False,
) -> dict[str, int]:
    """Loads the demo campaign from data/ into an empty shop; with --history its orders of two years too, or what is
    still missing of them."""
    if names not in ("", "zh", "en"):
        raise typer.BadParameter("zh | en", param_hint="--language")
    if remove:
        return {"rows": demo_shop.remove(desk().db, desk().actor, now=desk().now)}
    if history and demo_history.left().left:
        return {"quarters": demo_history.take()}
    day = date.fromisoformat(today) if today else clock.business_day(desk().now, settings().timezone)
    counts = load(desk().now, day, names or "zh")
    if history:
        demo_history.lay(day, names or "zh")
        counts["quarters"] = demo_history.take()
    return counts


def load(now: datetime, today: date | None = None, names: str = "zh") -> dict[str, int]:
    """The demo of a day (the present one) into an empty shop, a step a package, its names in a language ("zh" |
    "en"); counts by kind. ShopError("demo.not_empty")."""
    from data.make_demo import build  # the demo is no part of the product: loaded only when it is asked for

    at = desk()
    if len(positions(at.db, at.actor)):
        raise ShopError("demo.not_empty")
    with at.db.writing() as connection:
        demo_shop.began(connection, now)
    files = build(today or clock.business_day(now, settings().timezone), names)
    counts: dict[str, int] = {}
    for step in STEPS:
        counts |= step(files)
    with at.db.writing() as connection:
        demo_shop.ended(connection, now)
    return counts
