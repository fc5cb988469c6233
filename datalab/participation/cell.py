"""What somebody typed, in a cell of a file for spreadsheets: never a formula.

A spreadsheet runs a cell that begins with a sign of a formula (OWASP, "CSV Injection"), in its
full-width form too. One set to another separator than the file's cuts the text anew, at every
comma, semicolon, tabulator and line end: what follows one of these is guarded as well.
"""

from __future__ import annotations

import re
from typing import TypeVar

SIGNS = "=+\\-@＝＋－＠"
FORMULA = re.compile(rf"^(?=\s*[{SIGNS}]|[\t\r\n])|(?<=[,;\t\r\n|])(?=[\"']*[{SIGNS}])")
Value = TypeVar("Value")


def guarded(text: str) -> str:
    """``text`` with an apostrophe before all that would be run."""
    return FORMULA.sub("'", text)


def cell(value: Value) -> Value | str:
    """A value for a cell; numbers stay what they are, also below zero."""
    return guarded(value) if isinstance(value, str) else value
