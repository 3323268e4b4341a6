"""Shops whose own database is read: order lines that come, are paid, edited, refunded and deleted, on SQLite and on
real servers, each with an account that may only read."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from core.connect.feeds.mapping import Layout, guessed
from core.database import Database
from core.live.tables import event, sale_line
from tests.servers import await_port

OPENS = datetime(2026, 11, 10, 16, tzinfo=UTC)  # 11-11 00:00 in Shanghai
COLUMNS = (
    "line_id",
    "order_no",
    "sku",
    "qty",
    "amount",
    "buyer_id",
    "created_at",
    "paid_at",
    "cancelled_at",
    "refunded_quantity",
    "refunded_amount",
    "updated_at",
)
TABLE = """CREATE TABLE orders (line_id {key}, order_no varchar(40), sku varchar(40), qty int, amount {money},
buyer_id varchar(40), created_at {time}, paid_at {time}, cancelled_at {time}, refunded_quantity int,
refunded_amount {money}, updated_at {time})"""


@dataclass
class Shop:
    """A shop's database: the owner's engine, and the address of the account that only reads."""

    engine: Engine
    address: str
    aware: bool = False
    wrong: dict[str, Any] = field(default_factory=dict)

    def write(self, sql: str, **values: Any) -> None:
        """A statement of the shop's own."""
        with self.engine.begin() as connection:
            connection.execute(text(sql), {name: self._value(value) for name, value in values.items()})

    def _value(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        if self.engine.dialect.name == "sqlite":
            return (value + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S.%f")
        return value if self.aware else (value + timedelta(hours=8)).replace(tzinfo=None)

    def place(
        self, n: int, at: datetime, *, quantity: int = 2, yuan: str = "39.80", paid: bool = True
    ) -> None:
        """An order of one line, paid at once."""
        names = ", ".join(f":{name}" for name in COLUMNS)
        values = dict.fromkeys(COLUMNS) | {
            "line_id": n,
            "order_no": f"N{n}",
            "sku": f"S{n % 40:02d}",
            "qty": quantity,
            "amount": yuan,
            "buyer_id": f"b{n % 7}",
            "created_at": at,
            "paid_at": at if paid else None,
            "refunded_quantity": 0,
            "refunded_amount": 0,
            "updated_at": at,
        }
        self.write(f"INSERT INTO orders VALUES ({names})", **values)

    def place_many(self, first: int, count: int, at: datetime) -> None:
        """Paid orders of one line, in one transaction."""
        names = ", ".join(COLUMNS)
        when = self._value(at)
        rows = [
            (n, f"N{n}", f"S{n % 40:02d}", 1, "19.90", f"b{n}", when, when, None, 0, 0, when)
            for n in range(first, first + count)
        ]
        with self.engine.begin() as connection:
            places = ", ".join("?" * len(COLUMNS))
            connection.exec_driver_sql(f"INSERT INTO orders ({names}) VALUES ({places})", rows)

    def edit(self, n: int, at: datetime, **values: Any) -> None:
        """Changes columns of a line, as shop systems do: with the time of the change."""
        changes = ", ".join(f"{name} = :{name}" for name in (*values, "updated_at"))
        self.write(f"UPDATE orders SET {changes} WHERE line_id = :n", n=n, updated_at=at, **values)

    def sums(self) -> tuple[int, int, int, int]:
        """(units ordered and not cancelled, units and fen paid less refunded, lines)."""
        with self.engine.connect() as connection:
            row = connection.execute(
                text(
                    "SELECT sum(CASE WHEN cancelled_at IS NULL THEN qty ELSE 0 END),"
                    " sum(CASE WHEN paid_at IS NULL THEN 0 ELSE qty - refunded_quantity END),"
                    " sum(CASE WHEN paid_at IS NULL THEN 0 ELSE amount - refunded_amount END), count(*) FROM orders"
                )
            ).one()
        return int(row[0] or 0), int(row[1] or 0), round(float(row[2] or 0) * 100), int(row[3])


def ours(database: Database) -> tuple[int, int, int, int]:
    """The same sums as our books hold them."""
    from sqlalchemy import func, select

    c = sale_line.c
    query = select(
        func.sum(c.ordered - c.cancelled),
        func.sum(c.paid - c.refunded),
        func.sum(c.paid_fen - c.refunded_fen),
        func.count(),
    )
    with database.reading() as connection:
        row = connection.execute(query).one()
    return int(row[0] or 0), int(row[1] or 0), int(row[2] or 0), int(row[3])


def events(database: Database) -> int:
    """Events that are stored."""
    from sqlalchemy import func, select

    with database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(event)) or 0)


