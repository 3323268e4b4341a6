"""The warm-up's figures: workbooks by channel, events by known user, funnel, reflow, demand, heat."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from sqlalchemy import select

from core.access import Actor
from core.access.persons import door
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.service import NewCampaign
from core.database import Database, insert, new_id, read
from core.errors import ShopError
from core.imports import service as imports
from core.imports.service import Report
from core.live.intake.batches import in_batches, take
from core.live.ledger.events import read_event
from core.signals.sheet import TRAFFIC
from core.signals.tables import daily_signal
from core.warmup import service, settings, signals
from core.warmup.sheet import WARMUP
from core.warmup.tables import warmup_figure
from tests.warmup.conftest import Shop

HEAD = [
    "日期",
    "商家编码",
    "渠道",
    "收藏人数",
    "加购人数",
    "领券人数",
    "商品预约人数",
    "会场预约人数",
    "预约回流人数",
    "付定金件数",
    "邀请成功数",
    "金币游戏任务",
]


def assert_refused(code: str):
    return pytest.raises(ShopError, match=rf"^{code.replace('.', r'[.]')}")


def book(*rows: list[object], head: list[str] = HEAD) -> bytes:
    made = openpyxl.Workbook()
    assert made.active is not None
    for row in [head, *rows]:
        made.active.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def take_in(shop: Shop, content: bytes, now: datetime, kind: object = WARMUP) -> Report:
    draft = imports.check(imports.inspect(shop.db, shop.lead, kind, content, "warm.xlsx"))  # type: ignore[arg-type]
    return imports.commit(shop.db, shop.lead, draft, now=now)


def stored(db: Database, table: object = daily_signal) -> pd.DataFrame:
    with db.reading() as connection:
        columns = [c for c in table.columns if c.name != "updated_at"]  # type: ignore[attr-defined]
        return read(connection, select(*columns)).sort_values(
            ["sku_code", "day", "channel"], ignore_index=True
        )


SHEET = (
    ["2026-10-25", "001", "搜索", 10, 20, 5, 3, None, 1, 2, None, None],
    ["2026-10-25", "001", "直播", 1, 2, None, 4, None, 2, None, None, None],
    ["2026-10-25", "009", "搜索", 7, 8, None, None, None, None, None, None, None],
    ["2026-10-25", None, None, None, None, None, None, 500, None, None, 12, 300],
    ["合计", None, None, 18, 30, 5, 7, 500, 3, 2, 12, 300],
)


def test_a_report_by_channel_reaches_the_daily_figures(shop: Shop, now: datetime) -> None:
    report = take_in(shop, book(*SHEET), now)
    assert report.figures["rows"] == 5
    assert (report.figures["added"], report.figures["skipped_totals"]) == (4, 1)
    detail = stored(shop.db, warmup_figure).set_index(["sku_code", "channel"])
    assert detail.loc[("001", "直播"), ["favourites", "add_to_cart", "reservations"]].tolist() == [1, 2, 4]
    assert detail.loc[("", ""), ["venue_reservations", "invites_joined", "coin_game"]].tolist() == [
        500,
        12,
        300,
    ]
    daily = stored(shop.db).set_index("sku_code")
    assert daily.loc[
        "001", ["favourites", "add_to_cart", "coupon_claims", "reservations", "deposits"]
    ].tolist() == [11, 22, 5, 7, 2]
    assert daily.loc["009", "favourites"] == 7  # a SKU that the shop did not know came into the master
    again = take_in(shop, book(*SHEET), now)
    assert (again.figures["unchanged"], again.committed) == (4, True)


def test_traffic_and_warmup_reports_of_one_day_fill_each_other_in(shop: Shop, now: datetime) -> None:
    traffic = book(
        ["2026-10-25", "001", 900, 15, 9],
        head=["统计日期", "商家编码", "商品访客数", "商品加购人数", "支付件数"],
    )
    take_in(shop, traffic, now, TRAFFIC)
    before = stored(shop.db)
    first = take_in(shop, book(*SHEET), now + timedelta(hours=1))
    daily = stored(shop.db).set_index("sku_code")
    assert daily.loc["001", ["visitors", "add_to_cart", "units_paid", "reservations"]].tolist() == [
        900,
        22,
        9,
        7,
    ]
    later = book(["2026-10-25", "001", "直播", 5, None, None, 9, None, None, None, None, None])
    second = take_in(shop, later, now + timedelta(hours=2))
    assert second.figures["changed"] == 1
    assert stored(shop.db).set_index("sku_code").loc[
        "001", ["favourites", "add_to_cart", "reservations"]
    ].tolist() == [15, 22, 12]
    with assert_refused("import.later_change"):
        imports.undo(shop.db, shop.lead, WARMUP, first.import_id, reason="x", now=now)
    imports.undo(shop.db, shop.lead, WARMUP, second.import_id, reason="x", now=now)
    imports.undo(shop.db, shop.lead, WARMUP, first.import_id, reason="x", now=now)
    assert stored(shop.db, warmup_figure).empty
    pd.testing.assert_frame_equal(stored(shop.db), before)


def test_a_row_that_stands_twice_to_the_letter_counts_once_and_is_named(shop: Shop, now: datetime) -> None:
    report = take_in(shop, book(*SHEET[:2], SHEET[0]), now)
    assert (report.figures["rows"], report.figures["added"], report.figures["merged"]) == (3, 2, 1)
    assert report.rejected.empty
    assert len(report.codes) == 1, "a warning says so"


def test_a_report_without_figures_is_refused(shop: Shop, now: datetime) -> None:
    with assert_refused("signals.no_figure"):
        take_in(shop, book(["2026-10-25", "001", "x"], head=["日期", "商家编码", "备注"]), now)


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a shop tells it."""

    kind: str
    at: datetime
    sku_code: str = "001"
    user_key: str = "u"
    order_id: str = ""
    quantity: int = 1
    amount_fen: int = 0

    def told(self) -> dict[str, object]:
        """The line that the intake reads."""
        return asdict(self) | {
            "event_id": new_id(),
            "at": self.at.isoformat(),
            "order_id": self.order_id or f"order-{self.user_key}",
        }


