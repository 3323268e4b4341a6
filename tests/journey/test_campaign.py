"""One campaign as its users live it, from an empty database to the next sale: at the command line and in the browser, every
figure counted again from the files that they brought."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from core import clock
from core.access import Actor
from core.access.tables import account
from core.campaign import defaults
from core.live.actions import decisions
from core.live.actions.effects import Act
from core.live.alerts import monitor
from core.pricing import approvals
from core.readiness import service as readiness
from core.readiness.service import Step
from tests.browser.conftest import settled, tick_request
from tests.journey import shop_files as shop
from tests.journey.conftest import House

pytestmark = pytest.mark.browser
PEOPLE = {"mei": "merchandiser", "lin": "campaign_lead", "fang": "finance", "wu": "warehouse"}
TODAY = shop.PREPARING.date()
LEAD = Actor("lin", "campaign_lead")
TARGET = ("--target", "500000", "--visitors", "50000", "--conversion", "0.1")


@pytest.mark.timeout(900)
def test_a_campaign_from_end_to_end(house: House) -> None:
    assert_lived_through(house, 20_000)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_a_campaign_of_a_million_events(house: House) -> None:
    assert_lived_through(house, 1_000_000)


def assert_lived_through(house: House, events: int) -> None:
    house.at(shop.PREPARING)
    settle_in(house)
    bring_goods(house)
    past = look_back(house)
    sale = plan(house)
    approve_a_price(house, sale)
    received = order_and_receive(house, sale)
    get_ready(house, sale)
    counted = sell(house, sale, events)
    act(house, sale)
    trace(house, sale, counted, past, received)
    look_behind(house, sale, counted)
    assert house.core("admin", "check")["ok"]


def settle_in(house: House) -> None:
    """The first administrator lets the others in."""
    first = house.core("", "user", "first")
    assert (first["name"], first["role"]) == ("admin", "admin")
    words = {
        name: house.core("admin", "user", "add", name, "--role", role)["password"]
        for name, role in PEOPLE.items()
    }
    sign_in(house, "mei", words["mei"])
    with house.database.writing() as connection:  # the others do the same at their own machines
        connection.execute(account.update().values(must_change=False))
    assert house.core("admin", "check")["ok"]


def sign_in(house: House, name: str, word: str) -> None:
    """With the first password, which is changed before anything else."""
    page = house.contexts("zh").new_page()
    page.goto(f"{house.server.url}/stock")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(word)
    page.get_by_role("button", name="登录").click()
    page.get_by_label("当前密码").fill(word)
    for label in ("新密码", "再输一次新密码"):
        page.get_by_label(label, exact=True).fill("green-tea-before-dawn")
    page.get_by_role("button", name="保存新密码").click()
    expect(page.get_by_role("heading", name="库存", exact=True)).to_be_visible()
    page.close()


def imported(house: House, account: str, kind: str, content: bytes, *words: str) -> dict[str, Any]:
    """A file through the command line: all of its rows are taken."""
    report: dict[str, Any] = house.core(account, "import", kind, house.file(f"{kind}.csv", content), *words)
    assert report["committed"]
    assert report["rejected"] == []
    return report


def bring_goods(house: House) -> None:
    """Suppliers and goods at the command line, the stock by warehouse in the browser."""
    imported(house, "mei", "suppliers", shop.suppliers())
    assert imported(house, "mei", "goods", shop.goods())["added"] == len(shop.CODES)
    page = house.page("mei", "merchandiser", "/stock")
    page.get_by_text("上传库存表").click()
    file = {"name": "库存.csv", "mimeType": "text/csv", "buffer": shop.stock_by_warehouse()}
    page.locator('input[type="file"]').first.set_input_files(file)
    settled(page)
    page.get_by_role("button", name="写入").click()
    expect(page.get_by_text("已写入").first).to_be_visible()
    page.close()
    stock = positions(house)
    assert stock[shop.SCARCE]["on_hand"] == 40
    assert {stock[code]["on_hand"] for code in shop.CODES[1:]} == {shop.PLENTY}


def positions(house: House) -> dict[str, dict[str, Any]]:
    return {row["sku_code"]: row for row in house.core("mei", "positions")}


def look_back(house: House) -> shop.Counted:
    """Reports, orders and two past sales."""
    report, units = shop.traffic(TODAY)
    imported(house, "mei", "traffic", report)
    for code in (shop.SCARCE, shop.LOW):
        rows = house.core("mei", "signals", "--sku", code)
        assert sum(row["units_paid"] for row in rows) == units[code]
    sheet, paid = shop.orders(TODAY)
    imported(house, "mei", "orders", sheet)
    assert sum(row["amount"] for row in house.core("mei", "orders")) == paid
    past: list[shop.Event] = []
    for n, (name, ago) in enumerate((("去年双十一", 345), ("六一八", 125))):
        opens = shop.OPENS - timedelta(days=ago)
        played = shop.sale(opens, 4, 1_500, n + 1)
        campaign = house.core(*added(name, opens, opens + timedelta(hours=4)))["campaign_id"]
        report = house.core(
            "admin", "import", "events", house.file(f"{n}.ndjson", shop.lines(played)), "--campaign", campaign
        )
        assert report["added"] == len(played)
        past += played
    return shop.counted(past)


def added(name: str, opens: datetime, closes: datetime) -> tuple[str, ...]:
    """The lead's command line that makes a campaign."""
    return ("lin", "campaign", "add", name, "--opens", opens.isoformat(), "--closes", closes.isoformat())


