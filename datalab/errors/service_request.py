"""What can be wrong with a report of a problem in the street, or with an answer to one."""

from __future__ import annotations

from collections.abc import Sequence

from datalab.errors.participation import ParticipationError
from datalab.i18n import DEFAULT, Language, Phrase


class UnknownService(ParticipationError):
    code = "unknown-service"
    status = 404
    template = "There is no kind of problem '{code}' here. The list of services names them all."


class UnknownRequest(ParticipationError):
    code = "unknown-request"
    status = 404
    template = (
        "There is no request '{id}' here: its number is wrong, it waits to be read by an agent, "
        "or it was deleted."
    )


class ReportRefused(ParticipationError):
    """``problems`` are (field, reason), all that were found."""

    code = "report-refused"
    template = "This report cannot be recorded yet: {reasons}."
    problems: tuple[tuple[str, Phrase], ...] = ()

    def __init__(self, problems: Sequence[tuple[str, Phrase]]) -> None:
        self.problems = tuple(problems)
        super().__init__(reasons=Phrase("") if not problems else problems[0][1])

    def message(self, language: Language = DEFAULT) -> str:
        self.facts["reasons"] = "; ".join(
            reason.in_(language).rstrip(".") for _, reason in self.problems
        )
        return super().message(language)


class RequestClosed(ParticipationError):
    code = "request-closed"
    status = 409
    template = "The request '{id}' cannot be changed like this: {reason}."
