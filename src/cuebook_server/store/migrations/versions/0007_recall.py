"""Recalled versions, and changes of the policy as releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.add_column("release", sa.Column("policy", sa.Text()))
    op.add_column("project", sa.Column("recalls", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "recall",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", "number"),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id", "number"], ["version.project_id", "version.prompt_id", "version.number"]
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("recall")
    # Not in batch mode: SQLite would copy the table, and the foreign keys that point at it do not let the old one go.
    op.execute("ALTER TABLE project DROP COLUMN recalls")
    op.execute("ALTER TABLE release DROP COLUMN policy")
