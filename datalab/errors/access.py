"""What is refused, and to whom; and what cannot be evaluated."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class ExpectationRefused(DatalabError):
    """An expectation that cannot be evaluated faithfully here."""

    code = "expectation-refused"
    template = "Dataset '{dataset}': the expectation {type} cannot be evaluated: {reason}"


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
