"""What can be wrong in a co-design session."""

from __future__ import annotations

from datalab.errors.participation import ParticipationError
from datalab.i18n import Phrase


class SessionError(ParticipationError):
    code = "session"


class UnknownSession(SessionError):
    code = "unknown-session"
    status = 404
    template = (
        "There is no session '{session}'. Check the six letters with whoever runs it, or look at "
        "the list of sessions."
    )


class SessionNotOpen(SessionError):
    """``state`` is draft or closed."""

    code = "session-not-open"
    status = 409
    template = "This session is not open ({state}), so nothing can be sent to it now."


class SessionFull(SessionError):
    code = "session-full"
    status = 409
    template = (
        "All {capacity} places of this session are taken. Ask whoever runs it to add some, or to "
        "write down what you say on paper."
    )


class NotAFacilitator(SessionError):
    code = "not-a-facilitator"
    status = 403
    template = "Only those who run this session can do this. Ask one of them to add you."


class UnknownItem(SessionError):
    """``what`` is a contribution, a group, a decision, a phase or a material of a session."""

    code = "unknown-item"
    status = 404
    template = "This is no longer in the session: {what}. Go back to the board to see what is."


class ReceiptTaken(SessionError):
    code = "receipt-taken"
    status = 409
    template = "This was sent before, by somebody else or elsewhere. Reload the page and try again."


class FieldRefused(SessionError):
    """One field of a form; ``name`` is its name, ``reason`` stands beside it."""

    code = "field-refused"
    status = 422
    template = "{reason}"

    def __init__(self, name: str, reason: Phrase) -> None:
        super().__init__(name=name, reason=reason)


class VoteClosed(SessionError):
    code = "vote-closed"
    status = 409
    template = "Nobody can vote at this moment. Whoever runs the session says when the vote begins."


class NoDotsLeft(SessionError):
    code = "no-dots-left"
    status = 409
    template = (
        "Dots in all: {dots}, left: {left}. Take one back from another idea to give it to this one."
    )


class CannotMove(SessionError):
    """A contribution, or the session, is not in a state in which that is done."""

    code = "cannot-move"
    status = 409
    template = "This cannot be done now: {reason}."


class MinutesNotThere(SessionError):
    code = "minutes-not-there"
    status = 404
    template = (
        "The minutes are public once the session is over. Until then those who run it see them as "
        "a draft: sign in if you are one of them, or come back afterwards."
    )


class NoDate(SessionError):
    code = "no-date"
    status = 404
    template = "This session has no date yet, so there is nothing to put into a calendar."
