"""Releases that wait for a moment: on whose clock, and in whose name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
_TEXTS = ("scheduled_zone", "scheduled_by", "scheduled_credential")


def upgrade() -> None:
    """Apply."""
    for name in _TEXTS:
        op.add_column("release", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("release", sa.Column("scheduled_person", sa.Text()))
    op.create_index("release_scheduled", "release", ["scheduled_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("release_scheduled", "release")
    for name in (*_TEXTS, "scheduled_person"):
        op.execute(f"ALTER TABLE release DROP COLUMN {name}")
