"""A session as an event of a calendar (iCalendar, RFC 5545): the same event each time it is taken.

``UID`` never changes and ``SEQUENCE`` grows with each change of what the event says, so that a
calendar that holds it moves it instead of adding another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from datalab.i18n import Language
from datalab.participation.journal import Change
from datalab.participation.session import Session

ZONE = ZoneInfo("Europe/Paris")
NAMESPACE = UUID("6b0f3c1e-5a53-4f0e-9d1c-5f1f6f0d3a77")  # of sessions, drawn once
USUAL = timedelta(hours=2)  # of a session that says no end
TOLD = {"title", "question", "place", "starts_at", "ends_at"}


def write(session: Session, changes: Sequence[Change], address: str, language: Language) -> bytes:
    """The ``.ics`` file of a session that has a date; ``changes`` are its journal.

    ``address`` is its page.

    Raises
    ------
    ValueError
        where it has no date.
    """
    # Most of a second to load, and few ask for it.
    from icalendar import Calendar, Event

    if session.starts_at is None:
        raise ValueError("a session without a date is no event")
    since = [change for change in changes if _is_told(change)]
    starts = datetime.fromtimestamp(session.starts_at, ZONE)
    ends = starts + USUAL
    if session.ends_at is not None:
        ends = datetime.fromtimestamp(session.ends_at, ZONE)
    event = Event()
    event.add("uid", str(uuid5(NAMESPACE, session.id)))
    event.add("sequence", max(0, len(since) - 1))
    stamp = since[-1].at if since else session.created_at
    event.add("dtstamp", datetime.fromtimestamp(int(stamp), UTC))
    event.add("last-modified", datetime.fromtimestamp(int(stamp), UTC))
    event.add("dtstart", starts)
    event.add("dtend", ends)
    event.add("summary", session.title, parameters={"LANGUAGE": language})
    event.add("description", f"{session.question}\n\n{address}")
    if session.place:
        event.add("location", session.place)
    event.add("url", address)
    event.add("status", "TENTATIVE" if session.state == "draft" else "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//datalab//sessions//FR")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _is_told(change: Change) -> bool:
    return any(
        entry["table"] == "session" and entry["after"] is not None and TOLD & set(entry["after"])
        for entry in change.rows
    )
