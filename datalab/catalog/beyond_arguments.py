"""What the arguments of the lab's own expectations may hold, and how they fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from datalab.catalog.beyond import AGGREGATES, METHODS, OWN, STEPS
from datalab.catalog.condition import InvalidCondition, columns_of, read_condition
from datalab.catalog.dataset import Column, Dataset
from datalab.catalog.territory import TERRITORIES
from datalab.catalog.units import UNITS
from datalab.errors import nearest
from datalab.i18n import Phrase

Shape = tuple[Callable[[object], bool], str]
Wrong = tuple[str, Phrase, str | None]


def _number(value: object, low: float, high: float = float("inf")) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


SHAPES: dict[str, Shape] = {
    "other_dataset": (_text, "must be the id of a dataset"),
    "other_column": (_text, "must be the name of a column"),
    "other_date_column": (_text, "must be the name of a column"),
    "order_by": (_text, "must be the name of a column"),
    "partition_by": (
        lambda v: isinstance(v, list) and bool(v) and all(map(_text, v)),
        "must be a list of column names",
    ),
    "tolerance": (lambda v: _number(v, 0, 1), "must be a share between 0 and 1"),
    "max_change": (lambda v: _number(v, 0), "must be a share, 0 or more"),
    "max_distance": (lambda v: _number(v, 0), "must be a number, 0 or more"),
    "max_deviation": (lambda v: _number(v, 1), "must be a number, 1 or more"),
    "max_age_days": (lambda v: _number(v, 0), "must be a number of days, 0 or more"),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "other_aggregate": AGGREGATES,
    "method": METHODS,
    "territory": tuple(TERRITORIES),
    "step": STEPS,
}


def own_problem(name: str, value: object) -> tuple[bool, Phrase | None]:
    """Whether ``name`` is an argument of ours, and what is wrong with its value."""
    if name in CHOICES:
        if value in CHOICES[name]:
            return True, None
        return True, Phrase("must be one of: {choices}", choices=", ".join(CHOICES[name]))
    if name not in SHAPES:
        return False, None
    test, sentence = SHAPES[name]
    return True, None if test(value) else Phrase(sentence)


def own_columns(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Columns of the dataset itself that arguments of ours name."""
    if "order_by" in given:
        yield "order_by", given["order_by"]
    for column in given.get("partition_by", ()):
        yield "partition_by", column


def unit_problem(
    kind: str, given: Mapping[str, Any], columns: Mapping[str, Column]
) -> Wrong | None:
    """A unit whose limits the lab does not know."""
    if kind != "expect_column_values_to_be_plausible_for_unit":
        return None
    unit = columns[given["column"]].unit
    if unit in UNITS:
        return None
    if unit is None:
        message = Phrase("column '{column}' has no unit", column=given["column"])
        return "column", message, None
    message = Phrase(
        "the lab knows no limits for the unit '{unit}'; write expect_column_values_to_be_between",
        unit=unit,
    )
    return "column", message, nearest(unit, UNITS)


def between_problems(
    dataset: Dataset, datasets: Mapping[str, Dataset]
) -> Iterator[tuple[int, Wrong]]:
    """What is wrong with an expectation of ``dataset`` only because of the other datasets.

    Yields the position of the expectation, and the problem.
    """
    for position, expectation in enumerate(dataset.expectations):
        given = expectation.arguments
        name = given.get("other_dataset")
        if expectation.type == "expect_column_max_to_be_recent" and (
            "max_age_days" not in given and dataset.periodicity in ("once", "irregular")
        ):
            message = Phrase("say how old is too old: add 'max_age_days'")
            yield position, ("type", message, None)
        if expectation.type not in OWN or not isinstance(name, str):
            continue
        other = datasets.get(name)
        if other is None:
            message = Phrase("there is no dataset '{dataset}'", dataset=name)
            yield position, ("other_dataset", message, nearest(name, datasets))
            continue
        if not readable_beside(dataset.lake, other.lake):
            message = Phrase(
                "'{dataset}' is more closed than this dataset: its values would be told here",
                dataset=name,
            )
            yield position, ("other_dataset", message, None)
        named = [
            (argument, given.get(argument)) for argument in ("other_column", "other_date_column")
        ]
        for argument, column in [*named, *_of_condition(given)]:
            if column is not None and column not in other.columns:
                message = Phrase(
                    "dataset '{dataset}' has no column '{column}'", dataset=name, column=column
                )
                yield position, (argument, message, nearest(str(column), other.columns))


def _of_condition(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    try:
        condition = read_condition(given["other_row_condition"])
    except (KeyError, InvalidCondition):
        return []
    return [("other_row_condition", column) for column in columns_of(condition)]


def readable_beside(lake: str, other: str) -> bool:
    """Whether what stands in ``other`` may be told where ``lake`` is read."""
    return (
        other == "open" or other == lake or (lake.startswith("restricted-") and other == "members")
    )