def tell(db: Database, campaign: str, events: Sequence[Event], waits: bool = False) -> None:
    """The events through the intake; `waits`: some may have to wait for others."""
    for piece in in_batches([event.told() for event in events]):
        receipt = take(
            db,
            Actor("source:shop", "campaign_lead", "http"),
            "shop",
            piece,
            events[-1].at,
            campaign_id=campaign,
        )
        assert (receipt.applied + waits * receipt.waiting, receipt.rejected) == (len(piece), ())


def told(shop: Shop, *events: Event, waits: bool = False) -> None:
    tell(shop.db, shop.campaign, events, waits)


def day(number: int, hour: int = 12) -> datetime:
    """A moment in late October 2026, Shanghai clock."""
    return datetime(2026, 10, number, hour, tzinfo=UTC) - timedelta(hours=8)


def test_each_known_user_stands_once_a_phase_at_the_deepest_stage(shop: Shop) -> None:
    told(
        shop,
        Event("view", day(15)),
        Event("view", day(24)),
        Event("add_to_cart", day(24)),
        Event("favourite", day(25)),
        Event("view", day(24), user_key="v"),
        Event("view", day(24), user_key="v", sku_code="002"),
        Event("reserve", day(24), user_key="w"),
        Event("view", day(24), user_key=""),
    )
    told(shop, Event("view", day(24)), Event("add_to_cart", day(24)))  # the same half hour again
    found = service.funnel(shop.db, shop.lead, shop.campaign)
    frame = found.people
    assert (found.users, len(found.counts)) == (3, 0)
    warm = frame[frame["kind"] == "warm_up"].groupby("stage")["users"].sum()
    notice = frame[frame["kind"] == "notice"].groupby("stage")["users"].sum()
    assert warm[warm > 0].to_dict() == {"viewed": 1, "cart": 1, "reservation": 1}
    assert notice[notice > 0].to_dict() == {"viewed": 1}


def test_looking_around_in_the_sale_itself_is_not_kept_but_buying_is(shop: Shop) -> None:
    live = datetime(2026, 10, 31, 13, tzinfo=UTC)
    told(shop, Event("view", live), Event("pay", live, order_id="o1"))
    frame = service.funnel(shop.db, shop.lead, shop.campaign).people
    counted = frame[frame["kind"] == "live"].groupby("stage")["users"].sum()
    assert counted[counted > 0].to_dict() == {"paid": 1}


def test_reflow_and_the_opening_hour(shop: Shop) -> None:
    told(shop, *[Event("reserve", day(24), user_key=f"u{n}") for n in range(100)])
    told(shop, *[Event("view", day(27), user_key=f"u{n}") for n in range(40)])
    told(
        shop, *[Event("view", day(24, 20), user_key=f"u{n}") for n in range(90)]
    )  # the same day is no return
    demand = service.opening_demand(shop.db, shop.lead, shop.campaign)
    row = demand.rows.iloc[0]
    assert row[["sku_code", "sku_name", "reserved", "returned"]].tolist() == ["001", "面霜", 100, 40]
    expected = 100 * (0.35 * 200 + 40) / 300 * 0.30 * 1.2
    assert row["mean"] == pytest.approx(expected)
    assert row["low"] < row["mean"] < row["high"]
    assert demand.whole["reserved"].tolist() == [100]


