"""Webhooks with what is on its way to them, notices to people, and an index of the proposals that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    _webhooks()
    _deliveries()
    op.create_table(
        "notice",
        sa.Column("notice_id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer()),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"]),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"]),
    )
    op.create_index("notice_person", "notice", ["person_id", "notice_id"])
    op.create_index("notice_at", "notice", ["at"])
    waits = sa.text("state = 'proposed'")
    op.create_index("release_waiting", "release", ["project_id", "environment_id"], sqlite_where=waits, postgresql_where=waits)


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("environments", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("old_sealed", sa.Text()),
        sa.Column("old_until", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("disabled_why", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("project_id", "webhook_id"),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"]),
    )


def _deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("project_id", "webhook_id", "seq"),
        sa.ForeignKeyConstraint(["project_id", "webhook_id"], ["webhook.project_id", "webhook.webhook_id"]),
        sa.ForeignKeyConstraint(["project_id", "seq"], ["audit_entry.project_id", "audit_entry.seq"]),
    )
    op.create_index("webhook_delivery_due", "webhook_delivery", ["state", "due_at"])
    op.create_index("webhook_delivery_done", "webhook_delivery", ["project_id", "done_at"])
    op.create_table(
        "webhook_attempt",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "webhook_id", "seq", "ordinal"),
        sa.ForeignKeyConstraint(
            ["project_id", "webhook_id", "seq"],
            ["webhook_delivery.project_id", "webhook_delivery.webhook_id", "webhook_delivery.seq"],
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("release_waiting", "release")
    for table in ("notice", "webhook_attempt", "webhook_delivery", "webhook"):
        op.drop_table(table)
