"""Staging: a file becomes a DuckDB file of this run, strictly typed, with its rejected rows kept.

Nothing is guessed: columns, types and the way numbers and dates are written come from the YAML. A
value that is not written as its type is written rejects its row; the share of rejected rows is
held against ``max_reject_ratio``. Then ``transform`` runs, confined, and must give exactly the
declared columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalab.catalog.dataset import Dataset
from datalab.catalog.schema import schema_of
from datalab.errors import TooManyRejects
from datalab.i18n import Phrase
from datalab.lake.apart import belongs_apart, fill_apart
from datalab.lake.decoding import unpack
from datalab.lake.fill import fill
from datalab.lake.raw import Reject
from datalab.lake.transform import transform

if TYPE_CHECKING:
    from datalab.lake.accumulation import Addition

MAX_BYTES = 2_000_000_000
EXPRESS = 32_000_000


@dataclass(frozen=True)
class Staged:
    """A closed DuckDB file with the tables ``data`` and ``rejects``.

    ``rejected`` counts rows, each once; ``rejects`` are the first thousand values at fault. Where
    there is a ``parquet``, ``data`` is a view on it, and the lake can take that file as it is.
    ``feed`` is told of a table that is one of several in its file (``FeedReport``).
    """

    path: Path
    rows: int
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    table: str = "data"
    parquet: Path | None = None
    addition: Addition | None = None
    feed: dict[str, Any] | None = None

    @property
    def added(self) -> int | None:
        """New rows, where the dataset accumulates."""
        return self.addition.rows if self.addition else None

    @property
    def total(self) -> int:
        """Rows that the lake will hold."""
        return self.addition.total if self.addition else self.rows


def stage(
    dataset: Dataset,
    file: Path,
    folder: Path,
    *,
    max_bytes: int = MAX_BYTES,
    threads: int | None = None,
    memory_limit: str | None = None,
    express: int = EXPRESS,
) -> Staged:
    """Type ``file`` as ``dataset`` declares it, into ``folder/staged.duckdb``.

    Parameters
    ----------
    express
        size in bytes from which a file is first taken for a clean one.

    Raises
    ------
    UnreadableFile
        where the file is not what the YAML says it is.
    TooManyRejects
        where the share of rejected rows exceeds ``max_reject_ratio``; carries the rejects.
    SourceTooLarge
        where it unpacks to more than ``max_bytes``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "staged.duckdb"
    limit = min(max_bytes, dataset.source.max_bytes or max_bytes)
    plain = unpack(dataset, file, folder, limit)
    bounded = dataset.model_copy(
        update={"source": dataset.source.model_copy(update={"max_bytes": limit})}
    )
    filling = fill_apart if belongs_apart(dataset, plain) else fill
    filled = filling(
        bounded,
        plain,
        folder,
        schema_of(dataset),
        threads=threads,
        memory_limit=memory_limit,
        express=express,
    )
    rows, rejected, rejects = filled.rows, filled.rejected, filled.rejects
    if filled.parquet is not None:
        return Staged(path, rows, parquet=filled.parquet, feed=filled.feed)
    total = rows + rejected
    if rejected and rejected > dataset.max_reject_ratio * total:
        first = rejects[0]
        raise TooManyRejects(
            dataset=dataset.id,
            rejected=rejected,
            rows=total,
            allowed=dataset.max_reject_ratio,
            line=first.line,
            column=first.column or "–",
            value=first.value,
            reason=Phrase(first.reason, **first.facts),
            rejects=rejects,
        )
    if dataset.transform is not None:
        rows = transform(dataset, path, threads)
    return Staged(path, rows, rejected, rejects, feed=filled.feed)