def test_the_reports_stand_in_where_no_user_is_known(shop: Shop, now: datetime) -> None:
    empty = service.opening_demand(shop.db, shop.lead, shop.campaign)
    assert empty.rows.empty
    assert empty.whole.empty
    take_in(shop, book(*SHEET), now)
    demand = service.opening_demand(shop.db, shop.lead, shop.campaign)
    assert demand.rows[["sku_code", "reserved", "returned"]].to_numpy().tolist() == [["001", 7, 3]]
    found = service.funnel(shop.db, shop.lead, shop.campaign)
    assert (found.users, len(found.people)) == (0, 0)
    assert found.counts.set_index("stage")["reached"].to_dict() == {
        "viewed": 0,
        "favourite": 18,
        "cart": 30,
        "coupon": 5,
        "reservation": 7,
        "deposit": 2,
        "paid": 0,
    }


def test_the_reports_of_every_day_of_the_encore_count(shop: Shop, now: datetime) -> None:
    days = [date(2026, 11, number) for number in (12, 13, 14, 15)]  # the encore ends as the 15th begins
    reports = {
        "sku_code": "001",
        "day": days,
        "channel": "",
        "visitors": 10,
        "import_id": "t",
        "updated_at": now,
    }
    with shop.db.writing() as connection:
        insert(connection, daily_signal, pd.DataFrame(reports))
    counts = service.funnel(shop.db, shop.lead, shop.campaign).counts
    viewed = counts[(counts["kind"] == "encore") & (counts["stage"] == "viewed")]
    assert viewed["reached"].tolist() == [30]


def test_heat_against_the_plan(shop: Shop, viewer: Actor, now: datetime) -> None:
    take_in(shop, book(*SHEET), now)
    with assert_refused("warmup.target"):
        settings.set_targets(shop.db, shop.lead, shop.campaign, {"likes": 5}, now)
    settings.set_targets(
        shop.db, shop.lead, shop.campaign, {"add_to_cart": 100_000, "favourites": 7_777}, now
    )
    at = datetime(2026, 10, 26, 4, tzinfo=UTC)
    heat = service.heat(shop.db, viewer, shop.campaign, at)
    days = service.warm_days(heat.campaign)
    assert (days[0], days[-1]) == (date(2026, 10, 10), date(2026, 10, 31))
    sums = heat.rows.groupby("figure")["planned"].sum()
    assert sums[sums > 0].to_dict() == {"add_to_cart": 100_000, "favourites": 7_777}
    carts = heat.rows[heat.rows["figure"] == "add_to_cart"].set_index("day")
    assert carts.loc[date(2026, 10, 25), "actual"] == 30
    assert carts.loc[date(2026, 10, 24), "actual"] == 0
    assert pd.isna(carts.loc[date(2026, 10, 26), "actual"])
    assert heat.index is not None
    assert 0 <= heat.index < 1
    told(
        shop,
        Event("add_to_cart", day(24)),
        Event("add_to_cart", day(24, 20)),
        Event("add_to_cart", day(24), user_key="v"),
        Event("add_to_cart", day(25)),
    )
    again = service.heat(shop.db, viewer, shop.campaign, at).rows.set_index(["figure", "day"])["actual"]
    assert (
        again[("add_to_cart", date(2026, 10, 24))] == 2
    )  # nobody reported the day: events of known users say it, each pair once
    assert again[("add_to_cart", date(2026, 10, 25))] == 30  # the report wins
    with assert_refused("access.denied"):
        settings.set_targets(shop.db, viewer, shop.campaign, {}, now)


