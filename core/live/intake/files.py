"""Event files: NDJSON or JSON (also .gz), and the hourly workbooks and csv that some platforms give out
instead of a feed."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

from core.access import Actor, allow
from core.clock import zone
from core.database import Database
from core.database.types import Record
from core.errors import ShopError
from core.live.intake.batches import added, in_batches, parse, take
from core.live.intake.tally import FROM_FILE
from core.live.ledger.events import KINDS, Refusal
from core.plain_text import printable
from core.sheets.clean import clean
from core.sheets.columns import Field, SheetSpec
from core.sheets.detect import guess_header, guess_sheet
from core.sheets.reader import read_workbook
from core.sheets.readings import CleanOptions

LARGEST = 512 * 1024 * 1024  # bytes unpacked
_TEXT = (".ndjson", ".jsonl", ".json", ".gz")

_KIND_WORDS = {
    "浏览": "view",
    "访问": "view",
    "收藏": "favourite",
    "加购": "add_to_cart",
    "领券": "coupon_claim",
    "预约": "reserve",
    "付定金": "deposit",
    "定金": "deposit",
    "下单": "order",
    "拍下": "order",
    "支付": "pay",
    "付款": "pay",
    "退款": "refund",
    "取消": "cancel",
    "关闭": "cancel",
    "发货": "ship",
    "试验曝光": "exposure",
    "邀请": "invite",
}

_ACCOUNT_WORDS = {"新": "new", "新客": "new", "老": "old", "老客": "old", "new": "new", "old": "old"}

EVENTS = SheetSpec(
    "events",
    (
        Field("event_id", "code", title_zh="事件编号", title_en="event_id"),
        Field(
            "kind",
            "choice",
            required=True,
            choices=_KIND_WORDS | {kind: kind for kind in KINDS},
            title_zh="事件",
            title_en="kind",
        ),
        Field("at", "moment", required=True, title_zh="发生时间", title_en="at"),
        Field("sku_code", "code", title_zh="商家编码", title_en="sku_code"),
        Field("user_key", "code", title_zh="买家", title_en="user_key"),
        Field("order_id", "code", title_zh="订单编号", title_en="order_id"),
        Field("quantity", "integer", minimum=0, title_zh="数量", title_en="quantity"),
        Field("amount_fen", "integer", minimum=0, title_zh="金额（分）", title_en="amount_fen"),
        Field("amount", "money", minimum=0, title_zh="金额（元）", title_en="amount"),
        Field("channel", "text", title_zh="渠道", title_en="channel"),
        Field("experiment", "text", title_zh="试验", title_en="experiment"),
        Field("arm", "text", title_zh="组别", title_en="arm"),
        Field("invited", "code", title_zh="被邀请人", title_en="invited"),
        Field("account", "choice", choices=_ACCOUNT_WORDS, title_zh="新老账号", title_en="account"),
    ),
    ("event_id",),
)


def read_file(content: bytes, name: str, timezone: str, account: str = "") -> list[object]:
    """The decoded values of an event file; refused cells of a workbook come as Refusals.
    ShopError("live.too_large" | "sheet...")."""
    if name.lower().endswith(_TEXT):
        return parse(_unpacked(content) if name.lower().endswith(".gz") else content)
    return _from_workbook(content, name, timezone, account)


def _unpacked(content: bytes) -> bytes:
    """The whole of a .gz, or ShopError: a small file must not fill the memory."""
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            body = packed.read(LARGEST + 1)
    except (OSError, EOFError) as error:
        raise ShopError("live.bad_gzip") from error
    if len(body) > LARGEST:
        raise ShopError("live.too_large", most=LARGEST)
    return body


def _from_workbook(content: bytes, name: str, timezone: str, account: str) -> list[object]:
    """Rows as events. A row without an id gets one from its own content, so that the same file twice counts
    once."""
    workbook = read_workbook(content, name, account=account)
    sheet = guess_sheet(workbook, EVENTS)
    grid = workbook.grid(sheet)
    header = guess_header(grid, EVENTS, None)
    cleaned = clean(grid, header.row, header.mapping, EVENTS, sheet, CleanOptions(timezone))
    refused = [
        Refusal("", str(row["code"]), f"{row['sheet']}!{row['cell']}", printable(row["value"]))
        for row in cleaned.rejected.to_dict("records")
    ]
    earlier: dict[str, int] = {}
    return [
        *refused,
        *(_event(row, timezone, earlier) for row in cleaned.frame.drop(columns="row").to_dict("records")),
    ]


def _event(row: Mapping[object, Any], timezone: str, seen: dict[str, int]) -> dict[str, object]:
    facts = {
        str(key): value
        for key, value in row.items()
        if value is not None and not pd.isna(value) and value != ""
    }
    moment = pd.Timestamp(facts.pop("at"))
    moment = moment.tz_localize(zone(timezone)) if moment.tzinfo is None else moment
    facts["at"] = moment.isoformat()
    amount = facts.pop("amount", None)
    if amount is not None:
        facts.setdefault("amount_fen", amount)
    facts |= {name: int(facts[name]) for name in ("quantity", "amount_fen") if name in facts}
    if "event_id" not in facts:
        print_ = hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:24]
        seen[print_] = seen.get(print_, 0) + 1
        facts["event_id"] = f"{print_}-{seen[print_]}"
    return facts


class EventFile(NamedTuple):
    """A file of events: what it says, its name, and the zone of its local times; `source` is who sends it."""

    content: bytes
    name: str
    timezone: str
    source: str = FROM_FILE


def import_events(
    db: Database, actor: Actor, file: EventFile, now: datetime, *, campaign_id: str = ""
) -> Record:
    """Takes an event file in, in batches of one transaction each; figures as `feed.added`. Sending it again
    adds nothing."""
    allow(actor, "live.intake")
    values = read_file(file.content, file.name, file.timezone, actor.name)
    return added(
        [take(db, actor, file.source, batch, now, campaign_id=campaign_id) for batch in in_batches(values)]
    )
