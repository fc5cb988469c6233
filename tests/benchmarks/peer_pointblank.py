"""pointblank (on DuckDB by Ibis) on the table of `quality.py`, as `peer_soda.py` does for Soda.

It has no checks of averages and deviations of a whole column but by a query of its own, which it is
given as a precondition: what the column is replaced by before one row is looked at.

    python peer_pointblank.py DATABASE SUITE ROUNDS
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis  # type: ignore[import-not-found]
import pointblank as pb  # type: ignore[import-not-found]


def planned(data: Any, suite: list[dict[str, Any]]) -> tuple[Any, list[tuple[int, float]]]:
    """The plan, and for each of its steps the place of its expectation and the share that must
    pass. A row without a value passes what is not about its absence."""
    plan = pb.Validate(data=data)
    steps: list[tuple[int, float]] = []
    for place, one in enumerate(suite):
        kind, column = one["type"], one.get("column", "")
        low, high = one.get("min_value"), one.get("max_value")
        steps.append((place, one.get("mostly", 1.0)))
        if kind == "expect_table_row_count_to_be_between":
            plan = plan.col_vals_between("n", low, high, pre=lambda t: t.aggregate(n=t.count()))
        elif kind == "expect_table_columns_to_match_ordered_list":
            wanted = pb.Schema(columns=one["column_list"])
            plan = plan.col_schema_match(wanted)
        elif kind == "expect_column_values_to_not_be_null":
            plan = plan.col_vals_not_null(column)
        elif kind == "expect_column_values_to_be_between":
            if isinstance(low, str):
                low, high = datetime.fromisoformat(low), datetime.fromisoformat(str(high))
            plan = plan.col_vals_between(column, low, high, na_pass=True)
        elif kind == "expect_column_values_to_be_in_set":
            plan = plan.col_vals_in_set(column, [*one["value_set"], None])
        elif kind == "expect_column_values_to_match_regex":
            plan = plan.col_vals_regex(column, one["regex"], na_pass=True)
        elif kind == "expect_column_value_lengths_to_equal":
            wanted = f"^.{{{one['value']}}}$"
            plan = plan.col_vals_regex(column, wanted, na_pass=True)
        elif kind == "expect_compound_columns_to_be_unique":
            plan = plan.rows_distinct(columns_subset=one["column_list"])
        else:
            name = kind.split("_")[2]
            way = {"mean": "mean", "max": "max", "stdev": "std"}[name]

            def reduced(t: Any, column: str = column, way: str = way) -> Any:
                return t.aggregate(n=getattr(t[column], way)())

            if low is None:
                plan = plan.col_vals_le("n", high, pre=reduced)
            else:
                plan = plan.col_vals_between("n", low, high, pre=reduced)
    return plan, steps


def main() -> None:
    database, suite, rounds = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
    found: dict[str, Any] = {"seconds": [], "processor": [], "answers": {}}
    for _ in range(rounds):
        begin, before = time.perf_counter(), time.process_time()
        connection = ibis.duckdb.connect(str(database), read_only=True)
        plan, steps = planned(connection.table("data"), suite)
        # Rows at fault are counted, not brought along: ours brings a few examples only.
        done = plan.interrogate(collect_extracts=False)
        shares = done.f_passed()
        found["answers"] = {
            str(place): 1 - (shares[number] or 0) <= 1 - least
            for number, (place, least) in enumerate(steps, 1)
        }
        connection.disconnect()
        found["seconds"].append(time.perf_counter() - begin)
        found["processor"].append(time.process_time() - before)
    # Of this process alone: what getrusage() tells begins with the memory of whoever started it.
    status = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    found["bytes"] = int(status.split()[0]) * 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main()
