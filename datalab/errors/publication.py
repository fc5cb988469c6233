"""What can stand between a notebook and its public page."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class PublicationError(DatalabError):
    code = "publication"
    status = 400


class UnknownPublication(PublicationError):
    code = "unknown-publication"
    status = 404
    template = "Nothing is published at this address. The list of results shows all there is."


class PublicationWithdrawn(PublicationError):
    code = "publication-withdrawn"
    status = 410
    template = "This page was withdrawn on {day}: {reason}"


class UnknownDraft(PublicationError):
    code = "unknown-draft"
    status = 404
    template = (
        "This preparation is no longer kept: it was published, thrown away, or is too old. "
        "Start again from the page of the project."
    )


class AlreadyPreparing(PublicationError):
    code = "already-preparing"
    status = 409
    template = (
        "A notebook of this project is being run for publication already. Wait for its end, then "
        "start again."
    )


class CrateInvalid(PublicationError):
    """An archive that is not what RO-Crate asks for."""

    code = "crate-invalid"
    status = 500
    template = "The archive of the project cannot be used: {reason}."
