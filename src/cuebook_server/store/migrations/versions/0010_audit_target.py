"""Entries of the audit by their target."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    op.create_index("audit_entry_target", "audit_entry", ["project_id", "target", "seq"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("audit_entry_target", "audit_entry")
