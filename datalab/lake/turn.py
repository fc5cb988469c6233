"""Methods during which nobody else changes the lake."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class _Turning(Protocol):
    def turn(self) -> AbstractContextManager[None]: ...


T = TypeVar("T", bound=_Turning)
P = ParamSpec("P")
R = TypeVar("R")


def in_turn(method: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """``method`` in a turn of its object; one that calls another has a single turn with it."""

    @wraps(method)
    def held(self: T, /, *given: P.args, **named: P.kwargs) -> R:
        with self.turn():
            return method(self, *given, **named)

    return held
