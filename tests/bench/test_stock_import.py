"""A 200,000-row stock sheet from upload bytes to commit, beside bare readers of the same file in the same
run; bulk writes beside the drivers' own."""

from __future__ import annotations

import io
import os
import resource
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import fastexcel
import numpy as np
import openpyxl
import pandas as pd
import pytest
from sqlalchemy import BigInteger, Column, MetaData, String, Table

from core.access import Actor
from core.database import Database, upsert
from core.imports import service
from core.sheets import writer
from core.stock.sheet import STOCK

ROWS = 200_000
pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def content() -> bytes:
    """An ERP's stock sheet: 15 columns, 200,000 rows."""
    random = np.random.default_rng(7)
    number = pd.Series(np.arange(ROWS)).astype("str").str.zfill(8)
    frame = pd.DataFrame(
        {
            "商品编码": number,
            "商品名称": "玻尿酸补水面膜 " + number,
            "颜色规格": "规格 " + number.str[-3:],
            "国际条码": "69" + number + "001",
            "商品分类": "护肤",
            "品牌": "清漾",
            "供应商": "杭州清漾护肤品厂",
            "成本价": random.integers(1000, 9999, ROWS),
            "吊牌价": random.integers(10000, 29900, ROWS),
            "主仓实际库存数": random.integers(0, 5000, ROWS),
            "订单占有数": random.integers(0, 50, ROWS),
            "预售占用": random.integers(0, 20, ROWS),
            "采购在途数": random.integers(0, 300, ROWS),
            "安全库存": random.integers(0, 100, ROWS),
            "备注": "",
        }
    )
    kinds = {"成本价": "money", "吊牌价": "money"}
    columns = [
        (name, name, kinds.get(name, "integer" if frame[name].dtype == "int64" else "text"))
        for name in frame.columns
    ]
    return writer.export(frame, columns, "库存", "zh")


def cpu() -> float:
    """CPU seconds of this process and the children that it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def costs(work: Callable[[], object]) -> float:
    """CPU seconds of one call: on a shared machine steadier than the clock on the wall."""
    before = cpu()
    work()
    return cpu() - before


def resident() -> int:
    """Resident memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


class Peak:
    """The highest resident memory while the block runs, above its start (MiB)."""

    def __enter__(self) -> Peak:
        self.start = self.highest = resident()
        self.over = threading.Event()
        self.watch = threading.Thread(target=self._look)
        self.watch.start()
        return self

    def _look(self) -> None:
        while not self.over.wait(0.01):
            self.highest = max(self.highest, resident())

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.watch.join()
        self.above = self.highest - self.start


def bring(database: Database, content: bytes, actor: Actor, now: datetime) -> service.Report:
    draft = service.check(service.inspect(database, actor, STOCK, content, "stock.xlsx"))
    return service.commit(database, actor, draft, now=now)


def test_upload_to_commit(
    content: bytes, sqlite: Database, merchandiser: Actor, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = min(
        costs(lambda: fastexcel.read_excel(content).load_sheet(0, dtypes="string").to_arrow())
        for _ in range(2)
    )

    def slow() -> None:
        for row in (
            openpyxl.load_workbook(io.BytesIO(content), read_only=True)
            .worksheets[0]
            .iter_rows(values_only=True)
        ):
            del row

    openpyxl_bare = costs(slow)
    with Peak() as peak:
        start, wall = cpu(), time.perf_counter()
        report = bring(sqlite, content, merchandiser, now)
        whole, wall = cpu() - start, time.perf_counter() - wall
    again = costs(lambda: bring(sqlite, content, merchandiser, now))
    assert report.figures["added"] == ROWS
    with capsys.disabled():
        print(
            f"\n| stock sheet, {ROWS:,} x 15, {len(content) / 1e6:.1f} MB | CPU s | ratio | promise |\n|---|---|---|---|"
        )
        print(
            f"| bare fastexcel read | {bare:.2f} | 1 | |\n| upload to commit, SQLite ({wall:.1f} s wall) | {whole:.2f} | {whole / bare:.2f} | <= 3.5 |"
        )
        print(f"| the same sheet again (all unchanged) | {again:.2f} | {again / bare:.2f} | |")
        print(
            f"| against openpyxl's bare read-only read | {openpyxl_bare:.2f} | {whole / openpyxl_bare:.3f} | <= 0.25 |"
        )
        print(f"| peak memory above start, MiB | {peak.above} | | <= 450 |")
    assert whole <= 3.5 * bare
    assert whole <= 0.25 * openpyxl_bare
    assert peak.above <= 450


trial = Table(
    "trial",
    MetaData(),
    Column("code", String, primary_key=True),
    *(Column(f"n{i}", BigInteger) for i in range(6)),
    *(Column(f"s{i}", String) for i in range(3)),
)


def trial_frame() -> pd.DataFrame:
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"code": pd.Series(np.arange(ROWS)).astype("str").str.zfill(9)})
    for i in range(6):
        frame[f"n{i}"] = random.integers(0, 1000, ROWS)
    return frame.assign(**{f"s{i}": "文字" for i in range(3)})


