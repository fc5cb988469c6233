"""Connector ``participation``: what people said, through the views that hold nothing personal.

It reads the views by SQL and nothing else of that database, which the account of PostgreSQL that
it uses may be confined to.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ConfigDict, Field, field_validator
from sqlalchemy import Connection, Engine, NullPool, bindparam, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from datalab.catalog import dataset as catalog
from datalab.connectors.fetched import Fetched, Progress, sha256_of
from datalab.errors import SourceTooLarge, SourceUnreachable
from datalab.i18n import Phrase

TEXT, REAL, WHOLE, YES = pa.string(), pa.float64(), pa.int64(), pa.bool_()
WHEN = pa.timestamp("s", tz="UTC")
PIECE = 50_000  # rows in memory at once
VIEWS: dict[str, dict[str, pa.DataType]] = {
    "released_contribution": {
        **dict.fromkeys(("id", "session", "session_title", "project", "phase", "kind"), TEXT),
        **{"text": TEXT, "cluster": TEXT, "longitude": REAL, "latitude": REAL},
        **{"insee_code": TEXT, "state": TEXT, "merged_into": TEXT, "submitted_at": WHEN},
    },
    "released_vote": {
        **{"contribution": TEXT, "session": TEXT, "voters": WHOLE, "dots": WHOLE},
        "suppressed": YES,
    },
    "released_decision": {
        **dict.fromkeys(("id", "session", "session_title", "project", "text", "owner"), TEXT),
        **{"due": TEXT, "state": TEXT, "news": TEXT, "decided_on": WHEN, "updated_on": WHEN},
    },
    "released_service_request": {
        **dict.fromkeys(("id", "service_code", "status", "state", "description"), TEXT),
        **{"longitude": REAL, "latitude": REAL, "place_withheld": YES, "insee_code": TEXT},
        **{"team": TEXT, "channel": TEXT, "duplicate_of": TEXT, "reopened": WHOLE},
        **dict.fromkeys(("requested_at", "answered_at", "expected_at", "closed_at"), WHEN),
    },
    "released_use": {"day": TEXT, "what": TEXT, "count": WHOLE},
    "released_answer": {"respondent": TEXT, "question": TEXT, "answer": TEXT, "number": REAL},
}


class Source(catalog.Source):
    """A view of the participation database, which holds only what may be published."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    view: Literal[
        "released_contribution",
        "released_vote",
        "released_decision",
        "released_service_request",
        "released_use",
        "released_answer",
    ] = Field(description="view to read")
    survey: str | None = Field(
        default=None, description="slug of the questionnaire, for ``released_answer``"
    )

    @field_validator("format")
    @classmethod
    def _parquet(cls, value: str) -> str:
        if value != "parquet":
            raise ValueError("write 'format: parquet': that is how the rows are handed over")
        return value


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    participation: str = "",
) -> Fetched:
    """The rows of the view as Parquet, in an order that does not change.

    Parameters
    ----------
    participation
        address of the database, as SQLAlchemy writes it.

    Raises
    ------
    SourceUnreachable
        where the database does not answer.
    SourceTooLarge
    """
    source = Source.model_validate(dataset.source.model_dump())
    types = VIEWS[source.view]
    schema = pa.schema(list(types.items()))
    folder = cache / "participation"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{dataset.id}.parquet"
    partial = path.with_suffix(".partial")
    # Ordered by every column: the same rows give the same bytes, whatever the database.
    columns = ", ".join(types)
    where = " WHERE survey_slug = :survey" if source.view == "released_answer" else ""
    query = text(f"SELECT {columns} FROM {source.view}{where} ORDER BY {columns}")  # noqa: S608
    if where:
        query = query.bindparams(bindparam("survey", source.survey or ""))
    try:
        if not there(participation):
            pq.write_table(schema.empty_table(), partial)  # nobody has said anything yet
            return _handed_over(source, partial, path, progress)
        with connected(participation) as connection, pq.ParquetWriter(partial, schema) as writer:
            found = connection.execution_options(stream_results=True).execute(query).mappings()
            for rows in found.partitions(PIECE):
                writer.write_table(
                    pa.table(
                        {n: pa.array([_value(r[n], t) for r in rows], t) for n, t in types.items()}
                    )
                )
                if partial.stat().st_size > max_bytes:
                    raise SourceTooLarge(url=source.view, limit=max_bytes)
        return _handed_over(source, partial, path, progress)
    except SQLAlchemyError:
        reason = Phrase("the database of participation does not answer")
        raise SourceUnreachable(url=source.view, reason=reason) from None
    finally:
        partial.unlink(missing_ok=True)


def _handed_over(source: Source, partial: Path, path: Path, progress: Progress | None) -> Fetched:
    partial.replace(path)
    size = path.stat().st_size
    if progress is not None:
        progress(size, size)
    url = f"participation:{source.view}" + (f"/{source.survey}" if source.survey else "")
    return Fetched(path, url, sha256_of(path), size, datetime.now(UTC))


def marks(participation: str) -> dict[str, int]:
    """A number for each dataset that grows when it is another one; ``""`` for all others.

    Empty where the database is not there yet, or away.
    """
    if not there(participation):
        return {}
    try:
        with connected(participation) as connection:
            return {
                row.dataset: row.number
                for row in connection.execute(text("SELECT dataset, number FROM released_mark"))
            }
    except SQLAlchemyError:
        return {}


def there(participation: str) -> bool:
    """Whether the database was ever opened; one on a server is taken to be."""
    parsed = make_url(participation)
    return parsed.get_backend_name() != "sqlite" or Path(str(parsed.database)).exists()


def connected(participation: str) -> Connection:
    """A connection of its own, closed with the ``with`` that it is used in."""
    engine: Engine = create_engine(participation, poolclass=NullPool)
    return engine.connect()


def _value(value: Any, type_: pa.DataType) -> Any:
    if value is None:
        return None
    if type_ == WHEN:
        return datetime.fromtimestamp(float(value), UTC)
    return bool(value) if type_ == YES else int(value) if type_ == WHOLE else value
