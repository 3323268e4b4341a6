"""Tables of imports: the runs, what they changed, what was learned about headers."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table

from core.database.types import Moment, schema

LOCK = "imports"  # held while rows that an import compares are compared and written: two people would else both write the same difference

import_run = Table(
    "import_run",
    schema,
    Column("import_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("campaign_id", String, nullable=False, default=""),
    Column("file_name", String, nullable=False),
    Column("content_digest", String(64), nullable=False),  # SHA-256 of the file
    Column("sheet", String, nullable=False),
    Column("header_row", Integer, nullable=False),
    Column("mapping", JSON, nullable=False),  # {header: field}
    Column(
        "figures", JSON, nullable=False
    ),  # rows, added, changed, unchanged, merged, skipped_totals, rejected
    Column("control", JSON, nullable=False),  # {field: file, written, rejected, skipped, excluded}
    Column("rejected", JSON, nullable=False),  # the first thousand cells with their reasons
    Column("state", String, nullable=False),  # committed | undone
    Column("at", Moment, nullable=False),
    Column("account", String, nullable=False),
    Column("undone_at", Moment),
    Column("undone_by", String, nullable=False, default=""),
    Column("reason", String, nullable=False, default=""),
    Index("ix_import_run_kind_at", "kind", "at"),
    Index("ix_import_run_content_digest", "content_digest"),
    info={"place": "local"},
)

import_change = Table(
    "import_change",
    schema,
    Column("import_id", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("before", JSON),  # the row as it was; NULL where the import added it
    info={"place": "local"},
)

header_memory = Table(
    "header_memory",
    schema,
    Column("kind", String, primary_key=True),
    Column("header", String, primary_key=True),  # folded spelling
    Column("field", String, nullable=False),  # "" = do not read this column
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "local"},
)

import_choice = Table(
    "import_choice",
    schema,
    Column("kind", String, primary_key=True),
    Column("headers", String(64), primary_key=True),  # fingerprint of the header row
    Column("mapping", JSON, nullable=False),  # {field: header + header ...}: fields of several columns
    Column("key", JSON, nullable=False),  # the headers that make up the key; [] = as guessed
    Column("below", JSON, nullable=False),  # {header: whether its blanks mean the cell above}
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "local"},
)