def plan(house: House) -> str:
    """Target, line-up, costs, rules; the figures of the last sale are what it starts from."""
    sale: str = house.core(*added("双十一", shop.OPENS, shop.CLOSES), *TARGET)["campaign_id"]
    assert house.core("lin", "plan", "--campaign", sale)["gmv"] == 50_000_000
    imported(house, "mei", "structure", shop.structure(), "--campaign", sale)
    imported(house, "fang", "costs", shop.costs(), "--campaign", sale)
    imported(house, "lin", "promotions", shop.promotions(), "--campaign", sale)
    imported(house, "mei", "warmup", shop.warm_up(TODAY - timedelta(days=7)))
    return sale


def approve_a_price(house: House, sale: str) -> None:
    """A price below its floor waits for finance, who approves it on the page."""
    verdicts = {row["sku_code"]: row["verdict"] for row in house.core("fang", "margins", "--campaign", sale)}
    assert verdicts[shop.LOW] == "needs_approval", verdicts
    asked = approvals.ask_for_prices(
        house.database,
        Actor("mei", "merchandiser"),
        sale,
        approvals.PricesAsked([shop.LOW], "引流"),
        now=clock.now(),
    )
    assert asked == 1
    page = house.page("fang", "finance", f"/pricing?campaign={sale}")
    page.get_by_role("tab", name="发布与审批", exact=True).click()
    settled(page)
    page.get_by_test_id("stMain").get_by_text("· 1 个").click()
    tick_request(page, 0)
    page.get_by_label("意见").fill("引流款，限量")
    page.get_by_test_id("stBaseButton-primaryFormSubmit").click()
    expect(page.get_by_text("没有等待审批的价格或规则")).to_be_visible()
    page.close()
    verdicts = {row["sku_code"]: row["verdict"] for row in house.core("fang", "margins", "--campaign", sale)}
    assert verdicts[shop.LOW] == "approved"


def order_and_receive(house: House, sale: str) -> Counter[str]:
    """A run is approved, ordered and received; what arrived lies in the warehouse afterwards."""
    before = positions(house)
    sheet = house.core("mei", "replenish", "--campaign", sale, "--budget", "90000")
    wanted = {row["sku_code"]: row["quantity"] for row in sheet if row["quantity"]}
    assert sum(row["amount"] or 0 for row in sheet) <= 9_000_000
    assert wanted, "the scarce goods are ordered"
    house.core("fang", "purchase", "approve", sheet[0]["run_id"])
    placed = house.core("mei", "purchase", "order", sheet[0]["run_id"], "--below-minimum")["orders"]
    for order in placed:
        assert house.core("wu", "purchase", "receive", order["number"])["state"] == "received"
    after = positions(house)
    arrived = Counter({code: after[code]["on_hand"] - before[code]["on_hand"] for code in shop.CODES})
    assert {code: units for code, units in arrived.items() if units} == wanted
    return arrived


