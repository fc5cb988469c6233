"""What is remembered of one run of a refresh: RunRecord.

The whole record stands in the commit of the snapshot it published, so that index and records can
be rebuilt from the lake alone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datalab.catalog.validation import ValidationResult

State = Literal["published", "unchanged", "kept", "failed"]
STATES: tuple[State, ...] = ("published", "unchanged", "kept", "failed")


@dataclass(frozen=True)
class RunRecord:
    """One dataset in one refresh. Times are ISO 8601 in UTC.

    Attributes
    ----------
    snapshot
        lake snapshot that readers see after this run; None where nothing was ever published.
    rows, rejected
        rows of the staged table, and rows of the file that could not be read as declared.
    definition
        fingerprint of everything in the YAML that shapes the table or its verdict.
    error
        ``DatalabError.as_json()["error"]`` of a failed run.
    warning
        an expectation of severity ``warning`` failed.
    failing_since
        when the first of the present row of failed runs began; None where this one did not fail.
    added
        rows that are new in a dataset that accumulates, whose ``rows`` are all that it holds.
    schema_changes
        what this run changed in the description of the published table (``SchemaChange``).
    held
        the notice that a breaking change waits for (``Notice``); the run is ``kept`` then.
    rollback
        of a run that put an earlier snapshot in front again: ``to`` and ``from``, with file and
        definition of the latter, which are not published again, and the ``note``.
    feed
        of a table that is one of several in its file: the tables and what is wrong in and between
        them (``FeedReport``), without values.
    moved_from
        the lake that held the dataset before its access changed.
    """

    run_id: str
    dataset: str
    state: State
    started_at: str
    finished_at: str
    author: str
    source_url: str | None = None
    sha256: str | None = None
    code_version: str = ""
    rows: int | None = None
    rejected: int = 0
    snapshot: int | None = None
    validation: ValidationResult | None = None
    error: dict[str, Any] | None = None
    warning: bool = False
    definition: str = ""
    failing_since: str | None = None
    added: int | None = None
    schema_changes: list[dict[str, Any]] | None = None
    held: dict[str, Any] | None = None
    rollback: dict[str, Any] | None = None
    moved_from: str | None = None
    feed: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """A JSON document; ``from_json`` reverses it."""
        document = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "validation"
        }
        document["validation"] = self.validation.as_json() if self.validation else None
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> RunRecord:
        """Read what ``as_json`` wrote; keys of a later version are ignored."""
        known = {field.name for field in dataclasses.fields(cls)}
        facts = {key: value for key, value in document.items() if key in known}
        if facts.get("validation") is not None:
            from datalab.catalog.validation import ValidationResult

            facts["validation"] = ValidationResult.from_json(facts["validation"])
        return cls(**facts)

    def with_(self, **changes: Any) -> RunRecord:
        """This record with some facts replaced."""
        return dataclasses.replace(self, **changes)
