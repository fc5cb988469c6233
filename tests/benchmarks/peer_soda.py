"""Soda (V4) on the table of `quality.py`; run by the Python of an environment of its own.

    python peer_soda.py DATABASE SUITE ROUNDS

Answers in one line of JSON: seconds and seconds of the processor of each round, the largest memory
of the process in bytes, and for each check of ``SUITE`` whether it holds.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"

import duckdb
from soda_core.common.yaml import ContractYamlSource  # type: ignore[import-not-found]
from soda_core.contracts.contract_verification import (  # type: ignore[import-not-found]
    ContractVerificationSession,
)
from soda_duckdb.common.data_sources.duckdb_data_source import (  # type: ignore[import-not-found]
    DuckDBDataSourceImpl,
)


def checks_of(suite: list[dict[str, Any]]) -> dict[str, Any]:
    """The contract; each check has the place of its expectation as its name."""
    columns: dict[str, dict[str, Any]] = {}
    table: list[dict[str, Any]] = []

    def on(column: str, check: dict[str, Any]) -> None:
        columns.setdefault(column, {"name": column, "checks": []})["checks"].append(check)

    for place, one in enumerate(suite):
        kind, column = one["type"], one.get("column", "")
        about: dict[str, Any] = {"name": str(place), "qualifier": f"e{place}"}
        low, high = one.get("min_value"), one.get("max_value")
        between: dict[str, Any] = {}
        if low is not None:
            between["must_be_greater_than_or_equal"] = low
        if high is not None:
            between["must_be_less_than_or_equal"] = high
        if low is not None and high is not None:
            bounds = {"greater_than_or_equal": low, "less_than_or_equal": high}
            between = {"must_be_between": bounds}
        if kind == "expect_table_row_count_to_be_between":
            table.append({"row_count": {**about, "threshold": between}})
        elif kind == "expect_table_columns_to_match_ordered_list":
            for name in one["column_list"]:
                columns.setdefault(name, {"name": name, "checks": []})
            table.append({"schema": {"name": str(place)}})
        elif kind == "expect_column_values_to_not_be_null":
            share = round(100 * (1 - one.get("mostly", 1)), 6)
            threshold = {"metric": "percent", "must_be_less_than_or_equal": share}
            on(column, {"missing": {**about, **({"threshold": threshold} if share else {})}})
        elif kind == "expect_column_values_to_be_between" and isinstance(low, str):
            # Bounds of validity are numbers there.
            wrong = f"{column} < TIMESTAMP '{low}' OR {column} > TIMESTAMP '{high}'"
            on(column, {"failed_rows": {**about, "expression": wrong}})
        elif kind == "expect_column_values_to_be_between":
            on(column, {"invalid": {**about, "valid_min": low, "valid_max": high}})
        elif kind == "expect_column_values_to_be_in_set":
            on(column, {"invalid": {**about, "valid_values": one["value_set"]}})
        elif kind == "expect_column_values_to_match_regex":
            valid = {"name": "form", "regex": one["regex"]}
            on(column, {"invalid": {**about, "valid_format": valid}})
        elif kind == "expect_column_value_lengths_to_equal":
            on(column, {"invalid": {**about, "valid_length": one["value"]}})
        elif kind == "expect_compound_columns_to_be_unique":
            table.append({"duplicate": {**about, "columns": one["column_list"]}})
        else:
            function = {"mean": "avg", "max": "max", "stdev": "stddev"}[kind.split("_")[2]]
            if function == "stddev":
                metric = {"expression": f"stddev_samp({column})"}
                on(column, {"metric": {**about, **metric, "threshold": between}})
            else:
                on(column, {"aggregate": {**about, "function": function, "threshold": between}})
    return {"dataset": "bench/main/data", "columns": list(columns.values()), "checks": table}


def main() -> None:
    database, suite, rounds = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
    logging.disable(logging.CRITICAL)
    contract = json.dumps(checks_of(suite))  # JSON is YAML
    found: dict[str, Any] = {"seconds": [], "processor": [], "answers": {}}
    for _ in range(rounds):
        begin, before = time.perf_counter(), time.process_time()
        connection = duckdb.connect(str(database), read_only=True)
        source = DuckDBDataSourceImpl.from_existing_cursor(connection, "bench")
        result = ContractVerificationSession.execute(
            contract_yaml_sources=[ContractYamlSource.from_str(contract)],
            data_source_impls=[source],
        )
        connection.close()
        found["seconds"].append(time.perf_counter() - begin)
        found["processor"].append(time.process_time() - before)
        (one,) = result.contract_verification_results
        # An average that is no number is not evaluated there, which is not to hold.
        found["answers"] = {c.check.name: bool(c.is_passed) for c in one.check_results}
        if len(found["answers"]) != len(suite):
            sys.exit(result.get_errors_str())
    # Of this process alone: what getrusage() tells begins with the memory of whoever started it.
    status = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    found["bytes"] = int(status.split()[0]) * 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main()
