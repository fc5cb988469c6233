"""Who listens is told in order, hears that nothing happens, and is let go when too slow."""

from __future__ import annotations

import asyncio

import pytest

from datalab.portal import listener
from datalab.portal.listener import Listener
from tests.hub.lab import in_a_loop_of_its_own


async def heard(one: Listener[int], most: int) -> list[int | None]:
    found = []
    async for what in one:
        found.append(what)
        if len(found) == most:
            break
    return found


def test_what_is_told_comes_in_order_until_the_end() -> None:
    async def play() -> list[int | None]:
        one: Listener[int] = Listener(3)
        for what in (1, 2, 3):
            one.tell(what)
        one.end()
        one.tell(4)
        return await heard(one, 9)

    assert in_a_loop_of_its_own(play()) == [1, 2, 3]


def test_who_is_too_slow_hears_what_waited_and_then_the_end() -> None:
    async def play() -> list[int | None]:
        one: Listener[int] = Listener(2)
        for what in range(50):
            one.tell(what)
        return await heard(one, 9)

    assert in_a_loop_of_its_own(play()) == [0, 1]


def test_a_quiet_while_is_said_and_nothing_is_lost_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "QUIET", 0.01)

    async def play() -> list[int | None]:
        one: Listener[int] = Listener(2)
        quiet = await heard(one, 2)
        asyncio.get_running_loop().call_soon(one.tell, 7)
        while (told := await anext(one)) is None:
            pass
        return [*quiet, told]

    assert in_a_loop_of_its_own(play()) == [None, None, 7]
