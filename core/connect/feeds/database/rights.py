"""What an account of a shop's database may do there besides reading: one that may write is refused."""

from __future__ import annotations

import re

from sqlalchemy import Connection, text

READING = frozenset(
    {
        "USAGE",
        "SELECT",
        "SHOW VIEW",
        "SHOW DATABASES",
        "PROCESS",
        "REPLICATION CLIENT",
        "BINLOG MONITOR",
        "SLAVE MONITOR",
    }
)
"""Privileges of MySQL and MariaDB that change nothing."""
MOST = 5  # rights that a refusal names
_GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?P<where>.+?) TO ", re.IGNORECASE)
_COLUMNS = re.compile(r"\([^)]*\)")

_POSTGRES = """
SELECT 'superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL SELECT 'CREATEROLE' FROM pg_roles WHERE rolname = current_user AND rolcreaterole
UNION ALL SELECT 'CREATEDB' FROM pg_roles WHERE rolname = current_user AND rolcreatedb
UNION ALL SELECT privilege || ' ' || n.nspname || '.' || c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, privilege)
LIMIT 6
"""

_SQL_SERVER = """
SELECT TOP 6 held.one FROM (
SELECT permission_name AS one FROM sys.fn_my_permissions(NULL, 'DATABASE')
WHERE permission_name NOT IN ('CONNECT', 'SELECT', 'SHOWPLAN') AND permission_name NOT LIKE 'VIEW %'
UNION ALL SELECT act.name + ' ' + s.name + '.' + o.name
FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE')) AS act(name)
WHERE o.type IN ('U', 'V')
AND HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', act.name) = 1
) AS held
"""


def writing(connection: Connection) -> list[str]:
    """The account's rights to write, as its database names them; [] of one that can only read. A file of SQLite
    has no accounts: it is opened for reading alone."""
    system = connection.dialect.name
    if system == "postgresql":
        return [str(row[0]) for row in connection.execute(text(_POSTGRES))]
    if system == "mssql":
        return [str(row[0]) for row in connection.execute(text(_SQL_SERVER))]
    if system in {"mysql", "mariadb"}:
        grants = [str(row[0]) for row in connection.execute(text("SHOW GRANTS"))]
        return [one for grant in grants for one in beyond_reading(grant)]
    return []


def beyond_reading(grant: str) -> list[str]:
    """What a line of SHOW GRANTS gives besides reading; the line itself where it gives a role.

    >>> beyond_reading("GRANT SELECT, SHOW VIEW ON `shop`.* TO `r`@`%`")
    []
    >>> beyond_reading("GRANT SELECT, INSERT (`a`, `b`) ON `shop`.`orders` TO `r`@`%`")
    ['INSERT `shop`.`orders`']
    """
    line = _GRANT.match(grant)
    if line is None:
        return [] if grant.upper().startswith("SET DEFAULT ROLE") else [grant.partition(" TO ")[0]]
    names = [name.strip().upper() for name in _COLUMNS.sub("", line["what"]).split(",")]
    more = [f"{name} {line['where']}" for name in names if name not in READING]
    return more + (["GRANT OPTION"] if "WITH GRANT OPTION" in grant.upper() else [])
