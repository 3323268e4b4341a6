"""Table of the jobs that the server does by itself."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table

from core.database.types import Moment, schema

job = Table(
    "job",
    schema,
    Column("name", String(32), primary_key=True),
    Column(
        "next_at", Moment
    ),  # of jobs that keep an hour; those of every few seconds run whenever somebody does
    Column("began_at", Moment),
    Column("ended_at", Moment),
    Column("done", BigInteger, nullable=False, default=0),  # how many things the last run did
    Column("fault", String, nullable=False, default=""),  # why the last run failed: a code, "" = it did not
    Column("error_id", String, nullable=False, default=""),  # of a fault in the log
    Column("runner", String, nullable=False, default=""),  # the process that ran it: machine and number
    info={"place": "local"},
)
