"""People: accounts, rights, sessions and tokens of their own. Sessions of before had no person: they end here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    _people()
    op.drop_table("session")
    op.drop_table("sign_in_link")
    _ways_in()
    op.execute("ALTER TABLE token ADD COLUMN owner TEXT")
    op.execute("ALTER TABLE token ADD COLUMN scopes TEXT")


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("login"),
    )
    op.create_table(
        "membership",
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer()),
        sa.Column("environment", sa.Text()),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"]),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"]),
    )
    op.create_index("membership_person", "membership", ["person_id"])
    op.create_index("membership_project", "membership", ["project_id"])
    op.create_table(
        "identity",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject"),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"]),
    )
    op.create_table(
        "invitation",
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("verifier"),
    )


def _ways_in() -> None:
    op.create_table(
        "sign_in_link",
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("login", sa.Text()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("verifier"),
    )
    op.create_table(
        "session",
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("verifier"),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"]),
    )
    op.create_index("session_person", "session", ["person_id"])
    op.create_table(
        "personal_token",
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scopes", sa.Text()),
        sa.Column("session", sa.Text()),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("selector"),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"]),
    )
    op.create_index("personal_token_person", "personal_token", ["person_id"])
    op.create_table(
        "attempt",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index("attempt_last_at", "attempt", ["last_at"])


def downgrade() -> None:
    """Take back. Accounts are lost; who had none before signs in with a link again."""
    op.execute("ALTER TABLE token DROP COLUMN scopes")
    op.execute("ALTER TABLE token DROP COLUMN owner")
    for table in ("attempt", "personal_token", "session", "sign_in_link", "invitation", "identity", "membership", "person"):
        op.drop_table(table)
    op.create_table(
        "sign_in_link",
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("verifier"),
    )
    op.create_table(
        "session",
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("verifier"),
    )
