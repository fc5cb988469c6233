"""Datasets and files for the tests of the lake: real models, real files, nothing faked."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.record import RunRecord
from datalab.lake.stage import Staged, stage


def dataset(columns: dict[str, Any], *, theme: str = "territory", **facts: Any) -> Dataset:
    """A dataset with these columns (name to type, or to a whole description)."""
    described = {
        name: {
            "description": {"fr": name, "en": name},
            **(c if isinstance(c, dict) else {"type": c}),
        }
        for name, c in columns.items()
    }
    source = {"connector": "file", "path": "x", **facts.pop("source", {})}
    text = {"fr": "Jeu", "en": "Set"}
    document = {
        "id": "street-trees",
        "title": text,
        "description": text,
        "publisher": "Ville",
        "license": "lov2",
        "steward": "espaces-verts",
        "periodicity": "annual",
        "columns": described,
        "source": source,
        **facts,
    }
    return Dataset.model_validate(document).located(theme, Path("street-trees.yaml"))


def staged(described: Dataset, content: str | bytes, folder: Path, **options: Any) -> Staged:
    """``content`` staged as ``described`` says, in a new folder under ``folder``."""
    run = folder / uuid4().hex
    run.mkdir(parents=True)
    file = run / "file"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return stage(described, file, run / "stage", **options)


def rows(result: Staged, query: str = "FROM data") -> list[tuple[Any, ...]]:
    """What a staged file holds."""
    with duckdb.connect(str(result.path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def record(described: Dataset, result: Staged, **facts: Any) -> RunRecord:
    """A record of a run that is about to publish ``result``."""
    return RunRecord(
        **{
            "run_id": uuid4().hex[:12],
            "dataset": described.id,
            "state": "published",
            "started_at": "2026-11-21T10:00:00Z",
            "finished_at": "2026-11-21T10:00:01Z",
            "author": "Camille",
            "source_url": "https://example.org/trees.csv",
            "sha256": "a" * 64,
            "code_version": "0.1.0",
            "rows": result.rows,
            "rejected": result.rejected,
            **facts,
        }
    )
