"""Connector ``sql``: one table, or the answer to one SELECT, of a PostgreSQL database.

The address of the database, password included, is never in a YAML file: it stands in the variable
``DATALAB_SQL_<NAME>`` of the lab, and the YAML says the name. The transaction is read-only and
takes a bounded time; rows come as CSV, as PostgreSQL itself writes it, and are counted in bytes
while they come.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from datalab.catalog import dataset as catalog
from datalab.connectors.address import is_public
from datalab.connectors.fetched import Fetched, Progress, sha256_of
from datalab.connectors.transfer import PATIENT, Patience
from datalab.errors import SourceMissing, SourceRefused, SourceTooLarge, SourceUnreachable
from datalab.i18n import Phrase

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 10
SESSION = (
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL intervalstyle = 'iso_8601'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL idle_in_transaction_session_timeout = '60s'",
    "SET LOCAL lock_timeout = '10s'",
)


class Source(catalog.Source):
    """A table or one SELECT of a PostgreSQL database that the operator made known by a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    remote: ClassVar[bool] = True

    format: Literal["csv"] = Field("csv", description="always csv: how rows are handed over")
    database: str = Field(
        pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$",
        max_length=40,
        description="name of the database: its address stands in DATALAB_SQL_<NAME>, never here",
    )
    table: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$",
        description="table or view to read, such as public.stops",
    )
    query: str | None = Field(
        None, min_length=1, max_length=20_000, description="or exactly one SELECT, with ORDER BY"
    )
    seconds: int = Field(
        300, ge=1, le=3600, description="longest time that reading may take, in seconds"
    )
    rows: int = Field(
        5_000_000, ge=1, le=100_000_000, description="most rows that are read; more are an error"
    )
    allow_private: bool = Field(
        False, description="whether the database may be on a private network or this machine"
    )

    @field_validator("csv")
    @classmethod
    def _as_written(cls, options: catalog.CsvOptions) -> catalog.CsvOptions:
        if options != catalog.CsvOptions():
            raise ValueError("leave 'csv' out: PostgreSQL writes the rows")
        return options

    @model_validator(mode="after")
    def _one_of(self) -> Source:
        if (self.table is None) == (self.query is None):
            raise ValueError("say what to read: either 'table' or 'query'")
        return self


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    databases: Mapping[str, SecretStr] | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """The rows as CSV, with a header.

    Parameters
    ----------
    databases
        address of each database, by the name that YAML files use.
    patience
        not used: a database that is away is asked again by the next refresh.

    Raises
    ------
    SourceMissing
        where no address of that name is set, or the table or a column does not exist.
    SourceRefused
        where the query is not one SELECT or would write, and for private hosts.
    SourceTooLarge, SourceUnreachable
    """
    import psycopg

    source = Source.model_validate(dataset.source.model_dump())
    url, yaml = f"sql:{source.database}/{source.table or 'query'}", dataset.file.name
    address = (databases or {}).get(source.database)
    if address is None:
        variable = f"DATALAB_SQL_{source.database.upper()}"
        reason = Phrase("no address of it is set in {variable}", variable=variable)
        raise SourceMissing(url=url, reason=reason, file=yaml)
    folder = cache / "sql" / dataset.id
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".part-")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            try:
                where = _checked(address.get_secret_value(), source, url, yaml)
                with psycopg.connect(**where, connect_timeout=CONNECT_SECONDS) as connection:
                    _copied(connection, source, dataset, url, target, max_bytes, progress)
            except psycopg.Error as error:
                raise _said(error, source, url, yaml) from None
        path = folder / "rows.csv"
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    size = path.stat().st_size
    return Fetched(path, url, sha256_of(path), size, datetime.now(UTC))


