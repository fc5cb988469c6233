"""How alembic runs the migrations: inside the transaction that was handed to it."""

from __future__ import annotations

from alembic import context

from datalab.households.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_server_default=False,
)
context.run_migrations()
