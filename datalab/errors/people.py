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
