"""What delivery keys fetched: by name, and as a whole."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply. What was fetched until now is not known, and that has to be told."""
    op.add_column("registry", sa.Column("fetches_since", _MOMENT))
    registry = sa.table("registry", sa.column("fetches_since", _MOMENT))
    op.execute(registry.update().values(fetches_since=datetime.now(UTC)))
    op.add_column("delivery_key", sa.Column("took_all_at", _MOMENT))
    op.create_table(
        "fetched",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", "selector"),
        sa.ForeignKeyConstraint(["project_id", "prompt_id"], ["prompt.project_id", "prompt.prompt_id"]),
        sa.ForeignKeyConstraint(["selector"], ["delivery_key.selector"]),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("fetched")
    # Not in batch mode: SQLite would copy the table, and the foreign keys that point at it do not let the old one go.
    op.execute("ALTER TABLE delivery_key DROP COLUMN took_all_at")
    op.execute("ALTER TABLE registry DROP COLUMN fetches_since")