def layout(kind: str = "orders", **more: Any) -> Layout:
    """How the orders of these shops are read."""
    return Layout(**({"kind": kind, "columns": guessed(kind, COLUMNS), "table": "orders"} | more))


def on_sqlite(folder: Path) -> Shop:
    """A shop on a file of SQLite."""
    path = folder / "erp.db"
    shop = Shop(create_engine(f"sqlite:///{path}"), f"sqlite:///{path}")
    shop.write("PRAGMA journal_mode=WAL")
    shop.write(TABLE.format(key="integer primary key", money="numeric(12, 2)", time="text"))
    return shop


@contextmanager
def on_postgres(server: str, name: str) -> Iterator[Shop]:
    """A shop on a real PostgreSQL, with an account `reader` that may only select."""
    from sqlalchemy.engine import make_url

    root = make_url(server).set(drivername="postgresql+psycopg")
    with create_engine(root, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'word'"))
    mine = root.set(database=name)
    shop = Shop(create_engine(mine), "", aware=True)
    shop.write(TABLE.format(key="bigint primary key", money="numeric(12, 2)", time="timestamptz"))
    shop.write(f"GRANT SELECT ON orders TO {name}")
    reader = mine.set(drivername="postgresql", username=name, password="word")
    shop.address = reader.render_as_string(hide_password=False)
    yield shop
    shop.engine.dispose()
    with create_engine(root, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE {name}"))


class Mariadb:
    """A MariaDB of the test's own, in a folder of its own, on 127.0.0.1 alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._user = f"--user={pwd.getpwuid(os.getuid()).pw_name}"
        subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", f"--datadir={folder}", self._user),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ],
            check=True,
            capture_output=True,
        )
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        command = ["mariadbd", "--no-defaults", f"--datadir={self.folder}", f"--port={self.port}", self._user]
        command += [
            "--bind-address=127.0.0.1",
            f"--socket={self.folder}/s.sock",
            "--innodb-buffer-pool-size=32M",
        ]
        self.process = subprocess.Popen(
            [*command, "--innodb-flush-log-at-trx-commit=2"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await_port(self.port, 90)

    def stop(self) -> None:
        """Ends it at once, as a power cut does."""
        self.process.kill()
        self.process.wait()

    def address(self, account: str, database: str = "erp") -> str:
        """How an account reaches it."""
        return f"mysql+pymysql://{account}@127.0.0.1:{self.port}/{database}?charset=utf8mb4"


@contextmanager
def on_mariadb(folder: Path) -> Iterator[tuple[Shop, Mariadb]]:
    """A shop on a real MariaDB, with an account `reader` that may only select."""
    server = Mariadb(folder)
    try:
        root = create_engine(server.address("root", ""), isolation_level="AUTOCOMMIT")
        with root.connect() as connection:
            connection.execute(text("CREATE DATABASE erp"))
            connection.execute(text("CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'word'"))
            connection.execute(text("GRANT SELECT ON erp.* TO reader@'127.0.0.1'"))
        root.dispose()
        shop = Shop(create_engine(server.address("root"), pool_pre_ping=True), server.address("reader:word"))
        shop.write(TABLE.format(key="bigint primary key", money="decimal(12, 2)", time="datetime"))
        yield shop, server
        shop.engine.dispose()
    finally:
        server.stop()
