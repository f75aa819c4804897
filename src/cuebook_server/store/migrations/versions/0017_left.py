"""Clients whose streams ended, and who have most likely ended themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply."""
    op.add_column("fleet_instance", sa.Column("has_left", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take back."""
    op.execute("ALTER TABLE fleet_instance DROP COLUMN has_left")
