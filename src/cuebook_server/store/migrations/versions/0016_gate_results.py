"""What was said of a content is found by its digest, whatever the gate."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    op.create_index("gate_result_digest", "gate_result", ["project_id", "digest"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("gate_result_digest", "gate_result")
