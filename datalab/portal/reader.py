"""Who reads, as every door that gives rows or values asks: somebody unknown, a person, a token.

A :class:`Reader` says only what decides: the account, its groups, and what stewards granted it.
What may leave to a reader is answered in :mod:`datalab.portal.access`.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from starlette.requests import Request

from datalab.lineage.store import DAY, Lineage
from datalab.people import audit, grants
from datalab.people.accounts import Account
from datalab.people.audience import dataset_of
from datalab.people.store import Store
from datalab.portal.language import now
from datalab.portal.person import COOKIE, cookies_of, person_of
from datalab.portal.quota import token_of

Via = Literal["anonymous", "session", "token"]
Witness = Callable[[str], None]
AGAIN = 600.0  # seconds after which the same read is written down once more
MOST_KEPT = 50_000
LOG = logging.getLogger("datalab.portal")


@dataclass(frozen=True)
class Reader:
    """``grants`` are datasets (``<id>``, or ``<id>--<mask>`` for a masked one) that a steward
    granted to the account and that have not ended. ``witness`` writes a restricted read down; it
    is told the lake that was read. ``takes`` remembers that the holder of a token uses a dataset,
    to tell them before it changes. ``only`` is the one closed dataset that a token was made for."""

    name: str | None = None
    groups: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    via: Via = "anonymous"
    witness: Witness | None = field(default=None, compare=False, repr=False)
    takes: Witness | None = field(default=None, compare=False, repr=False)
    only: str | None = None


ANONYMOUS = Reader()


class Reads:
    """Which restricted reads were written in the audit, so that the same is not at each page."""

    def __init__(self, store: Store, lineage: Lineage) -> None:
        self.store, self.lineage = store, lineage
        self._taken: set[tuple[str, str, int]] = set()
        self._lock = threading.Lock()
        self._noted: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def note(self, account: str, lake: str, door: str, moment: float, **facts: str) -> None:
        """Write down that ``account`` read the rows of ``lake`` through ``door``, unless it did
        so within the last ten minutes.

        The audit is written first: where that fails, nothing is read.
        """
        key = (account, lake, door)
        with self._lock:
            before = self._noted.get(key)
            if before is not None and 0 <= moment - before < AGAIN:
                return
        detail = {"dataset": dataset_of(lake), "lakes": [lake], "door": door, **facts}
        audit.record(self.store, moment, account, "access.read", account, **detail)
        with self._lock:
            self._noted[key] = moment
            self._noted.move_to_end(key)
            while len(self._noted) > MOST_KEPT:
                self._noted.popitem(last=False)

    def taken(self, account: str, dataset: str, moment: float) -> None:
        """Write down, once a day, that a token of ``account`` was used to take a dataset."""
        key = (account, dataset, int(moment // DAY))
        if key in self._taken:
            return
        try:
            self.lineage.note_holder(account, dataset, moment)
        except sqlite3.Error:  # nobody is kept from reading by what is only for notices
            LOG.exception("the use of %s could not be written down", dataset)
        if len(self._taken) >= MOST_KEPT:
            self._taken.clear()
        self._taken.add(key)


def reader_of(request: Request) -> Reader:
    """Who reads through this request.

    Only who shows a token, or a browser that once signed in, is looked up: what anybody may read
    stays the same answer for all others, which caches and pages of other sites may keep.

    Raises
    ------
    TokenRefused
        where a token is shown that opens nothing.
    """
    shown = token_of(request)
    if shown is not None:
        token, account = shown
        return replace(
            _reader(request, account, "token", token=token.id), only=token.dataset or None
        )
    if not cookies_of(request, COOKIE):
        return ANONYMOUS
    person = person_of(request)
    return ANONYMOUS if person is None else _reader(request, person.account, "session")


def _reader(request: Request, account: Account, via: Via, **facts: str) -> Reader:
    moment, state = now().timestamp(), request.app.state

    def witness(lake: str) -> None:
        reads: Reads = state.reads
        reads.note(account.name, lake, door_of(request), moment, via=via, **facts)

    def takes(dataset: str) -> None:
        state.reads.taken(account.name, dataset, moment)

    granted = grants.of_account(state.store, account.name, moment)
    groups, noted = frozenset(account.groups), takes if via == "token" else None
    return Reader(account.name, groups, granted, via, witness, noted)


def door_of(request: Request) -> str:
    """The door of a request by its route, such as ``/datasets/{dataset}.csv``."""
    route = request.scope.get("route")
    path = getattr(route, "path", "") or request.url.path
    return str(path).removeprefix(request.app.state.prefix)[:120]
