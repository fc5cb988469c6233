"""What DuckDB finds wrong with a question, in the words of who asked; its own where it is rare."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from datalab.i18n import Phrase

QUOTED = re.compile(r'"([^"]+)"')


def told(error: str) -> Phrase | None:
    """The most common mistakes, None for any other."""
    for pattern, phrase in _KNOWN:
        if (found := re.search(pattern, error)) is not None:
            return phrase(found)
    return None


def _column(name: str, near: Sequence[str]) -> Phrase:
    if near:
        return Phrase(
            "there is no column “{name}” here. Did you mean {near}?",
            name=name,
            near=", ".join(near),
        )
    return Phrase("there is no column “{name}” here. The list is beside the editor.", name=name)


_KNOWN: tuple[tuple[str, Callable[[re.Match[str]], Phrase]], ...] = (
    (
        r'Referenced column "([^"]+)" (?:not found|was not found)(.*)',
        lambda found: _column(found[1], QUOTED.findall(found[2])),
    ),
    (
        r'"[^"]+" does not have a column named "([^"]+)"(.*)',
        lambda found: _column(found[1], QUOTED.findall(found[2])),
    ),
    (
        r'Ambiguous reference to column name "([^"]+)"(.*)',
        lambda found: Phrase(
            "several tables have a column “{name}”. Say which one: {near}.",
            name=found[1],
            near=", ".join(QUOTED.findall(found[2])),
        ),
    ),
    (
        r'column "([^"]+)" must appear in the GROUP BY clause',
        lambda found: Phrase(
            "“{name}” stands beside a sum or a count: name it after GROUP BY as well, or take "
            "any_value({name}).",
            name=found[1],
        ),
    ),
    (
        r"Function with name (\S+) does not exist",
        lambda found: Phrase("there is no function “{name}” here.", name=found[1]),
    ),
    (
        r"syntax error at or near \"(.+?)\"",
        lambda found: Phrase(
            "something before or at “{near}” is not SQL: a comma, a bracket or a word may be "
            "missing or too many.",
            near=found[1],
        ),
    ),
    (
        r"syntax error at end of input",
        lambda _: Phrase("it ends too early: something is missing at its end."),
    ),
    (
        r"Cannot access file|file system operations are disabled",
        lambda _: Phrase("it names a file. Only the tables of the catalog can be read here."),
    ),
    (
        r"unterminated quoted (?:string|identifier)",
        lambda _: Phrase("a quotation mark is opened and never closed."),
    ),
    (
        r"Could not convert string '(.*?)' to (\w+)",
        lambda found: Phrase(
            "“{value}” cannot be read as {type}; try_cast gives an empty value instead.",
            value=found[1],
            type=found[2],
        ),
    ),
)
