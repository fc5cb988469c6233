"""What can be wrong with the catalog, or with a name looked up in it."""

from __future__ import annotations

from collections.abc import Iterable

from datalab.errors.root import DatalabError, nearest
from datalab.i18n import DEFAULT, Language, translate


class CatalogError(DatalabError):
    """Something in ``catalog/`` cannot be used."""

    code = "catalog"
    status = 500


class UnknownDataset(CatalogError):
    code = "unknown-dataset"
    status = 404

    def __init__(self, dataset: str, known: Iterable[str]) -> None:
        known = sorted(known)
        self.suggestion = nearest(dataset, known)
        super().__init__(dataset=dataset, suggestion=self.suggestion, known=known)

    def message(self, language: Language = DEFAULT) -> str:
        if self.suggestion:
            text = translate(
                "There is no dataset '{dataset}'. Did you mean '{suggestion}'? "
                "The list of datasets names them all.",
                language,
            )
        else:
            text = translate(
                "There is no dataset '{dataset}'. The list of datasets names them all.", language
            )
        return text.format(**self.facts)


class UnknownSchema(CatalogError):
    """No Table Schema of this name is carried, or its file cannot be read."""

    code = "unknown-schema"
    status = 404
    template = (
        "There is no Table Schema '{schema}' in catalog/schemas; there are: {known}. "
        "'datalab schemas' lists them."
    )


class InvalidCatalog(CatalogError):
    """``problems`` are the lines of ``datalab lint``."""

    code = "invalid-catalog"
    template = (
        "{count} problem(s) in the catalog; the first: {first}. "
        "Run 'datalab lint' to see them all with file and line."
    )

    def __init__(self, problems: list[str]) -> None:
        super().__init__(count=len(problems), first=problems[0], problems=problems)
