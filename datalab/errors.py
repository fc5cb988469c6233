"""Every error that a person can meet, as one tree.

A class takes facts, not sentences: ``UnknownDataset("bike-count", known=[...])``. Its message
names the thing, the reason and the next step, in the reader's language; ``code`` and ``status``
never change once published. ``as_json`` is the only JSON shape of an error in the lab.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from datalab.i18n import DEFAULT, Language, Phrase, translate


class DatalabError(Exception):
    """The root. ``template`` is an English sentence with ``{named}`` places for the facts."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    template: ClassVar[str] = "Something went wrong in the lab. The operator finds it in the log."
    language: Language = DEFAULT

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(facts)

    def message(self, language: Language = DEFAULT) -> str:
        facts = {k: v.in_(language) if isinstance(v, Phrase) else v for k, v in self.facts.items()}
        return translate(self.template, language).format(**facts)

    def __str__(self) -> str:
        return self.message(self.language)

    def in_language(self, language: Language) -> Self:
        """This error, spoken in ``language`` wherever it is printed."""
        self.language = language
        return self

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a trace."""
        return [str(self)]

    def as_json(self, language: Language = DEFAULT) -> dict[str, Any]:
        """``{"error": {"code", "status", "message", "details"}}``."""
        details = {key: value for key, value in self.facts.items() if _is_plain(value)}
        return {
            "error": {
                "code": self.code,
                "status": self.status,
                "message": self.message(language),
                "details": details,
            }
        }


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, str | int | float | bool)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to ``name``, or None where nothing is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


# -- catalog ------------------------------------------------------------------------------


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
                "lab.datasets() lists them all.",
                language,
            )
        else:
            text = translate(
                "There is no dataset '{dataset}'. lab.datasets() lists them all.", language
            )
        return text.format(**self.facts)


class InvalidCatalog(CatalogError):
    """``problems`` are the lines of ``datalab lint``."""

    code = "invalid-catalog"
    template = (
        "{count} problem(s) in the catalog; the first: {first} "
        "Run 'datalab lint' to see them all with file and line."
    )

    def __init__(self, problems: list[str]) -> None:
        super().__init__(count=len(problems), first=problems[0], problems=problems)


# -- connectors ---------------------------------------------------------------------------


class SourceError(DatalabError):
    """The source of a dataset could not be read; the last good snapshot stands."""

    code = "source"
    status = 502


class SourceUnreachable(SourceError):
    code = "source-unreachable"
    template = (
        "The source {url} did not answer: {reason}. "
        "The last good snapshot stays; the next refresh tries again."
    )


class SourceChanged(SourceError):
    """The bytes are not the ones pinned in the YAML."""

    code = "source-changed"
    template = (
        "{url} no longer holds the file that the catalog pinned: sha256 {found} instead of "
        "{expected}. Check what changed at the source, then write the new sha256 in {file}."
    )


class SourceMissing(SourceError):
    code = "source-missing"
    template = "{url} does not exist: {reason}. Correct the source in {file}."


class SourceRefused(SourceError):
    """The lab will not fetch this, whatever the source answers."""

    code = "source-refused"
    status = 422
    template = "The lab does not fetch {url}: {reason}. Correct the source in {file}."


class SourceTooLarge(SourceError):
    code = "source-too-large"
    template = (
        "{url} is larger than the {limit} bytes allowed for this dataset. "
        "Raise 'max_bytes' in its YAML if that size is right."
    )


class UnreadableFile(SourceError):
    """The file came, but it is not what the YAML says it is."""

    code = "unreadable-file"
    template = "The file of dataset '{dataset}' cannot be read as {format}: {reason}"


class TooManyRejects(SourceError):
    code = "too-many-rejects"
    template = (
        "Dataset '{dataset}': {rejected} of {rows} rows could not be read as their declared types "
        "(allowed share: {allowed}). First: line {line}, column {column}, value '{value}': "
        "{reason}. Mend the file, or raise 'max_reject_ratio' if these rows may be left out."
    )

    def __init__(self, *, rejects: Iterable[Any] = (), **facts: Any) -> None:
        self.rejects = list(rejects)
        super().__init__(**facts)


# -- lake ---------------------------------------------------------------------------------


class LakeError(DatalabError):
    code = "lake"


class LakeBusy(LakeError):
    """Another process is the writer."""

    code = "lake-busy"
    status = 409
    template = (
        "Another refresh is writing to the lake: process {pid} of {owner}, since {since}. "
        "Wait for it to end, or stop it, then try again."
    )


class LakeEmpty(LakeError):
    code = "lake-empty"
    status = 503
    template = "There is no published data in {path} yet. Run 'datalab refresh --all' first."


class NotPublished(LakeError):
    code = "not-published"
    status = 404
    template = (
        "Dataset '{dataset}' is in the catalog but has no published snapshot yet: {reason}. "
        "Its page says what stands in the way."
    )


class UnknownSnapshot(LakeError):
    code = "unknown-snapshot"
    status = 404
    template = (
        "Dataset '{dataset}' has no snapshot {snapshot}. "
        "It has: {known}. 'datalab snapshots {dataset}' lists them."
    )


class QueryRefused(LakeError):
    """Somebody's SQL could not be run."""

    code = "query-refused"
    status = 400
    template = "This query cannot be run: {reason}"


