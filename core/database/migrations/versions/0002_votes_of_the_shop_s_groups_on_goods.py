"""Votes of the shop's groups on goods."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings a shop to this version."""
    with op.batch_alter_table("warmup_figure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("group_votes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Takes it back."""
    with op.batch_alter_table("warmup_figure", schema=None) as batch_op:
        batch_op.drop_column("group_votes")
