"""A catalog on disk with its lake, filled by the real refresh, for expectations across datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.lake.index import Entry, read_index
from datalab.lake.record import RunRecord
from datalab.refresh import refresh
from datalab.settings import Settings


def described(name: str, columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A complete YAML document, with what the test is not about filled in."""
    text = {"fr": f"Jeu {name}", "en": f"Set {name}"}
    return {
        "id": name,
        "title": {**text},
        "description": {**text},
        "publisher": "Atelier",
        "license": "lov2",
        "steward": "observatoire",
        "periodicity": "annual",
        "source": {"connector": "file", "path": f"{name}.csv"},
        "columns": {
            column: {
                "description": {**text},
                **(about if isinstance(about, dict) else {"type": about}),
            }
            for column, about in columns.items()
        },
        **more,
    }


class Shelf:
    """Datasets as YAML and CSV in the theme ``territory``, and what refreshes leave of them."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(home=root / "home", catalog=root / "catalog")
        self.theme = self.settings.catalog / "territory"
        self.theme.mkdir(parents=True)

    def write(self, document: dict[str, Any], rows: str) -> None:
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        (self.theme / f"{document['id']}.yaml").write_text(text, encoding="utf-8")
        self.rows(str(document["id"]), rows)

    def rows(self, name: str, rows: str) -> None:
        (self.theme / f"{name}.csv").write_text(rows, encoding="utf-8")

    def refresh(self, *names: str) -> dict[str, RunRecord]:
        records = refresh(list(names) or None, self.settings, "essai")
        return {record.dataset: record for record in records}

    def entry(self, name: str) -> Entry:
        return read_index(self.settings.lake)[name]


def results(record: RunRecord) -> dict[str, ExpectationResult]:
    """Results by the type of the expectation, which stands once in a test."""
    assert isinstance(record.validation, ValidationResult), record
    return {result.type: result for result in record.validation.results}
