"""Writes the first migration from the tables: `make schema`. Once released, later versions are added by hand and this file goes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import TypeDecorator

from core.database import connect
from core.database.types import Facts, load_tables

TARGET = Path(__file__).resolve().parents[2] / "core/database/migrations/versions/0001_first.py"
HEAD = '''"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    {up}


def downgrade() -> None:
    """Takes them away."""
    {down}
'''


def _render(kind: str, item: object, _context: object) -> str | bool:
    if kind == "type" and isinstance(item, Facts):
        return "sa.Text()"
    """A decorated type as the plain one that it stores: migrations must not change when the program's types do."""
    return f"sa.{item.load_dialect_impl(DefaultDialect())!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def _code(ops: object, context: MigrationContext) -> str:
    code = render_python_code(ops, render_as_batch=False, migration_context=context, render_item=_render)  # type: ignore[arg-type]
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("# ###")).strip()


def main() -> None:
    """Renders the difference between nothing and the tables as a migration."""
    with tempfile.TemporaryDirectory() as folder:
        database = connect(f"sqlite:///{folder}/empty.db")
        with database.reading() as connection:
            context = MigrationContext.configure(connection, opts={"target_metadata": load_tables()})
            script = produce_migrations(context, load_tables())
        parts = [_code(ops, context) for ops in (script.upgrade_ops, script.downgrade_ops)]
        TARGET.write_text(HEAD.format(up=parts[0], down=parts[1]), encoding="utf-8")
        database.dispose()


if __name__ == "__main__":
    main()
