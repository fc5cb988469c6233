"""What everybody sees alike, made once a second while many people send something at once.

With few changes each reader sees the state of the moment. In a rush (a storm, an evening with three
hundred phones) the newest is old before it is read, and what it costs is taken from those who send:
then a list or a map is made once, and shown to all who ask within a second.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

T = TypeVar("T")
SECONDS = 1.0
MOST = 256  # questions that are kept


@dataclass
class _Kept:
    made: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    value: Any = None


class Sharing:
    """Answers to public questions. ``rushed`` says whether many people send something now."""

    def __init__(self, rushed: Callable[[], bool], seconds: float = SECONDS) -> None:
        self.rushed, self.seconds = rushed, seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives; in a rush, what it gave to somebody less than a second ago.

        ``key`` holds all that the answer depends on. Only for what is the same for everybody.
        """
        if not self.rushed():
            return make()
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        with kept.made:  # one makes it, the others wait for that
            if time.monotonic() >= kept.until:
                kept.value = make()
                kept.until = time.monotonic() + self.seconds
            return cast(T, kept.value)
