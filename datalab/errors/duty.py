"""What can be wrong where a commune looks at its open-data duty or prepares a file."""

from __future__ import annotations

from datalab.errors.request import RequestError
from datalab.errors.root import DatalabError


class PreparationRefused(DatalabError):
    """``field`` is where it was typed; "" where it concerns the whole."""

    code = "preparation-refused"
    status = 422
    template = "This file cannot be prepared as it is: {reason}."


class UnknownPreparation(RequestError):
    """Also another person's: who may not read it learns nothing of its being there."""

    code = "unknown-preparation"
    status = 404
    template = (
        "There is no file in preparation '{id}' here. It may be another person's, or it was "
        "removed after {days} days."
    )


class DutyNotThere(RequestError):
    code = "duty-not-there"
    status = 404
    template = (
        "The open-data duty cannot be shown yet: the datasets that it is made of ({datasets}) are "
        "not all published."
    )


class UnknownDutyCommune(RequestError):
    code = "unknown-duty-commune"
    status = 404
    template = (
        "{insee} is the INSEE code of no commune of the métropole. Choose one on the page of the "
        "open-data duty."
    )
