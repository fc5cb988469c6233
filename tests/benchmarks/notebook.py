"""A notebook's SQL against raw DuckDB on the same Parquet files, and the time to attach a lake.

    python tests/benchmarks/notebook.py [--quick]

The table is one row per household and half-hour of a year (42 million rows; 10.5 million with
``--quick``), with nulls, NaN and a code list that real meters have. Our side is ``lab.sql`` on the
published lake, views and all; the peer is DuckDB on the Parquet files of that lake, with the same
threads and memory. The two take turns, and their answers must be equal.

The attach is a whole ``open_lakes``: a new connection, extensions, every lake, every short name.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.connection import connect, literal
from datalab.lake.reader import open_lakes
from datalab.lake.record import RunRecord
from datalab.lake.stage import Staged
from datalab.lake.writer import Writer
from datalab.notebook.lab import Lab
from datalab.notebook.limits import limits
from tests.benchmarks.pairing import fail_unless_equal, measure, print_header, print_ratio

HALF_HOURS = 17_520
ROUNDS = 7
ATTACHES = 15
ATTACH_TARGET = 0.050  # seconds
MOMENT = "2026-01-01T00:00:00+00:00"

GROUP_BY = """
    SELECT household, state, count(*) AS n, count(kwh) AS measured, sum(kwh) FILTER (NOT isnan(kwh))
        AS total, max(moment) AS last
    FROM {table}
    GROUP BY household, state
    ORDER BY household, state
"""


def described() -> Dataset:
    """The dataset as a catalog would describe it."""
    text = {"fr": "Courbes de charge", "en": "Load curves"}
    columns = {"household": "integer", "moment": "timestamp", "kwh": "double", "state": "varchar"}
    return Dataset.model_validate(
        {
            "id": "load-curves",
            "title": text,
            "description": text,
            "publisher": "essai",
            "license": "mit",
            "steward": "essai",
            "periodicity": "once",
            "source": {"connector": "file", "path": "none"},
            "columns": {n: {"type": t, "description": text} for n, t in columns.items()},
        }
    ).located("energy", Path())


def build(folder: Path, households: int) -> tuple[Path, int]:
    """A published lake of one table; whole numbers of watt-hours, so that sums do not depend on
    the order in which threads add them."""
    staged = folder / "staged.duckdb"
    rows = households * HALF_HOURS
    connection = connect(staged, extensions=())
    connection.execute(
        f"""
        CREATE TABLE data AS
        SELECT (i // {HALF_HOURS})::INTEGER AS household,
               TIMESTAMP '2021-01-01' + INTERVAL 30 MINUTE * (i % {HALF_HOURS}) AS moment,
               CASE WHEN i % 997 = 0 THEN NULL WHEN i % 1009 = 0 THEN 'NaN'::DOUBLE
                    ELSE (hash(i) % 4096)::DOUBLE END AS kwh,
               CASE i % 50 WHEN 0 THEN 'estimé' WHEN 1 THEN NULL ELSE 'mesuré' END AS state
        FROM range({rows}) t(i)
        """
    )
    connection.close()
    record = RunRecord(
        run_id="benchmark",
        dataset="load-curves",
        state="published",
        started_at=MOMENT,
        finished_at=MOMENT,
        author="benchmark",
        rows=rows,
    )
    with Writer(folder / "lake", folder / "writer", "benchmark") as writer:
        writer.publish(described(), Staged(staged, rows), record)
    staged.unlink()
    return folder / "lake", rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10.5 million rows")
    parser.add_argument("--households", type=int, help="other sizes, for trying out")
    asked = parser.parse_args()
    households = asked.households or (600 if asked.quick else 2400)
    with tempfile.TemporaryDirectory() as folder:
        lake, rows = build(Path(folder), households)
        print_header(Path(__file__), rows, ("duckdb", "duckdb-extension-ducklake"))
        compare(lake)
        attach(lake)


def compare(lake: Path) -> None:
    """The group-by, both ways."""
    allowed = limits({})
    lab = Lab(lake, limits=allowed)
    raw = duckdb.connect(config={"threads": allowed.threads, "memory_limit": allowed.duckdb_memory})
    files = f"read_parquet({literal(lake / 'open/data/**/*.parquet')})"

    def ours() -> list[tuple[Any, ...]]:
        return list(lab.sql(GROUP_BY.format(table="load_curves")).fetchall())

    def peer() -> list[tuple[Any, ...]]:
        return raw.sql(GROUP_BY.format(table=files)).fetchall()

    fail_unless_equal("group-by", ours(), peer())
    seconds = measure({"lab.sql": ours, "raw DuckDB": peer}, ROUNDS, warm_up=True)
    print_ratio("group-by", seconds["lab.sql"] / seconds["raw DuckDB"], 1.2)


def attach(lake: Path) -> None:
    """Wall time of opening the lake, once the extensions' files are in the page cache.

    There is no peer to take turns with, so the least of the times counts: the others measure what
    else the machine was doing (the advice of Python's timeit).
    """
    taken = []
    for _ in range(ATTACHES):
        begin = time.perf_counter()
        open_lakes(lake).close()
        taken.append(time.perf_counter() - begin)
    least, median = min(taken), statistics.median(taken)
    shown = " ".join(f"{value * 1000:.0f}" for value in taken)
    print(f"{'attach':>12}: least {least * 1000:.1f} ms, median {median * 1000:.1f} ms ({shown})")
    print_ratio("attach", least / ATTACH_TARGET, 1)


if __name__ == "__main__":
    main()
