"""The child process in which a commune's spreadsheet is read and prepared, within limits."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from datalab.catalog.dataset import Dataset
from datalab.catalog.schema import find_schema
from datalab.errors import DatalabError
from datalab.inspection.child import plain_facts
from datalab.lake.child import end_with_parent, limit_process
from datalab.lake.connection import connect
from datalab.lake.decoding import unpack
from datalab.lake.fill import reader_of
from datalab.preparation.prepared import Prepared, Wish, Wrong
from datalab.preparation.table import table_of


def prepared(request: dict[str, Any]) -> Prepared:
    """One preparation, in this process."""
    dataset = Dataset.from_json(request["dataset"])
    folder = Path(request["folder"])
    file = unpack(dataset, Path(request["file"]), folder, request["max_bytes"])
    wish = Wish(**request["wish"])
    schema = find_schema(wish.schema)
    connection = connect(folder / "read.duckdb", temporary=folder / "spill")
    try:
        raw = reader_of(dataset)(dataset, file, folder, connection)
        names = list(raw.types)
        found = connection.execute(f"SELECT * FROM {raw.relation}").fetchmany(request["rows"] + 1)  # noqa: S608
        if len(found) > request["rows"]:
            raise TooLong
        lines = raw.lines(list(range(len(found))))
        lost = raw.lost()
    finally:
        connection.close()
    wrong = [Wrong(r.line, r.column, r.value[:200], r.reason, dict(r.facts)) for r in lost.rejects]
    return table_of(
        schema,
        wish,
        names,
        (
            (line, [None if v is None else str(v) for v in row])
            for line, row in zip(lines, found, strict=True)
        ),
        wrong,
        lost.rows,
        Path(request["out"]),
    )


class TooLong(Exception):
    """The file has more rows than are prepared."""


def main() -> None:
    """Answer one request; end without clean-up, for the parent removes the folder."""
    end_with_parent()
    request: dict[str, Any] = json.load(sys.stdin)
    os.environ["TMPDIR"] = request["folder"]
    limit_process(request["memory"], request["seconds"] * 4, request["written"])
    try:
        answer: dict[str, Any] = {"prepared": prepared(request).as_plain()}
    except DatalabError as error:
        answer = {"error": {"code": error.code, "facts": plain_facts(error.facts)}}
    except TooLong:
        answer = {"error": {"code": "too-long", "facts": {}}}
    except (MemoryError, RecursionError):
        answer = {"error": {"code": "memory", "facts": {}}}
    sys.stdout.write(json.dumps(answer, default=str))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
