"""The ``transform`` of a dataset: one SELECT over ``source``, run where it can reach nothing.

A YAML file may come from anybody, so its SQL runs in a child process with limits of memory and
time (DuckDB's own limits do not stop ``repeat('x', 4000000000)``), on a database that holds this
run only, with files and network closed.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.casting import from_native
from datalab.lake.connection import connect, identifier
from datalab.lake.raw import unreadable


def transform(
    dataset: Dataset, path: Path, *, threads: int | None = None, memory_limit: str | None = None
) -> int:
    """Create ``data`` in the staged database ``path`` from the dataset's transform.

    Returns
    -------
    rows
        of ``data``.

    Raises
    ------
    UnreadableFile
        where the transform is not one SELECT, fails, or gives other columns or values than
        declared.
    """
    sql = (dataset.transform or "").strip().rstrip(";")
    connection = connect(path, threads=threads, memory_limit=memory_limit)
    try:
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise unreadable(dataset, "its transform has to be exactly one SELECT.")
        described = connection.execute(f"DESCRIBE {sql}").fetchall()
        found, declared = [row[0] for row in described], list(dataset.columns)
        if found != declared:
            raise unreadable(
                dataset,
                "its transform gives the columns {found}, and the catalog declares {declared}.",
                found=", ".join(found),
                declared=", ".join(declared),
            )
        values = ", ".join(
            f"{from_native(identifier(name), have, dataset.columns[name].type)} "
            f"AS {identifier(name)}"
            for name, have, *_ in described
        )
        connection.execute(f"CREATE TEMP TABLE result AS {sql}")
        for name, have, *_ in described:
            cast = from_native(identifier(name), have, dataset.columns[name].type)
            if cast == identifier(name):
                continue
            wrong = connection.execute(
                f"SELECT {identifier(name)}::VARCHAR FROM result "  # noqa: S608
                f"WHERE {cast} IS NULL AND {identifier(name)} IS NOT NULL LIMIT 1"
            ).fetchone()
            if wrong:
                raise unreadable(
                    dataset,
                    "its transform gives '{value}' in column '{column}', which is declared {type}.",
                    value=wrong[0],
                    column=name,
                    type=dataset.columns[name].type,
                )
        connection.execute(f"CREATE TABLE data AS SELECT {values} FROM result")  # noqa: S608
        row = connection.execute("SELECT count(*) FROM data").fetchone()
        return int(row[0]) if row else 0
    except duckdb.Error as error:
        reason = str(error).split("\n", 1)[0].split(": ", 1)[-1]
        raise unreadable(dataset, "its transform fails: {error}", error=reason) from error
    finally:
        connection.close()
