"""The databases of a lab that lie on PostgreSQL, in a backup: ``pg_dump`` writes what one holds at
one moment, ``pg_restore`` brings it back into an empty one. Both are PostgreSQL's own tools.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from datalab.errors import DatabaseNotRestored
from datalab.i18n import Phrase
from datalab.settings import Settings

FOLDER = "databases"  # of a backup
ASIDE = "aside_"  # begins the names of schemas that no lab reads any more
SECONDS = "10"  # to reach a server


@dataclass(frozen=True)
class Server:
    """A database on a server: ``name`` of what lies in it, ``url`` as SQLAlchemy takes it."""

    name: str
    url: URL

    @property
    def file(self) -> str:
        """Its path in a backup."""
        return f"{FOLDER}/{self.name}.dump"

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)


def servers(settings: Settings) -> list[Server]:
    """The databases of this lab that lie on a server, and not in its home."""
    addresses = {
        "hub": settings.hub,
        "participation": settings.participation,
        "households": settings.households,
    }
    found = [Server(name, make_url(address)) for name, address in addresses.items()]
    return [one for one in found if one.url.get_backend_name() == "postgresql"]


def dump(server: Server, target: Path) -> str:
    """Write all that it holds to ``target``, in the custom format of ``pg_dump``.

    Returns
    -------
    reason
        why it could not be written; "" where it was.
    """
    told = ("--format=custom", f"--exclude-schema={ASIDE}*")
    return _run("pg_dump", server, *told, f"--file={target}")


def make_room(server: Server, aside: str = "") -> bool:
    """See that a database can be filled.

    Parameters
    ----------
    aside
        a schema of that name takes what lies there; without one it has to be empty.

    Returns
    -------
    moved
        whether anything was set aside.

    Raises
    ------
    DatabaseNotRestored
        where it cannot be asked, holds tables, or may not be changed.
    """
    engine = create_engine(server.url)
    try:
        tables = inspect(engine).get_table_names()
        if tables and aside:
            with engine.begin() as connection:
                connection.execute(text(f"ALTER SCHEMA public RENAME TO {aside}"))
                connection.execute(text("CREATE SCHEMA public"))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise DatabaseNotRestored(database=str(server), reason=reason) from None
    finally:
        engine.dispose()
    if tables and not aside:
        reason = Phrase(
            "it is not empty ({count} tables): name a new one, or set them aside with --aside",
            count=len(tables),
        )
        raise DatabaseNotRestored(database=str(server), reason=reason)
    return bool(tables)


def bring_back(server: Server, source: Path) -> None:
    """Fill an empty database with what was dumped, all of it or nothing.

    Raises
    ------
    DatabaseNotRestored
    """
    told = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    if reason := _run("pg_restore", server, *told, str(source)):
        raise DatabaseNotRestored(database=str(server), reason=reason)


def as_before(server: Server, aside: str = "") -> None:
    """Take away what was just brought back; what was set ``aside`` lies in its place again."""
    engine = create_engine(server.url)
    back = f"ALTER SCHEMA {aside} RENAME TO public" if aside else "CREATE SCHEMA public"
    try:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text(back))
    finally:
        engine.dispose()


def _run(program: str, server: Server, *arguments: str) -> str:
    found = shutil.which(program)
    if found is None:
        return f"{program} is not installed"
    secret = {"PGPASSWORD": str(server.url.password)} if server.url.password else {}
    done = subprocess.run(
        [found, f"--dbname={_address(server)}", *arguments],
        env={**os.environ, "PGCONNECT_TIMEOUT": SECONDS, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.strip().splitlines() or [f"{program}: {done.returncode}"]
    return said[0] if done.returncode else ""


def _address(server: Server) -> str:
    """As libpq takes it, and without the password: everybody on a machine reads command lines."""
    bare = URL.create(
        "postgresql",
        username=server.url.username,
        host=server.url.host,
        port=server.url.port,
        database=server.url.database,
        query=server.url.query,
    )
    return bare.render_as_string(hide_password=False)
