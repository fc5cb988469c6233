"""What can be wrong with requests for access, grants and personal API tokens."""

from __future__ import annotations

from typing import ClassVar

from datalab.errors.people import PeopleError


class GrantRefused(PeopleError):
    """A request or a grant that cannot be taken as it is; ``field`` is the one to mend."""

    code = "grant-refused"
    template = "This cannot be granted as it is: {reason}"


class AlreadyAsked(PeopleError):
    code = "already-asked"
    status = 409
    template = "You asked for '{dataset}' already: its steward has not answered yet."


class UnknownGrant(PeopleError):
    code = "unknown-grant"
    status = 404
    template = "There is no request or grant '{id}'. 'datalab access list' shows those there are."


class GrantSettled(PeopleError):
    code = "grant-settled"
    status = 409
    template = "This was settled already: {state}. Nothing was changed."


class UnknownApiToken(PeopleError):
    code = "unknown-api-token"
    status = 404
    template = "There is no token '{id}' of yours."


class TokenNotMade(PeopleError):
    """``field`` is the one to mend."""

    code = "token-not-made"
    template = "This token cannot be made: {reason}"


class TokenRefused(PeopleError):
    """Never says which part of it was wrong, to whom may be guessing."""

    code = "token-refused"
    status = 401
    template = (
        "This token opens nothing: it is unknown, over or revoked, or its account is closed. "
        "Make another one on your page 'My tokens'."
    )
    headers: ClassVar[dict[str, str]] = {
        "WWW-Authenticate": 'Bearer realm="datalab", error="invalid_token"'
    }


class QuotaSpent(PeopleError):
    """``seconds`` until the next request is answered."""

    code = "quota-spent"
    status = 429
    template = (
        "The quota of {limit} is used up: {used} of {most}. Ask again in {seconds} seconds; the "
        "answer's RateLimit headers say what is left."
    )
