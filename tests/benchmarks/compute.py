"""When workers pay: a model per household, and a group-by, over a year of half-hours.

    python tests/benchmarks/compute.py [--quick] [--write]     --write renews docs/scale.md

42 million rows (10.5 million with ``--quick``). *Household model*: for each household and half-hour
of the day a line over the degrees below a heating limit, the limit being the one of 25 that
explains most (after Fels, PRISM: An Introduction, Energy and Buildings 9, 1986), with its interval
from days drawn again; in this process and on the two workers of ``lab.cluster(2)``, with the same
answers. *Group-by*: one count per household by ``lab.sql`` and by Dask's own tables on the same
workers: what workers are not for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd

from datalab.notebook.cluster import Cluster
from datalab.notebook.lab import Lab
from datalab.notebook.limits import limits
from tests.benchmarks.notebook import build
from tests.benchmarks.pairing import fail_unless_equal, measure, print_header, print_ratio
from tests.benchmarks.size import PAGE, written

DAYS = 365
LIMITS = np.arange(8.0, 20.5, 0.5)  # degrees Celsius
AT_ONCE = 30  # households of one task: half a million rows
DRAWS = 10
ROUNDS = 3


def signature(days: np.ndarray, temperature: np.ndarray) -> tuple[float, float, float]:
    """Heating limit (degrees), and base load and slope per degree of a whole day, that fit best.

    ``days`` is one row per day and one column per half-hour: each has a line of its own.
    """
    best = (np.inf, 0.0, 0.0, 0.0)
    for limit in LIMITS:
        x = np.column_stack([np.ones(len(days)), np.clip(limit - temperature, 0, None)])
        found = np.linalg.solve(x.T @ x, x.T @ days)
        error = float(((days - x @ found) ** 2).sum())
        if error < best[0]:
            best = (error, float(limit), float(found[0].sum()), float(found[1].sum()))
    return best[1:]


def model(households: pd.DataFrame) -> list[tuple[float, ...]]:
    """Household, limit, base, slope, and the limit's interval from days drawn again."""
    day = np.arange(DAYS)
    temperature = 11 - 9 * np.cos(2 * np.pi * (day - 15) / DAYS)
    found = []
    for household, rows in households.groupby("household", sort=True):
        days = rows["kwh"].to_numpy().reshape(DAYS, 48)
        again = np.random.default_rng(int(household)).integers(0, DAYS, (DRAWS, DAYS))
        limits_seen = [signature(days[drawn], temperature[drawn])[0] for drawn in again]
        low, high = np.quantile(limits_seen, [0.05, 0.95])
        limit, base, slope = signature(days, temperature)
        found.append((int(household), limit, round(base, 3), round(slope, 3), low, high))
    return found


def part(lab: Lab, first: int) -> list[tuple[float, ...]]:
    """A task: one query of DuckDB, and the model of what it gives. The Lab travels to workers."""
    return model(
        lab.sql(
            "SELECT household, moment, coalesce(nullif(kwh, 'NaN'), 0) AS kwh FROM load_curves "
            f"WHERE household >= {first} AND household < {first + AT_ONCE} "
            "ORDER BY household, moment"
        ).df()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10.5 million rows")
    parser.add_argument("--households", type=int, help="other sizes, for trying out")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    households = asked.households or (600 if asked.quick else 2400)
    with tempfile.TemporaryDirectory() as folder:
        lake, rows = build(Path(folder), households)
        packages = ("duckdb", "dask", "distributed", "numpy")
        print_header(Path(__file__), rows, packages)
        lab = Lab(lake, limits=limits({}))
        with lab.cluster(2) as cluster:
            found = models(lab, households, cluster) | groups(lab)
            print(cluster)
    if asked.write:
        PAGE.write_text(written(PAGE.read_text(), table(found, rows), "compute"))


def table(seconds: dict[str, float], rows: int) -> str:
    """What was measured, as Markdown; medians in seconds."""
    day = datetime.now(UTC).date().isoformat()
    lines = [f"| {rows / 1e6:.1f} million rows, {day} | seconds |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {value:.2f} |" for name, value in seconds.items()])


def models(lab: Lab, households: int, cluster: Cluster) -> dict[str, float]:
    starts = range(0, households, AT_ONCE)

    def serial() -> list[Any]:
        return [row for first in starts for row in part(lab, first)]

    def workers() -> list[Any]:
        futures = cluster.client.map(lambda first: part(lab, first), starts, pure=False)
        return [row for rows in cluster.client.gather(futures) for row in rows]

    fail_unless_equal("household model", workers(), serial())
    seconds = measure({"2 workers": workers, "serial": serial}, ROUNDS)
    print_ratio("household-model", seconds["2 workers"] / seconds["serial"], 0.7)
    return {f"model of each household, {name}": value for name, value in seconds.items()}


def groups(lab: Lab) -> dict[str, float]:
    """The same table of counts, by SQL and by Dask."""
    query = "SELECT count(*) AS n FROM load_curves GROUP BY household ORDER BY household"

    def sql() -> list[int]:
        return [n for (n,) in lab.sql(query).fetchall()]

    def dask() -> list[int]:
        table = lab.dataset("load-curves").dask()
        return [int(n) for n in table.groupby("household").size().compute().sort_index()]

    fail_unless_equal("group-by", sql(), dask())
    seconds = measure({"lab.sql": sql, "Dask": dask}, ROUNDS)
    print_ratio("group-by", seconds["lab.sql"] / seconds["Dask"], 0.2)
    return {f"a count by household, {name}": value for name, value in seconds.items()}


if __name__ == "__main__":
    main()
