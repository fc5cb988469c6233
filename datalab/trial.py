"""The road of a refresh without publishing: a file, typed as a draft says, and checked.

Nothing is kept: neither in the lake nor in the cache. What a page needs to show a draft beside its
file is here: rows as they were typed, counts, what is wrong column by column, and the verdict of
every expectation.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from datalab.catalog.dataset import Dataset
from datalab.catalog.lint import read_file
from datalab.catalog.validation import ValidationResult
from datalab.connectors.registry import source_models
from datalab.errors import DatalabError, InspectionStopped, InvalidCatalog, TooManyRejects
from datalab.i18n import DEFAULT, Language, Phrase
from datalab.lake.child import end_with_parent, limit_process
from datalab.lake.confined import Unanswered, ask
from datalab.lake.connection import connect, identifier
from datalab.lake.raw import Reject
from datalab.lake.stage import Staged, stage
from datalab.settings import Settings

SECONDS = 300.0
MEMORY = 6_000_000_000
PREVIEW = 50
KEPT = 200
LONGEST = 300  # characters of a value that are shown


@dataclass(frozen=True)
class ColumnTried:
    """One published column: how many values are missing, how many rows it made unreadable.

    ``reasons`` are English msgids of what was wrong, with how often.
    """

    name: str
    type: str
    nulls: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """What became of a file under a draft.

    Attributes
    ----------
    publishable
        whether a refresh would publish it as it is.
    error
        why the file could not be read at all: code, status, message, details, messages by
        language; the rest is empty then.
    rejects
        the first values at fault: line, column, value, reason (an English msgid).
    preview
        the first rows as they were typed, as texts; None is a missing value.
    """

    publishable: bool
    rows: int = 0
    rejected: int = 0
    allowed: float = 0
    columns: list[ColumnTried] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    preview: list[list[str | None]] = field(default_factory=list)
    validation: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    @property
    def result(self) -> ValidationResult | None:
        """The verdicts of the expectations, where the rows came so far."""
        return None if self.validation is None else ValidationResult.from_json(self.validation)

    def as_json(self, language: Language = DEFAULT) -> dict[str, Any]:
        document = asdict(self)
        document["rejects"] = [
            {
                **{key: reject[key] for key in ("line", "column", "value")},
                "reason": Phrase(reject["reason"], **reject["facts"]).in_(language),
            }
            for reject in self.rejects
        ]
        for column in document["columns"]:
            column["reasons"] = {
                Phrase(reason).in_(language): count for reason, count in column["reasons"].items()
            }
        return document


def trial(dataset: Dataset | str, file: Path, settings: Settings) -> Trial:
    """Type and check ``file`` as ``dataset`` says; nothing is published.

    Parameters
    ----------
    dataset
        a dataset, or the YAML of one.

    Raises
    ------
    InvalidCatalog
        where the YAML is not a dataset; with every mistake in it.
    InspectionStopped
        where it takes more time or memory than it may.
    """
    described = _described(dataset) if isinstance(dataset, str) else dataset
    with tempfile.TemporaryDirectory(prefix="datalab-trial-") as folder:
        request = {
            "dataset": described.as_json(),
            "file": str(file.resolve()),
            "folder": folder,
            "max_bytes": settings.max_bytes,
            "memory": MEMORY,
            "written": 4 * settings.max_bytes,
        }
        try:
            answer = json.loads(ask(request, SECONDS, "datalab.trial"))
        except Unanswered as unanswered:
            raise InspectionStopped(reason=unanswered.reason) from None
    columns = [ColumnTried(**column) for column in answer.pop("columns")]
    return Trial(columns=columns, **answer)


def _described(text: str) -> Dataset:
    """The dataset of a YAML text, by the same rules as a file of the catalog."""
    named = re.search(r"^id:\s*['\"]?([a-z0-9-]{1,60})", text, re.MULTILINE)
    with tempfile.TemporaryDirectory(prefix="datalab-trial-") as folder:
        path = Path(folder) / "territory" / f"{named[1] if named else 'draft'}.yaml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        # The connector is not asked for the file here, so what it lacks beside it is no mistake.
        found, problems = read_file(path, source_models())
        left = [problem for problem in problems if not problem.key.startswith("source.path")]
        if found is None and not left:
            found, left = read_file(path, None)
        if found is None:
            raise InvalidCatalog([problem.sentence for problem in left])
        return found


def tried(dataset: Dataset, file: Path, folder: Path, max_bytes: int) -> Trial:
    """The trial itself, in this process.

    A file that cannot be read is a trial with an ``error``; rows that cannot are in ``rejects``
    and, where there are too many of them, the error says so as a refresh would.
    """
    from datalab.quality.validate import validate

    lenient = dataset.model_copy(update={"max_reject_ratio": 1.0}).located(
        dataset.theme, dataset.file
    )
    try:
        staged = stage(lenient, file, folder, max_bytes=max_bytes)
    except DatalabError as error:
        return Trial(False, error=_error(error), allowed=dataset.max_reject_ratio)
    result = validate(dataset, staged.path, staged.table)
    total = staged.rows + staged.rejected
    refused = staged.rejected > dataset.max_reject_ratio * total
    return Trial(
        publishable=result.success and not refused,
        rows=staged.rows,
        rejected=staged.rejected,
        allowed=dataset.max_reject_ratio,
        columns=_columns(dataset, staged),
        rejects=[_reject(reject) for reject in staged.rejects[:KEPT]],
        preview=_preview(dataset, staged),
        validation=result.as_json(),
        error=_error(_too_many(dataset, staged, total)) if refused else None,
    )


def _reject(reject: Reject) -> dict[str, Any]:
    facts = {key: str(value) for key, value in (getattr(reject, "facts", None) or {}).items()}
    return {
        "line": reject.line,
        "column": reject.column,
        "value": reject.value[:LONGEST],
        "reason": reject.reason,
        "facts": facts,
    }


def _too_many(dataset: Dataset, staged: Staged, total: int) -> TooManyRejects:
    first = staged.rejects[0]
    return TooManyRejects(
        dataset=dataset.id,
        rejected=staged.rejected,
        rows=total,
        allowed=dataset.max_reject_ratio,
        line=first.line,
        column=first.column or "–",
        value=first.value,
        reason=Phrase(first.reason, **_reject(first)["facts"]),
    )


def _error(error: DatalabError) -> dict[str, Any]:
    document: dict[str, Any] = error.as_json()["error"]
    document["messages"] = {language: error.message(language) for language in ("fr", "en")}
    return document


def _columns(dataset: Dataset, staged: Staged) -> list[ColumnTried]:
    by_column: dict[str, Counter[str]] = {}
    for reject in staged.rejects:
        by_column.setdefault(reject.column, Counter())[reject.reason] += 1
    names = list(dataset.columns)
    nulls = _ask(
        staged, "SELECT " + ", ".join(f"count(*) - count({identifier(name)})" for name in names)
    )
    found = []
    for name, missing in zip(names, nulls[0] if nulls else [0] * len(names), strict=True):
        column = dataset.columns[name]
        reasons = by_column.get(column.source or name, Counter())
        found.append(ColumnTried(name, column.type, int(missing), reasons.total(), dict(reasons)))
    return found


def _preview(dataset: Dataset, staged: Staged) -> list[list[str | None]]:
    def shown(name: str, kind: str) -> str:
        value = identifier(name)
        text = f"ST_AsText({value})" if kind == "geometry" else f"{value}::VARCHAR"
        return f"left({text}, {LONGEST})"

    columns = ", ".join(shown(name, column.type) for name, column in dataset.columns.items())
    return [list(row) for row in _ask(staged, f"SELECT {columns}", f" LIMIT {PREVIEW}")]


def _ask(staged: Staged, select: str, after: str = "") -> Sequence[tuple[Any, ...]]:
    with connect(staged.path, read_only=True, extensions=("spatial",)) as connection:
        return connection.execute(f"{select} FROM {staged.table}{after}").fetchall()


def main() -> None:
    """The child: one trial, within limits, answered as one line of JSON."""
    end_with_parent()
    request = json.load(sys.stdin)
    limit_process(request["memory"], request["seconds"] * 4, request["written"])
    os.environ["TMPDIR"] = request["folder"]
    dataset = Dataset.from_json(request["dataset"])
    found = tried(
        dataset, Path(request["file"]), Path(request["folder"]) / "run", request["max_bytes"]
    )
    sys.stdout.write(json.dumps(asdict(found), default=str))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
