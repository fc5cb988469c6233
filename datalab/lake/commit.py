"""One commit: a whole table replaced in the working metadata, with the run's record in it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.accumulation import Addition, append
from datalab.lake.connection import identifier, literal
from datalab.lake.layout import LakeFolder
from datalab.lake.metadata import Commit, commits_in
from datalab.lake.record import RunRecord
from datalab.lake.working import Attachment


@dataclass(frozen=True)
class Origin:
    """Where the rows come from.

    ``attach`` attaches a database as ``staged``, ``table`` names the rows in it. Where they lie in
    a ``parquet`` of their own, the lake takes that file instead of writing them again. An
    ``addition`` is added to what is there, where it can be.
    """

    attach: str
    table: str
    parquet: Path | None = None
    addition: Addition | None = None


def commit(
    connection: duckdb.DuckDBPyConnection,
    working: Attachment,
    place: LakeFolder,
    dataset: Dataset,
    origin: Origin,
    record: RunRecord,
) -> list[Commit]:
    """Replace the table of ``dataset`` in ``working``, or add to it; ``place`` has the data files.

    Returns
    -------
    commits
        those that published the dataset, newest first; the first is this one.

    Notes
    -----
    Everything happens in one transaction; an error leaves it open, and the caller closes the
    connection. A file that came in by then belongs to no snapshot, and ``heal`` removes it; what
    it came from is still there to try again with.
    """
    target = f"work.{identifier(dataset.theme)}.{identifier(dataset.sql_name)}"
    connection.execute(
        f"ATTACH {literal(working.address)} AS work (METADATA_SCHEMA {literal(working.schema)}, "
        f"DATA_PATH {literal(f'{place.data}/')}, OVERRIDE_DATA_PATH true, "
        "DATA_INLINING_ROW_LIMIT 0)"
    )
    connection.execute(origin.attach)
    connection.execute("BEGIN")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS work.{identifier(dataset.theme)}")
    # Asked of the metadata: ``duckdb_tables()`` reads the statistics of every table of the lake,
    # which took 1.8 of the 2.2 s of a publication among 450 (DuckDB 1.5.5).
    for (theme,) in connection.execute(
        f"SELECT s.schema_name FROM {working.inside}ducklake_table t "  # noqa: S608
        f"JOIN {working.inside}ducklake_schema s USING (schema_id) "
        "WHERE t.end_snapshot IS NULL AND t.table_name = ? AND s.schema_name <> ?",
        [dataset.sql_name, dataset.theme],
    ).fetchall():  # the dataset's YAML moved to another theme
        connection.execute(f"DROP TABLE work.{identifier(theme)}.{identifier(dataset.sql_name)}")
    if origin.addition is not None and origin.addition.appends:
        append(connection, target, origin.addition)
    elif origin.parquet is None:
        connection.execute(f"CREATE OR REPLACE TABLE {target} AS FROM {origin.table}")
    else:
        connection.execute(f"CREATE OR REPLACE TABLE {target} AS FROM {origin.table} LIMIT 0")
        _take(connection, place, dataset, origin.parquet)
    facts = {**record.as_json(), "description": dataset.as_json()}
    connection.execute(
        "CALL work.set_commit_message(?, ?, extra_info => ?)",
        [
            record.author,
            f"{dataset.id}: {record.rows} rows, run {record.run_id}",
            json.dumps(facts, ensure_ascii=False, default=str),
        ],
    )
    connection.execute("COMMIT")
    # Asked here, where the metadata are open: opening them again costs as much as the commit.
    own = commits_in(connection, dataset.id, working.inside)
    connection.execute("DETACH staged")
    connection.execute("DETACH work")
    return own


def _take(
    connection: duckdb.DuckDBPyConnection, place: LakeFolder, dataset: Dataset, parquet: Path
) -> None:
    """Bring a Parquet file among the table's own and add it to the table.

    It has to lie there before it is added, or DuckLake would note an absolute path, which no
    sandbox could follow.
    """
    home = place.data / dataset.theme / dataset.sql_name
    home.mkdir(parents=True, exist_ok=True)
    file = home / f"ducklake-{uuid4()}.parquet"
    try:
        os.link(parquet, file)
    except OSError:  # the lake lies on another disk
        coming = file.with_name(f".{file.name}")
        shutil.copyfile(parquet, coming)
        coming.replace(file)
    connection.execute(
        "CALL ducklake_add_data_files('work', ?, ?, schema => ?)",
        [dataset.sql_name, str(file), dataset.theme],
    )
