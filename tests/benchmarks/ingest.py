"""Rows per second from a CSV file into a table that may be trusted: ours, frictionless, DuckDB.

Ours is the real road: fetch, type strictly, keep what cannot be read, hold the rows against what is
expected, publish a snapshot. ``ours`` writes the rules as expectations, as the datasets of the lab
do; ``ours, schema`` holds the file against the same Table Schema as frictionless is given, so that
each row at fault is kept out with its reason. frictionless validates and keeps nothing; being slow,
it is given the first rows only, and its speed is taken from them. Bare DuckDB reads the file into
a table with the same types and looks at nothing else. On a file with mistakes, ours and
frictionless must find the same rows at fault.

    python tests/benchmarks/ingest.py [--quick] [--rows N] [--rows-of-frictionless N]
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from frictionless import Dialect, Resource
from frictionless import Schema as Reference

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from datalab.lake.reader import open_lakes
from datalab.lake.record import RunRecord
from datalab.refresh import refresh
from datalab.settings import Settings
from tests.benchmarks.pairing import fail_unless_equal, measure, print_header

ROWS, ROWS_OF_FRICTIONLESS, DIRTY = 1_000_000, 50_000, 20_000
FASTER, SLOWER = 3.0, 4.0  # than frictionless, at least; than bare DuckDB, at most
COLUMNS = {
    "meter": "varchar",
    "household": "integer",
    "day": "date",
    "kwh": "double",
    "tariff": "varchar",
    "readings": "integer",
}
FIELDS: list[dict[str, Any]] = [
    {"name": "meter", "constraints": {"required": True, "pattern": r"M\d{7}", "maxLength": 8}},
    {
        "name": "household",
        "type": "integer",
        "constraints": {"required": True, "minimum": 1, "maximum": 99_999_999},
    },
    {"name": "day", "type": "date", "constraints": {"required": True}},
    {"name": "kwh", "type": "number", "constraints": {"minimum": 0, "maximum": 500}},
    {"name": "tariff", "constraints": {"required": True, "enum": ["base", "hphc", "tempo"]}},
    {"name": "readings", "type": "integer", "constraints": {"minimum": 0, "maximum": 48}},
]
FILE = """
COPY (SELECT 'M' || lpad((i // 100)::VARCHAR, 7, '0') AS meter, 1 + i // 100 AS household,
  DATE '2025-01-01' + (i % 100)::INTEGER AS day,
  CASE WHEN hash(i) % 500 > 0 THEN (1 + hash(i + 1) % 49000) / 100.0 END AS kwh,
  ['base', 'hphc', 'tempo'][1 + (hash(i + 2) % 3)::INTEGER] AS tariff,
  (hash(i + 3) % 49)::INTEGER AS readings
FROM range(?) AS r(i)) TO '{path}' (HEADER, DELIMITER ',')"""
# What goes wrong in files of people, a column at a time: place of the column, what stands there.
MISTAKES = (
    *((0, "X0000001"), (0, ""), (1, "0"), (1, "douze"), (2, "31/01/2025"), (2, "2025-02-30")),
    *((3, "-1"), (3, "501"), (3, "1,5"), (4, "Tempo"), (4, ""), (5, "49"), (5, "3.5")),
)
SUMMARY = "SELECT count(*), sum(household), round(sum(kwh), 2), max(day), sum(readings) FROM {}"


def expectations() -> list[dict[str, Any]]:
    """The rules of :data:`FIELDS` in the words of Great Expectations."""
    found: list[dict[str, Any]] = []
    for about in FIELDS:
        name, keeps = about["name"], about["constraints"]
        column = {"column": name}
        if keeps.get("required"):
            found.append({"type": "expect_column_values_to_not_be_null", **column})
        if "minimum" in keeps:
            bounds = {"min_value": keeps["minimum"], "max_value": keeps["maximum"]}
            found.append({"type": "expect_column_values_to_be_between", **column, **bounds})
        if "enum" in keeps:
            held = {"value_set": keeps["enum"]}
            found.append({"type": "expect_column_values_to_be_in_set", **column, **held})
        if "pattern" in keeps:
            regex = {"regex": f"^{keeps['pattern']}$"}
            found.append({"type": "expect_column_values_to_match_regex", **column, **regex})
        if "maxLength" in keeps:
            most = {"max_value": keeps["maxLength"]}
            found.append({"type": "expect_column_value_lengths_to_be_between", **column, **most})
    return found


def soil(clean: Path, dirty: Path) -> None:
    """The first rows, one in fifty with one mistake."""
    mistakes = itertools.cycle(MISTAKES)
    with clean.open() as source, dirty.open("w") as out:
        for number, line in enumerate(itertools.islice(source, DIRTY + 1)):
            cells = line.rstrip("\n").split(",")
            if number and number % 50 == 0:
                place, wrong = next(mistakes)
                cells[place] = f'"{wrong}"'
            out.write(",".join(cells) + "\n")


class Bench:
    """A lab and its peers in one temporary folder."""

    def __init__(self, root: Path, rows: int, rows_of_frictionless: int) -> None:
        self.root = root
        self.clean, self.first, self.dirty = (root / f"{n}.csv" for n in ("clean", "first", "bad"))
        duckdb.connect().execute(FILE.format(path=self.clean), [rows])
        with self.clean.open() as source, self.first.open("w") as out:
            out.writelines(itertools.islice(source, rows_of_frictionless + 1))
        soil(self.clean, self.dirty)
        self.catalog = root / "catalog"
        (self.catalog / "schemas").mkdir(parents=True)
        self.describe("by-expectations", self.clean, expectations=expectations())
        self.describe("by-schema", self.clean, schema="readings")
        self.describe("with-mistakes", self.dirty, schema="readings", max_reject_ratio=1)
        text = {"fr": "Relevés", "en": "Readings"}
        about = dict.fromkeys(("homepage", "source"), "https://example.org/readings")
        facts = {"name": "readings", "title": text, "description": text, "version": "1.0.0"}
        schema = {**facts, **about, "license": "lov2", "fields": FIELDS}
        (self.catalog / "schemas" / "readings.json").write_text(json.dumps(schema))
        self.settings = Settings(home=root / "home", catalog=self.catalog)

    def describe(self, name: str, file: Path, **more: Any) -> None:
        theme = self.catalog / "energy"
        theme.mkdir(exist_ok=True)
        (theme / f"{name}.csv").hardlink_to(file)
        text = {"fr": name, "en": name}
        document = {
            **{"id": name, "title": text, "description": text, "periodicity": "once"},
            **{"publisher": "benchmark", "steward": "benchmark", "license": "not-stated"},
            **{"provenance": "synthetic", "calibration": text},
            "source": {"connector": "file", "path": f"{name}.csv"},
            "columns": {
                column: {"type": type_, "description": text} for column, type_ in COLUMNS.items()
            },
            "expectations": [{"type": "expect_table_row_count_to_be_between", "min_value": 1}],
            **more,
        }
        (theme / f"{name}.yaml").write_text(json.dumps(document, ensure_ascii=False))

    def ours(self, name: str) -> RunRecord:
        shutil.rmtree(self.settings.home, ignore_errors=True)
        (record,) = refresh([name], self.settings, "benchmark")
        if record.state != "published":
            sys.exit(f"not published: {record.error or record.validation}")
        return record

    def frictionless(self, file: Path | None = None) -> set[int]:
        """Rows at fault, from 1 on."""
        file = file or self.first
        resource = Resource(
            path=file.name,
            basepath=str(file.parent),
            encoding="utf-8",
            dialect=Dialect.from_descriptor({"csv": {"delimiter": ","}}),
            schema=Reference.from_descriptor({"fields": FIELDS}),
        )
        report = resource.validate(limit_errors=1_000_000)
        errors = report.tasks[0].errors
        return {error.row_number - 1 for error in errors}  # type: ignore[attr-defined]

    def duckdb(self) -> None:
        path = self.root / "peer.duckdb"
        path.unlink(missing_ok=True)
        with duckdb.connect(path) as connection:
            connection.execute("SET enable_progress_bar = false")
            columns = ", ".join(f"'{name}': '{type_}'" for name, type_ in COLUMNS.items())
            connection.execute(
                f"CREATE TABLE readings AS FROM read_csv('{self.clean}', header = true, "
                f"delim = ',', auto_detect = false, columns = {{{columns}}})"
            )

    def same_answers(self) -> None:
        record = self.ours("with-mistakes")
        theirs = self.frictionless(self.dirty)
        fail_unless_equal("rows at fault", record.rejected, len(theirs))
        print(f"dirty: {record.rejected} rows of {DIRTY} at fault, found by both", flush=True)
        self.duckdb()
        with duckdb.connect(self.root / "peer.duckdb", read_only=True) as connection:
            expected = connection.execute(SUMMARY.format("readings")).fetchall()
        for name in ("by-expectations", "by-schema"):
            self.ours(name)
            with open_lakes(self.settings.lake) as connection:
                found = connection.execute(SUMMARY.format(name.replace("-", "_"))).fetchall()
            fail_unless_equal(f"rows of {name}", found, expected)
        fail_unless_equal(
            "mistakes that frictionless sees in the clean file", set(), self.frictionless()
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="three rounds")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rows-of-frictionless", type=int, default=ROWS_OF_FRICTIONLESS)
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    many = min(asked.rows_of_frictionless, asked.rows)
    with tempfile.TemporaryDirectory(prefix="datalab-ingest-") as folder:
        bench = Bench(Path(folder), asked.rows, many)
        print_header(Path(__file__), asked.rows, ("duckdb", "frictionless"))
        bench.same_answers()
        sides: dict[str, Callable[[], object]] = {
            "ours": lambda: bench.ours("by-expectations"),
            "ours, schema": lambda: bench.ours("by-schema"),
            "frictionless": bench.frictionless,
            "duckdb": bench.duckdb,
        }
        processor: dict[str, float] = {}
        medians = measure(sides, 3 if asked.quick else 5, processor=processor)
    rows = {name: many if name == "frictionless" else asked.rows for name in sides}
    speeds = {name: rows[name] / medians[name] for name in sides}
    for name, speed in speeds.items():
        cost = processor[name] / rows[name] * 1e6
        print(f"{name:>12}: {speed:,.0f} rows/s, {cost:.2f} s of the processor per million rows")
    for name, called in (("ours", "ingest"), ("ours, schema", "ingest-schema")):
        faster = speeds[name] / speeds["frictionless"]
        print(f"ratio {called}-frictionless {faster:.1f} target >={FASTER:g}", flush=True)
    slower = speeds["duckdb"] / speeds["ours"]
    print(f"ratio ingest-duckdb {slower:.2f} target <={SLOWER:g}", flush=True)


if __name__ == "__main__":
    main()
