"""Who reads, as every door that gives rows or values asks: somebody unknown, a person, a token.

A :class:`Reader` says only what decides: the account, its groups, and what stewards granted it.
What may leave to a reader is answered in :mod:`datalab.portal.access`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request

from datalab.portal.person import COOKIE, cookies_of, person_of

Via = Literal["anonymous", "session", "token"]
Witness = Callable[[str], None]


@dataclass(frozen=True)
class Reader:
    """``grants`` are datasets (``<id>``, or ``<id>--<mask>`` for a masked one) that a steward
    granted to the account and that have not ended. ``witness`` writes a restricted read down; it
    is told the lake that was read."""

    name: str | None = None
    groups: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    via: Via = "anonymous"
    witness: Witness | None = field(default=None, compare=False, repr=False)


ANONYMOUS = Reader()


def reader_of(request: Request) -> Reader:
    """Who reads through this request.

    Only a browser that once signed in is looked up: what anybody may read stays the same answer
    for all others, which caches and pages of other sites may keep.
    """
    if not cookies_of(request, COOKIE):
        return ANONYMOUS
    person = person_of(request)
    if person is None:
        return ANONYMOUS
    return Reader(person.name, frozenset(person.groups), frozenset(), "session")
