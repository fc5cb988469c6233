"""What can be wrong with the source of a dataset; the last good snapshot stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from datalab.errors.root import DatalabError


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


class SourceUnexpected(SourceError):
    """Something came, but it does not speak the protocol that the catalog says it does."""

    code = "source-unexpected"
    template = (
        "{url} did not answer with {expected}: {reason}. The last good snapshot stays. "
        "Look at what that address answers now, then correct the source in {file}."
    )


class SourceIncomplete(SourceError):
    """Fewer rows came than the source itself counts."""

    code = "source-incomplete"
    template = (
        "{url} announces {expected} rows and gave {found}: nothing of them is published. "
        "The last good snapshot stays; the next refresh tries again."
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
