"""What can be wrong with a household, its readings and its vouchers."""

from __future__ import annotations

from typing import ClassVar

from datalab.errors.root import DatalabError


class HouseholdError(DatalabError):
    code = "household"
    status = 400


class HouseholdsUnavailable(HouseholdError):
    code = "households-unavailable"
    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "60"}
    template = (
        "The households' database cannot be reached at this moment ({reason}). Nothing was "
        "changed: try again in a minute."
    )


class UnknownHousehold(HouseholdError):
    code = "unknown-household"
    status = 404
    template = (
        "This private link opens no household: it is incomplete, or the household was erased. "
        "Copy the whole link, or join anew."
    )


class HouseholdRefused(HouseholdError):
    """``reason`` says what is wrong with ``field`` and what to write instead."""

    code = "household-refused"
    status = 422
    template = "This cannot be kept: {reason}."


class NoConsent(HouseholdError):
    code = "no-consent"
    status = 403
    template = (
        "You have not agreed to this for the domain '{domain}'. Agree first; you can withdraw at "
        "any time."
    )


class MeterFileRefused(HouseholdError):
    """``reason`` says what is wrong with the file and what to send instead."""

    code = "meter-file-refused"
    status = 422
    template = "This meter file was not read: {reason}."


class NotEnoughPoints(HouseholdError):
    code = "not-enough-points"
    status = 409
    template = "There are not enough points for that. Nothing was spent."


class VoucherRefused(HouseholdError):
    code = "voucher-refused"
    status = 409
    template = (
        "This voucher is not valid here: its code is wrong, it is for another shop, it was used "
        "already or its time is over."
    )


class AlreadyDone(HouseholdError):
    code = "already-done"
    status = 409
    template = "This was done already. Nothing was changed."
