"""Twenty expectations on half-hourly household readings, with and without a two-column key.

Ours (`datalab.quality.validate` on a staged DuckDB file) against single-pass SQL written by hand,
which counts the rows that break each expectation as ours does, and against Great Expectations on
pandas with BOOLEAN_ONLY, its fastest setting, on data already in memory; up to ten million rows,
also against Soda and pointblank on the same DuckDB file, each in an environment of its own. All
must answer alike. The readings are synthetic and exist only here: 2,400 households, 17,520
half-hours each, 42 million rows.

    python tests/benchmarks/quality.py [--quick] [--rows N]     --quick: 10 million rows only
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from datalab.catalog.dataset import Dataset
from datalab.catalog.validation import ValidationResult
from datalab.quality.validate import validate
from tests.benchmarks.pairing import fail_unless_equal, print_header, print_ratio
from tests.benchmarks.quality_peers import Peers, peak

HALF_HOURS = 17_520
HOUSEHOLDS = 2_400
SIZES = {"1M": 1_000_000, "10M": 10_000_000, "42M": HOUSEHOLDS * HALF_HOURS}
TARGET = 1.25
ROUNDS = {"1M": 7, "10M": 7, "42M": 5}
ROWS_OF_PEERS = 10_000_000  # beyond, they take minutes
# What Great Expectations on pandas was seen to take: 6 GB for 42 million rows, doubled to be safe.
BYTES_PER_ROW = 290

COLUMNS = {
    "household": "integer",
    "meter": "varchar",
    "read_at": "timestamp",
    "kwh": "double",
    "power": "integer",
    "tariff": "varchar",
    "temperature": "double",
}
SUITE: list[dict[str, Any]] = [
    {"type": "expect_table_row_count_to_be_between", "min_value": 1, "max_value": 10**9},
    {"type": "expect_table_columns_to_match_ordered_list", "column_list": list(COLUMNS)},
    {"type": "expect_column_values_to_not_be_null", "column": "household"},
    {"type": "expect_column_values_to_not_be_null", "column": "meter"},
    {"type": "expect_column_values_to_not_be_null", "column": "read_at"},
    {"type": "expect_column_values_to_not_be_null", "column": "kwh"},
    {"type": "expect_column_values_to_not_be_null", "column": "power"},
    {"type": "expect_column_values_to_not_be_null", "column": "tariff"},
    {"type": "expect_column_values_to_not_be_null", "column": "temperature", "mostly": 0.95},
    {
        "type": "expect_column_values_to_be_between",
        "column": "household",
        "min_value": 1,
        "max_value": HOUSEHOLDS,
    },
    {
        "type": "expect_column_values_to_be_between",
        "column": "kwh",
        "min_value": 0,
        "max_value": 50,
    },
    {
        "type": "expect_column_values_to_be_between",
        "column": "power",
        "min_value": 0,
        "max_value": 36_000,
    },
    {
        "type": "expect_column_values_to_be_between",
        "column": "temperature",
        "min_value": -30,
        "max_value": 45,
    },
    {
        "type": "expect_column_values_to_be_between",
        "column": "read_at",
        "min_value": "2023-01-01T00:00:00",
        "max_value": "2023-12-31T23:30:00",
    },
    {
        "type": "expect_column_values_to_be_in_set",
        "column": "tariff",
        "value_set": ["base", "hphc", "tempo"],
    },
    {"type": "expect_column_values_to_match_regex", "column": "meter", "regex": r"^M\d{5}$"},
    {"type": "expect_column_value_lengths_to_equal", "column": "meter", "value": 6},
    {
        "type": "expect_column_mean_to_be_between",
        "column": "kwh",
        "min_value": 0.5,
        "max_value": 2,
    },
    {"type": "expect_column_max_to_be_between", "column": "kwh", "max_value": 50},
    {"type": "expect_column_stdev_to_be_between", "column": "temperature", "max_value": 20},
]
UNIQUE = {"type": "expect_compound_columns_to_be_unique", "column_list": ["household", "read_at"]}

# One value for each of the twenty, in their order: rows at fault, or the aggregate.
BY_HAND = r"""
SELECT count(*), 0, count(*) - count(household), count(*) - count(meter),
       count(*) - count(read_at), count(*) - count(kwh), count(*) - count(power),
       count(*) - count(tariff), count(*) - count(temperature),
       count(*) FILTER (WHERE household < 1 OR household > 2400),
       count(*) FILTER (WHERE kwh < 0 OR kwh > 50),
       count(*) FILTER (WHERE power < 0 OR power > 36000),
       count(*) FILTER (WHERE temperature < -30 OR temperature > 45),
       count(*) FILTER (WHERE read_at < TIMESTAMP '2023-01-01'
                           OR read_at > TIMESTAMP '2023-12-31 23:30:00'),
       count(*) FILTER (WHERE tariff NOT IN ('base', 'hphc', 'tempo')),
       count(*) FILTER (WHERE NOT regexp_matches(meter, '^M\d{5}$')),
       count(*) FILTER (WHERE length(meter) <> 6),
       avg(kwh), max(kwh), stddev_samp(temperature)
