"""The fingerprint of a dataset's definition: with the sha256 of the file it says what is new."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from datalab.catalog.dataset import Dataset


def definition(dataset: Dataset) -> str:
    """Fingerprint of everything in a YAML that shapes the table or the verdict on it.

    Titles and descriptions are not part of it: changing them publishes nothing new.
    """
    whole = dataset.as_json()
    shaping = {
        "columns": {
            name: (column.type, column.source, sorted(column.values or {}))
            for name, column in dataset.columns.items()
        },
        "expectations": [
            (expectation.type, expectation.severity, expectation.arguments)
            for expectation in dataset.expectations
        ],
        "order": list(dataset.columns),
        **_units(dataset),
        **_accumulation(dataset, whole),
        **{
            key: whole.get(key)
            for key in ("theme", "source", "transform", "max_reject_ratio", "key", "schema")
        },
    }
    text = json.dumps(shaping, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _accumulation(dataset: Dataset, whole: dict[str, Any]) -> dict[str, Any]:
    """How rows are kept, and which expectations look at all of them."""
    if dataset.accumulate is None:
        return {}
    return {"accumulate": whole["accumulate"], "scopes": [e.scope for e in dataset.expectations]}


def _units(dataset: Dataset) -> dict[str, dict[str, str | None]]:
    """The units, where an expectation goes by them."""
    named = [
        e.arguments.get("column") for e in dataset.expectations if e.type.endswith("_for_unit")
    ]
    units = {n: dataset.columns[n].unit for n in named if n in dataset.columns}
    return {"units": units} if units else {}
