"""What a service request is, and the states it can be in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from datalab.i18n import Phrase

OpenState = Literal["received", "acknowledged", "assigned", "scheduled", "in-progress"]
ClosedState = Literal["fixed", "not-ours", "unable", "duplicate", "answered"]
State = Literal[OpenState, ClosedState]
Moderation = Literal["waiting", "accepted", "rejected"]
OPEN: tuple[str, ...] = get_args(OpenState)
CLOSED: tuple[str, ...] = get_args(ClosedState)
STATES = (*OPEN, *CLOSED)
STATE_NAMES: dict[str, Phrase] = {
    "received": Phrase("Received"),
    "acknowledged": Phrase("Read by an agent"),
    "assigned": Phrase("Given to a team"),
    "scheduled": Phrase("Scheduled"),
    "in-progress": Phrase("Being done"),
    "fixed": Phrase("Fixed"),
    "not-ours": Phrase("Not ours to solve"),
    "unable": Phrase("Cannot be done"),
    "duplicate": Phrase("Reported before"),
    "answered": Phrase("Answered"),
}
REOPEN_DAYS = 30.0  # after a closure, in which who reported can say that it is not solved
DAY, HOUR = 86_400.0, 3_600.0


@dataclass(frozen=True)
class Request:
    """A row of :data:`datalab.participation.tables.request.REQUEST`."""

    id: str
    token: str
    receipt: str = field(repr=False)
    service_code: str
    state: State
    status: Literal["open", "closed"]
    status_notes: str
    moderation: Moderation
    concerns: list[dict[str, Any]]
    description: str = field(repr=False)
    said: str
    latitude: float | None
    longitude: float | None
    address: str
    address_id: str
    zipcode: str
    commune: str | None
    attributes: dict[str, Any]
    picture_id: str | None
    equipment: dict[str, str] | None
    author_id: str | None
    api_key_id: str | None
    channel: str
    agency: str
    team: str
    assignee: str | None
    priority: int
    duplicate_of: str | None
    reopened: int
    satisfaction: int | None
    requested_at: float
    updated_at: float
    answered_at: float | None
    expected_at: float | None
    closed_at: float | None
    escalated_at: float | None
    version: int


def request_of(row: Mapping[Any, Any]) -> Request:
    """The request of a row, which may hold more columns."""
    return Request(**{name: row[name] for name in _FIELDS})


_FIELDS = tuple(one.name for one in fields(Request))