class RefreshFailed(LakeError):
    """An error of the lab itself; its trace is in the log under the run id."""

    code = "internal"
    template = (
        "Dataset '{dataset}' could not be refreshed because of an error in the lab itself, not in "
        "the data. The last good snapshot stays. The operator finds run {run_id} in the log."
    )


class RefresherRunning(LakeError):
    code = "refresher-running"
    status = 409
    template = (
        "A refresher already runs here: process {pid}, since {since}. "
        "Stop it first, or let it do its work."
    )


# -- quality ------------------------------------------------------------------------------


class ExpectationRefused(DatalabError):
    """An expectation that cannot be evaluated faithfully here."""

    code = "expectation-refused"
    template = "Dataset '{dataset}': the expectation {type} cannot be evaluated: {reason}"


# -- access -------------------------------------------------------------------------------


class AccessRefused(DatalabError):
    code = "access-refused"
    status = 403
    template = "Dataset '{dataset}' is reserved: {reason}"


class DownloadRefused(AccessRefused):
    code = "download-refused"
    template = (
        "Dataset '{dataset}' can be read in a notebook of the lab but not downloaded: "
        "its licence does not allow passing it on."
    )


# -- notebook -----------------------------------------------------------------------------


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


# -- deployment ---------------------------------------------------------------------------


class DeploymentError(DatalabError):
    code = "deployment"


class PortBusy(DeploymentError):
    code = "port-busy"
    template = (
        "Port {port} on {host} is already taken. "
        "Stop what uses it, or start with another one: datalab up --port {other}"
    )


class AlreadyRunning(DeploymentError):
    code = "already-running"
    status = 409
    template = (
        "The lab of {home} runs already, at {url}. "
        "Use it, or start another one with --home and --port."
    )


class NotRunning(DeploymentError):
    code = "not-running"
    status = 503
    template = "The lab is not running in {home}. Start it with 'datalab up'."


class UnknownPersona(DeploymentError):
    code = "unknown-persona"
    status = 404
    template = "There is no persona '{persona}'. Choose one of: {known}."


# -- portal -------------------------------------------------------------------------------


class RequestError(DatalabError):
    """Something in an address cannot be answered."""

    code = "request"
    status = 400


class InvalidParameter(RequestError):
    code = "invalid-parameter"
    template = "The parameter '{name}' cannot be '{value}': {reason}."


class UnknownPage(RequestError):
    code = "unknown-page"
    status = 404
    template = "There is nothing at {path}. The list of datasets is a good place to start again."


class MethodRefused(RequestError):
    code = "method-refused"
    status = 405
    template = "{path} can only be read: {method} is not possible here."


class TooMuch(RequestError):
    """A question that would keep everybody else waiting."""

    code = "too-much"
    status = 503
    template = (
        "This takes more time or memory than the portal gives to one page. "
        "Ask for fewer rows, do not sort, or open the dataset in a notebook."
    )


class NoGeometry(RequestError):
    code = "no-geometry"
    status = 404
    template = (
        "Dataset '{dataset}' has no places on a map, so there is no GeoJSON of it. "
        "Take it as CSV or Parquet."
    )
