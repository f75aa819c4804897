"""Deliberate change: releases that wait, approvals, comments, reviews of emergencies, results of gates."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"

_MOMENT = sa.DateTime(timezone=True)
_RELEASE: tuple[tuple[str, sa.types.TypeEngine[Any], str | None], ...] = (
    ("person", sa.Text(), None),
    ("signature", sa.Text(), "''"),
    ("shrink_meant", sa.Boolean(), "false"),
    ("emergency", sa.Boolean(), "false"),
    ("scheduled_at", _MOMENT, None),
    ("ended_at", _MOMENT, None),
    ("ended_by", sa.Text(), "''"),
    ("ended_why", sa.Text(), "''"),
    ("rebases", sa.Integer(), None),
)


def upgrade() -> None:
    """Apply."""
    for name, kind, default in _RELEASE:
        server_default = None if default is None else sa.text(default)
        op.add_column("release", sa.Column(name, kind, nullable=default is None, server_default=server_default))
    op.add_column("version", sa.Column("person", sa.Text()))
    _of_release(
        "approval",
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release_id", "ordinal"),
    )
    _of_release(
        "release_comment",
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release_id", "ordinal"),
    )
    _of_release(
        "review",
        sa.Column("skipped", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("closed_by", sa.Text()),
        sa.Column("closed_at", _MOMENT),
        sa.Column("comment", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("project_id", "release_id"),
    )
    _gate_result()


def _of_release(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["project_id", "release_id"], ["release.project_id", "release.release_id"]),
    )


def _gate_result() -> None:
    op.create_table(
        "gate_result",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("suite_revision", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "gate", "digest", "ordinal"),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"]),
    )


def downgrade() -> None:
    """Take back."""
    for table in ("gate_result", "review", "release_comment", "approval"):
        op.drop_table(table)
    # Not in batch mode: SQLite would copy the table, and the foreign keys that point at it do not let the old one go.
    op.execute("ALTER TABLE version DROP COLUMN person")
    for name, _, _ in _RELEASE:
        op.execute(f"ALTER TABLE release DROP COLUMN {name}")