def test_bulk_upsert_on_sqlite(sqlite: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = trial_frame()
    with sqlite.writing() as connection:
        trial.create(connection)
    names = ", ".join(frame.columns)
    sets = ", ".join(f"{name} = excluded.{name}" for name in frame.columns[1:])
    sql = f"INSERT INTO trial ({names}) VALUES ({', '.join('?' * len(frame.columns))}) ON CONFLICT (code) DO UPDATE SET {sets}"
    raw = sqlite3.connect(tmp_path / "raw.db")
    raw.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; " + str(_ddl())
    )
    rows = list(frame.itertuples(index=False, name=None))

    def bare() -> None:
        with raw:
            raw.executemany(sql, rows)

    def door() -> None:
        with sqlite.writing() as connection:
            upsert(connection, trial, frame)

    pairs = [(costs(bare), costs(door)) for _ in range(3)]
    ratio = min(mine for _, mine in pairs) / min(theirs for theirs, _ in pairs)
    with capsys.disabled():
        print(f"\n| bulk upsert, {ROWS:,} x 10, SQLite: door / raw executemany | {ratio:.2f} | <= 1.3 |")
    assert ratio <= 1.3


def _ddl() -> str:
    kinds = [
        "code TEXT NOT NULL PRIMARY KEY",
        *(f"n{i} BIGINT" for i in range(6)),
        *(f"s{i} TEXT" for i in range(3)),
    ]
    return f"CREATE TABLE trial ({', '.join(kinds)})"


@pytest.mark.postgres
def test_bulk_upsert_on_postgres(postgres: Database, capsys: pytest.CaptureFixture[str]) -> None:
    frame = trial_frame()
    with postgres.writing() as connection:
        trial.create(connection)
        connection.exec_driver_sql(f"CREATE TABLE plain ({_ddl().split('(', 1)[1]}")
    text = frame.to_csv(index=False, header=False)

    def walls(work: Callable[[], object]) -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    def bare() -> None:
        with postgres.writing() as connection:
            connection.exec_driver_sql("TRUNCATE plain")
            driver = connection.connection.driver_connection
            assert driver is not None
            with driver.cursor().copy("COPY plain FROM STDIN (FORMAT csv)") as copy:
                copy.write(text)

    def door() -> None:
        with postgres.writing() as connection:
            connection.exec_driver_sql("TRUNCATE trial")
            upsert(connection, trial, frame)

    pairs = [(walls(bare), walls(door)) for _ in range(3)]
    ratio = min(mine for _, mine in pairs) / min(theirs for theirs, _ in pairs)
    with capsys.disabled():
        print(f"\n| bulk upsert, {ROWS:,} x 10, PostgreSQL: door / bare COPY (wall) | {ratio:.2f} | <= 2.5 |")
    assert ratio <= 2.5


def by_location(skus: int) -> bytes:
    """A csv with a row a SKU, warehouse and lot: six of each SKU."""
    codes = pd.Series(np.arange(skus)).astype("str").str.zfill(8)
    places = [(place, lot) for place in ("上海仓", "广州仓", "残次仓") for lot in ("L1", "L2")]
    parts = [
        pd.DataFrame(
            {"商家编码": codes, "仓库": place, "批号": lot, "库存数量": (np.arange(skus) + part) % 50}
        )
        for part, (place, lot) in enumerate(places)
    ]
    return pd.concat(parts).to_csv(index=False).encode()


def test_a_sheet_by_location_costs_in_proportion_to_its_rows(
    sqlite: Database, merchandiser: Actor, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    def cost(skus: int) -> float:
        content = by_location(skus)

        def brought() -> None:
            draft = service.check(service.inspect(sqlite, merchandiser, STOCK, content, "stock.csv"))
            service.commit(sqlite, merchandiser, draft, now=now)

        return costs(brought)

    few, many = cost(5_000), cost(20_000)
    with capsys.disabled():
        print(
            f"\nby location: 5,000 SKUs {few:.1f} s CPU, 20,000 SKUs {many:.1f} s, {many / few:.1f} x (promised <= 6)"
        )
    assert many / few <= 6, "four times the rows"
