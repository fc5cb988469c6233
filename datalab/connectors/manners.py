"""Manners: how often one host is asked, and when it asked to be left alone.

One question at a time to a host, a pause between two of them, and no question before the moment
that a ``Retry-After`` named, also for the next process (the moment is kept in the cache).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from datalab.i18n import Phrase

LONGEST = 86_400.0  # a host that asks for more than a day is asked again the day after

_register = threading.Lock()
_turns: dict[str, threading.Lock] = {}
_last: dict[str, float] = {}


class LeftAlone(Exception):
    """The host asked for quiet; ``reason`` says until when."""

    def __init__(self, until: float) -> None:
        super().__init__()
        moment = datetime.fromtimestamp(until, UTC).isoformat(timespec="minutes")
        self.reason = Phrase("it asked not to be asked again before {moment}", moment=moment[:16])


def host_of(url: httpx.URL) -> str:
    port = url.port or (443 if url.scheme == "https" else 80)
    return f"{url.host}:{port}"


@contextmanager
def turn_at(host: str) -> Iterator[None]:
    """Hold the only turn that this process has at ``host``."""
    with _register:
        mine = _turns.setdefault(host, threading.Lock())
    with mine:
        yield


def pause_before(host: str, pause: float, sleep: Callable[[float], None]) -> None:
    """Wait until ``pause`` seconds lie between the last question to ``host`` and this one."""
    with _register:
        due = max(time.monotonic(), _last.get(host, float("-inf")) + pause)
        _last[host] = due  # two threads that come together queue up, they do not meet
    wait = due - time.monotonic()
    if wait > 0:
        sleep(wait)


def leave_alone(cache: Path, host: str, seconds: float) -> None:
    """Write down that ``host`` does not want to be asked for some time."""
    path = _note(cache, host)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"until": time.time() + min(seconds, LONGEST)}), "utf-8")


def look(cache: Path, host: str) -> None:
    """Go on where ``host`` may be asked now.

    Raises
    ------
    LeftAlone
    """
    path = _note(cache, host)
    try:
        until = float(json.loads(path.read_text("utf-8"))["until"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if time.time() < until <= time.time() + LONGEST:
        raise LeftAlone(until)
    path.unlink(missing_ok=True)


def _note(cache: Path, host: str) -> Path:
    return cache / "hosts" / f"{hashlib.sha256(host.encode()).hexdigest()[:16]}.json"
