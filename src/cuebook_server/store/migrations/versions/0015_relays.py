"""Keys of relays: several environments of a project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply."""
    op.add_column("delivery_key", sa.Column("relays", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Take back. A relay's key must not become one of its first environment: it ends."""
    op.execute("UPDATE delivery_key SET revoked_at = created_at WHERE relays != '[]' AND revoked_at IS NULL")
    op.drop_column("delivery_key", "relays")
