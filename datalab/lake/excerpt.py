"""A lake's published metadata without some of its datasets, as if they had never been there.

Hiding their files is not enough: the metadata holds the least and greatest value of each column,
and the index examples of rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from uuid import uuid4

import duckdb

from datalab.lake.connection import identifier, literal
from datalab.lake.layout import LakeFolder
from datalab.lake.release import read_releases, write_releases

CHANGES = "ducklake_snapshot_changes"
INLINED = re.compile(r"ducklake_inlined_data_(\d+)_")


def write_excerpt(place: LakeFolder, left_out: Collection[str], target: Path) -> None:
    """Fill ``target`` with ``catalog.ducklake`` and ``index.json`` of ``place`` without the
    datasets ``left_out`` (ids). ``data`` is left as an empty folder, to be mounted over.

    The metadata is written anew: what is deleted from a database file can still be read in it.
    """
    document = json.loads(place.index.read_bytes())
    gone = [document["datasets"].pop(name, None) for name in left_out]
    names = {str(entry["dataset"]["sql_name"]) for entry in gone if entry}
    (target / "data").mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(":memory:")
    path = target / f".{uuid4().hex}"
    try:
        connection.execute(f"ATTACH {literal(str(place.catalog))} AS whole (READ_ONLY)")
        connection.execute(f"ATTACH {literal(str(path))} AS part")
        listed = ", ".join(map(literal, sorted(names))) or "NULL"
        found = connection.execute(
            f"SELECT DISTINCT table_id FROM whole.ducklake_table WHERE table_name IN ({listed})"  # noqa: S608
        ).fetchall()
        hidden = {int(row[0]) for row in found}
        tables = connection.execute(
            "SELECT table_name, bool_or(column_name = 'table_id') FROM duckdb_columns() "
            "WHERE database_name = 'whole' GROUP BY table_name ORDER BY table_name"
        ).fetchall()
        for table, has_id in tables:
            inlined = INLINED.match(table)
            if inlined and int(inlined.group(1)) in hidden:
                continue
            where = ""
            if has_id and hidden:
                numbers = ", ".join(map(str, sorted(hidden)))
                where = f" WHERE table_id IS NULL OR table_id NOT IN ({numbers})"
            # What a publish says of itself holds examples of rows that failed.
            told = " REPLACE (NULL AS commit_extra_info)" if table == CHANGES else ""
            connection.execute(
                f"CREATE TABLE part.{identifier(table)} AS "  # noqa: S608
                f"SELECT *{told} FROM whole.{identifier(table)}{where}"
            )
        connection.execute("DETACH part")
    finally:
        connection.close()
    path.replace(target / "catalog.ducklake")
    (target / "index.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    write_releases(target, [one for one in read_releases(place) if one.dataset not in left_out])
