"""What can be wrong with accounts, passwords and invitations."""

from __future__ import annotations

from collections.abc import Iterable

from datalab.errors.root import DatalabError, nearest
from datalab.i18n import DEFAULT, Language, translate


class PeopleError(DatalabError):
    code = "people"
    status = 400


class InvalidName(PeopleError):
    code = "invalid-name"
    template = (
        "'{name}' cannot be the name of an account: at most 32 small letters without accents, "
        "digits and single hyphens, starting with a letter, not with 'proj-' or 'invite-'."
    )


class AccountExists(PeopleError):
    code = "account-exists"
    status = 409
    template = "There is an account '{name}' already. Choose another name."


class UnknownAccount(PeopleError):
    code = "unknown-account"
    status = 404
    template = "There is no account '{name}'. 'datalab user list' shows those there are."

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        super().__init__(name=name, suggestion=nearest(name, known))

    def message(self, language: Language = DEFAULT) -> str:
        if not self.facts.get("suggestion"):
            return super().message(language)
        text = translate("There is no account '{name}'. Did you mean '{suggestion}'?", language)
        return text.format(**self.facts)


class AccountLeaving(PeopleError):
    code = "account-leaving"
    status = 409
    template = (
        "The account '{name}' is being deleted with all its files. Try again in a minute, or "
        "choose another name."
    )


class AccountClosed(PeopleError):
    code = "account-closed"
    status = 403
    template = "The account '{name}' {reason}: it opens nothing. Ask an operator."


class NotEntitled(PeopleError):
    code = "not-entitled"
    status = 403
    template = (
        "{provider} says who you are, but none of your groups there opens this lab. "
        "Ask an operator of the lab."
    )


class LastOperator(PeopleError):
    code = "last-operator"
    status = 409
    template = (
        "'{name}' is the last operator: without one, nobody could run the lab. "
        "Give the group 'operators' to another account first."
    )


class WeakPassword(PeopleError):
    code = "weak-password"
    template = "This password cannot be used: {reason}."


class WrongPassword(PeopleError):
    code = "wrong-password"
    status = 403
    template = "The name or the password is wrong."


class TooManyAttempts(PeopleError):
    code = "too-many-attempts"
    status = 429
    template = (
        "Too many attempts failed. Wait {seconds} s and try again; a personal link from an "
        "operator works at once."
    )


class InvalidInvitation(PeopleError):
    """A code that lets nobody in; which of the reasons it is, only its holder needs to know."""

    code = "invalid-invitation"
    status = 403
    template = "This code does not open the lab: {reason}."


class UnknownInvitation(PeopleError):
    code = "unknown-invitation"
    status = 404
    template = "There is no invitation '{id}'. 'datalab user invitations' lists those there are."


class UnknownGroup(PeopleError):
    code = "unknown-group"
    status = 404
    template = "There is no group '{group}'. Choose one of: {known}."


class RightMissing(PeopleError):
    """Somebody signed in asked for what their groups or role do not give them."""

    code = "right-missing"
    status = 403
    template = "Your account may not do this: {right}. Ask {whom}."


class SignInNeeded(PeopleError):
    code = "sign-in-needed"
    status = 401
    template = "Sign in first: this is for people with an account."


class FormExpired(PeopleError):
    """A form without the token of this sign-in: expired, or sent by another site."""

    code = "form-expired"
    status = 403
    template = "This form is no longer valid. Load the page again and send it once more."
