"""Placement on Citus: what `Table.info["place"]` says, checked and applied."""

from __future__ import annotations

from sqlalchemy import Connection, PrimaryKeyConstraint, Table, UniqueConstraint, text

from core.database.types import load_tables
from core.errors import ShopError


def distributed() -> dict[str, str]:
    """Distribution column by table, for the tables that have one."""
    return {
        table.name: table.info["place"]
        for table in load_tables().sorted_tables
        if table.info["place"] not in {"local", "reference"}
    }


def faults(table: Table) -> list[str]:
    """What keeps a table from its place: the distribution column nullable, or missing from a key, a unique
    index or a foreign key."""
    column = table.info.get("place")
    if column is None:
        return [f"{table.name}: no place"]
    if column in {"local", "reference"}:
        return []
    if column not in table.columns:
        return [f"{table.name}: no column {column}"]
    wrong = [] if not table.columns[column].nullable else [f"{table.name}.{column}: nullable"]
    uniques = [
        list(c.columns.keys())
        for c in table.constraints
        if isinstance(c, UniqueConstraint | PrimaryKeyConstraint)
    ]
    uniques += [list(index.columns.keys()) for index in table.indexes if index.unique]
    wrong += [f"{table.name}({', '.join(keys)}): without {column}" for keys in uniques if column not in keys]
    for key in table.foreign_key_constraints:
        other = key.referred_table.info.get("place")
        if other == "local" or (other != "reference" and column not in set(key.column_keys)):
            wrong.append(f"{table.name} -> {key.referred_table.name}: a {other} table, key without {column}")
    return wrong


def on_citus(connection: Connection) -> bool:
    """Whether tables can stand on several machines here."""
    asked = text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")
    return connection.dialect.name == "postgresql" and bool(connection.scalar(asked))


def placed(connection: Connection) -> dict[str, str]:
    """Where Citus holds each table now: "reference", the distribution column, or nothing.
    ShopError("place.no_citus") without Citus."""
    if not on_citus(connection):
        raise ShopError("place.no_citus")
    query = text("SELECT table_name::text, citus_table_type, distribution_column FROM citus_tables")
    rows = connection.execute(query).all()
    return {name: "reference" if kind == "reference" else column for name, kind, column in rows}


def apply(connection: Connection) -> list[str]:
    """Places what is not placed yet, parents first; returns the tables that moved."""
    now, moved = placed(connection), []
    for table in load_tables().sorted_tables:
        column = table.info["place"]
        if column == "local" or now.get(table.name) == column:
            continue
        call = (
            "create_reference_table(:name)"
            if column == "reference"
            else "create_distributed_table(:name, :place)"
        )
        connection.execute(
            text(f"SELECT {call}"),
            {"name": table.name} | ({} if column == "reference" else {"place": column}),
        )
        moved.append(table.name)
    return moved
