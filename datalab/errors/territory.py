"""What can be wrong with the self-assessment of a municipality, and with what they share."""

from __future__ import annotations

from datalab.errors.participation import ParticipationError


class UnknownAssessment(ParticipationError):
    code = "unknown-assessment"
    status = 404
    template = (
        "Nobody has begun a self-assessment of {commune} here. Begin it on the page of the "
        "smart territory."
    )


class NotInTheTeam(ParticipationError):
    code = "not-in-the-team"
    status = 403
    template = (
        "You are not in the team of {commune}. Ask one of the team, or an operator of the lab, to "
        "let you in."
    )


class AssessmentClosed(ParticipationError):
    code = "assessment-closed"
    status = 409
    template = (
        "The self-assessment of {commune} is closed and changes no more. Begin the next one: it "
        "starts with these answers."
    )


class UploadRefused(ParticipationError):
    """``reason`` says what is wrong with the file and what to do."""

    code = "upload-refused"
    status = 422
    template = "This file cannot be shared: {reason}"


class UnknownShared(ParticipationError):
    code = "unknown-shared"
    status = 404
    template = "There is nothing here, or it is not published. Look for it in the library."


class SharedWithdrawn(ParticipationError):
    code = "shared-withdrawn"
    status = 410
    template = (
        "This document was withdrawn from the library on {day}: {reason} Look in the library for "
        "another one."
    )
