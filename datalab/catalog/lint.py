"""A dataset file read with every mistake in it named: file, line, key, reason, nearest valid key.

Owns :class:`Problem`. Nothing in a file can stop the reading of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from datalab.catalog import rules
from datalab.catalog.beyond_arguments import between_problems
from datalab.catalog.dataset import Column, Dataset, Expectation, Source
from datalab.catalog.document import Document, Unreadable, read
from datalab.catalog.mistake import Mistake, dotted, mistakes_of
from datalab.errors import nearest
from datalab.i18n import Language, Phrase


@dataclass(frozen=True)
class Problem:
    """One mistake in one file. ``str()`` is the line that ``datalab lint`` prints."""

    file: Path
    line: int
    key: str
    message: str
    suggestion: str | None = None

    @classmethod
    def duplicate_id(cls, path: Path, other: Dataset) -> Problem:
        message = Phrase(
            "the id '{id}' already belongs to {other}", id=other.id, other=shown(other.file)
        )
        return cls(path, _line_of_id(path), "id", message)

    @property
    def sentence(self) -> Phrase:
        """``catalog/x/y.yaml:12: key: message — did you mean …?``, in any language."""
        where = f"{shown(self.file)}:{self.line}: " + (f"{self.key}: " if self.key else "")
        if self.suggestion is None:
            return Phrase("{where}{message}", where=where, message=self.message)
        return Phrase(
            "{where}{message} — did you mean '{suggestion}'?",
            where=where,
            message=self.message,
            suggestion=self.suggestion,
        )

    def in_(self, language: Language) -> str:
        return self.sentence.in_(language)

    def __str__(self) -> str:
        """A :class:`Phrase`, so that an error that quotes it still speaks its reader's language."""
        return self.sentence


def shown(path: Path) -> str:
    """``catalog/theme/dataset.yaml``: enough to find the file, nothing of the machine."""
    return "/".join(path.parts[-3:])


def read_file(
    path: Path, source_models: Mapping[str, type[BaseModel]] | None = None
) -> tuple[Dataset | None, list[Problem]]:
    """The dataset that ``path`` describes, and everything that is wrong with it.

    Parameters
    ----------
    path
        ``<root>/<theme>/<dataset>.yaml``.
    source_models
        The connectors' own models of ``source``, by connector name. Without them the keys that
        belong to a connector are not checked.

    Returns
    -------
    The dataset, or None where anything is wrong; and the problems, by line.
    """
    try:
        document = read(path)
    except Unreadable as error:
        return None, [Problem(path, error.line, "", error.reason)]
    if not isinstance(document.value, dict):
        message = Phrase("a dataset is a mapping of keys; start with 'id: …'")
        return None, [Problem(path, 1, "", message)]
    found = list(rules.of_file(path, document))
    dataset: Dataset | None = None
    try:
        dataset = Dataset.model_validate(document.value).located(path.parent.name, path)
    except ValidationError as error:
        found += mistakes_of(error, Dataset)
    found += _expectations(document)
    if source_models is not None:
        found += _source(document, source_models, path)
    if dataset is not None:
        found += rules.of_dataset(dataset)
    problems = sorted({_problem(path, document, mistake) for mistake in found}, key=_order)
    return (None if problems else dataset), problems


def problems_between(datasets: Mapping[str, Dataset]) -> Iterator[Problem]:
    """What is wrong with a dataset only because of the others: boundaries, columns of another."""
    for dataset in datasets.values():
        for position, (key, message, suggestion) in between_problems(dataset, datasets):
            yield _between(dataset, ("expectations", position, key), message, suggestion)
        hint = dataset.map
        if hint is None or hint.boundaries is None:
            continue
        other = datasets.get(hint.boundaries)
        if other is None:
            yield _between(
                dataset,
                ("map", "boundaries"),
                Phrase("there is no dataset '{dataset}'", dataset=hint.boundaries),
                nearest(hint.boundaries, datasets),
            )
        elif hint.key is not None and hint.key not in other.columns:
            yield _between(
                dataset,
                ("map", "key"),
                Phrase(
                    "dataset '{dataset}' has no column '{column}'",
                    dataset=other.id,
                    column=hint.key,
                ),
                nearest(hint.key, other.columns),
            )


def misplaced(root: Path) -> Iterator[Problem]:
    """Files that look like a dataset but lie where nobody would read them."""
    if not root.is_dir():
        yield Problem(root, 1, "", Phrase("there is no such folder"))
    for path in sorted(root.rglob("*.y*ml")):
        if len(path.relative_to(root).parts) != 2:
            yield Problem(path, 1, "", Phrase("a dataset lies in catalog/<theme>/<dataset>.yaml"))


def _between(
    dataset: Dataset, place: tuple[str | int, ...], message: Phrase, suggestion: str | None
) -> Problem:
    try:
        line = read(dataset.file).line(place)
    except Unreadable:
        line = 1
    return Problem(dataset.file, line, dotted(place), message, suggestion)


def _source(
    document: Document, models: Mapping[str, type[BaseModel]], path: Path
) -> Iterable[Mistake]:
    """What the connector's own model says about ``source``."""
    written = document.at(["source"])
    name = written.get("connector") if isinstance(written, dict) else None
    if not isinstance(name, str):
        return
    model = models.get(name)
    if model is None:
        yield Mistake(
            ("source", "connector"),
            Phrase(
                "there is no connector '{connector}'; known are {known}",
                connector=name,
                known=", ".join(sorted(models)),
            ),
            nearest(name, models),
        )
        return
    try:
        source = model.model_validate(written)
    except ValidationError as error:
        yield from mistakes_of(error, model, ("source",))
        return
    if isinstance(source, Source):
        for key, message, suggestion in source.problems_beside(path):
            yield Mistake(("source", key), message, suggestion)


def _expectations(document: Document) -> Iterable[Mistake]:
    """What the vocabulary of expectations says, wherever the columns themselves are sound."""
    from datalab.catalog.expectations import problems_of

    try:
        columns = TypeAdapter(dict[str, Column]).validate_python(document.at(["columns"]))
    except ValidationError:
        return
    written = document.at(["expectations"])
    for position, entry in enumerate(written if isinstance(written, list) else ()):
        try:
            expectation = Expectation.model_validate(entry)
        except ValidationError:
            continue
        for key, message, suggestion in problems_of(expectation, columns):
            place = ("expectations", position, key) if key else ("expectations", position)
            yield Mistake(place, message, suggestion)


def _problem(path: Path, document: Document, mistake: Mistake) -> Problem:
    line = mistake.line or document.line(mistake.place)
    return Problem(path, line, mistake.key, mistake.message, mistake.suggestion)


def _order(problem: Problem) -> tuple[int, str, str]:
    return problem.line, problem.key, problem.message


def _line_of_id(path: Path) -> int:
    try:
        return read(path).line(["id"])
    except Unreadable:
        return 1
