"""How one expectation speaks of one dataset: its columns, values, limits and conditions.

Every sentence about values or rows has the same shape, so that one translation serves with and
without ``mostly``: *who* ("All values of …", "On at least 95% of the rows"), then *what*.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from datalab.catalog.amounts import (
    CALENDAR,
    amount,
    listed,
    moment,
    quoted,
    share_in_words,
    value_in_words,
)
from datalab.catalog.condition import Comparison, Condition, Nullity
from datalab.catalog.dataset import Dataset
from datalab.i18n import Language, translate

LONGEST_LABEL = 80

_COMPARED = {
    "==": "{column} is {value}",
    "!=": "{column} is not {value}",
    "<": "{column} is less than {value}",
    "<=": "{column} is at most {value}",
    ">": "{column} is more than {value}",
    ">=": "{column} is at least {value}",
    "IN": "{column} is {value}",
    "NOT_IN": "{column} is not {value}",
}


class Voice:
    """One expectation, one dataset, one language."""

    def __init__(self, dataset: Dataset, language: Language, given: Mapping[str, Any]) -> None:
        self.dataset, self.language, self.given = dataset, language, given

    def __call__(self, sentence: str, /, **facts: object) -> str:
        return translate(sentence, self.language, **facts)

    def label(self, column: str) -> str:
        """The first clause of the column's description; its name where that would be too long."""
        known = self.dataset.columns.get(column)
        text = known.description.in_(self.language) if known else column
        for end in (". ", " ; ", "\u00a0; ", "; ", " : ", "\u00a0: ", ": ", " (", "\n"):
            text = text.split(end)[0]
        text = text.strip().rstrip(".")
        return quoted(text if 0 < len(text) <= LONGEST_LABEL else column, self.language)

    def labels(self, columns: list[str]) -> str:
        return listed([self.label(column) for column in columns], self.language)

    @property
    def column(self) -> str:
        return self.label(self.given.get("column", ""))

    @property
    def unit(self) -> str | None:
        known = self.dataset.columns.get(self.given.get("column", ""))
        return known.unit if known else None

    @property
    def values(self) -> str:
        """Who: the values of the column."""
        if (share := self._share()) is None:
            return self("All values of {column}", column=self.column)
        return self("At least {share} of the values of {column}", share=share, column=self.column)

    @property
    def rows(self) -> str:
        """Where: the rows of the table."""
        if (share := self._share()) is None:
            return self("On every row")
        return self("On at least {share} of the rows", share=share)

    def _share(self) -> str | None:
        share = self.given.get("mostly", 1)
        return None if share == 1 else share_in_words(share, self.language)

    def amount(self, unit: str | None = None) -> str:
        return amount(
            self.given.get("min_value"),
            self.given.get("max_value"),
            self.language,
            strict_low=bool(self.given.get("strict_min")),
            strict_high=bool(self.given.get("strict_max")),
            unit=unit,
        )

    def share_amount(self) -> str:
        """Limits that are shares, in percent."""
        low, high = (
            None if (limit := self.given.get(name)) is None else round(limit * 100, 6)
            for name in ("min_value", "max_value")
        )
        strict = bool(self.given.get("strict_min")), bool(self.given.get("strict_max"))
        return amount(
            low, high, self.language, strict_low=strict[0], strict_high=strict[1], unit="%"
        )

    def set(self, values: list[Any], last: str = "or") -> str:
        """Values with what the code list says of them."""
        known = self.dataset.columns.get(self.given.get("column", ""))
        codes = known.values if known and known.values else {}
        said = []
        for position, value in enumerate(values, start=1):
            # The unit is said once, after the last number.
            unit = self.unit if position == len(values) or self.unit in CALENDAR else None
            word = value_in_words(value, self.language, unit)
            meaning = codes.get(str(value))
            said.append(f"{word} ({meaning.in_(self.language)})" if meaning else word)
        return listed(said, self.language, last)

    @property
    def dated(self) -> bool:
        low, high = self.given.get("min_value"), self.given.get("max_value")
        return isinstance(moment(high if low is None else low), datetime.date)

    def condition(self, condition: Condition) -> str:
        if isinstance(condition, Nullity):
            sentence = "{column} has no value" if condition.is_null else "{column} has a value"
            return self(sentence, column=self.label(condition.column))
        if isinstance(condition, Comparison):
            return self(_COMPARED[condition.operator], **self._compared(condition))
        parts = [self.condition(part) for part in condition.parts]
        return listed(parts, self.language, condition.word)

    def _compared(self, condition: Comparison) -> dict[str, str]:
        known = self.dataset.columns.get(condition.column)
        values = condition.value if isinstance(condition.value, list) else [condition.value]
        said = [value_in_words(v, self.language, known.unit if known else None) for v in values]
        return {
            "column": self.label(condition.column),
            "value": listed(said, self.language, "or") if said else "–",
        }