FROM data"""
UNIQUE_BY_HAND = """
SELECT coalesce(sum(n), 0) FROM (
  SELECT count(*) AS n FROM data GROUP BY household, read_at HAVING count(*) > 1)"""

CLEAN = f"""
CREATE TABLE data AS SELECT
  (1 + i // {HALF_HOURS})::INTEGER AS household,
  'M' || lpad((1 + i // {HALF_HOURS})::VARCHAR, 5, '0') AS meter,
  TIMESTAMP '2023-01-01' + to_minutes(30 * (i % {HALF_HOURS})) AS read_at,
  round(0.05 + (hash(i) % 2000) / 1000.0, 3)::DOUBLE AS kwh,
  (1 + hash(i + 7) % 9000)::INTEGER AS power,
  ['base', 'hphc', 'tempo'][1 + (hash(i // {HALF_HOURS}) % 3)::INTEGER] AS tariff,
  (CASE WHEN hash(i + 3) % 50 > 0 THEN round(hash(i + 11) % 4500 / 100.0 - 10, 2) END)::DOUBLE
    AS temperature
FROM range(?) AS readings(i)"""
# A few rows of everything that goes wrong; two readings of one household at one time.
DIRT = """
UPDATE data SET kwh = CASE rowid % 4 WHEN 0 THEN -1 WHEN 1 THEN NULL WHEN 2 THEN 'NaN' ELSE 1e6 END,
  meter = CASE rowid % 3 WHEN 0 THEN 'm00001' WHEN 1 THEN '' ELSE NULL END,
  tariff = CASE rowid % 2 WHEN 0 THEN 'Tempo' END, power = -5, household = 0,
  read_at = TIMESTAMP '2022-12-31 23:30:00', temperature = 60
WHERE rowid % 100003 < 3"""


def dataset(expectations: list[dict[str, Any]]) -> Dataset:
    text = {"fr": "Relevés", "en": "Readings"}
    return Dataset.model_validate(
        {
            "id": "household-readings",
            "title": text,
            "description": text,
            "publisher": "benchmark",
            "license": "not-stated",
            "steward": "benchmark",
            "provenance": "synthetic",
            "periodicity": "once",
            "source": {"connector": "file", "path": "readings.csv"},
            "columns": {
                name: {"type": held, "description": text} for name, held in COLUMNS.items()
            },
            "expectations": expectations,
        }
    )


def build(folder: Path, rows: int, dirty: bool) -> Path:
    path = folder / f"{rows}-{'dirty' if dirty else 'clean'}.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(CLEAN, [rows])
        if dirty:
            connection.execute(DIRT)
    return path


def by_hand(path: Path, unique: bool) -> list[float]:
    with duckdb.connect(path, read_only=True) as connection:
        row = list(connection.execute(BY_HAND).fetchone() or ())
        if unique:
            row += connection.execute(UNIQUE_BY_HAND).fetchone() or ()
    return row


def verdicts(row: list[float]) -> list[tuple[bool, int | None]]:
    """The answers of the SQL by hand: does it hold, and how many rows break it."""
    rows = row[0]
    found: list[tuple[bool, int | None]] = []
    for place, value in enumerate(row):
        if place == 0:
            found.append((1 <= rows <= 10**9, None))
        elif place == 1:
            found.append((True, None))
        elif place == 8:
            found.append(((rows - value) / rows >= 0.95, int(value)))
        elif place == 17:
            found.append((0.5 <= value <= 2, None))
        elif place == 18:
            found.append((value <= 50, None))
        elif place == 19:
            found.append((value <= 20, None))
        else:
            found.append((value == 0, int(value)))
    return found


def answers(result: ValidationResult) -> list[tuple[bool, int | None]]:
    broken = [one.exception for one in result.results if one.exception]
    if broken:
        sys.exit(f"not evaluated: {broken}")
    return [(one.success, one.unexpected_count) for one in result.results]


def on_pandas(path: Path, expectations: list[dict[str, Any]]) -> None:
    """Great Expectations on pandas: how long, and does it answer as ours does."""
    with duckdb.connect(path, read_only=True) as connection:
        rows = (connection.execute("SELECT count(*) FROM data").fetchone() or (0,))[0]
        needed, free = rows * BYTES_PER_ROW, psutil.virtual_memory().available
        if free < needed:
            print(f"  GX on pandas: skipped, {needed >> 30} GB needed, {free >> 30} GB free")
            return
        begin = time.perf_counter()
        frame = connection.execute("FROM data").df()
        print(f"  GX on pandas: read in {time.perf_counter() - begin:.1f} s", flush=True)
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("readings").add_dataframe_asset("readings")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="benchmark")
    for written in expectations:
        kwargs = {key: value for key, value in written.items() if key != "type"}
        suite.add_expectation_configuration(
            ExpectationConfiguration(type=written["type"], kwargs=kwargs)
        )
    begin = time.perf_counter()
    found = batch.validate(suite, result_format="BOOLEAN_ONLY")
    print(f"  GX on pandas: validated in {time.perf_counter() - begin:.1f} s", flush=True)
    theirs = {
        (one.expectation_config.type, str(one.expectation_config.kwargs.get("column", ""))): bool(
            one.success
        )
        for one in found.results
    }
    ours = {
        (result.type, str(result.kwargs.get("column", ""))): result.success
        for result in validate(dataset(expectations), path).results
    }
    fail_unless_equal("answers of ours and of GX on pandas", ours, theirs)


def compare(path: Path, expectations: list[dict[str, Any]], what: str) -> None:
    unique = UNIQUE in expectations
    ours = answers(validate(dataset(expectations), path))
    fail_unless_equal(f"answers on {what}", ours, verdicts(by_hand(path, unique)))
    held = sum(success for success, _ in ours)
    print(f"  same answers on {what}: {held} of {len(ours)} expectations hold", flush=True)


def paired(sides: dict[str, Callable[[], object]], rounds: int) -> tuple[float, float]:
    """Median over the rounds of ours / by hand, and the median seconds of ours.

    Each pair is timed within seconds, so that what else the machine does in a minute touches both
    sides of a ratio; the order turns with every round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides)[:: 1 if number % 2 == 0 else -1]:
            begin = time.perf_counter()
            sides[name]()
            seconds[name].append(time.perf_counter() - begin)
    for name, found in seconds.items():
        rest = " ".join(f"{value:.2f}" for value in found)
        print(f"{name:>12}: median {statistics.median(found):.2f} s ({rest})")
    ratio = statistics.median(
        ours / peer for ours, peer in zip(seconds["ours"], seconds["by hand"], strict=True)
    )
    return ratio, statistics.median(seconds["ours"])


def run(folder: Path, label: str, pandas: bool, peers: Peers | None) -> dict[str, float]:
    """Ratios ours / by hand, without and with the uniqueness of two columns."""
    rows = SIZES[label]
    print_header(Path(__file__), rows, ("duckdb", "great-expectations", "pandas"))
    path = build(folder, rows, dirty=False)
    ratios = {}
    for name, expectations in ((label, SUITE), (f"{label}-unique", [*SUITE, UNIQUE])):
        print(f"{name}: {len(expectations)} expectations", flush=True)
        compare(path, expectations, f"clean data, {name}")
        described, unique = dataset(expectations), UNIQUE in expectations
        ratios[name], seconds = paired(
            {
                "ours": lambda described=described: validate(described, path),
                "by hand": lambda unique=unique: by_hand(path, unique),
            },
            ROUNDS.get(label, 5),
        )
        print(f"  ours / by hand: {ratios[name]:.2f}", flush=True)
    whole = [*SUITE, UNIQUE]
    if pandas:
        on_pandas(path, whole)
    print(f"  ours: at most {peak(dataset(whole), path) >> 20} MB for {label}", flush=True)
    asked = peers if rows <= ROWS_OF_PEERS else None
    if asked:
        held = answers(validate(dataset(whole), path))
        asked.compare(path, whole, held, 3 if rows <= SIZES["1M"] else 1, seconds)
    path.unlink()
    dirty = build(folder, rows, dirty=True)
    compare(dirty, whole, f"dirty data, {label}")
    if asked and rows <= SIZES["1M"]:
        asked.compare(dirty, whole, answers(validate(dataset(whole), dirty)), 1)
    dirty.unlink()
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 million rows only")
    parser.add_argument("--rows", type=int, help="this many rows only")
    parser.add_argument("--no-pandas", action="store_true", help="without GX on pandas")
    parser.add_argument("--no-peers", action="store_true", help="without Soda and pointblank")
    chosen = parser.parse_args()
    labels = ["10M"] if chosen.quick else list(SIZES)
    if chosen.rows:
        labels = [f"{chosen.rows / 1e6:g}M"]
        SIZES.setdefault(labels[0], chosen.rows)
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="quality-") as folder:
        peers = None if chosen.no_peers else Peers(Path(folder))
        for label in labels:
            ratios |= run(Path(folder), label, not chosen.no_pandas, peers)
    for name, value in ratios.items():
        print_ratio(f"quality-{name}", value, TARGET)
    if any(value > TARGET for value in ratios.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
