"""What stands beside a batch: the other datasets, its own earlier snapshots, and the time.

The room that knows lakes brings it (:class:`Beside` is the form it takes); expectations that look
beyond their table ask here. What is not there is said by :class:`Unchecked`, never guessed.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from datalab.catalog.dataset import Column
from datalab.i18n import LANGUAGES, Phrase


class Other(Protocol):
    """A published table that the connection can read.

    Attributes
    ----------
    sql
        its qualified name, for a FROM clause.
    types
        DuckDB type of each column.
    personal
        columns whose values are shown to nobody.
    at
        when that snapshot was published, ISO 8601.
    """

    @property
    def dataset(self) -> str: ...
    @property
    def sql(self) -> str: ...
    @property
    def types(self) -> Mapping[str, str]: ...
    @property
    def personal(self) -> frozenset[str]: ...
    @property
    def snapshot(self) -> int: ...
    @property
    def at(self) -> str: ...


class Beside(Protocol):
    """Read-only, and only what may be told where the dataset is read."""

    def attach(self, connection: duckdb.DuckDBPyConnection) -> Sequence[Path]:
        """Make the published lakes readable; the files to be allowed when it is locked."""

    def other(self, dataset: str) -> Other | Phrase:
        """Another dataset as it is published now, or why it cannot be compared with."""

    def previous(self) -> Other | Phrase:
        """The snapshot before the batch, or why there is none."""


class Unchecked(Exception):
    """There is nothing to compare with yet: neither held nor broken."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(str(reason))
        self.reason = reason

    @property
    def words(self) -> dict[str, str]:
        return {language: self.reason.in_(language) for language in LANGUAGES}


@dataclass(frozen=True)
class Around:
    """All that an expectation may know beside its own arguments and table.

    ``columns`` are those of the dataset, ``periodicity`` what it promises, ``now`` has its zone.
    """

    now: datetime.datetime
    columns: Mapping[str, Column]
    periodicity: str = "irregular"
    beside: Beside | None = None

    def other(self, dataset: str) -> Other:
        """
        Raises
        ------
        Unchecked
        """
        if self.beside is None:
            raise Unchecked(Phrase("the other datasets were not at hand"))
        return _there(self.beside.other(dataset))

    def previous(self) -> Other:
        """
        Raises
        ------
        Unchecked
        """
        if self.beside is None:
            raise Unchecked(Phrase("the earlier versions were not at hand"))
        return _there(self.beside.previous())


def _there(found: Other | Phrase) -> Other:
    if isinstance(found, Phrase):
        raise Unchecked(found)
    return found


def column_of(other: Other, column: str) -> str:
    """The DuckDB type of a column of another table.

    Raises
    ------
    Unchecked
        where it was published without that column.
    """
    held = other.types.get(column)
    if held is None:
        raise Unchecked(
            Phrase(
                "version {snapshot} of '{dataset}' has no column '{column}'",
                snapshot=other.snapshot,
                dataset=other.dataset,
                column=column,
            )
        )
    return held
