"""Indexes for what lists are filtered by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_AUDIT = ("principal", "action", "environment")


def upgrade() -> None:
    """Apply."""
    _collate("C")
    for column in _AUDIT:
        op.create_index(f"audit_entry_{column}", "audit_entry", ["project_id", column, "seq"])
    op.create_index("prompt_owner", "prompt", ["project_id", "owner", "name"])
    tagged = sa.text("tags != '[]'")
    op.create_index("prompt_tagged", "prompt", ["project_id", "name"], postgresql_where=tagged, sqlite_where=tagged)


def downgrade() -> None:
    """Take back."""
    op.drop_index("prompt_tagged", "prompt")
    op.drop_index("prompt_owner", "prompt")
    for column in _AUDIT:
        op.drop_index(f"audit_entry_{column}", "audit_entry")
    _collate("default")


def _collate(collation: str) -> None:
    """SQLite compares bytes anyway."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f'ALTER TABLE audit_entry ALTER COLUMN action TYPE text COLLATE "{collation}"')
