"""Alembic's entry: runs the versions on the connection that core.database.migrate hands over."""

from alembic import context

from core.database.types import load_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=load_tables(),
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
