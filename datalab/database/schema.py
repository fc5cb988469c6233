"""Bring a database to the newest schema, once, whoever opens it first."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from datalab.database.store import writing


def bring_up_to_date(engine: Engine, folder: Path, lock: int, to: str = "head") -> None:
    """Run the migrations of ``folder`` that are missing; two who open at once run them once.

    Parameters
    ----------
    engine : Engine
        The database.
    folder : Path
        Where alembic finds ``env.py`` and ``versions``.
    lock : int
        The advisory lock of PostgreSQL that keeps two who open at once apart.
    to : str
        The revision to end at.
    """
    config = Config()
    config.set_main_option("script_location", str(folder))
    wanted = ScriptDirectory.from_config(config).as_revision_number(to)
    with engine.connect() as connection:
        if _version(connection) == wanted:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
        if _version(connection) != wanted:
            config.attributes["connection"] = connection
            command.upgrade(config, to)


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
