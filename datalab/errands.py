"""Errands to the web: several servers side by side, each for one thing after the other.

A source that is away is waited for with patience, up to minutes. That holds up what lies on the
same server, and nothing else.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from datalab.catalog.dataset import Dataset
from datalab.connectors.fetched import Fetched
from datalab.connectors.registry import host_of

LANES = 8  # servers that are asked at the same time


def fetched_ahead(
    datasets: Sequence[Dataset], fetch: Callable[[Dataset], Fetched]
) -> dict[str, Future[Fetched]]:
    """What came of fetching each dataset, by id, once all are done; nothing is raised here."""
    found: dict[str, Future[Fetched]] = {one.id: Future() for one in datasets}
    lanes: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        lanes.setdefault(host_of(dataset), []).append(dataset)

    def follow(lane: Sequence[Dataset]) -> None:
        for dataset in lane:
            try:
                found[dataset.id].set_result(fetch(dataset))
            except BaseException as error:  # told to whoever asks for the result
                found[dataset.id].set_exception(error)

    with ThreadPoolExecutor(LANES, thread_name_prefix="errands") as pool:
        list(pool.map(follow, lanes.values()))
    return found


class Errands:
    """Datasets that wait to be fetched from the web. Each server is asked for one at a time, and a
    dataset that waits or is under way is not put down again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[str]] = {}
        self._underway: dict[str, str] = {}
        self._ended = False

    def put(self, host: str, name: str) -> None:
        with self._changed:
            if name not in self._underway and not any(name in q for q in self._waiting.values()):
                self._waiting.setdefault(host, deque()).append(name)
                self._changed.notify()

    def take(self) -> str | None:
        """The next dataset of a server that nobody asks now, waited for; None at the end."""
        with self._changed:
            while not self._ended:
                asked = set(self._underway.values())
                host = next((one for one in self._waiting if one not in asked), None)
                if host is None:
                    self._changed.wait()
                    continue
                line = self._waiting.pop(host)
                name = line.popleft()
                if line:
                    self._waiting[host] = line  # behind those of other servers
                self._underway[name] = host
                return name
            return None

    def done(self, name: str) -> None:
        with self._changed:
            self._underway.pop(name, None)
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
