"""The one database: engine, column types, bulk writer, migrations, placement."""

from core.database.bulk import insert, upsert
from core.database.engine import Database, connect
from core.database.frames import keyed, one, read
from core.database.types import Moment, new_id, schema

__all__ = ["Database", "Moment", "connect", "insert", "keyed", "new_id", "one", "read", "schema", "upsert"]
