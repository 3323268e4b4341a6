"""Writes the next migration from what the tables have become since the last: `make schema WORDS="sizes of goods"`. What
stands in a release is never written again (`tests/database/releases.py`); rows that have to move are added by hand."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import TypeDecorator

from core.database import connect
from core.database.migrate import known_versions, upgrade
from core.database.types import Facts, load_tables

VERSIONS = Path(__file__).resolve().parents[2] / "core/database/migrations/versions"
FILE = '''"""{words}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{version}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings a shop to this version."""
    {up}


def downgrade() -> None:
    """Takes it back."""
    {down}
'''


def _render(kind: str, item: object, _context: object) -> str | bool:
    """A decorated type as the plain one that it stores: migrations must not change when the program's types do."""
    if kind == "type" and isinstance(item, Facts):
        return "sa.Text()"
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.load_dialect_impl(DefaultDialect())!r}"
    return False


def _code(ops: object, context: MigrationContext) -> str:
    code = render_python_code(ops, render_as_batch=True, migration_context=context, render_item=_render)  # type: ignore[arg-type]
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("# ###")).strip()


def change() -> tuple[str, str]:
    """(the way up, the way down) from the migrated schema to the tables; ("pass", "pass") where they agree."""
    with tempfile.TemporaryDirectory() as folder:
        database = connect(f"sqlite:///{folder}/migrated.db")
        upgrade(database)
        with database.reading() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            script = produce_migrations(context, load_tables())
            ways = _code(script.upgrade_ops, context), _code(script.downgrade_ops, context)
        database.dispose()
    return ways


def main(words: str) -> str:
    """The name of the file that was written; nothing where the tables are what the migrations make."""
    up, down = change()
    if up == "pass":
        return ""
    before = known_versions()[-1]
    version = f"{int(before) + 1:04}"
    slug = "_".join(re.findall(r"[a-z0-9]+", words.lower())) or "change"
    text = FILE.format(words=words.capitalize(), version=version, before=before, up=up, down=down)
    (VERSIONS / f"{version}_{slug}.py").write_text(text, encoding="utf-8")
    return f"{version}_{slug}.py"


if __name__ == "__main__":
    sys.stdout.write(f"{main(' '.join(sys.argv[1:])) or 'the tables are what the migrations make'}\n")
