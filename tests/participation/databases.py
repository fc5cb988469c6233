"""A PostgreSQL of the tests' own: in a folder, reached through a socket there, stopped after."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from datalab.database.store import sqlite_url

OWNER = "postgres"  # a server of databases refuses to run as root


def programs() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``, of the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda p: int(p.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """A server of databases in ``folder``."""

    def __init__(self, folder: Path, bin: Path) -> None:
        self.folder, self.bin = folder, bin
        self.data = folder / "data"

    def run(self, *command: str) -> None:
        as_owner = {"user": OWNER, "group": OWNER} if os.geteuid() == 0 else {}
        subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            extra_groups=[] if as_owner else None,
            **as_owner,
        )

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}'"
        log = str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", log, "-o", options)

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data))

    def url(self, database: str = OWNER) -> str:
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"lab_{uuid4().hex[:12]}"
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running server, removed afterwards.

    Raises
    ------
    FileNotFoundError
        where PostgreSQL is not installed.
    """
    bin = programs()
    if bin is None:
        raise FileNotFoundError("PostgreSQL is not installed here")
    folder = Path(tempfile.mkdtemp(prefix="datalab-pg-"))
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        made = Cluster(folder, bin)
        made.run("initdb", "-D", str(made.data), "-U", OWNER, "-A", "trust", "-E", "UTF8")
        made.start()
        yield made
        made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """One server of databases for all tests of a session."""
    if programs() is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of both kinds in turn."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "database" / "empty.sqlite")
    running: Cluster = request.getfixturevalue("postgresql")
    return running.database()
