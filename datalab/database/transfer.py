"""A whole database brought from one server to another, and compared row for row on arrival.

Everything happens in one transaction of the target: it holds all of it, or stays as empty as it
was, and whoever was interrupted begins again. The source is only read; while it is, nobody writes
to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, select, text, update

from datalab.database.store import writing
from datalab.errors import TransferRefused
from datalab.i18n import Phrase

PIECE = 1000  # rows in one statement
MODULUS = 2**256


@dataclass(frozen=True)
class Count:
    """A table: its rows, and the sum of their SHA-256, whatever their order."""

    table: str
    rows: int
    digest: str


def transfer(
    source: Engine,
    target: Engine,
    metadata: MetaData,
    told: Callable[[Count], None] = lambda count: None,
) -> tuple[Count, ...]:
    """Copy every table of ``metadata``; ``told`` hears of each when it is there and compared.

    Both have the schema of this version already.

    Raises
    ------
    TransferRefused
        where the schemas differ, the target holds rows, or reads otherwise than the source.
    """
    found = []
    with writing(source) as before, writing(target) as after:
        if _version(before) != _version(after):
            raise TransferRefused(
                database=_name(source),
                reason=Phrase(
                    "it is of another version of the lab; start the lab once with it, then stop it"
                ),
            )
        _require_empty(after, target, metadata)
        for table in metadata.sorted_tables:
            _copy(before, after, table)
            count = counted(after, table)
            if count != counted(before, table):
                reason = Phrase("table '{table}' arrived otherwise than it left", table=table.name)
                raise TransferRefused(database=_name(target), reason=reason)
            found.append(count)
            told(count)
    return tuple(found)


def counted(connection: Connection, table: Table) -> Count:
    """What a table holds, said so that two servers can be compared."""
    rows = total = 0
    for row in connection.execute(select(table)).mappings():
        digest = hashlib.sha256(_written(row)).digest()
        total = (total + int.from_bytes(digest)) % MODULUS
        rows += 1
    return Count(table.name, rows, f"{total:064x}")


def _written(row: Mapping[Any, Any]) -> bytes:
    plain = {str(name): value for name, value in row.items()}
    return json.dumps(plain, sort_keys=True, ensure_ascii=True, default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return f"bytes {bytes(value).hex()}"
    return f"{type(value).__name__} {value}"


def _require_empty(connection: Connection, target: Engine, metadata: MetaData) -> None:
    for table in metadata.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            reason = Phrase(
                "table '{table}' holds rows already, and nothing is mixed", table=table.name
            )
            raise TransferRefused(database=_name(target), reason=reason)


def _copy(before: Connection, after: Connection, table: Table) -> None:
    """All rows; what points at rows of the same table follows once they are all there."""
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    keys = [column.name for column in table.primary_key]
    rows = before.execute(select(table)).mappings()
    later: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for part in _parts(rows):
        for row in part:
            pointing = {name: row[name] for name in own if row[name] is not None}
            if pointing:
                later.append(({name: row[name] for name in keys}, pointing))
                row.update(dict.fromkeys(pointing))
        after.execute(insert(table), part)
    for key, pointing in later:
        where = [table.c[name] == value for name, value in key.items()]
        after.execute(update(table).where(*where).values(pointing))
    if after.dialect.name == "postgresql":
        _go_on_counting(after, table)


def _parts(rows: Iterable[Mapping[Any, Any]]) -> Iterable[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append({str(name): value for name, value in row.items()})
        if len(part) == PIECE:
            yield part
            part = []
    if part:
        yield part


def _go_on_counting(after: Connection, table: Table) -> None:
    """The next number that PostgreSQL gives by itself is beyond those that came along."""
    counter = table.autoincrement_column
    if counter is None:
        return
    sequence = after.execute(
        text("SELECT pg_get_serial_sequence(:table, :column)"),
        {"table": after.dialect.identifier_preparer.format_table(table), "column": counter.name},
    ).scalar()
    highest = after.execute(select(func.max(counter))).scalar()
    if sequence is not None and highest is not None:
        after.execute(text("SELECT setval(:sequence, :n)"), {"sequence": sequence, "n": highest})


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _name(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
