"""Two scopes of one suite: what a source gave now, and everything that a dataset keeps of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from datalab.catalog.dataset import Dataset
from datalab.catalog.validation import ValidationResult
from datalab.quality.validate import validate

WHOLE = "whole"


def validate_in_scopes(
    dataset: Dataset, staged: Path, table: str = "data", **options: Any
) -> ValidationResult:
    """As ``validate``; expectations of scope ``whole`` look at the table of that name.

    Results stand in the order of the dataset's expectations.
    """
    if dataset.accumulate is None or all(one.scope == "new" for one in dataset.expectations):
        return validate(dataset, staged, table, **options)
    found = {}
    results = {}
    for scope, looked_at in (("new", table), ("whole", WHOLE)):
        chosen = [(n, one) for n, one in enumerate(dataset.expectations) if one.scope == scope]
        part = dataset.model_copy(update={"expectations": [one for _, one in chosen]})
        part.located(dataset.theme, dataset.file)
        found[scope] = validate(part, staged, looked_at, **options)
        for (number, _), result in zip(chosen, found[scope].results, strict=True):
            results[number] = result
    return replace(
        found["new"],
        success=all(one.success for one in found.values()),
        results=[results[number] for number in sorted(results)],
    )
