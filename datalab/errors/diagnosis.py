"""What can be wrong for who asks for the diagnosis of a commune."""

from __future__ import annotations

from datalab.errors.request import RequestError


class UnknownCommune(RequestError):
    code = "unknown-commune"
    status = 404
    template = (
        "There is no diagnosis of {insee}: it is the INSEE code of no commune of the métropole. "
        "Choose one on the page of the diagnoses."
    )


class DiagnosisNotThere(RequestError):
    code = "diagnosis-not-there"
    status = 404
    template = (
        "There is no diagnosis here yet: the datasets that it is made of (communes, "
        "commune-indicators, iris-population, territory-reference) are not all published."
    )
