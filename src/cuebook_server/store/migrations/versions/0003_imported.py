"""What was imported stands beside the versions: two imported things may be the same version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "imported",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("import_key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", "import_key"),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id", "number"], ["version.project_id", "version.prompt_id", "version.number"]
        ),
    )
    op.execute(
        "INSERT INTO imported (project_id, prompt_id, import_key, number)"
        " SELECT project_id, prompt_id, import_key, number FROM version WHERE import_key IS NOT NULL"
    )
    op.drop_index("version_import_key", "version")
    # Not in batch mode: SQLite would copy the table, and the foreign keys that point at it do not let the old one go.
    op.execute("ALTER TABLE version DROP COLUMN import_key")


def downgrade() -> None:
    """Take back. Of several things that are one version, the first by name stays known."""
    op.execute("ALTER TABLE version ADD COLUMN import_key TEXT")
    op.execute(
        "UPDATE version SET import_key = (SELECT MIN(i.import_key) FROM imported AS i WHERE i.project_id = version.project_id"
        " AND i.prompt_id = version.prompt_id AND i.number = version.number)"
    )
    where = sa.text("import_key IS NOT NULL")
    op.create_index(
        "version_import_key",
        "version",
        ["project_id", "prompt_id", "import_key"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
    op.drop_table("imported")
