"""Refresh of a large CSV file against a bare DuckDB COPY of the same file to Parquet.

Ours is the real route: fetch, strict typing with rejects, expectations, a commit and an immutable
copy of the metadata. The peer reads the same columns with the same declared types and writes
Parquet, checking nothing. Both answers are compared (count, sums, extremes), and on a dirty
variant both must find the same rows good.

    python tests/benchmarks/refresh.py [--quick] [--rows N]
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from datalab.lake.reader import open_lakes
from datalab.lake.record import RunRecord
from datalab.refresh import refresh
from datalab.settings import Settings
from tests.benchmarks.pairing import (
    fail_unless_equal,
    measure,
    print_header,
    print_ratio,
)

TARGET = 2.0
ROWS = 10_000_000
COLUMNS = {
    "household": "integer",
    "moment": "timestamp",
    "kwh": "double",
    "quality": "varchar",
    "tariff": "smallint",
}
SUMMARY = (
    "SELECT count(*), sum(household), round(sum(kwh), 3), min(moment), max(moment), "
    "count(DISTINCT quality), sum(tariff), count(kwh) FROM {}"
)


def generate(path: Path, rows: int) -> None:
    """Half-hourly readings of ``rows / 17520`` households, one in 500 without a value."""
    duckdb.execute(
        f"""
        COPY (
            SELECT n // 17520 AS household,
                   TIMESTAMP '2025-01-01' + INTERVAL 30 MINUTE * (n % 17520) AS moment,
                   CASE WHEN hash(n) % 500 > 0
                        THEN round((hash(n + 1) % 4000) / 1000, 3) END AS kwh,
                   CASE hash(n + 2) % 20 WHEN 0 THEN 'estimated' ELSE 'measured' END AS quality,
                   (hash(n + 3) % 3)::SMALLINT AS tariff
            FROM range({rows}) r(n)
        ) TO '{path}' (HEADER, DELIMITER ';')
        """
    )


def soil(clean: Path, dirty: Path) -> int:
    """The same file with wrong values, ragged lines and an open quote; how many lines are wrong."""
    wrong = 0
    with clean.open() as source, dirty.open("w") as out:
        for number, line in enumerate(source):
            spoilt = line
            if number and number % 100_003 == 0:
                spoilt = line.replace(";measured;", ';"mea"sured;').replace(
                    ";estimated;", ';"esti"mated;'
                )
            elif number and number % 70_001 == 0:
                spoilt = "abc" + line
            elif number and number % 90_007 == 0:
                spoilt = line.rstrip("\n") + ";more\n"
            wrong += spoilt != line
            out.write(spoilt)
            if number >= 1_000_000:
                break
    return wrong


def catalog(root: Path, name: str, file: Path, ratio: float) -> None:
    theme = root / "energy"
    theme.mkdir(parents=True, exist_ok=True)
    (theme / f"{name}.csv").hardlink_to(file)
    text = {"fr": name, "en": name}
    document: dict[str, Any] = {
        "id": name,
        "title": text,
        "description": text,
        "publisher": "benchmark",
        "license": "not-stated",
        "steward": "benchmark",
        "periodicity": "once",
        "max_reject_ratio": ratio,
        "source": {"connector": "file", "path": f"{name}.csv", "csv": {"delimiter": ";"}},
        "columns": {
            column: {"type": kind, "description": text} for column, kind in COLUMNS.items()
        },
        "expectations": [
            {"type": "expect_table_row_count_to_be_between", "min_value": 1},
            {"type": "expect_column_values_to_not_be_null", "column": "household"},
            {"type": "expect_column_values_to_be_between", "column": "kwh", "min_value": 0},
            {
                "type": "expect_column_values_to_be_in_set",
                "column": "quality",
                "value_set": ["measured", "estimated"],
            },
        ],
    }
    (theme / f"{name}.yaml").write_text(json.dumps(document, ensure_ascii=False, indent=1))


def reader(file: Path, extra: str = "") -> str:
    columns = ", ".join(f"'{name}': '{kind.upper()}'" for name, kind in COLUMNS.items())
    how = "auto_detect=false, header=true, delim=';'"
    return f"read_csv('{file}', {how}, columns={{{columns}}}{extra})"


class Bench:
    """A lab and a peer in one temporary folder."""

    def __init__(self, root: Path, rows: int) -> None:
        self.root, self.parquet = root, root / "peer.parquet"
        self.clean, self.dirty = root / "clean.csv", root / "dirty.csv"
        generate(self.clean, rows)
        self.wrong = soil(self.clean, self.dirty)
        catalog(root / "catalog", "readings", self.clean, 0)
        catalog(root / "catalog", "dirty", self.dirty, 0.01)
        self.settings = Settings(
            home=root / "home", catalog=root / "catalog", max_bytes=10_000_000_000
        )

    def ours(self, name: str = "readings") -> RunRecord:
        shutil.rmtree(self.settings.home, ignore_errors=True)
        (record,) = refresh([name], self.settings, "benchmark")
        if record.state != "published":
            sys.exit(f"not published: {record.error or record.validation}")
        return record

    def peer(self, file: Path | None = None, extra: str = "") -> None:
        self.parquet.unlink(missing_ok=True)
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false")
            source = reader(file or self.clean, extra)
            connection.execute(f"COPY (FROM {source}) TO '{self.parquet}'")

    def answers(self, name: str) -> tuple[Any, Any]:
        with open_lakes(self.settings.lake) as connection:
            ours = connection.execute(SUMMARY.format(name)).fetchall()
        return ours, duckdb.execute(SUMMARY.format(f"'{self.parquet}'")).fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="10 million rows, three rounds")
    parser.add_argument("--rows", type=int, default=ROWS)
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.rows)
        print_header(Path(__file__), arguments.rows, ("duckdb", "duckdb-extension-ducklake"))
        rounds = 3 if arguments.quick else 7
        processor: dict[str, float] = {}
        sides = {"ours": bench.ours, "peer": bench.peer}
        medians = measure(sides, rounds, warm_up=True, processor=processor)
        bench.ours()
        fail_unless_equal("clean answers", *bench.answers("readings"))
        record = bench.ours("dirty")
        bench.peer(bench.dirty, ", store_rejects=true")
        fail_unless_equal("dirty answers", *bench.answers("dirty"))
        fail_unless_equal("rejected rows", record.rejected, bench.wrong)
        print(f"dirty: {record.rejected} rows rejected by both, {record.rows} kept")
    print_ratio("refresh-cpu", processor["ours"] / processor["peer"], TARGET)
    print_ratio("refresh", medians["ours"] / medians["peer"], TARGET)


if __name__ == "__main__":
    main()
