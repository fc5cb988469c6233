"""How alembic runs the migrations: inside the transaction that was handed to it."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, BigInteger

from datalab.participation.migrations.schema import include
from datalab.participation.tables import METADATA


def render(kind: str, thing: object, context: AutogenContext) -> str | Literal[False]:
    """The two column types that differ between databases, by name."""
    for name, type_ in (("Document", JSON), ("Number", BigInteger)):
        if kind == "type" and isinstance(thing, type_):
            context.imports.add(f"from datalab.participation.tables.metadata import {name}")
            return name
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_object=include,
    render_item=render,
    render_as_batch=True,
    compare_server_default=False,
)
context.run_migrations()
