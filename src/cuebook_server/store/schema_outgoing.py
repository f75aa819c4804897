"""The tables of what leaves the house: webhooks with what is on its way to them, and notices to people."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, Table, Text

from cuebook_server.store.schema import UTCDateTime, metadata
from cuebook_server.store.schema_people import person  # noqa: F401  # the foreign key below names its table

webhook = Table(
    "webhook",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("environments", Text, nullable=False),
    Column("cursor", Integer, nullable=False),  # the last entry of the audit chain it was held against
    Column("sealed", Text, nullable=False),
    Column("old_sealed", Text),
    Column("old_until", UTCDateTime),
    Column("created_by", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("disabled_at", UTCDateTime),
    Column("disabled_why", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("rests_until", UTCDateTime),
    PrimaryKeyConstraint("project_id", "webhook_id"),
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("leased_until", UTCDateTime),
    Column("done_at", UTCDateTime),
    PrimaryKeyConstraint("project_id", "webhook_id", "seq"),
    ForeignKeyConstraint(["project_id", "webhook_id"], ["webhook.project_id", "webhook.webhook_id"]),
    ForeignKeyConstraint(["project_id", "seq"], ["audit_entry.project_id", "audit_entry.seq"]),
)
Index("webhook_delivery_due", webhook_delivery.c.state, webhook_delivery.c.due_at)
Index("webhook_delivery_done", webhook_delivery.c.project_id, webhook_delivery.c.done_at)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    PrimaryKeyConstraint("project_id", "webhook_id", "seq", "ordinal"),
    ForeignKeyConstraint(
        ["project_id", "webhook_id", "seq"],
        ["webhook_delivery.project_id", "webhook_delivery.webhook_id", "webhook_delivery.seq"],
    ),
)

notice = Table(
    "notice",
    metadata,
    Column("notice_id", Integer, primary_key=True),
    Column("person_id", Integer, nullable=False),
    Column("project_id", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("release_id", Integer),
    Column("sentence", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("read_at", UTCDateTime),
    ForeignKeyConstraint(["person_id"], ["person.person_id"]),
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
)
Index("notice_person", notice.c.person_id, notice.c.notice_id)
Index("notice_at", notice.c.at)
