"""What a mask does to one column, as a steward writes it: a word, with a number where it needs one.

========== ==================================================================== =================
``hide``   the column is not there                                              any column
``null``   every value is absent                                                any column
``year``   the year alone, a whole number                                       dates, timestamps
``month``  year and month, ``2026-11``                                          dates, timestamps
``first N``  the first N letters                                                varchar
``round N``  the nearest multiple of N                                          numbers
``pseudonym``  the same word for the same value, anywhere in this dataset       all but geometry
``show``   as it is: said of a column with personal data that must be shown     any column
========== ==================================================================== =================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from datalab.i18n import Language, Phrase, translate

Kind = Literal["hide", "null", "year", "month", "first", "round", "pseudonym", "show"]
WORDS: tuple[Kind, ...] = ("hide", "null", "year", "month", "pseudonym", "show")
FIRST = re.compile(r"first ([1-9]\d?)")
ROUND = re.compile(r"round ((?!0+(\.0*)?$)\d{1,15}(\.\d{1,6})?)")
NUMBERS = ("smallint", "integer", "bigint", "double", "decimal")
WHOLE = ("smallint", "integer", "bigint")


@dataclass(frozen=True)
class Rule:
    """``amount`` is that of ``first N`` and ``round N``."""

    kind: Kind
    amount: Decimal = Decimal(0)

    def fits(self, type_: str) -> bool:
        """Whether a column of this type can be masked so."""
        if self.kind in ("year", "month"):
            return type_ == "date" or type_.startswith("timestamp")
        if self.kind == "first":
            return type_ == "varchar"
        if self.kind == "round":
            whole = self.amount == self.amount.to_integral_value()
            return type_.startswith(NUMBERS) and (whole or not type_.startswith(WHOLE))
        return self.kind != "pseudonym" or type_ != "geometry"

    def in_words(self, language: Language) -> str:
        """What a reader is told of a column that is masked so."""
        if self.kind == "first":
            return translate("first {count} letters only", language, count=int(self.amount))
        if self.kind == "round":
            return translate("rounded to {amount}", language, amount=f"{self.amount:f}")
        # Made when asked for: whoever only reads the catalog loads no translations.
        said: dict[Kind, Phrase] = {
            "hide": Phrase("is not there"),
            "null": Phrase("emptied"),
            "year": Phrase("year only"),
            "month": Phrase("month only"),
            "pseudonym": Phrase("replaced by a pseudonym"),
            "show": Phrase("as it is"),
        }
        return said[self.kind].in_(language)

    def type_of(self, type_: str) -> str:
        """The type of a masked column."""
        return {"year": "integer", "month": "varchar", "pseudonym": "varchar"}.get(self.kind, type_)


def rule_of(text: str) -> Rule | None:
    """What the words of a steward ask for; None where they say nothing known."""
    for word in WORDS:
        if text == word:
            return Rule(word)
    if found := FIRST.fullmatch(text):
        return Rule("first", Decimal(found[1]))
    if found := ROUND.fullmatch(text):
        return Rule("round", Decimal(found[1]))
    return None


def _known(value: Any) -> str:
    # In YAML a bare ``null`` is no word but the absence of one.
    text = "null" if value is None else " ".join(str(value).split()).lower()
    if rule_of(text) is None:
        raise ValueError(
            "not a way to mask a column; use hide, null, year, month, pseudonym, show, "
            "'first N' or 'round N'"
        )
    return text


MaskRule = Annotated[str, BeforeValidator(_known)]
