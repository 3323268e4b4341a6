"""Real exports and daily reports come to the sums that another reader counts, or are refused with the question."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import fastexcel
import pandas as pd
import pytest

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.imports import service as imports
from core.imports.kinds import Kind
from core.imports.service import Report
from core.orders import service
from core.orders.sheet import ORDERS
from core.signals import service as reports
from core.signals.sheet import TRAFFIC

ORDER_FILES = [
    "taobao_TB2018_missing.xls",
    "taobao_mrtb_data.xlsx",
    "taobao_orders_1月_gbk.csv",
    "taobao_orders_1月_masked.xlsx",
    "taobao_orders_1月_tab.txt",
    "taobao_orders_TB2018.xls",
]
NO_ORDERS = ["fixture_tmall_promotion_gb18030.csv", "jd_clicks_gbk.csv"]


def _take(db: Database, actor: Actor, kind: Kind, path: Path, now: datetime) -> Report:
    draft = imports.check(imports.inspect(db, actor, kind, path.read_bytes(), path.name))
    return imports.commit(db, actor, draft, now=now)


def _plain(path: Path) -> pd.DataFrame:
    """The file's cells by readers that share nothing with the import: pandas for csv and xlsx, a typed reader for
    xls; rows below the header, numbered as in the sheet."""
    if path.suffix in (".csv", ".txt"):
        frame = pd.read_csv(path, sep=None, engine="python", encoding="gb18030")
    elif path.suffix == ".xls":
        frame = fastexcel.read_excel(path).load_sheet(0).to_pandas()
    else:
        frame = pd.read_excel(path)
    frame.columns = [str(name).strip() for name in frame.columns]
    return frame.set_axis(range(2, len(frame) + 2))


@pytest.mark.parametrize("name", ORDER_FILES)
def test_a_real_order_export_comes_to_its_own_sum(
    sqlite: Database, merchandiser: Actor, shared: Path, now: datetime, name: str
) -> None:
    path = shared / "data/exports" / name
    report = _take(sqlite, merchandiser, ORDERS, path, now)
    plain = _plain(path)
    repeats = plain.duplicated()
    kept = plain[~plain.index.isin(report.rejected["row"].astype("int64")) & ~repeats]
    amount = round(kept["买家实际支付金额"].astype(float).mul(100).sum())
    stored = service.listed(sqlite, merchandiser)
    assert stored["amount"].sum() == amount
    assert report.figures["merged"] == int(repeats.sum())
    if "宝贝总数量" in kept:
        assert stored["quantity"].sum() == int(kept["宝贝总数量"].fillna(1).astype(int).sum())


@pytest.mark.parametrize("name", NO_ORDERS)
def test_a_file_without_orders_is_refused(
    sqlite: Database, merchandiser: Actor, shared: Path, now: datetime, name: str
) -> None:
    with pytest.raises(ShopError, match=r"import\.missing_any|orders\.no_order"):
        _take(sqlite, merchandiser, ORDERS, shared / "data/exports" / name, now)


def test_six_real_months_come_to_their_own_sums(
    sqlite: Database, merchandiser: Actor, shared: Path, now: datetime
) -> None:
    sums = {
        "visitors": "访客数",
        "page_views": "浏览量",
        "add_to_cart": "加购人数",
        "units_paid": "成交商品件数",
    }
    for month in range(1, 7):
        path = shared / f"data/jd_2019/{month}月.xlsx"
        report = _take(sqlite, merchandiser, TRAFFIC, path, now)
        assert report.mapping["category"] == "三级类目"
        plain = pd.read_excel(path).drop_duplicates()
        days = pd.to_datetime(plain["时间"]).dt.date
        stored = reports.listed(sqlite, merchandiser)
        mine = stored[stored["day"].between(days.min(), days.max())]
        assert {name: int(mine[name].sum()) for name in sums} == {
            name: int(plain[header].fillna(0).sum()) for name, header in sums.items()
        }
        assert int(mine["paid_amount"].sum()) == int((plain["成交码洋"] * 100).round().sum())
