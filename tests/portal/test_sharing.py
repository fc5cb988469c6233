"""In a rush what everybody sees alike is made once; otherwise each sees the state of the moment."""

from __future__ import annotations

import threading
from itertools import count

from datalab.portal.sharing import MOST, Sharing


def test_each_reader_sees_the_state_of_the_moment() -> None:
    numbers, shared = count(), Sharing(lambda: False)
    assert [shared.of("map", lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]


def test_in_a_rush_many_readers_cost_one() -> None:
    numbers, shared, seen = count(), Sharing(lambda: True), []
    begun = threading.Barrier(8)

    def make() -> int:
        return next(numbers)

    def read() -> None:
        begun.wait()
        seen.append(shared.of("map", make))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) < 8 / 2
    assert shared.of("list", make) not in seen, "another question has an answer of its own"


def test_what_could_not_be_made_is_tried_again() -> None:
    shared = Sharing(lambda: True)

    def fails() -> int:
        raise OSError

    for _ in range(2):
        try:
            shared.of("map", fails)
        except OSError:
            continue
        raise AssertionError
    assert shared.of("map", lambda: 1) == 1


def test_an_answer_is_not_kept_for_long() -> None:
    numbers, shared = count(), Sharing(lambda: True, seconds=0)
    assert [shared.of("map", lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]


def test_no_more_is_kept_than_is_asked_often() -> None:
    shared = Sharing(lambda: True)
    for number in range(3 * MOST):
        shared.of(number, lambda: b"")
    assert len(shared._kept) == MOST
