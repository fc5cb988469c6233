"""What can be wrong with a call of the Open311 interface."""

from __future__ import annotations

from datalab.errors.participation import ParticipationError


class ApiKeyInvalid(ParticipationError):
    code = "api-key-invalid"
    status = 403
    template = (
        "The api_key is missing, unknown or disabled: nothing was recorded. The discovery page "
        "says how to get one."
    )


class ApiKeyRefused(ParticipationError):
    code = "api-key-refused"
    template = "No key was made: {reason}."


class UnknownApiKey(ParticipationError):
    code = "unknown-api-key"
    status = 404
    template = "There is no key '{id}'. The list of keys names them all."


class UnknownJurisdiction(ParticipationError):
    code = "unknown-jurisdiction"
    status = 404
    template = "The jurisdiction_id '{id}' is not served here. It is '{known}', or left out."


class UnknownResource(ParticipationError):
    code = "unknown-resource"
    status = 404
    template = (
        "There is nothing at {path}. Addresses end in .xml or .json: services, services/<code>, "
        "requests, requests/<id>, tokens/<token>."
    )


class MethodNotServed(ParticipationError):
    code = "method-not-served"
    status = 405
    template = (
        "{method} is not possible at {path}: read it with GET, and send reports to requests.json "
        "or requests.xml with POST."
    )


class UnknownToken(ParticipationError):
    code = "unknown-token"
    status = 404
    template = "There is no token '{token}', or its report was rejected or deleted."


class CallRefused(ParticipationError):
    """``field`` is the argument that is wrong."""

    code = "call-refused"
    template = "{field}: {reason}."
