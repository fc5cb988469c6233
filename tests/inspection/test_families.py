"""Each family of defects is read right, or refused with the place and the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from datalab.catalog.dataset import Dataset
from datalab.errors import DatalabError, TooManyRejects
from datalab.inspection.draft import draft
from datalab.inspection.reading import read_file
from datalab.lake.stage import stage
from tests.inspection.families import FAMILIES

ANSWERS = Path(__file__).parent / "answers" / "families.json"
MOST = 12  # rows that are written down


def outcome(name: str, content: bytes, folder: Path) -> dict[str, Any]:
    """What a steward is told, and what the draft then loads."""
    file = folder / name
    file.write_bytes(content)
    try:
        found = read_file(file, f"{name}.csv")
    except DatalabError as error:
        return {"stops": error.code, "says": error.message("en")}
    told = {
        "warnings": sorted({r.code for r in found.remarks}),
        "units": {c.name: c.unit for c in found.columns if c.unit},
    }
    dataset = Dataset.model_validate(yaml.safe_load(draft(found)))
    try:
        staged = stage(dataset, file, folder / "staged")
    except TooManyRejects as error:
        facts = error.facts
        place = {key: facts[key] for key in ("line", "column", "value", "rejected", "rows")}
        return {"stops": error.code, **place, **told}
    with duckdb.connect(str(staged.path), read_only=True) as connection:
        cells = ", ".join(
            "'geometry'" if c.type == "geometry" else f'"{n}"::VARCHAR'
            for n, c in dataset.columns.items()
        )
        values = connection.execute(f"SELECT {cells} FROM data LIMIT {MOST}").fetchall()
    columns = {name: column.type for name, column in dataset.columns.items()}
    return {"loads": staged.rows, "columns": columns, "values": [list(v) for v in values], **told}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_defect_is_read_right_or_refused_with_its_place(name: str, tmp_path: Path) -> None:
    answers = json.loads(ANSWERS.read_text(encoding="utf-8"))
    assert outcome(name, FAMILIES[name], tmp_path) == answers[name]


def main() -> None:
    """Write the answers anew; whoever does that reads each of them."""
    import tempfile

    answers = {}
    for name, content in FAMILIES.items():
        with tempfile.TemporaryDirectory() as folder:
            answers[name] = outcome(name, content, Path(folder))
    lines = [f" {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in answers.items()]
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
