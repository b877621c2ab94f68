"""Alembic's environment: the engine comes from ``service.schema``, never from a configuration file of Alembic's own."""

from __future__ import annotations

from alembic import context

from service.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=list(METADATA), render_as_batch=True, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
