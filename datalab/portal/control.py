"""The control room as pages show it: what an address asks for, and cases in the words of agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Connection
from starlette.requests import Request

from datalab.i18n import Language, Phrase, translate
from datalab.participation import docket, service
from datalab.participation.docket import ORDERS, SHOWS, Asked, Line, Order, Show
from datalab.participation.request_state import DAY, HOUR, STATE_NAMES, STATES
from datalab.participation.service import Service
from datalab.people import accounts
from datalab.people.rights import may
from datalab.portal.boundaries import boundaries
from datalab.portal.case_view import age
from datalab.portal.language import language_of, now
from datalab.portal.person import Person, require

SHOW_NAMES: dict[Show, Phrase] = {
    "open": Phrase("Open cases"),
    "waiting": Phrase("To be read"),
    "overdue": Phrase("Late cases"),
    "unassigned": Phrase("With nobody"),
    "mine": Phrase("With me"),
    "closed": Phrase("Closed or refused"),
    "all": Phrase("All cases"),
}
ORDER_NAMES: dict[Order, Phrase] = {
    "urgent": Phrase("The most urgent first"),
    "newest": Phrase("The newest first"),
    "oldest": Phrase("The oldest first"),
}
CHANNELS = {
    "web": Phrase("by the app"),
    "open311": Phrase("by Open311"),
    "paper": Phrase("on paper"),
    "phone": Phrase("by telephone"),
}
AGES = (1, 3, 7, 30, 90)  # days
FARTHEST = 400  # pages


@dataclass(frozen=True)
class Row:
    """A line of the list, in words."""

    line: Line
    service: str
    state: str
    commune: str
    age: str
    due: str
    with_whom: str
    channel: str


@dataclass
class Room:
    """Whoever works here, and what their pages need to say things."""

    person: Person
    language: Language
    now: float
    services: dict[str, Service]
    communes: dict[str, str]
    agents: dict[str, str]  # display names by account
    query: str = ""
    states: dict[str, str] = field(default_factory=dict)

    def queried(self, **changes: object) -> str:
        """The filters with some of them replaced, as the end of an address."""
        pairs = [(k, v) for k, v in parse_qsl(self.query) if k not in changes]
        pairs += [(k, str(v)) for k, v in changes.items() if v]
        return f"?{urlencode(pairs)}" if pairs else ""

    def row(self, line: Line) -> Row:
        about = self.services.get(line.service_code)
        names = [line.team, self.agents.get(line.assignee or "", line.assignee or "")]
        return Row(
            line,
            about.name(self.language) if about else line.service_code,
            self.states[line.state],
            self.communes.get(line.commune or "", line.commune or ""),
            age(self.now - line.requested_at, self.language),
            self.due(line),
            " · ".join(name for name in names if name),
            CHANNELS[line.channel].in_(self.language) if line.channel in CHANNELS else "",
        )

    def due(self, line: Line) -> str:
        """What is to be done by when, in words; empty for what is closed."""
        if line.status == "closed" or line.moderation == "rejected":
            return ""
        moments = [m for m in (line.answer_due, line.expected_at) if m is not None]
        if not moments:
            return ""
        left = min(moments) - self.now
        answer = line.answer_due is not None and min(moments) == line.answer_due
        size = span(abs(left), self.language)
        if left < 0:
            said = "answer {time} late" if answer else "closing {time} late"
        else:
            said = "answer within {time}" if answer else "closing within {time}"
        return translate(said, self.language, time=size)


def span(seconds: float, language: Language) -> str:
    """How long, in the unit that people would use."""
    if seconds < 2 * HOUR:
        return translate("{count} min", language, count=max(1, round(seconds / 60)))
    if seconds < 2 * DAY:
        return translate("{count} h", language, count=round(seconds / HOUR))
    return translate("{count} days", language, count=round(seconds / DAY))


def room_of(request: Request, connection: Connection) -> Room:
    """Whoever asks, where they may work here.

    Raises
    ------
    SignInNeeded, RightMissing
    """
    person, language = require(request, "handle:requests"), language_of(request)
    known = boundaries(request.app.state.library.shelf())
    return Room(
        person,
        language,
        now().timestamp(),
        {one.code: one for one in service.services(connection, every=True)},
        known.names if known else {},
        agents_of(request),
        query_of(request),
        {state: STATE_NAMES[state].in_(language) for state in STATES},
    )


def agents_of(request: Request) -> dict[str, str]:
    """Who may be given a case: display names by account."""
    found = accounts.accounts(request.app.state.store)
    return {a.name: a.display for a in found if may(a.groups, "handle:requests")}


def asked_of(request: Request, agent: str) -> Asked:
    """What the address asks for; a value that means nothing asks for nothing."""
    given = request.query_params
    show, order = given.get("show", "open"), given.get("order", "urgent")
    return Asked(
        show=next((s for s in SHOWS if s == show), "open"),
        services=tuple(v for v in given.getlist("category") if v)[:20],
        communes=tuple(v for v in given.getlist("commune") if v)[:30],
        states=tuple(v for v in given.getlist("state") if v in STATES),
        team=given.get("team", "")[:80],
        older_days=min(3_650, _whole(given.get("older"))),
        text=given.get("q", "")[:200],
        order=next((o for o in ORDERS if o == order), "urgent"),
        agent=agent,
    )


def page_of(request: Request) -> int:
    return min(FARTHEST, max(1, _whole(request.query_params.get("page")) or 1))


def query_of(request: Request) -> str:
    """The filters of the address, to carry them to another page."""
    kept = ("show", "category", "commune", "state", "team", "older", "q", "order")
    pairs = [(k, v[:200]) for k, v in request.query_params.multi_items() if k in kept and v]
    return urlencode(pairs[:60])


def neighbours(
    connection: Connection, asked: Asked, id: str, moment: float
) -> tuple[str | None, str | None]:
    """The case before and the one after ``id`` in the list that was asked for."""
    ids = [line.id for line in docket.listed(connection, asked, moment, limit=500)]
    if id not in ids:
        return None, ids[0] if ids else None
    here = ids.index(id)
    return ids[here - 1] if here else None, ids[here + 1] if here + 1 < len(ids) else None


def filters(room: Room, asked: Asked, teams: list[str]) -> Mapping[str, Any]:
    """The fields of the filter with their choices, for the template."""
    language = room.language
    return {
        "asked": asked,
        "services": {c: s.name(language) for c, s in room.services.items()},
        "communes": room.communes,
        "states": room.states,
        "teams": teams,
        "ages": {days: span(days * DAY, language) for days in AGES},
        "orders": {order: name.in_(language) for order, name in ORDER_NAMES.items()},
        "shows": {show: name.in_(language) for show, name in SHOW_NAMES.items()},
    }


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else 0