def test_every_signal_by_day_by_channel_and_by_sku(shop: Shop, viewer: Actor, now: datetime) -> None:
    heads = {field.name: field.title_zh for field in WARMUP.spec.fields if field.name in signals.SIGNALS}
    assert set(heads) == set(signals.SIGNALS)
    numbers = {name: place for place, name in enumerate(heads, 2)}
    rows = [
        ["2026-10-25", "001", channel, *(times * n for n in numbers.values())]
        for channel, times in (("搜索", 1), ("直播", 10))
    ]
    take_in(shop, book(*rows, head=["日期", "商家编码", "渠道", *heads.values()]), now)
    told(
        shop,
        Event("reserve", day(24), sku_code=""),
        Event("reserve", day(24)),
        Event("favourite", day(24), sku_code="002"),
    )
    told(shop, Event("coupon_claim", day(25)))
    found = {
        by: signals.table(shop.db, viewer, shop.campaign, by).set_index(by)
        for by in ("day", "channel", "sku_code")
    }
    by_day, by_channel, by_sku = found.values()
    assert by_channel[list(numbers)].loc[["搜索", "直播"]].to_numpy().tolist() == [
        [t * n for n in numbers.values()] for t in (1, 10)
    ]
    assert by_day.loc[date(2026, 10, 25), list(numbers)].tolist() == [
        11 * n for n in numbers.values()
    ]  # the report goes before events
    assert by_day.loc[date(2026, 10, 24), ["reservations", "venue_reservations", "favourites"]].tolist() == [
        1,
        1,
        1,
    ]
    assert by_sku.loc["002", ["favourites", "sku_name"]].tolist() == [1, "口红 *限量*"]
    assert by_sku.loc["001", "deposits"] == 11 * numbers["deposits"]
    joined, sent = by_day.loc[date(2026, 10, 25), ["invites_joined", "invites_sent"]]
    assert by_day.loc[date(2026, 10, 25), "invite_rate"] == pytest.approx(joined / sent)
    steps = pd.DataFrame(
        [("搜索", "reserve", 9), ("短信", "reserve", 4), ("短信", "pay", 2)],
        columns=["channel", "kind", "events"],
    )
    both = signals.table(shop.db, viewer, shop.campaign, "channel", steps).set_index("channel")
    assert both.loc["短信", "reservations"] == 4
    assert both.loc["搜索", "reservations"] == by_channel.loc["搜索", "reservations"]


def test_the_venue_is_reserved_and_is_no_sku(shop: Shop) -> None:
    said = {"event_id": "e1", "kind": "reserve", "at": "2026-10-22T12:00:00+08:00", "user_key": "u"}
    assert getattr(read_event("app", said, lambda *_: shop.campaign, door("app")), "sku_code", None) == ""
    told(
        shop,
        Event("reserve", day(22), sku_code=""),
        Event("reserve", day(22), sku_code="", user_key="v"),
        Event("view", day(24), user_key="v"),
    )
    demand = service.opening_demand(shop.db, shop.lead, shop.campaign)
    assert demand.rows.empty
    assert demand.whole[["reserved", "returned"]].to_numpy().tolist() == [[2, 1]]


def test_ten_thousand_real_shop_events_through_the_funnel(
    shop: Shop, lead: Actor, now: datetime, shared: Path
) -> None:
    """A real shop's log, 9,999 clicks, favourites and purchases from spring to Double-11, counted twice by
    different means."""
    log = pd.read_csv(shared / "data" / "behaviour" / "tmall_user_log_10k.csv", dtype=str, encoding="utf-8")
    assert len(log) == 9_999
    kinds = {"0": "view", "1": "add_to_cart", "2": "pay", "3": "favourite"}
    rows = [
        Event(
            kinds[action],
            datetime(2026, int(m), int(d), 12, tzinfo=UTC) - timedelta(hours=8),
            sku,
            user,
            order_id=str(n),
        )
        for n, (action, m, d, sku, user) in enumerate(
            log[["action", "month", "day", "item_id", "user_id"]].itertuples(index=False)
        )
    ]
    opens = datetime(2026, 11, 10, 16, tzinfo=UTC)
    summer, autumn = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    phases = [
        Phase("p1", "notice", summer, autumn),
        Phase("p2", "warm_up", autumn, opens),
        Phase("p3", "live", opens, opens + timedelta(days=2)),
    ]
    campaign = campaigns.add(shop.db, lead, NewCampaign("真实日志", phases), now=now)
    tell(shop.db, campaign, rows)
    found = service.funnel(shop.db, lead, campaign)
    assert found.users == log["user_id"].nunique()
    frame = found.people
    depth = {"view": 0, "favourite": 1, "add_to_cart": 2, "pay": 6}
    for phase in phases:
        best: dict[str, int] = {}
        for row in rows:
            if phase.starts_at <= row.at < phase.ends_at and (row.kind == "pay" or phase.kind != "live"):
                best[row.user_key] = max(best.get(row.user_key, 0), depth[row.kind])
        part = frame[frame["phase"] == phase.phase_id]
        assert part["users"].tolist() == [sum(1 for stage in best.values() if stage == n) for n in range(7)]
        assert part["reached"].iloc[0] == len(best) > 50