def _checked(address: str, source: Source, url: str, yaml: str) -> dict[str, Any]:
    """The parameters of the connection, its host looked up once and allowed."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    plain = address.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        where: dict[str, Any] = dict(conninfo_to_dict(plain))
    except ProgrammingError:
        variable = f"DATALAB_SQL_{source.database.upper()}"
        wrong = Phrase("the address in {variable} cannot be read", variable=variable)
        raise SourceMissing(url=url, reason=wrong, file=yaml) from None
    host = str(where.get("hostaddr") or where.get("host") or "")
    if source.allow_private:
        return where
    reason = Phrase(
        "the host of database '{database}' is on a private network; 'allow_private: true' in the "
        "source permits it",
        database=source.database,
    )
    if not host or host.startswith(("/", "@")) or "," in host or "service" in where:
        raise SourceRefused(url=url, reason=reason, file=yaml)
    try:
        found = socket.getaddrinfo(host, int(where.get("port") or 5432), type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError):
        raise SourceUnreachable(url=url, reason=Phrase("its host has no address")) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all(is_public(ipaddress.ip_address(a.partition("%")[0])) for a in addresses):
        raise SourceRefused(url=url, reason=reason, file=yaml)
    # The address that was looked at, under the name that its certificate bears.
    return {**where, "hostaddr": addresses[0]}


def _copied(
    connection: psycopg.Connection[Any],
    source: Source,
    dataset: catalog.Dataset,
    url: str,
    target: Any,
    max_bytes: int,
    progress: Progress | None,
) -> None:
    """Write the answer as it comes, within the limits of bytes, rows and time."""
    from psycopg import sql

    connection.read_only = True
    late = threading.Event()
    clock = threading.Timer(source.seconds, _stop, [connection, late])
    clock.daemon = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {source.seconds * 1000}")
            for statement in SESSION:
                cursor.execute(statement)
            clock.start()
            asked = _asked(source, dataset)
            # Asked for in binary, the text goes as one statement that is parsed as one: a second
            # one behind a semicolon (COMMIT, say) is an error. And a cursor takes one SELECT only.
            declared = sql.SQL("DECLARE checked NO SCROLL CURSOR FOR ") + sql.SQL(asked)
            cursor.execute(declared, binary=True)
            cursor.execute("CLOSE checked")
            limited = f"SELECT * FROM (\n{asked}\n) AS answer LIMIT {source.rows + 1}"  # noqa: S608
            size = 0
            with cursor.copy(
                sql.SQL("COPY (" + limited + ") TO STDOUT (FORMAT csv, HEADER true)")
            ) as rows:
                for piece in rows:
                    size += len(piece)
                    if size > max_bytes:
                        raise SourceTooLarge(url=url, limit=max_bytes)
                    target.write(piece)
                    if progress is not None:
                        progress(size, None)
            if cursor.rowcount > source.rows:
                reason = Phrase(
                    "it gives more than {rows} rows; raise 'rows' in the source if that is right",
                    rows=source.rows,
                )
                raise SourceRefused(url=url, reason=reason, file=dataset.file.name)
    except Exception:
        if late.is_set():
            reason = Phrase("it was not whole after {seconds} seconds", seconds=source.seconds)
            raise SourceUnreachable(url=url, reason=reason) from None
        raise
    finally:
        clock.cancel()
        connection.close()


def _stop(connection: psycopg.Connection[Any], late: threading.Event) -> None:
    """The server may be told by the query itself to forget its time limit; this one holds."""
    late.set()
    connection.cancel_safe(timeout=5)


def _asked(source: Source, dataset: catalog.Dataset) -> str:
    """The SELECT. A table is ordered by the dataset's key, so that the same rows are one file."""
    if source.query is not None:
        return source.query.strip().rstrip(";").rstrip()
    quoted = ".".join(f'"{part}"' for part in str(source.table).split("."))
    columns = {name: column.source or name for name, column in dataset.columns.items()}
    keys = [_quoted(columns[name]) for name in dataset.key if name in columns]
    order = f" ORDER BY {', '.join(keys)}" if keys else ""
    names = ", ".join(_quoted(name) for name in dataset.source_columns())
    return f"SELECT {names} FROM {quoted}{order}"  # noqa: S608


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _said(error: psycopg.Error, source: Source, url: str, yaml: str) -> Exception:
    """An error of the database as one of ours; never the address, which holds a password."""
    import psycopg

    code = error.sqlstate or ""
    if isinstance(error, psycopg.OperationalError) and not code:
        return SourceUnreachable(url=url, reason=Phrase("the database does not answer"))
    if code == "57014":
        reason = Phrase("it was not whole after {seconds} seconds", seconds=source.seconds)
        return SourceUnreachable(url=url, reason=reason)
    if code.startswith("28"):
        return SourceUnreachable(url=url, reason=Phrase("the database refuses the account"))
    if code == "25006":
        return SourceRefused(url=url, reason=Phrase("its query would write"), file=yaml)
    told = (error.diag.message_primary or type(error).__name__)[:300]
    if code in ("42P01", "42703", "3F000", "3D000"):
        return SourceMissing(url=url, reason=Phrase("{error}", error=told), file=yaml)
    if code.startswith(("42", "0A")):
        reason = Phrase("its query is not one SELECT that the database runs: {error}", error=told)
        return SourceRefused(url=url, reason=reason, file=yaml)
    return SourceUnreachable(url=url, reason=Phrase("the database says: {error}", error=told))
