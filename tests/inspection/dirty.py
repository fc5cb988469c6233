"""What becomes of a dirty file: the draft of its inspection, through the ordinary stage.

``python -m tests.inspection.dirty FOLDER`` writes the answers anew; whoever does that reads each of
them beside its file, for they say what is right.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import yaml

from datalab.catalog.dataset import Dataset
from datalab.errors import DatalabError, TooManyRejects
from datalab.inspection.draft import draft
from datalab.inspection.reading import read_file
from datalab.lake.stage import stage

ANSWERS = Path(__file__).parent / "answers" / "dirty_files.json"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def outcome(path: Path, folder: Path) -> dict[str, Any]:
    """Columns, types, rows and a hash of their values; or the code of the error and its line."""
    try:
        found = read_file(path, path.name)
    except DatalabError as error:
        return {"stops": error.code, "says": error.message("en")}
    dataset = Dataset.model_validate(yaml.safe_load(draft(found)))
    try:
        staged = stage(dataset, path, folder)
    except TooManyRejects as error:
        facts = error.facts
        return {
            "stops": error.code,
            "line": facts["line"],
            "column": facts["column"],
            "value": facts["value"],
            "rejected": facts["rejected"],
            "of": facts["rows"],
        }
    return {
        "loads": staged.rows,
        "columns": {name: column.type for name, column in dataset.columns.items()},
        "hash": hash_of(staged.path),
    }


def hash_of(staged: Path) -> str:
    """A hash of every value as DuckDB writes it, row by row."""
    digest = hashlib.sha256()
    with duckdb.connect(str(staged), read_only=True) as connection:
        described = connection.execute("DESCRIBE data").fetchall()
        columns = ", ".join(f'"{row[0]}"::VARCHAR' for row in described)
        for row in connection.execute(f"SELECT {columns} FROM data").fetchall():
            digest.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def main() -> None:
    root = Path(sys.argv[1])
    answers = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(sorted(p for p in root.rglob("*") if p.is_file())):
            name = path.relative_to(root).as_posix()
            answers[sha256(path)] = {"name": name, **outcome(path, Path(folder) / str(number))}
    ordered = dict(sorted(answers.items(), key=lambda item: item[1]["name"]))
    ANSWERS.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
