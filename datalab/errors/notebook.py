"""What a person in a notebook can ask that has no answer."""

from __future__ import annotations

from collections.abc import Iterable

from datalab.errors.root import DatalabError, nearest
from datalab.i18n import DEFAULT, Language, translate


class NotebookError(DatalabError):
    """Something asked for in a notebook cannot be given."""

    code = "notebook"
    status = 400


class UnknownColumn(NotebookError):
    code = "unknown-column"
    status = 404
    template = "Dataset '{dataset}' has no column '{column}'. Its columns: {known}."
    suggestion: str | None = None

    def __init__(self, dataset: str, column: str, known: Iterable[str]) -> None:
        known = list(known)
        self.suggestion = nearest(column, known)
        super().__init__(dataset=dataset, column=column, known=", ".join(known))

    def message(self, language: Language = DEFAULT) -> str:
        text = super().message(language)
        if self.suggestion:
            asked = translate("Did you mean '{suggestion}'?", language, suggestion=self.suggestion)
            text = f"{text} {asked}"
        return text


class NoPlaces(NotebookError):
    """A dataset that says nothing about where its rows are."""

    code = "no-places"
    template = (
        "Dataset '{dataset}' cannot be placed on a map: its description names neither a geometry, "
        "nor longitude and latitude, nor boundaries to join. Join it yourself with lab.sql(), for "
        "instance to 'commune-boundaries'."
    )


class SeveralValuesPerPlace(NotebookError):
    code = "several-values-per-place"
    template = (
        "Dataset '{dataset}' has several rows for one place ({example}), and a map shows one value "
        "for each. Choose the rows with where=, for instance: "
        ".map(column='{column}', where=\"{where}\")."
    )


class NothingToDraw(NotebookError):
    code = "nothing-to-draw"
    template = "There is nothing to draw for column '{column}' of '{dataset}': {reason}"


class UnknownMethod(NotebookError):
    """A classification (or another named choice) that does not exist."""

    code = "unknown-method"
    template = "There is no choice '{choice}' for {argument}=. Choose one of: {known}."

    def __init__(self, argument: str, choice: str, known: Iterable[str]) -> None:
        super().__init__(argument=argument, choice=choice, known=", ".join(known))


class LargerThanMemory(NotebookError):
    code = "larger-than-memory"
    template = (
        "Dataset '{dataset}' has {rows} rows, about {needed} in memory, and this notebook may use "
        "{allowed}. Let the lake do the work with lab.sql(), read a part with "
        ".df(columns=[…], limit=…), or go through it piece by piece with .dask()."
    )
