"""What can be wrong with questionnaires and their campaigns."""

from __future__ import annotations

from collections.abc import Sequence

from datalab.errors.participation import ParticipationError
from datalab.i18n import Phrase


class InvalidQuestionnaire(ParticipationError):
    """``mistakes`` are sentences, each with its place in the file."""

    code = "invalid-questionnaire"
    status = 422
    template = "This questionnaire cannot be used as it is: {reason}."

    def __init__(self, mistakes: Sequence[Phrase]) -> None:
        super().__init__(reason=mistakes[0])
        self.mistakes = list(mistakes)


class UnknownSurvey(ParticipationError):
    code = "unknown-survey"
    status = 404
    template = "There is no questionnaire '{survey}' here. See the list of the questionnaires."


class UnknownCampaign(ParticipationError):
    code = "unknown-campaign"
    status = 404
    template = (
        "No questionnaire answers to the code '{code}'. Look at the code again, or ask whoever "
        "gave it to you."
    )


class SurveyExists(ParticipationError):
    code = "survey-exists"
    status = 409
    template = "There is already a questionnaire at the address '{survey}'. Choose another one."


class SurveyClosed(ParticipationError):
    """It was not opened yet, or takes no more answers; ``reason`` says which."""

    code = "survey-closed"
    status = 409
    template = "This questionnaire takes no answers now: {reason}."


class SurveyFixed(ParticipationError):
    code = "survey-fixed"
    status = 409
    template = "This cannot be changed any more: {reason}."


class InvalidAddress(ParticipationError):
    code = "invalid-survey-address"
    status = 422
    template = (
        "'{slug}' cannot be the address of a questionnaire: at most 40 small letters without "
        "accents, digits and single hyphens, starting with a letter."
    )


class AlreadyAnswered(ParticipationError):
    code = "already-answered"
    status = 409
    template = (
        "You answered this questionnaire already: your first answers count. Your private link "
        "shows them."
    )


class InvalidAnswers(ParticipationError):
    """``count`` answers are missing or cannot be; ``first`` says which one is the first."""

    code = "invalid-answers"
    status = 422
    template = "Answers missing or impossible: {count}. The first one: {first}"


class UnknownResponse(ParticipationError):
    code = "unknown-response"
    status = 404
    template = "This answer is not there any more. Load the page again."
