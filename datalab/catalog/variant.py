"""A dataset as one mask shows it: its description, and what may be told of its last run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from datalab.catalog.dataset import Column, Dataset, Mask
from datalab.catalog.validation import ValidationResult

UNTOUCHED = ("show",)


def variant_of(dataset: Dataset, mask: Mask) -> Dataset:
    """What a masked table is described as. ``masks`` holds this mask alone, and nobody is named."""
    columns = {}
    for name, column in dataset.columns.items():
        rule = mask.rules.get(name)
        if rule is None:
            columns[name] = column
        elif rule.kind != "hide":
            columns[name] = _masked(column, rule.type_of(column.type), rule.kind)
    seen = seen_whole(dataset, mask)
    changes: dict[str, Any] = {
        "columns": columns,
        "masks": [mask],
        "audience": [],
        "key": [] if set(dataset.key) - identifying(dataset, mask) else dataset.key,
        "map": dataset.map if _of_map(dataset) <= seen else None,
        "transform": None,
        "personal_data": _personal(dataset, columns),
    }
    return dataset.model_copy(update=changes).located(dataset.theme, dataset.file)


def seen_whole(dataset: Dataset, mask: Mask) -> frozenset[str]:
    """Columns that the mask leaves as they are."""
    touched = {name for name, rule in mask.rules.items() if rule.kind not in UNTOUCHED}
    return frozenset(dataset.columns) - touched


def identifying(dataset: Dataset, mask: Mask) -> frozenset[str]:
    """Columns that tell rows apart as before: those left as they are, and pseudonyms."""
    pseudonyms = {name for name, rule in mask.rules.items() if rule.kind == "pseudonym"}
    return seen_whole(dataset, mask) | pseudonyms


def _masked(column: Column, type_: str, kind: str) -> Column:
    if kind in UNTOUCHED:
        return column
    changes: dict[str, Any] = {"type": type_, "personal": False, "source": None}
    if kind in ("year", "month", "pseudonym", "first"):
        changes |= {"unit": "year" if kind == "year" else None, "values": None}
    return column.model_copy(update=changes)


def _of_map(dataset: Dataset) -> frozenset[str]:
    hint = dataset.map
    if hint is None:
        return frozenset()
    named = (hint.geometry, hint.longitude, hint.latitude, hint.on, hint.value, hint.label)
    return frozenset(name for name in named if name is not None)


def _personal(dataset: Dataset, columns: dict[str, Column]) -> str:
    """Still personal where a personal column is shown, or where none was said to be: a mask of a
    dataset that does not say which columns are personal may have missed one."""
    if dataset.personal_data != "personal":
        return dataset.personal_data
    said = any(column.personal for column in dataset.columns.values())
    shown = any(column.personal for column in columns.values())
    return "pseudonymous" if said and not shown else "personal"


def told(validation: ValidationResult, dataset: Dataset, mask: Mask) -> ValidationResult:
    """A validation for readers of a mask: verdicts and counts stay, values go.

    An observed value stays where it comes from columns that are seen as they are. No example
    stays: it may hold other columns of its row.
    """
    hidden = frozenset(dataset.columns) - seen_whole(dataset, mask)
    results = [
        replace(
            result,
            examples=[],
            observed_value=None if _concerns(result.kwargs, hidden) else result.observed_value,
            exception=None if result.exception is None else "not told to readers of a mask",
            unchecked=result.unchecked,
        )
        for result in validation.results
    ]
    return replace(validation, results=results)


def _concerns(arguments: dict[str, Any], hidden: frozenset[str]) -> bool:
    """Whether an expectation may look at a hidden column: it names one, or holds SQL, or names
    no column at all, which is about the whole table."""
    words = set(_words(arguments))
    sql = any("query" in key or "condition" in key for key in arguments)
    return sql or not any(key.startswith("column") for key in arguments) or bool(words & hidden)


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (str(key), *_words(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _words(item)
