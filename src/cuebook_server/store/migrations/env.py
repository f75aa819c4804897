"""How Alembic reaches the database: only through ``cuebook_server.store.migrate``, which brings the connection."""

from __future__ import annotations

from alembic import context

from cuebook_server.store import schema_outgoing, schema_people  # noqa: F401  # their tables belong to the same metadata
from cuebook_server.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
