"""The tables of people: accounts, their rights, sessions, links, tokens of their own. They belong to the whole instance."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, Table, Text

from cuebook_server.store.schema import UTCDateTime, metadata

person = Table(
    "person",
    metadata,
    Column("person_id", Integer, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password", Text),  # argon2id; NULL: signs in elsewhere
    Column("created_at", UTCDateTime, nullable=False),
    Column("disabled_at", UTCDateTime),
)

membership = Table(
    "membership",
    metadata,
    Column("membership_id", Integer, primary_key=True),
    Column("person_id", Integer, nullable=False),
    Column("project_id", Integer),  # NULL: every project
    Column("environment", Text),  # NULL: every environment
    Column("role", Text, nullable=False),
    ForeignKeyConstraint(["person_id"], ["person.person_id"]),
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
)
Index("membership_person", membership.c.person_id)
Index("membership_project", membership.c.project_id)

identity = Table(
    "identity",
    metadata,
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("person_id", Integer, nullable=False),
    PrimaryKeyConstraint("issuer", "subject"),
    ForeignKeyConstraint(["person_id"], ["person.person_id"]),
)

invitation = Table(
    "invitation",
    metadata,
    Column("verifier", Text, primary_key=True),
    Column("login", Text, nullable=False),
    Column("grants", Text, nullable=False),
    Column("invited_by", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
)

# A link that counts once: to the first account (login is NULL), or to a new password.
sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("verifier", Text, primary_key=True),
    Column("login", Text),
    Column("expires_at", UTCDateTime, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("verifier", Text, primary_key=True),
    Column("person_id", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("signed_in_at", UTCDateTime, nullable=False),
    ForeignKeyConstraint(["person_id"], ["person.person_id"]),
)
Index("session_person", session.c.person_id)

personal_token = Table(
    "personal_token",
    metadata,
    Column("selector", Text, primary_key=True),
    Column("verifier", Text, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("scopes", Text),  # NULL: all that the person may
    Column("session", Text),  # the session it is a form of, which may have ended
    Column("expires_at", UTCDateTime),
    Column("revoked_at", UTCDateTime),
    Column("last_used_at", UTCDateTime),
    ForeignKeyConstraint(["person_id"], ["person.person_id"]),
)
Index("personal_token_person", personal_token.c.person_id)

token = Table(
    "token",
    metadata,
    Column("selector", Text, primary_key=True),
    Column("verifier", Text, nullable=False),
    Column("project_id", Integer),  # NULL: the whole instance
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime),
    Column("revoked_at", UTCDateTime),
    Column("last_used_at", UTCDateTime),
    Column("owner", Text),  # the login of the person who made it
    Column("scopes", Text),  # NULL: all that the role may
    ForeignKeyConstraint(["project_id"], ["project.project_id"]),
)

attempt = Table(
    "attempt",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", UTCDateTime, nullable=False),
)
Index("attempt_last_at", attempt.c.last_at)
