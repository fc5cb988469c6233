"""One row by its key, answered at once: the request that programs send most.

On its way through the parameters of a route, a thread of its own and a query, such a request takes
some twenty times as long as finding the row in a table that lies in the order of its key. So open
tables that are asked for often enough to have a warm copy are kept in memory too, the last used of
them; and a request that says nothing but ``key=value``, from somebody unknown, is answered here.
Whatever else is asked, and whatever is in doubt, goes on to the route, which answers the same.
Quotas are counted before; access, state and snapshot are looked at anew for each request.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from math import inf

import duckdb
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from datalab.errors import DatalabError
from datalab.portal.access import barrier
from datalab.portal.keyed import Keyed, is_possible, keyed
from datalab.portal.library import OPEN, Holding, Library, Shelf
from datalab.portal.opening import Opening
from datalab.portal.reader import ANONYMOUS
from datalab.portal.rows import Table, json_answer
from datalab.portal.warm import name_of

LOG = logging.getLogger("datalab.portal")
# What makes an answer depend on who asks, or on what they hold already.
PERSONAL = {b"authorization", b"cookie", b"if-none-match", b"if-modified-since"}
ASKED = re.compile(rb"([A-Za-z_]\w*)=(-?\d{1,18}|[A-Za-z0-9][\w.-]{0,79})", re.ASCII)
DATASET = "([a-z0-9-]{1,200})"
REST = 120.0  # seconds
MOST_TRIED = 10_000  # names that are remembered


class Lookups:
    """The tables in memory.

    Parameters
    ----------
    room
        bytes for all of them together.
    rest
        seconds for which a table is left alone: one that was just used makes no room for another,
        and one that found no room is not read again, however often it is asked for.
    """

    def __init__(self, room: int, rest: float = REST) -> None:
        self.room, self.rest = room, rest
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Keyed] = OrderedDict()
        self._used: dict[str, float] = {}
        self._tried: dict[str, float] = {}
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="lookup")

    def prepare(self, shelf: Shelf, holding: Holding, opened: Table) -> None:
        """Keep a table from now on, where it can be; what takes time is done in the background.

        ``opened`` is what the route has opened, of whichever snapshot.
        """
        newest = opened.lake == OPEN and opened.snapshot == holding.snapshot
        if opened.cold is None or not newest or not is_possible(opened, holding.dataset.key):
            return
        name, moment = name_of(holding, opened), time.monotonic()
        shelf.remembered["lookup", holding.id, opened.snapshot] = (name, opened)
        with self._lock:
            if name in self._kept or moment < self._tried.get(name, -inf) + self.rest:
                return
            if len(self._tried) >= MOST_TRIED:
                self._tried.clear()
            self._tried[name] = moment
        self._hands.submit(self._keep, shelf, holding, opened, name)

    def find(self, shelf: Shelf, holding: Holding) -> tuple[Keyed, Table] | None:
        """The newest snapshot of a dataset, where it is kept."""
        known = shelf.remembered.get(("lookup", holding.id, holding.snapshot))
        if known is None:
            return None
        name, opened = known
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
                self._used[name] = time.monotonic()
        return None if found is None else (found, opened)

    @property
    def names(self) -> list[str]:
        """Of the tables that are kept, the one used last at the end."""
        with self._lock:
            return list(self._kept)

    def wait(self) -> None:
        """Until everything that was begun is done."""
        self._hands.submit(lambda: None).result()

    def _keep(self, shelf: Shelf, holding: Holding, opened: Table, name: str) -> None:
        try:
            with shelf.reading() as cursor:
                made = keyed(cursor, opened, holding.dataset.key[0], self.room)
        except (duckdb.Error, DatalabError, ValueError):
            LOG.exception("%s cannot be kept in memory", name)
            return
        readable = {one.id for one in shelf.holdings.values() if barrier(one) is None}
        with self._lock:
            for other in list(self._kept):
                # Of each dataset the newest, and only while anybody may read it.
                if (dataset := other.rpartition("-")[0]) == holding.id or dataset not in readable:
                    self._drop(other)
            if made is not None and self._makes_room(made.bytes):
                self._kept[name], self._used[name] = made, time.monotonic()

    def _makes_room(self, wanted: int) -> bool:
        """Drop what was not used for longest; False where that is not enough."""
        idle = time.monotonic() - self.rest
        free = self.room - sum(one.bytes for one in self._kept.values())
        for name in list(self._kept):
            if free >= wanted or self._used[name] > idle:
                break
            free += self._kept[name].bytes
            self._drop(name)
        return free >= wanted

    def _drop(self, name: str) -> None:
        del self._kept[name], self._used[name]
        self._tried.pop(name, None)


class Direct:
    """The middleware: answers what it can, and hands on the rest."""

    def __init__(self, app: ASGIApp, library: Library, lookups: Lookups, prefix: str) -> None:
        self.app, self.library, self.lookups = app, library, lookups
        self.path = re.compile(re.escape(prefix) + f"/api/v1/datasets/{DATASET}/rows")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._answer(scope) if scope["type"] == "http" else None
        await (response or self.app)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        path = self.path.fullmatch(scope["path"])
        asked = ASKED.fullmatch(scope["query_string"]) if path else None
        if path is None or asked is None or scope["method"] != "GET":
            return None
        if any(name in PERSONAL for name, _ in scope["headers"]):
            return None
        shelf = self.library.current()
        holding = shelf.holdings.get(path[1]) if shelf is not None else None
        if shelf is None or holding is None or barrier(holding, ANONYMOUS) is not None:
            return None
        found = self.lookups.find(shelf, holding)
        if found is None or found[0].key != asked[1].decode():
            return None
        table, opened = found
        try:
            row = table.row(asked[2].decode())
        except (ValueError, OverflowError):  # no such value, or a date beyond Python's
            return None
        rows = [] if row is None else [row]
        body = {"dataset": holding.id, "snapshot": opened.snapshot, "total": len(rows)}
        headers = Opening(shelf, holding, opened, ANONYMOUS, "fr", False).headers("rows")
        return json_answer({**body, "next": None, "rows": rows}, headers)