def get_ready(house: House, sale: str) -> None:
    """The list of tasks comes from the template, on the page; the first one is done."""
    page = house.page("lin", "campaign_lead", f"/readiness?campaign={sale}")
    page.get_by_role("button", name="按模板生成任务").click()
    expect(page.get_by_role("button", name="按模板生成任务")).to_have_count(0)
    settled(page)
    page.close()
    tasks = readiness.board(house.database, LEAD, sale, clock.now()).tasks
    assert len(tasks) > 40
    first = tasks.sort_values("earliest_start")["task_id"].iloc[0]
    now = clock.now()
    readiness.progress(house.database, LEAD, sale, Step(first, "done", 1, proof="wiki/1", reason=""), now)


def sell(house: House, sale: str, events: int) -> shop.Counted:
    """The night comes in through the signed intake, as fast as it is taken; sent again, nothing counts twice."""
    house.at(shop.OPENS + timedelta(hours=3))
    night = shop.sale(shop.OPENS, 2.6, events, 9)
    file = house.file("night.ndjson", shop.lines(night))
    done = house.core("admin", "replay", file, "--campaign", sale, "--speed", "0")
    assert (done["accepted"] + done["waiting"], done["rejected"]) == (events, [])
    again = house.core(
        "admin",
        "replay",
        house.file("again.ndjson", shop.lines(night[:2_000])),
        "--campaign",
        sale,
        "--speed",
        "0",
    )
    assert (again["accepted"], again["duplicate"]) == (0, 2_000)
    return shop.counted(night)


def act(house: House, sale: str) -> None:
    """The watch has something to say; the lead caps the scarce goods, sees it in force on the live page and takes it back."""
    moment = clock.now()
    monitor.round_of(house.database, moment)
    assert len(monitor.standing_alerts(house.database, LEAD, sale, moment))
    decisions.act(house.database, LEAD, sale, Act("cap", shop.SCARCE), moment)
    page = house.page("lin", "campaign_lead", f"/live?campaign={sale}")
    standing = page.locator(".st-key-in_force")
    expect(standing).to_contain_text(shop.SCARCE)
    standing.get_by_role("button", name="解除限购").click()
    expect(standing).to_have_count(0)
    page.close()
    assert decisions.in_force(house.database, LEAD, sale, clock.now()) == []
    log = decisions.decisions(house.database, LEAD, sale, clock.now())
    assert len(log) == 2, "the cap and its end"


def trace(house: House, sale: str, counted: shop.Counted, past: shop.Counted, received: Counter[str]) -> None:
    """Picture, positions and ledger say what the files add up to."""
    totals = house.core("lin", "live", "--campaign", sale)["totals"]
    wanted = {
        "paid": counted.paid,
        "refunded": counted.refunded,
        "buyers": counted.buyers,
        "units": sum(counted.wanted.values()),
    }
    assert {name: totals[name] for name in wanted} == wanted
    for code, row in positions(house).items():
        there = (40 if code == shop.SCARCE else shop.PLENTY) + received[code]
        held = counted.wanted[code] + past.wanted[code] - counted.returned[code] - past.returned[code]
        assert (row["on_hand"], row["reserved"]) == (there, min(there, held)), code


def look_behind(house: House, sale: str, counted: shop.Counted) -> None:
    """Three weeks later: the bridge closes, goods are found that could come back, and the next sale starts from this one."""
    house.at(shop.CLOSES + timedelta(days=21))
    seen = house.core("lin", "review", "--campaign", sale)
    assert (seen["paid"], seen["refunded"], seen["buyers"]) == (
        counted.paid,
        counted.refunded,
        counted.buyers,
    )
    assert seen["target"] == 50_000_000
    assert seen["gap"] == seen["actual"] - seen["plan"]
    assert sum(step["fen"] for step in seen["bridge"]) == seen["gap"], seen["bridge"]
    assert house.core("lin", "encore", "--campaign", sale, "--top", "5")
    opens, closes = shop.OPENS + timedelta(days=220), shop.CLOSES + timedelta(days=220)
    following = house.core(*added("六一八 2027", opens, closes), "--from", sale)["campaign_id"]
    known = defaults.load(house.database, LEAD, following)
    assert any(one.taken for one in known.values())
