"""Words and numbers of a cell, as far as the search for the table needs them."""

from __future__ import annotations

import re

from datalab.lake.casting import BLANK

_NUMBER = re.compile(
    r"[+-]?\s?[€£$]?\s?(\d{1,3}([ \u00a0\u202f\u2009.,']\d{3})+|\d+)([.,]\d+)?"
    r"([eE][+-]?\d+)?\s?[%€£$]?"
)
_MOMENT = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?|\d{1,2}[:hH]\d{2}(:\d{2})?")
_YEAR = re.compile(r"(19|20)\d\d")
_WORD = re.compile(r"[^\W\d_]")


def bare(cell: str) -> str:
    """The cell without the spaces around it, those of typography included."""
    return cell.strip(BLANK + "\r\n")


def is_value(cell: str) -> bool:
    """Whether it reads as a number, a date or a time: what a name is not."""
    text = bare(cell)
    return bool(_NUMBER.fullmatch(text) or _MOMENT.fullmatch(text))


def is_year(cell: str) -> bool:
    return bool(_YEAR.fullmatch(bare(cell)))


def is_word(cell: str) -> bool:
    """Whether it holds a letter and is no value."""
    return bool(_WORD.search(cell)) and not is_value(cell)


def filled(row: list[str]) -> int:
    """How many cells hold anything."""
    return sum(1 for cell in row if bare(cell))
