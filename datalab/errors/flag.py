"""What can be wrong where a reader flags something in a dataset."""

from __future__ import annotations

from datalab.errors.participation import ParticipationError


class FlagRefused(ParticipationError):
    """``field`` is where it was typed: text, column, row, answer, state."""

    code = "flag-refused"
    status = 422
    template = "This cannot be sent as it is ({field}): {reason}."


class UnknownFlag(ParticipationError):
    code = "unknown-flag"
    status = 404
    template = "There is no flag '{id}'. It may have been deleted by whoever sent it."


class FlagNotSent(ParticipationError):
    """``page`` is where the same can be said in a browser."""

    code = "flag-not-sent"
    status = 503
    template = "This could not be sent from here ({reason}). Say it on the page instead: {page}"


class FlagReturned(ParticipationError):
    """What the portal answered, in the reader's language already."""

    code = "flag-returned"
    status = 422
    template = "{sentence}"
