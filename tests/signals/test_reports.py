"""Daily reports: six real months of a shop, and what a later file does to a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from core.access import Actor
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.service import NewCampaign, NewSale
from core.campaign.target import Target
from core.database import Database
from core.errors import ShopError
from core.goods.service import goods
from core.imports import service as imports
from core.imports.service import Report
from core.signals import service
from core.signals.sheet import SHOP, TRAFFIC
from tests import shops

MONTHS = [f"{n}月.xlsx" for n in range(1, 7)]


def _take(
    db: Database, actor: Actor, content: bytes, name: str, now: datetime, kind: object = TRAFFIC
) -> Report:
    draft = imports.check(imports.inspect(db, actor, kind, content, name))  # type: ignore[arg-type]
    return imports.commit(db, actor, draft, now=now)


def _book(tmp_path: Path, rows: list[list[object]], head: list[str]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [head, *rows]:
        book.active.append(row)
    book.save(tmp_path / "report.xlsx")
    return (tmp_path / "report.xlsx").read_bytes()


def _sums(figures: dict[str, int]) -> int:
    return sum(
        figures[name] for name in ("added", "changed", "unchanged", "merged", "rejected", "skipped_totals")
    )


def test_six_real_months(database: Database, merchandiser: Actor, shared: Path, now: datetime) -> None:
    reports = [
        _take(database, merchandiser, (shared / "data" / "jd_2019" / name).read_bytes(), name, now)
        for name in MONTHS
    ]
    assert all(report.committed and report.figures["rows"] == _sums(report.figures) for report in reports)
    assert sum(report.figures["merged"] for report in reports) == 41
    assert sum(report.figures["rows"] for report in reports) == 5739
    assert sum(report.figures["rejected"] for report in reports) == 0
    factors = service.day_factors(database, merchandiser, date(2019, 6, 18)).set_index("figure")["factor"]
    assert factors["visitors"] == pytest.approx(2.38, abs=0.005)
    assert factors["units_paid"] == pytest.approx(3.85, abs=0.005)
    again = _take(
        database, merchandiser, (shared / "data" / "jd_2019" / MONTHS[5]).read_bytes(), MONTHS[5], now
    )
    assert again.figures["added"] == again.figures["changed"] == 0
    assert "import.repeated" in {said["code"] for said in again.warnings}
    assert goods(database, merchandiser)["name"].str.len().min() > 0


def test_ad_spend_of_several_rows_a_day_is_summed(
    database: Database, merchandiser: Actor, shared: Path, now: datetime
) -> None:
    report = _take(
        database,
        merchandiser,
        (shared / "data" / "jd_2019" / "adspend_to_june.xlsx").read_bytes(),
        "adspend_to_june.xlsx",
        now,
        SHOP,
    )
    assert report.figures["rows"] == _sums(report.figures) == 5739
    past = service.history(database, merchandiser).set_index("day")["ad_spend"]
    plain = pd.read_excel(shared / "data" / "jd_2019" / "adspend_to_june.xlsx")
    whole = plain.drop_duplicates().groupby("投放日期")["支出"].sum()  # an identical row twice is one row
    assert past[date(2019, 1, 1)] == round(float(whole.iloc[0]) * 100)
    assert past.sum() == round(float(whole.sum()) * 100)


HEAD = [
    "统计日期",
    "商家编码",
    "商品名称",
    "商品访客数",
    "商品加购件数",
    "支付买家数",
    "支付件数",
    "支付金额",
]


def test_a_later_file_replaces_its_days_and_undo_brings_them_back(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    first = _book(
        tmp_path,
        [
            ["2026-10-01", "00123", "口红", "1,200", "30", "12", "13", "1,287.00"],
            ["2026-10-01", "00124", "面膜", 10, 1, 1, 1, 99],
        ],
        HEAD,
    )
    second = _book(tmp_path, [["2026-10-01", "00123", "口红", 1300, 31, 13, 14, "￥1,386"]], HEAD)
    one = _take(database, merchandiser, first, "a.xlsx", now)
    two = _take(database, merchandiser, second, "b.xlsx", now)
    assert two.figures["changed"] == 1
    days = service.sku_days(database, merchandiser, "00123")
    assert days[["visitors", "units_paid", "paid_amount"]].values.tolist() == [[1300, 14, 138_600]]
    with pytest.raises(ShopError, match=r"import\.later_change"):
        imports.undo(database, merchandiser, TRAFFIC, one.import_id, reason="假的", now=now)
    imports.undo(database, merchandiser, TRAFFIC, two.import_id, reason="假的", now=now)
    assert service.sku_days(database, merchandiser, "00123")["visitors"].tolist() == [1200]
    imports.undo(database, merchandiser, TRAFFIC, one.import_id, reason="假的", now=now)
    assert service.history(database, merchandiser).empty
    assert goods(database, merchandiser).empty


def test_another_report_of_the_same_day_adds_its_columns(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    _take(
        database,
        merchandiser,
        _book(tmp_path, [["2026-10-01", "00123", "口红", 100, 5, 2, 2, 198]], HEAD),
        "a.xlsx",
        now,
    )
    ads = _book(tmp_path, [["2026-10-01", "00123", 45.5]], ["日期", "商家编码", "花费"])
    _take(database, merchandiser, ads, "ads.xlsx", now)
    day = service.history(database, merchandiser).iloc[0]
    assert (day["visitors"], day["ad_spend"]) == (100, 4550)


def test_windows_and_totals_are_no_days(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    rows: list[list[object]] = [
        ["合计", "", "", 300, 6, 3, 3, 297],
        ["2026-10-01", "00123", "口红", 100, 2, 1, 1, 99],
        ["2026-10-01至2026-10-07", "00124", "面膜", 200, 4, 2, 2, 198],
    ]
    report = _take(database, merchandiser, _book(tmp_path, rows, HEAD), "a.xlsx", now)
    assert (report.figures["skipped_totals"], report.figures["added"], report.figures["rejected"]) == (
        1,
        1,
        1,
    )
    assert report.rejected["code"].tolist() == ["cell.window"]


def test_a_report_of_the_whole_shop_counts_its_visitors_once(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    _take(
        database,
        merchandiser,
        _book(tmp_path, [["2026-10-01", c, c, 100, 5, 2, 2, 198] for c in ("a", "b")], HEAD),
        "a.xlsx",
        now,
    )
    _take(
        database,
        merchandiser,
        _book(tmp_path, [["2026-10-01", 150]], ["统计日期", "店铺访客数"]),
        "s.xlsx",
        now,
        SHOP,
    )
    day = service.history(database, merchandiser).iloc[0]
    assert (day["visitors"], day["paid_amount"]) == (150, 39_600)


def test_a_sheet_without_figures_is_not_a_report(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    with pytest.raises(ShopError, match=r"signals\.no_figure"):
        _take(
            database,
            merchandiser,
            _book(tmp_path, [["2026-10-01", "a"]], ["日期", "商家编码"]),
            "a.xlsx",
            now,
        )


def test_closed_phases_get_what_the_reports_say(
    database: Database, lead: Actor, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    opens, closes = datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 2, 16, tzinfo=UTC)
    mine = campaigns.add_sale(database, lead, NewSale("小促", opens, closes), now=now)
    shops.planned(database, lead, mine, now, target=Target(100_000_00, 10_000, 0.1, 10_000))
    rows: list[list[object]] = [
        ["2026-11-01", "a", "a", 4000, 1, 400, 400, 40_000],
        ["2026-11-03", "a", "a", 9, 9, 9, 9, 9],
    ]
    _take(database, merchandiser, _book(tmp_path, rows, HEAD), "a.xlsx", now)
    found = service.phase_actuals(database, lead, mine, closes)
    assert found[["gmv", "visitors", "days", "reported"]].values.tolist() == [[4_000_000, 4000, 2, 1]]
    assert service.phase_actuals(database, lead, mine, opens).empty
    judged = service.past(database, lead, mine, Target(100_000_00, 10_000, 0.1, 10_000))
    assert set(judged.verdicts["verdict"]) == {"unknown"}  # two days in a row were never reported


def test_phases_that_share_a_day_share_its_figures_to_the_fen(
    database: Database, lead: Actor, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    day = datetime(2026, 10, 31, 16, tzinfo=UTC)
    edges = [day + timedelta(hours=hours) for hours in (0, 8, 16, 24)]
    thirds = [Phase(f"p{n}", "live", start, end) for n, (start, end) in enumerate(pairwise(edges))]
    mine = campaigns.add(database, lead, NewCampaign("三段", thirds), now=now)
    weights = replace(
        planning.first_weights(campaigns.load(database, lead, mine)), phases={"p0": 1, "p1": 1, "p2": 1}
    )
    planning.set_target(
        database,
        lead,
        mine,
        planning.NewPlan(Target(300_00, 300, 0.1, 1_000), weights=weights, why="试"),
        now=now,
    )
    _take(
        database,
        merchandiser,
        _book(tmp_path, [["2026-11-01", "a", "a", 100, 1, 1, 1, 0.50]], HEAD),
        "a.xlsx",
        now,
    )
    found = service.phase_actuals(database, lead, mine, edges[-1])
    assert found["gmv"].tolist() == [17, 17, 16]
    assert found["visitors"].tolist() == [34, 33, 33]


def test_a_report_as_the_platform_writes_it(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    """Title rows, the header in row 5, "-" for nothing, thousands, per cents, a product number instead of a
    merchant code."""
    head = [
        "统计日期",
        "商品ID",
        "商品名称",
        "商品访客数",
        "商品浏览量",
        "商品加购件数",
        "商品收藏人数",
        "商品支付转化率",
        "支付买家数",
        "支付件数",
        "支付金额",
        "成功退款金额",
    ]
    rows: list[list[object]] = [
        ["2026-10-01", "6001", "口红", "1,234", "5,678", "90", "-", "1.22%", "15", "16", "1,584.00", "-"],
        ["2026-10-01", "6002", "面膜", "-", "-", "-", "-", "-", "-", "-", "-", "-"],
    ]
    content = _book(tmp_path, [[], [], ["更新时间：2026-10-02"], head, *rows], ["商品效果明细"])
    choice = imports.Choice(mapping={"sku_code": "商品ID"})
    draft = imports.check(
        imports.inspect(database, merchandiser, TRAFFIC, content, "【生意参谋】商品.xlsx", choice)
    )
    report = imports.commit(database, merchandiser, draft, now=now)
    assert (report.header_row, report.figures["added"], report.figures["rejected"]) == (5, 2, 0)
    day = service.sku_days(database, merchandiser, "6001").iloc[0]
    assert (day["visitors"], day["buyers"], day["paid_amount"]) == (1234, 15, 158_400)
    again = imports.inspect(database, merchandiser, TRAFFIC, content, "next.xlsx")
    assert again.header.mapping[1] == "sku_code"  # the correction is remembered


def test_negative_rows_are_returns_of_their_day(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    rows: list[list[object]] = [
        ["2026-11-01", "A01", 5, 495.00],
        ["2026-11-01", "A01", -1, -99.00],
        ["2026-11-02", "A01", -2, -198.00],
    ]
    head = ["统计日期", "商家编码", "支付件数", "支付金额"]
    report = _take(database, merchandiser, _book(tmp_path, rows, head), "a.xlsx", now)
    assert (report.figures["added"], report.figures["merged"], report.figures["rejected"]) == (2, 1, 0)
    stored = service.listed(database, merchandiser)
    assert stored[["units_paid", "paid_amount", "refund_amount"]].values.tolist() == [
        [4, 49_500, 9_900],
        [0, 0, 19_800],
    ]
    assert report.warnings == (
        {"code": "import.returns", "rows": 2, "units": 3, "amount": 29_700, "beyond": 2},
    )
    with database.reading() as connection:
        assert not any(service.check(connection).values())


def test_a_return_that_states_its_refund_is_one_refund(
    database: Database, merchandiser: Actor, now: datetime, tmp_path: Path
) -> None:
    rows: list[list[object]] = [["2026-11-01", "A01", 5, 495.00, 10], ["2026-11-01", "A01", -1, -99.00, 99]]
    head = ["统计日期", "商家编码", "支付件数", "支付金额", "退款金额"]
    _take(database, merchandiser, _book(tmp_path, rows, head), "a.xlsx", now)
    assert service.listed(database, merchandiser)["refund_amount"].tolist() == [10_900]
