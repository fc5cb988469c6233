"""Raw: the rows of a file as they stand, before their declared types are held against them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from datalab.catalog.dataset import Dataset
from datalab.errors import UnreadableFile, nearest
from datalab.i18n import Phrase


@dataclass(frozen=True)
class Reject:
    """One value that could not be read: its line (or row) in the file, and why.

    ``reason`` is an English msgid with ``{named}`` places for ``facts``; ``column`` is empty where
    the whole line is at fault.
    """

    line: int
    column: str
    value: str
    reason: str
    facts: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        document = {"line": self.line, "column": self.column, "value": self.value}
        return {**document, "reason": self.reason, **({"facts": self.facts} if self.facts else {})}


@dataclass(frozen=True)
class Lost:
    """Rows of the file that never became a row of the relation (ragged lines, open quotes)."""

    rows: int = 0
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True)
class Raw:
    """A relation in the staging database.

    Attributes
    ----------
    relation
        SQL that can stand after FROM.
    types
        DuckDB type of each column as it stands; text is VARCHAR.
    lines
        from 0-based positions in the relation to 1-based lines (rows) of the file.
    lost
        asked once, after the relation has been read.
    mended
        where the relation cannot be read at all: another one made from the same file, or None.
    feed
        what was found in the whole of which this relation is one table (``FeedReport``).
    """

    relation: str
    types: dict[str, str]
    lines: Callable[[Sequence[int]], list[int]]
    lost: Callable[[], Lost] = Lost
    mended: Callable[[], Raw | None] = lambda: None
    feed: dict[str, Any] | None = None


def same_columns(dataset: Dataset, found: Iterable[str], optional: Iterable[str] = ()) -> list[str]:
    """The columns of the file, in its order, once they are known to be the declared ones.

    Raises
    ------
    UnreadableFile
        naming the first column that is missing, unknown or there twice, and its nearest name.
    """
    declared = dataset.source_columns()
    columns = list(found)
    seen: set[str] = set()
    for column in columns:
        if column.lower() in seen:
            raise _unreadable(
                dataset, Phrase("the column '{column}' is in the file twice.", column=column)
            )
        seen.add(column.lower())
    missing = [name for name in declared if name not in columns and name not in set(optional)]
    unknown = [name for name in columns if name not in declared]
    if missing:
        close = nearest(missing[0], unknown)
        if close:
            raise _unreadable(
                dataset,
                Phrase(
                    "the column '{column}' is missing; the file has a column '{close}', which the "
                    "catalog does not know.",
                    column=missing[0],
                    close=close,
                ),
            )
        raise _unreadable(
            dataset,
            Phrase(
                "the column '{column}' is missing; the file has: {known}.",
                column=missing[0],
                known=", ".join(columns),
            ),
        )
    if unknown:
        close = nearest(unknown[0], declared)
        if close:
            raise _unreadable(
                dataset,
                Phrase(
                    "it has a column '{column}' that the catalog does not know (nearest declared "
                    "name: '{close}').",
                    column=unknown[0],
                    close=close,
                ),
            )
        raise _unreadable(
            dataset,
            Phrase("it has a column '{column}' that the catalog does not know.", column=unknown[0]),
        )
    return columns


def unreadable(dataset: Dataset, template: str, **facts: object) -> UnreadableFile:
    """The error of a file that is not what its YAML says, with its reason in both languages."""
    return _unreadable(dataset, Phrase(template, **facts))


def _unreadable(dataset: Dataset, reason: Phrase) -> UnreadableFile:
    return UnreadableFile(dataset=dataset.id, format=dataset.source.format, reason=reason)
