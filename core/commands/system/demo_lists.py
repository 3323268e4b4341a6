"""The demo's lists: one that went out before the last sale and was judged, one of now, a stored segment run, and a
round that is over."""

from __future__ import annotations

import gzip
import io
from datetime import timedelta
from typing import Any

import orjson
import pandas as pd

from core import clock
from core.access.persons import key_of
from core.audience import runs
from core.campaign import service as campaigns
from core.commands.imports import run_import
from core.commands.terminal.run import desk
from core.database.types import Record
from core.lists import results, sending, service
from core.lists.rules import Plan
from core.warmup.flash_sale import service as sessions


def load(files: dict[str, bytes]) -> dict[str, int]:
    """Everything of the lists, in the order in which it came about."""
    at, plan = desk(), orjson.loads(files["lists.json"])
    rows = campaigns.campaigns(at.db, at.actor)
    coming = str(rows["campaign_id"].iloc[0])
    past = str(rows[rows["closes_at"] <= at.now].sort_values("closes_at")["campaign_id"].iloc[-1])
    ago = clock.business_day(at.now, clock.SHANGHAI) - timedelta(days=plan["run_days_ago"])
    run = runs.keep(at.db, at.actor, "median", ago, now=at.now)
    answered = _last(plan["last"], past, _payers(files[plan["last"]["events"]]))
    _round(plan["round"], coming)
    one = plan["now"]
    list_id = service.make(at.db, at.actor, coming, one["kind"], one["name"], Plan(**one["plan"]), at.now)
    sending.send_task(at.db, at.actor, list_id, one["department"], one["task"], at.now)
    return {"segment_runs": run.people, "lists": 2, "list_orders": answered}


def _last(plan: Record, sale: str, payers: list[str]) -> int:
    """The list of the last sale: made and sent before it, answered by orders, judged; returns the orders."""
    at = desk()
    sent = at.now - timedelta(days=plan["days_ago"])
    list_id = service.make(at.db, at.actor, sale, plan["kind"], plan["name"], Plan(**plan["plan"]), sent)
    called = set(sending.export(at.db, at.actor, list_id, sent)["buyer_key"])
    answers = [one | {"name": payers[one["buyer"]]} for one in plan["answers"] if one["buyer"] < len(payers)]
    lines = [
        one for one in answers if one["anyway"] or key_of(one["name"]) in called
    ]  # the world answers: some buy because they were called
    table = pd.DataFrame([_order(number, one, sent) for number, one in enumerate(lines)])
    buffer = io.BytesIO()
    table.to_csv(buffer, index=False)
    taken = run_import("orders", "list_orders.csv", buffer.getvalue()).figures["added"]
    results.judge(at.db, at.actor, list_id, at.now)
    return int(taken)


def _payers(packed: bytes) -> list[str]:
    """Who paid in a past sale, in the order of their payments."""
    events = [orjson.loads(line) for line in gzip.decompress(packed).splitlines()]
    return list(dict.fromkeys(event["user_key"] for event in events if event["kind"] == "pay"))


def _order(number: int, one: Record, sent: Any) -> dict[str, object]:
    paid = clock.local_naive(
        pd.Series([sent + timedelta(minutes=one["after_minutes"])]), clock.SHANGHAI
    ).iloc[0]
    moment = f"{paid:%Y-%m-%d %H:%M:%S}"
    back = one["yuan"] if one["refunded"] else ""
    return {
        "订单编号": f"29{number:010d}",
        "商家编码": one["sku_code"],
        "宝贝标题": one["title"],
        "买家会员名": one["name"],
        "订单状态": "退款成功" if one["refunded"] else "交易成功",
        "订单创建时间": moment,
        "订单付款时间": moment,
        "宝贝总数量": 1,
        "买家实际支付金额": one["yuan"],
        "退款金额": back,
    }


def _round(plan: Record, sale: str) -> None:
    """A round of the goods that most people wanted, already over: some of them went without."""
    at = desk()
    begins = at.now - timedelta(hours=plan["hours_ago"])
    new = sessions.NewSession(plan["sku_code"], plan["name"], begins, [plan["quota"]], plan["minutes"])
    sessions.close(at.db, at.actor, sessions.plan(at.db, at.actor, sale, new, now=at.now), at.now)
