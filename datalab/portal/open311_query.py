"""What is asked of the list of requests: the arguments of GeoReport v2, and those in the wild.

An empty argument counts as not given. ``service_request_id`` overrides everything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from datalab.errors import CallRefused
from datalab.i18n import Phrase
from datalab.participation.request_list import MOST, WINDOW_DAYS, Filter, window
from datalab.participation.request_state import DAY, HOUR

STATUSES = ("open", "closed")
FIRST_PAGE = 50  # requests of a page whose size is not said
MOST_PAGES = 10_000
W3C = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+\- ]\d\d:?\d\d)",
    re.ASCII | re.IGNORECASE,
)
WORD = re.compile(r"[\w.\-]{1,60}", re.ASCII)
WINDOW = WINDOW_DAYS * DAY + HOUR  # a change of the clocks falls into most spans


class Refused(Exception):
    """Everything that is wrong with one call."""

    def __init__(self, problems: list[CallRefused]) -> None:
        self.problems = problems
        super().__init__(problems)


@dataclass(frozen=True)
class Asked:
    """``page`` counts from 1 and is None where everything fits in one answer."""

    filter: Filter
    page: int | None
    extended: bool


def asked(given: Mapping[str, str], now: float) -> Asked:
    """The question in ``given``.

    Raises
    ------
    Refused
    """
    values = {name: text.strip() for name, text in given.items() if text.strip()}
    extended = values.get("extensions", "").lower() in ("true", "1")
    ids = _words(values.get("service_request_id", ""))
    if ids is not None and len(ids) <= MOST:
        return Asked(Filter(ids=ids), None, extended)
    problems: list[CallRefused] = []
    if ids is not None:
        problems.append(
            _refused("service_request_id", Phrase("at most {limit} are possible", limit=MOST))
        )
    statuses = tuple(dict.fromkeys(_listed(values.get("status", "").lower())))
    if not set(statuses) <= set(STATUSES):
        problems.append(_refused("status", Phrase("‘open’, ‘closed’ or both are possible")))
    moments = {
        name: _moment(values[name], name, problems)
        for name in ("start_date", "end_date", "updated_after", "updated_before")
        if name in values
    }
    size = _whole(values, "page_size", MOST, problems)
    page = _whole(values, "page", MOST_PAGES, problems)
    since, until = moments.get("start_date"), moments.get("end_date")
    _check_span(since, until, problems)
    if problems:
        raise Refused(problems)
    changed = "updated_after" in moments or "updated_before" in moments
    if since is not None or until is not None or not changed:
        since, until = window(since, until, now)
    paged = size is not None or page is not None
    limit = (size or FIRST_PAGE) if paged else MOST
    services = _words(values.get("service_code", "")) or ()
    found = Filter(
        services=services,
        statuses=statuses,
        since=since,
        until=_end(until, "end_date" in moments),
        updated_since=moments.get("updated_after"),
        updated_until=_end(moments.get("updated_before"), True),
        limit=limit,
        offset=limit * ((page or 1) - 1),
    )
    return Asked(found, (page or 1) if paged else None, extended)


def _check_span(since: float | None, until: float | None, problems: list[CallRefused]) -> None:
    if since is None or until is None:
        return
    if until < since:
        problems.append(_refused("end_date", Phrase("it lies before start_date")))
    elif until - since > WINDOW:
        reason = Phrase("it lies more than {days} days after start_date", days=int(WINDOW_DAYS))
        problems.append(_refused("end_date", reason))


def _end(until: float | None, given: bool) -> float | None:
    """The last moment of a second that was named: times are told in whole seconds."""
    return until + 0.999_999 if until is not None and given and until == int(until) else until


def _refused(field: str, reason: Phrase) -> CallRefused:
    return CallRefused(field=field, reason=reason)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _words(text: str) -> tuple[str, ...] | None:
    """The parts of a list that can be an id or a code; None for no list at all.

    What can be neither matches nothing, so a list of nothing else finds nothing.
    """
    parts = list(dict.fromkeys(_listed(text)))
    if not parts:
        return None
    return tuple(part if WORD.fullmatch(part) else "?" for part in parts)


def _whole(
    values: Mapping[str, str], name: str, most: int, problems: list[CallRefused]
) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most:
        return int(text)
    reason = Phrase("a whole number from 1 to {most} is needed", most=most)
    problems.append(_refused(name, reason))
    return None


def _moment(text: str, name: str, problems: list[CallRefused]) -> float | None:
    """Seconds of a W3C date and time; a ``+`` that became a space in an address is one again."""
    found = W3C.fullmatch(text)
    if found:
        zone = "+00:00" if found[2] in "Zz" else found[2].replace(" ", "+")
        try:
            return datetime.fromisoformat(found[1] + zone).timestamp()
        except (ValueError, OverflowError):
            pass
    reason = Phrase("a date, a time and a zone are needed, like 2026-01-31T08:15:00Z")
    problems.append(_refused(name, reason))
    return None
