"""SQL Server, as far as it can be tested without one: the statements that would go there, in its own dialect."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.dialects import mssql
from sqlalchemy.exc import ProgrammingError

from core.connect.feeds import address
from core.connect.feeds.database import reader, rights
from core.connect.feeds.database.reader import Cursor
from core.connect.feeds.mapping import Layout
from core.errors import ShopError

COLUMNS = {"key": "line_id", "order_id": "order_no", "sku_code": "sku", "changed": "updated_at"}
AT = "2026-11-11 10:00:00"


def said(query: Any) -> str:
    """A statement as SQL Server would be sent it."""
    compiled = query.compile(dialect=mssql.dialect(), compile_kwargs={"literal_binds": True})
    return " ".join(str(compiled).split())


@pytest.mark.parametrize(
    "where", [{"table": "erp.orders"}, {"select": "SELECT * FROM erp.orders WHERE kind = 1"}]
)
def test_a_page_is_the_first_rows_in_order(where: dict[str, str]) -> None:
    layout = Layout("orders", COLUMNS, batch=500, **where)
    text = said(reader._page(layout, Cursor(AT, "7"), inclusive=False))
    assert text.startswith("SELECT TOP 500 ")
    assert text.endswith(
        "erp.orders.updated_at, erp.orders.line_id" if "table" in where else "feed.updated_at, feed.line_id"
    )
    assert " > '2026-11-11 10:00:00" in text
    assert "LIMIT" not in text
    assert "OFFSET" not in text


def test_keys_are_asked_for_as_texts_of_any_script() -> None:
    layout = Layout("orders", COLUMNS, table="orders")
    text = said(reader._keys(layout, ["订单-1"], "mssql"))
    assert "CAST(orders.line_id AS NVARCHAR(255))" in text
    assert "N'订单-1'" in text


def test_so_many_keys_are_asked_for_in_pieces() -> None:
    asked: list[int] = []

    def execute(query: Any) -> list[tuple[str]]:
        asked.append(len(query.compile(compile_kwargs={"render_postcompile": True}).params))
        return []

    connection: Any = SimpleNamespace(dialect=SimpleNamespace(name="mssql"), execute=execute)
    layout = Layout("orders", COLUMNS, table="orders")
    assert reader.present(connection, layout, [str(n) for n in range(2_500)]) == set()
    assert asked == [1_000, 1_000, 500]


def test_the_rights_of_an_account_are_asked_for_as_it_names_them() -> None:
    sent: list[str] = []

    def execute(statement: Any) -> list[tuple[str]]:
        sent.append(str(statement))
        return [("INSERT dbo.orders",)]

    connection: Any = SimpleNamespace(dialect=SimpleNamespace(name="mssql"), execute=execute)
    assert rights.writing(connection) == ["INSERT dbo.orders"]
    assert "HAS_PERMS_BY_NAME" in sent[0]
    assert ":" not in sent[0], "nothing in it is taken for a parameter"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (18456, "connect.denied"),
        (229, "connect.denied"),
        (208, "connect.schema_changed"),
        (207, "connect.schema_changed"),
        (102, "connect.bad_select"),
        (1222, "connect.too_slow"),
        (20003, "connect.too_slow"),
    ],
)
def test_its_faults_are_ours(number: int, code: str) -> None:
    fault = ProgrammingError("SELECT 1", {}, Exception(number, b"what the server says"))
    assert reader._refusal(fault).code == code


def test_without_its_driver_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "find_spec", lambda name: None)
    for text in ("mssql://reader:word@10.0.0.8/erp", "mssql+pyodbc://reader:word@10.0.0.8/erp"):
        with pytest.raises(ShopError) as refused:
            address.address_of(text)
        assert refused.value.code == "connect.driver_missing"
    monkeypatch.setattr(address, "find_spec", lambda name: object())
    url = address.address_of("mssql+pyodbc://reader:word@10.0.0.8/erp")
    assert url.drivername == "mssql+pymssql"
