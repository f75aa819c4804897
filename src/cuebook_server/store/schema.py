"""The tables. ``project_id`` comes first in every key, so that a large installation can be divided by project.

The migrations make the schema; a test holds this file against them. What the database itself refuses (an UPDATE of a version,
a pointer move without a release) stands in ``guards``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData()


class UTCDateTime(TypeDecorator[datetime]):
    """A moment, always with its time zone: SQLite would give naive times back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy calls it so
        """Store UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy calls it so
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)  # type: ignore[no-any-return]  # the driver's type


registry = Table(
    "registry",
    metadata,
    Column("registry_id", Integer, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("begun_on", Text, nullable=False, server_default=""),  # the cluster and timeline the epoch was begun on
    Column("keyset", Integer, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("fetches_since", UTCDateTime),  # when an upgrade began to note them; NULL: from the first day
)

project = Table(
    "project",
    metadata,
    Column("project_id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", UTCDateTime, nullable=False),
    Column("directory", Integer, nullable=False),
    Column("recalls", Integer, nullable=False, server_default="0"),  # counts recalled versions, for the nodes
    Column("audit_seq", Integer, nullable=False),
    Column("audit_hash", Text, nullable=False),
)

prompt = Table(
    "prompt",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    # In the order of its bytes on both databases: PostgreSQL would sort by the locale it was made with.
    Column("name", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    Column("latest", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "prompt_id"),
    UniqueConstraint("project_id", "name"),
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
)

Index("prompt_owner", prompt.c.project_id, prompt.c.owner, prompt.c.name)
NO_TAGS = text("'[]'")  # in so many letters, or SQLite does not see that the index below fits
_tagged = prompt.c.tags != NO_TAGS
Index("prompt_tagged", prompt.c.project_id, prompt.c.name, postgresql_where=_tagged, sqlite_where=_tagged)

prompt_alias = Table(
    "prompt_alias",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("alias", Text, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    PrimaryKeyConstraint("project_id", "alias"),
    ForeignKeyConstraint(["project_id", "prompt_id"], ["prompt.project_id", "prompt.prompt_id"]),
)

version = Table(
    "version",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("served", Text),  # only where fragments were flattened in
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("provenance", Text),
    Column("person", Text),  # who answers for the author, where somebody does
    PrimaryKeyConstraint("project_id", "prompt_id", "number"),
    ForeignKeyConstraint(["project_id", "prompt_id"], ["prompt.project_id", "prompt.prompt_id"]),
)

# What was imported, and which version it is: beside the versions, because two things may be the same version.
imported = Table(
    "imported",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("import_key", Text, nullable=False),
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("project_id", "prompt_id", "import_key"),
    ForeignKeyConstraint(["project_id", "prompt_id", "number"], ["version.project_id", "version.prompt_id", "version.number"]),
)

version_include = Table(
    "version_include",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("fragment_id", Integer, nullable=False),
    Column("fragment_number", Integer, nullable=False),
    PrimaryKeyConstraint("project_id", "prompt_id", "number", "fragment_id"),
    ForeignKeyConstraint(["project_id", "prompt_id", "number"], ["version.project_id", "version.prompt_id", "version.number"]),
    ForeignKeyConstraint(
        ["project_id", "fragment_id", "fragment_number"], ["version.project_id", "version.prompt_id", "version.number"]
    ),
)
Index("version_include_fragment", version_include.c.project_id, version_include.c.fragment_id)

environment = Table(
    "environment",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("environment_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("tracks_latest", Boolean, nullable=False),
    Column("policy", Text, nullable=False),
    Column("policy_revision", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "environment_id"),
    UniqueConstraint("project_id", "name"),
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
)

release = Table(
    "release",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("release_id", Integer, nullable=False),
    Column("environment_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("applied_at", UTCDateTime),  # NULL until it is applied, like the revision
    Column("epoch", Integer, nullable=False),
    Column("revision", Integer),
    Column("person", Text),  # who answers for the author, where somebody does
    Column("signature", Text, nullable=False, server_default=""),  # what its approvals sign
    Column("shrink_meant", Boolean, nullable=False, server_default=false()),
    Column("emergency", Boolean, nullable=False, server_default=false()),
    Column("scheduled_at", UTCDateTime),  # NULL: nobody waits for a moment
    Column("scheduled_zone", Text, nullable=False, server_default=""),
    Column("scheduled_by", Text, nullable=False, server_default=""),
    Column("scheduled_person", Text),
    Column("scheduled_credential", Text, nullable=False, server_default=""),
    Column("ended_at", UTCDateTime),  # declined, withdrawn or failed
    Column("ended_by", Text, nullable=False, server_default=""),
    Column("ended_why", Text, nullable=False, server_default=""),
    Column("rebases", Integer),  # the stale release this one takes up again
    Column("policy", Text),  # the rules it changes, where it is of that kind
    PrimaryKeyConstraint("project_id", "release_id"),
    UniqueConstraint("project_id", "environment_id", "revision"),
    ForeignKeyConstraint(["project_id", "environment_id"], ["environment.project_id", "environment.environment_id"]),
    Index("release_scheduled", "scheduled_at"),
)
# The proposals that wait, of which there are few among many releases.
Index(
    "release_waiting",
    release.c.project_id,
    release.c.environment_id,
    sqlite_where=release.c.state == "proposed",
    postgresql_where=release.c.state == "proposed",
)

release_item = Table(
    "release_item",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("release_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("number", Integer),  # NULL retires the prompt
    Column("replaces", Integer),
    PrimaryKeyConstraint("project_id", "release_id", "prompt_id"),
    ForeignKeyConstraint(["project_id", "release_id"], ["release.project_id", "release.release_id"]),
    ForeignKeyConstraint(["project_id", "prompt_id", "number"], ["version.project_id", "version.prompt_id", "version.number"]),
)

pointer = Table(
    "pointer",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("environment_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("number", Integer),  # NULL: retired here
    Column("release_id", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    PrimaryKeyConstraint("project_id", "environment_id", "prompt_id"),
    ForeignKeyConstraint(["project_id", "environment_id"], ["environment.project_id", "environment.environment_id"]),
    ForeignKeyConstraint(["project_id", "prompt_id", "number"], ["version.project_id", "version.prompt_id", "version.number"]),
    ForeignKeyConstraint(["project_id", "release_id"], ["release.project_id", "release.release_id"]),
)

pointer_change = Table(
    "pointer_change",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("environment_id", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("before", Integer),
    Column("after", Integer),
    Column("cause", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("release_id", Integer),  # NULL only where latest is tracked: a save is the cause
    PrimaryKeyConstraint("project_id", "environment_id", "revision", "prompt_id"),
    ForeignKeyConstraint(["project_id", "environment_id"], ["environment.project_id", "environment.environment_id"]),
    ForeignKeyConstraint(["project_id", "prompt_id", "after"], ["version.project_id", "version.prompt_id", "version.number"]),
    ForeignKeyConstraint(["project_id", "release_id"], ["release.project_id", "release.release_id"]),
)
Index(
    "pointer_change_prompt",
    pointer_change.c.project_id,
    pointer_change.c.environment_id,
    pointer_change.c.prompt_id,
    pointer_change.c.revision,
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    # What people filter by, beside the body that the hash covers.
    Column("principal", Text, nullable=False),
    # In the order of its bytes on both databases: all actions of a kind stand together in the index.
    Column("action", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    Column("target", Text, nullable=False),
    Column("environment", Text),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("project_id", "seq"),
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
)
# What happened to one thing: the evidence of a release, and whether a read was told lately.
Index("audit_entry_target", audit_entry.c.project_id, audit_entry.c.target, audit_entry.c.seq)
# What people filter by: a page of what is rare must not walk through all that is not.
Index("audit_entry_principal", audit_entry.c.project_id, audit_entry.c.principal, audit_entry.c.seq)
Index("audit_entry_action", audit_entry.c.project_id, audit_entry.c.action, audit_entry.c.seq)
Index("audit_entry_environment", audit_entry.c.project_id, audit_entry.c.environment, audit_entry.c.seq)

approval = Table(
    "approval",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("release_id", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("meaning", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "release_id", "ordinal"),
    ForeignKeyConstraint(["project_id", "release_id"], ["release.project_id", "release.release_id"]),
)

release_comment = Table(
    "release_comment",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("release_id", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "release_id", "ordinal"),
    ForeignKeyConstraint(["project_id", "release_id"], ["release.project_id", "release.release_id"]),
)

# The debt of an emergency: open until somebody else closes it.
review = Table(
    "review",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("release_id", Integer, nullable=False),
    Column("skipped", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", UTCDateTime, nullable=False),
    Column("closed_by", Text),
    Column("closed_at", UTCDateTime),
    Column("comment", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("project_id", "release_id"),
    ForeignKeyConstraint(["project_id", "release_id"], ["release.project_id", "release.release_id"]),
)

gate_result = Table(
    "gate_result",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("gate", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("suite_revision", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("score", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "gate", "digest", "ordinal"),
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
    # A decision asks what was said of its contents; without this it reads every result the project ever had.
    Index("gate_result_digest", "project_id", "digest"),
)

# A version declared harmful: no environment may take it, no node serves it.
recall = Table(
    "recall",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "prompt_id", "number"),
    ForeignKeyConstraint(["project_id", "prompt_id", "number"], ["version.project_id", "version.prompt_id", "version.number"]),
)

delivery_key = Table(
    "delivery_key",
    metadata,
    Column("selector", Text, primary_key=True),
    Column("verifier", Text, nullable=False),
    Column("project_id", Integer, nullable=False),
    Column("environment_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime),
    Column("revoked_at", UTCDateTime),
    Column("replaced_by", Text),
    Column("networks", Text, nullable=False),
    Column("last_used_at", UTCDateTime),
    Column("took_all_at", UTCDateTime),  # when it last took everything its environment serves
    Column("relays", Text, nullable=False, server_default="[]"),  # a relay's key: the names of its environments
    ForeignKeyConstraint(["project_id", "environment_id"], ["environment.project_id", "environment.environment_id"]),
)
Index("delivery_key_project", delivery_key.c.project_id)

# When a key last fetched a prompt by its name: a row for each pair, so never more than keys times prompts.
fetched = Table(
    "fetched",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("selector", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "prompt_id", "selector"),
    ForeignKeyConstraint(["project_id", "prompt_id"], ["prompt.project_id", "prompt.prompt_id"]),
    ForeignKeyConstraint(["selector"], ["delivery_key.selector"]),
)

# Clients the nodes heard of. ``arrivals``: [[epoch, revision, milliseconds since 1970]], when each came to hold its last ones.
fleet_instance = Table(
    "fleet_instance",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("selector", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("sdk", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("epoch", Integer),  # NULL, like the revision: it holds nothing
    Column("revision", Integer),
    Column("arrivals", Text, nullable=False),
    Column("first_seen", UTCDateTime, nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
    Column("has_left", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("project_id", "selector", "instance"),
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
    ForeignKeyConstraint(["selector"], ["delivery_key.selector"]),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("credential", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    PrimaryKeyConstraint("credential", "key"),
)
Index("idempotency_created_at", idempotency.c.created_at)

# What can be found; the words themselves lie in an index of the database's own kind (see ``search``). Number 0 is the prompt's
# name, description, owner and tags.
search_document = Table(
    "search_document",
    metadata,
    Column("document_id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    UniqueConstraint("project_id", "prompt_id", "number"),
    ForeignKeyConstraint(["project_id", "prompt_id"], ["prompt.project_id", "prompt.prompt_id"]),
)
