"""What can be wrong where people take part."""

from __future__ import annotations

from typing import ClassVar

from datalab.errors.root import DatalabError


class ParticipationError(DatalabError):
    code = "participation"
    status = 400


class ParticipationUnavailable(ParticipationError):
    code = "participation-unavailable"
    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "60"}
    template = (
        "The lab cannot record anything at this moment ({reason}). Nothing of yours was lost: "
        "what you typed stays on your screen. Send it again in a minute."
    )


class Stale(ParticipationError):
    """Somebody else changed a row since it was read; ``current`` is what it is now."""

    code = "stale"
    status = 409
    template = (
        "Somebody else changed this a moment ago ({what}). You see it as it is now: look at it "
        "and do it again if it is still needed."
    )


class ReceiptReused(ParticipationError):
    """What came under an idempotency key, or with the hidden number of a form, is another thing."""

    code = "receipt-reused"
    status = 422
    template = (
        "Something else was sent under this number before, so this was not recorded. Send it again "
        "with a new one (Idempotency-Key): a form gets it when its page is opened anew."
    )


class CannotUndo(ParticipationError):
    code = "cannot-undo"
    status = 409
    template = "This can no longer be undone: {reason}. Change it by hand instead."


class UnknownLink(ParticipationError):
    code = "unknown-link"
    status = 404
    template = (
        "This private link leads nowhere: it is incomplete, or what it stood for was deleted. "
        "Copy the whole link, or start anew."
    )


class TooFast(ParticipationError):
    code = "too-fast"
    status = 429
    template = "That was a lot in a short time. Wait {seconds} seconds and send it again."

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds=seconds)


class PictureRefused(ParticipationError):
    """``reason`` says what is wrong with the file and what to send instead."""

    code = "picture-refused"
    status = 422
    template = "This picture cannot be used: {reason}"


class ContactRefused(ParticipationError):
    code = "contact-refused"
    status = 422
    template = (
        "“{value}” is not an e-mail address: it needs a name, an @ and a domain, like "
        "prenom.nom@exemple.fr. Correct it, or leave the field empty."
    )


class ContactOverused(ContactRefused):
    """Whose mailbox it is did not ask for so many letters."""

    code = "contact-overused"
    template = (
        "This e-mail address was given many times today, and nobody's mailbox should be flooded. "
        "Leave the field empty: the private link tells you the same. Or try again tomorrow."
    )


class LooksAutomatic(ParticipationError):
    """A field that people do not see was filled in, or the form came back faster than one reads."""

    code = "looks-automatic"
    status = 422
    template = (
        "This looks as if a program had filled in the form. If you are a person: leave the field "
        "“Leave this empty” as it is, wait three seconds and send it again."
    )


class PlaceRefused(ParticipationError):
    """A place that a form gives and that cannot be kept."""

    code = "place-refused"
    status = 422
    template = (
        "This place cannot be kept: {reason}. Choose another point, or take the point away and "
        "say in words where it is."
    )
