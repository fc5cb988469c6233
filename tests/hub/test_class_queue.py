"""The queue in front of starting servers: order, fairness, and what people are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from datalab.hub.queue import Lane, Queue, where
from tests.hub.lab import Lab, in_a_loop_of_its_own

NewLab = Callable[..., Lab]


async def arrivals(queue: Queue, people: list[tuple[str, Lane]]) -> list[str]:
    """Everybody arrives while the first place is taken; who was let in, in order."""
    let_in: list[str] = []

    async def come(name: str, lane: Lane) -> None:
        async with queue.turn(name, lane):
            let_in.append(name)
            await asyncio.sleep(0)

    async with queue.turn("first"):
        coming = [asyncio.create_task(come(*person)) for person in people]
        await asyncio.sleep(0)
        places = [queue.place(name) for name, _ in people]
        assert sorted(filter(None, places)) == list(range(1, len(people) + 1))
    await asyncio.gather(*coming)
    return let_in


def test_people_are_let_in_as_they_came() -> None:
    people: list[tuple[str, Lane]] = [(str(n), "personal") for n in range(10)]
    assert in_a_loop_of_its_own(arrivals(Queue(1), people)) == [str(n) for n in range(10)]


def test_a_class_does_not_hold_up_a_project() -> None:
    people: list[tuple[str, Lane]] = [(f"student-{n}", "personal") for n in range(20)]
    people += [("project-a", "project"), ("project-b", "project")]
    let_in = in_a_loop_of_its_own(arrivals(Queue(1), people))
    assert let_in.index("project-a") <= 1
    assert let_in.index("project-b") <= 3


def test_projects_do_not_hold_up_a_class_either() -> None:
    people: list[tuple[str, Lane]] = [(f"project-{n}", "project") for n in range(20)]
    people += [("student", "personal")]
    assert in_a_loop_of_its_own(arrivals(Queue(1), people)).index("student") <= 1


def test_the_place_that_is_told_is_the_turn_that_comes() -> None:
    async def told() -> tuple[dict[str, int | None], list[str]]:
        queue, let_in = Queue(1), []
        people: list[tuple[str, Lane]] = [("a", "personal"), ("b", "personal"), ("c", "project")]

        async def come(name: str, lane: Lane) -> None:
            async with queue.turn(name, lane):
                let_in.append(name)

        async with queue.turn("first"):
            coming = [asyncio.create_task(come(*person)) for person in people]
            await asyncio.sleep(0)
            places = {name: queue.place(name) for name, _ in people}
        await asyncio.gather(*coming)
        return places, let_in

    places, let_in = in_a_loop_of_its_own(told())
    assert let_in == sorted(places, key=lambda name: places[name] or 0)


def test_who_leaves_the_queue_holds_up_nobody() -> None:
    async def leave() -> bool:
        queue = Queue(1)
        async with queue.turn("first"):
            leaving = asyncio.create_task(queue.turn("leaves").__aenter__())
            staying = asyncio.create_task(queue.turn("stays").__aenter__())
            await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.sleep(0)
            assert queue.place("stays") == 1
        await asyncio.wait_for(staying, 1)
        return queue.place("stays") is None

    assert in_a_loop_of_its_own(leave())


def test_a_start_that_fails_gives_its_turn_on() -> None:
    async def fail() -> None:
        queue = Queue(1)
        for _ in range(3):
            with pytest.raises(ValueError):
                async with queue.turn("x"):
                    raise ValueError
        async with asyncio.timeout(1), queue.turn("y"):
            pass

    in_a_loop_of_its_own(fail())


def test_the_estimate_follows_what_starts_take() -> None:
    clock = iter([0.0, 10.0, 10.0, 20.0, 20.0, 32.0])

    async def starts() -> Queue:
        queue = Queue(2, clock=lambda: next(clock))
        for _ in range(3):
            async with queue.turn("x"):
                pass
        return queue

    queue = in_a_loop_of_its_own(starts())
    assert [queue.seconds(place) for place in (1, 2, 3, 5)] == [20, 20, 30, 40]


@pytest.mark.parametrize(
    ("waiting", "language", "said"),
    [
        (
            1,
            "fr",
            "Votre place dans la file\u00a0: 1. Vos notebooks s’ouvrent dans 10\u00a0secondes",
        ),
        (1, "en", "Your place in the queue: 1. Your notebooks open in about 10 seconds."),
        (40, "fr", "dans 3\u00a0minutes environ"),
    ],
)
def test_people_are_told_their_place_and_how_long(waiting: int, language: str, said: str) -> None:
    async def told() -> str:
        queue = Queue(1)
        async with queue.turn("first"):
            coming = [asyncio.create_task(queue.turn(n).__aenter__()) for n in range(waiting)]
            await asyncio.sleep(0)
            step = where(queue, waiting - 1, language)  # type: ignore[arg-type]
            for task in coming:
                task.cancel()
            await asyncio.sleep(0)
        assert step is not None
        return step[1]

    assert said in in_a_loop_of_its_own(told())


@pytest.mark.hub
def test_more_people_than_places_all_arrive_and_nobody_sees_an_error(new_lab: NewLab) -> None:
    lab = new_lab(environment={"DATALAB_CONCURRENT_SPAWNS": "1"})
    lab.start()
    names = ("student", "citizen", "entrepreneur", "steward")

    def arrive(name: str) -> tuple[list[int], str]:
        with lab.person(name) as person:
            person.sign_in()
            seen = [person.client.get(f"/hub/spawn/{name}").status_code]
            told = ""
            address = f"/hub/api/users/{name}/server/progress"
            headers = {"X-XSRFToken": person.cookie("_xsrf", "/hub/"), "Accept-Language": "fr"}
            with person.client.stream("GET", address, headers=headers) as events:
                seen.append(events.status_code)
                for line in events.iter_lines():
                    if line.startswith("data:"):
                        step = json.loads(line[5:])
                        told += step.get("message") or ""
                        if step.get("ready") or step.get("failed"):
                            break
            seen.append(person.client.get(f"/user/{name}/lab").status_code)
            return seen, told

    with ThreadPoolExecutor(len(names)) as pool:
        found = list(pool.map(arrive, names))
    assert {status for seen, _ in found for status in seen} == {200}
    assert any("file" in told or "queue" in told for _, told in found)
    assert all("failed" not in told for _, told in found)
