"""What ``source.csv`` must keep, so that a mistake shows before a file is read.

The engine would refuse most of these too, but late, in its own words, and without the line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from datalab.catalog.dataset import CsvOptions
from datalab.catalog.mistake import Mistake
from datalab.errors import nearest
from datalab.i18n import Phrase

# Those met in French open data; any other encoding of text that Python knows is fine as well.
ENCODINGS = ("utf-8", "utf-16", "cp1252", "iso-8859-1", "iso-8859-15", "latin-1", "cp850")
# What strptime of DuckDB 1.5.5 reads. A test holds this list against the installed engine.
SPECIFIERS = frozenset("abcdfghjmnpuwxyzABGHIMSTUVWXYZ%") | {f"-{letter}" for letter in "dmyHIMSj"}
_SPECIFIER = re.compile(r"%(-?.?)", re.DOTALL)


def mistakes_in(options: CsvOptions) -> Iterator[Mistake]:
    """Each option that no file could be read with."""
    if not _is_encoding(options.encoding):
        yield Mistake(
            ("source", "csv", "encoding"),
            Phrase("'{encoding}' is not a known encoding of text", encoding=options.encoding),
            nearest(options.encoding, ENCODINGS),
        )
    yield from _marks(options)
    for key in ("date_format", "time_format", "timestamp_format"):
        yield from _moment(getattr(options, key), ("source", "csv", key))
    for column, writing in options.values.items():
        yield from _moment(writing.format, ("source", "csv", "values", column, "format"))
        of = options.of(column)
        if writing.thousands is not None and len(writing.thousands) != 1:
            yield Mistake(
                ("source", "csv", "values", column, "thousands"),
                Phrase("exactly one character is expected here, and no end of line"),
            )
        elif of.thousands == of.decimal:
            yield Mistake(
                ("source", "csv", "values", column),
                Phrase("the same character cannot also be the '{other}'", other="decimal"),
            )


def _moment(form: str | None, place: tuple[str | int, ...]) -> Iterator[Mistake]:
    for found in _SPECIFIER.findall(form or ""):
        if found not in SPECIFIERS:
            yield Mistake(
                place, Phrase("'{part}' is no part of a date or a time", part=f"%{found}")
            )


def _marks(options: CsvOptions) -> Iterator[Mistake]:
    for key, may_be_empty in (("delimiter", False), ("quote", True), ("thousands", False)):
        mark = getattr(options, key)
        if mark is None or (mark == "" and may_be_empty):
            continue
        if len(mark) != 1 or mark in "\r\n\0":
            yield Mistake(
                ("source", "csv", key),
                Phrase("exactly one character is expected here, and no end of line"),
            )
    for key, other in (("quote", "delimiter"), ("thousands", "decimal")):
        if getattr(options, key) == getattr(options, other):
            yield Mistake(
                ("source", "csv", key),
                Phrase("the same character cannot also be the '{other}'", other=other),
            )


def _is_encoding(name: str) -> bool:
    """Whether ``name`` turns bytes into text: ``hex`` and ``rot13`` are codecs too, but do not."""
    try:
        # open() looks the name up the same way and refuses what is no encoding of text.
        "a".encode(name).decode(name)
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        return False
    return True
