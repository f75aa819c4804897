"""The spine: registry, environments, releases, keys, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cuebook_server.store import search

revision = "0001"
down_revision = None


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("credential", "key"),
    )
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.create_index("idempotency_created_at", ["created_at"], unique=False)


def _project() -> None:
    op.create_table(
        "project",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("directory", sa.Integer(), nullable=False),
        sa.Column("audit_seq", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id"),
        sa.UniqueConstraint("name"),
    )


def _registry() -> None:
    op.create_table(
        "registry",
        sa.Column("registry_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("keyset", sa.Integer(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("registry_id"),
    )


def _audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.project_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "seq"),
    )


def _environment() -> None:
    op.create_table(
        "environment",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tracks_latest", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_revision", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.project_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "environment_id"),
        sa.UniqueConstraint("project_id", "name"),
    )


def _prompt() -> None:
    op.create_table(
        "prompt",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.project_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "prompt_id"),
        sa.UniqueConstraint("project_id", "name"),
    )


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.project_id"],
        ),
        sa.PrimaryKeyConstraint("selector"),
    )


def _delivery_key() -> None:
    op.create_table(
        "delivery_key",
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.Column("networks", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.environment_id"],
        ),
        sa.PrimaryKeyConstraint("selector"),
    )
    with op.batch_alter_table("delivery_key", schema=None) as batch_op:
        batch_op.create_index("delivery_key_project", ["project_id"], unique=False)


def _prompt_alias() -> None:
    op.create_table(
        "prompt_alias",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id"],
            ["prompt.project_id", "prompt.prompt_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "alias"),
    )


def _release() -> None:
    op.create_table(
        "release",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.environment_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "release_id"),
        sa.UniqueConstraint("project_id", "environment_id", "revision"),
    )


def _search_document() -> None:
    op.create_table(
        "search_document",
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id"],
            ["prompt.project_id", "prompt.prompt_id"],
        ),
        sa.PrimaryKeyConstraint("document_id"),
        sa.UniqueConstraint("project_id", "prompt_id", "number"),
    )


def _version() -> None:
    op.create_table(
        "version",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("served", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=True),
        sa.Column("import_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id"],
            ["prompt.project_id", "prompt.prompt_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", "number"),
    )
    with op.batch_alter_table("version", schema=None) as batch_op:
        batch_op.create_index(
            "version_import_key",
            ["project_id", "prompt_id", "import_key"],
            unique=True,
            sqlite_where=sa.text("import_key IS NOT NULL"),
            postgresql_where=sa.text("import_key IS NOT NULL"),
        )


def _pointer() -> None:
    op.create_table(
        "pointer",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.environment_id"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id", "number"],
            ["version.project_id", "version.prompt_id", "version.number"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "release_id"],
            ["release.project_id", "release.release_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "environment_id", "prompt_id"),
    )


def _pointer_change() -> None:
    op.create_table(
        "pointer_change",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("after", sa.Integer(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.environment_id"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id", "after"],
            ["version.project_id", "version.prompt_id", "version.number"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "release_id"],
            ["release.project_id", "release.release_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "environment_id", "revision", "prompt_id"),
    )
    with op.batch_alter_table("pointer_change", schema=None) as batch_op:
        batch_op.create_index("pointer_change_prompt", ["project_id", "environment_id", "prompt_id", "revision"], unique=False)


def _release_item() -> None:
    op.create_table(
        "release_item",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id", "number"],
            ["version.project_id", "version.prompt_id", "version.number"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "release_id"],
            ["release.project_id", "release.release_id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "release_id", "prompt_id"),
    )


def _version_include() -> None:
    op.create_table(
        "version_include",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fragment_id", sa.Integer(), nullable=False),
        sa.Column("fragment_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "fragment_id", "fragment_number"],
            ["version.project_id", "version.prompt_id", "version.number"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id", "number"],
            ["version.project_id", "version.prompt_id", "version.number"],
        ),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", "number", "fragment_id"),
    )
    with op.batch_alter_table("version_include", schema=None) as batch_op:
        batch_op.create_index("version_include_fragment", ["project_id", "fragment_id"], unique=False)


def upgrade() -> None:
    """Apply."""
    _idempotency()
    _project()
    _registry()
    _audit_entry()
    _environment()
    _prompt()
    _token()
    _delivery_key()
    _prompt_alias()
    _release()
    _search_document()
    _version()
    _pointer()
    _pointer_change()
    _release_item()
    _version_include()
    for statement in search.create(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    op.drop_table("search_words")
    for table in (
        "version_include",
        "release_item",
        "pointer_change",
        "pointer",
        "version",
        "search_document",
        "release",
        "prompt_alias",
        "delivery_key",
        "token",
        "prompt",
        "environment",
        "audit_entry",
        "registry",
        "project",
        "idempotency",
    ):
        op.drop_table(table)
