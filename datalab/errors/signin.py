"""What can keep somebody from being recognised by the portal, or a form from being read."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class SignInRefused(DatalabError):
    """The hub and the portal did not agree on who this is."""

    code = "sign-in-refused"
    status = 403
    template = "Signing in did not work: {reason}. Try again; if it goes on, ask the operator."


class FormTooLarge(DatalabError):
    code = "form-too-large"
    status = 413
    template = "This is more than a form may hold ({limit} bytes). Send less at a time."
