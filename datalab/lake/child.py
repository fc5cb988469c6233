"""The child process in which other people's SQL runs and their binary files are read.

Started by :mod:`datalab.lake.confined`. It reads one request from its standard input, bounds itself
for good, and answers on its standard output. A refusal is one line of JSON on its standard error: a
template in English and its facts.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import duckdb

from datalab.lake.casting import from_native
from datalab.lake.connection import connect, identifier

OVERHEAD = 3_000_000_000  # what the code, its threads and Arrow map beside DuckDB's own memory
REFUSED = 3
WARM = "--warm"
PR_SET_PDEATHSIG = 1  # prctl(2)


class Refused(Exception):
    """Why the request cannot be met: an English msgid and its facts."""

    def __init__(self, template: str, **facts: str) -> None:
        super().__init__(template)
        self.template, self.facts = template, facts


def end_with_parent(by: signal.Signals = signal.SIGKILL) -> None:
    """End when the process that asked ends: nobody would read the answer or end the work."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(by))
    if os.getppid() != parent:  # it ended before we asked
        signal.raise_signal(by)


def limit_process(memory: int, seconds: float, written: int) -> None:
    """Bound this process: bytes of address space, processor seconds, bytes of a file."""
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: max(1, int(seconds)),
        resource.RLIMIT_FSIZE: written,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (bound, bound))


def one_select(connection: duckdb.DuckDBPyConnection, sql: str, refusal: str) -> None:
    """Refuse everything but a single SELECT; what a SELECT can call is closed by the connection."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Refused(refusal)


def query(request: dict[str, Any]) -> None:
    """Stream the answer to a SELECT over the published lakes as Arrow."""
    import pyarrow as pa

    from datalab.lake.reader import open_lakes

    connection = open_lakes(
        Path(request["lake"]),
        threads=request["threads"],
        memory_limit=_megabytes(request["memory"]),
        locked=True,
    )
    one_select(connection, request["sql"], "exactly one SELECT is expected.")
    reader = connection.execute(request["sql"]).to_arrow_reader(10_000)
    left = request["rows"]
    with pa.ipc.new_stream(sys.stdout.buffer, reader.schema) as out:
        for batch in reader:
            out.write_batch(batch.slice(0, left))
            left -= batch.num_rows
            if left <= 0:
                break


def lent(request: dict[str, Any]) -> None:
    """Stream the answer to a SELECT over single tables as Arrow, geometry as GeoJSON.

    One row more than asked for says that there are more.
    """
    import pyarrow as pa

    from datalab.lake.loan import lend

    connection = connect(threads=request["threads"], memory_limit=_megabytes(request["memory"]))
    lend(connection, request["loans"])
    sql = request["sql"]
    one_select(connection, sql, "exactly one SELECT is expected.")
    reader = connection.execute(_readable(connection, sql)).to_arrow_reader(2_000)
    rows, size = request["rows"] + 1, request["bytes"]
    with pa.ipc.new_stream(sys.stdout.buffer, reader.schema) as out:
        for batch in reader:
            kept = batch.slice(0, rows)
            rows, size = rows - kept.num_rows, size - kept.nbytes
            if size < 0:
                raise Refused(
                    "its answer is larger than {limit} MB.",
                    limit=str(request["bytes"] // 1_000_000),
                )
            out.write_batch(kept)
            if rows <= 0:
                break


def _readable(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """``sql`` with its geometry as GeoJSON, which every reader of the answer understands."""
    text = connection.extract_statements(sql)[0].query.rstrip().rstrip(";")
    described = connection.execute(f"DESCRIBE {text}").fetchall()
    shapes = [name for name, kind, *_ in described if kind.startswith("GEOMETRY")]
    if not shapes:
        return sql
    replaced = ", ".join(
        f"ST_AsGeoJSON({identifier(name)})::VARCHAR AS {identifier(name)}" for name in shapes
    )
    return f"SELECT * REPLACE ({replaced}) FROM ({text}\n)"  # noqa: S608


def transform(request: dict[str, Any]) -> None:
    """Create ``data`` in a staged database; answer with the number of its rows."""
    sql, wanted = request["sql"], request["columns"]
    connection = connect(
        request["path"],
        threads=request["threads"],
        memory_limit=_megabytes(request["memory"]),
        temporary=Path(request["spill"]),
    )
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    one_select(connection, sql, "its transform has to be exactly one SELECT.")
    described = connection.execute(f"DESCRIBE {sql}").fetchall()
    found = [row[0] for row in described]
    if found != list(wanted):
        raise Refused(
            "its transform gives the columns {found}, and the catalog declares {declared}.",
            found=", ".join(found),
            declared=", ".join(wanted),
        )
    casts = {
        name: from_native(identifier(name), have, wanted[name]) for name, have, *_ in described
    }
    if all(cast == identifier(name) for name, cast in casts.items()):
        connection.execute(f"CREATE TABLE data AS {sql}")
    else:
        connection.execute(f"CREATE TEMP TABLE result AS {sql}")
        _refuse_loss(connection, casts, wanted)
        values = ", ".join(f"{cast} AS {identifier(name)}" for name, cast in casts.items())
        connection.execute(f"CREATE TABLE data AS SELECT {values} FROM result")  # noqa: S608
    connection.execute("DROP TABLE source")
    row = connection.execute("SELECT count(*) FROM data").fetchone()
    connection.close()
    sys.stdout.write(json.dumps({"rows": row[0] if row else 0}))


def fill(request: dict[str, Any]) -> None:
    """Read a stranger's file into a staging database."""
    from datalab.lake.apart import answered

    sys.stdout.write(json.dumps(answered(request)))


def _refuse_loss(
    connection: duckdb.DuckDBPyConnection, casts: dict[str, str], wanted: dict[str, str]
) -> None:
    """Refuse a value that its declared type cannot hold."""
    for name, cast in casts.items():
        column = identifier(name)
        if cast == column:
            continue
        wrong = connection.execute(
            f"SELECT {column}::VARCHAR FROM result "  # noqa: S608
            f"WHERE {cast} IS NULL AND {column} IS NOT NULL LIMIT 1"
        ).fetchone()
        if wrong:
            raise Refused(
                "its transform gives '{value}' in column '{column}', which is declared {type}.",
                value=str(wrong[0])[:200],
                column=name,
                type=wanted[name],
            )


def _megabytes(size: int) -> str:
    return f"{size // 1_000_000}MB"


def _refuse(template: str, **facts: str) -> NoReturn:
    sys.stderr.write("\n" + json.dumps({"template": template, "facts": facts}) + "\n")
    sys.stderr.flush()
    os._exit(REFUSED)


KINDS = {"query": query, "lent": lent, "transform": transform, "fill": fill}


def main() -> None:
    """Answer one request. Ends without clean-up: the parent cares for files and time."""
    end_with_parent()
    if WARM in sys.argv:  # somebody will ask soon: what takes long comes first
        import pyarrow.ipc  # noqa: F401

        connect().close()
    request = json.load(sys.stdin)
    limit_process(
        2 * request["memory"] + OVERHEAD,
        request["seconds"] * request["threads"],
        request["written"],
    )
    try:
        KINDS[request["kind"]](request)
    except Refused as refused:
        _refuse(refused.template, **refused.facts)
    except (duckdb.OutOfMemoryException, MemoryError):
        _refuse("it needs more memory than it may use.")
    except duckdb.Error as error:
        text = str(error).split("\n\n", 1)[0].split(": ", 1)[-1].replace("\n", " ")
        _refuse("{error}", error=text)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
