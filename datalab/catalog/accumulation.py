"""What must fit together around ``accumulate``."""

from __future__ import annotations

from collections.abc import Iterator

from datalab.catalog.dataset import Dataset
from datalab.catalog.mistake import Mistake
from datalab.errors import nearest
from datalab.i18n import Phrase


def mistakes_in(dataset: Dataset) -> Iterator[Mistake]:
    """Keys that are no columns, a time without a moment, a scope without a whole."""
    rule = dataset.accumulate
    if rule is None:
        for position, one in enumerate(dataset.expectations):
            if one.scope == "whole":
                message = Phrase("only a dataset that accumulates has a whole beside its new rows")
                yield Mistake(("expectations", position, "scope"), message, "new")
        return
    for position, name in enumerate(rule.by):
        if name not in dataset.columns:
            yield Mistake(
                ("accumulate", "by", position),
                Phrase(
                    "there is no column '{column}'; the columns are {known}",
                    column=name,
                    known=", ".join(dataset.columns),
                ),
                nearest(name, dataset.columns),
            )
    if rule.keep is not None and rule.moment(dataset.columns) is None:
        message = Phrase("'keep' needs exactly one column in 'by' that is a date or a moment")
        yield Mistake(("accumulate", "keep"), message)
