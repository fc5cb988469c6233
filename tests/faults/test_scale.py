"""Many people and careless programs at once, on a lab with two workers of the portal."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import func, select

from datalab.participation import agenda, session
from datalab.participation.store import Store
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.portal.scene import number_of
from datalab.rehearsal.evening import play
from datalab.settings import Settings
from tests.hub.fixtures import end
from tests.hub.lab import DATASET, Lab, eventually

pytestmark = pytest.mark.hub
PORTAL = "/services/datalab/"
ROWS = 3_000_000
VIEWERS = 300


@pytest.fixture(scope="module")
def lab(open_folder: Path, small_catalog: Path) -> Iterator[Lab]:
    catalog = open_folder / "catalog-of-scale"
    theme = catalog / "territory"
    theme.mkdir(parents=True)
    for path in (small_catalog / "territory").iterdir():
        (theme / path.name).write_bytes(path.read_bytes())
    (theme / "many.yaml").write_text(
        DATASET.replace("tiny-places", "many").replace("value: 3", f"value: {ROWS}")
    )
    lines = (f"Place number {number} of a long list,{number}\n" for number in range(ROWS))
    (theme / "many.csv").write_text("name,people\n" + "".join(lines))
    made = Lab(
        open_folder / "lab-of-scale",
        catalog,
        environment={"DATALAB_PORTAL_WORKERS": "2", "DATALAB_TOKEN_REQUESTS_PER_MINUTE": "20"},
    )
    made.start()
    yield made
    end(made)


def workers(lab: Lab) -> list[psutil.Process]:
    running = lab.processes()
    return [psutil.Process(running[name].pid) for name in ("portal", "portal-2")]


def visitor() -> dict[str, str]:
    return {"datalab-visitor": secrets.token_urlsafe(32)}


async def pages(lab: Lab, count: int) -> tuple[Counter[int], list[float]]:
    """Other people read the list of datasets; statuses and seconds."""
    statuses, took = Counter[int](), []
    async with httpx.AsyncClient(base_url=lab.url, timeout=60, trust_env=False) as client:
        for _ in range(count):
            began = time.perf_counter()
            answer = await client.get(f"{PORTAL}datasets/", headers=cookie(visitor()))
            statuses[answer.status_code] += 1
            took.append(time.perf_counter() - began)
    return statuses, took


def cookie(values: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in values.items())}


def ms(took: list[float]) -> str:
    ranked = sorted(took)
    half, most = ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.95)]
    return f"{half * 1000:.0f} ms in the median, {most * 1000:.0f} ms for 95 in 100"


@pytest.mark.fault(
    "A worker of the portal is killed while twelve people join, write and vote",
    "Everything that was acknowledged is kept; the others answer; what it held is asked for again",
)
def test_a_worker_that_dies_in_a_busy_evening_loses_nothing_that_was_acknowledged(
    lab: Lab, seen: Callable[[str], None]
) -> None:
    store = Store(Settings(home=lab.home).participation)
    before = lab.processes()["portal-2"]

    def said() -> int:
        with store.reading() as connection:
            asked = select(func.count()).select_from(CONTRIBUTION)
            return int(connection.execute(asked).scalar_one())

    async def kill() -> None:
        already = await asyncio.to_thread(said)
        while await asyncio.to_thread(said) < already + 6:
            await asyncio.sleep(0.05)  # until everybody is in, and says something
        os.kill(before.pid, signal.SIGKILL)

    async def evening() -> object:
        played, _ = await asyncio.gather(play(f"{lab.url}{PORTAL}", store, 12, time.time), kill())
        return played

    try:
        played = asyncio.run(evening())
    finally:
        store.close()
    taken, kept = played.book.taken, played.kept
    assert taken["join"] >= 10
    assert taken["say"] >= 10
    for act in ("join", "say", "vote"):
        assert kept[act] >= taken[act], f"{act}: acknowledged and not kept"
    problems = played.book.problems
    # What the dead worker held when it died is answered so that it is sent again, with its receipt.
    assert all(one.startswith("listen") or one.endswith(": 503") for one in problems), problems
    eventually(lambda: lab.processes()["portal-2"].alive, "the second worker to come back")
    assert lab.processes()["portal-2"].pid != before.pid
    acknowledged = sum(taken[act] for act in ("join", "say", "vote"))
    seen(
        f"{acknowledged} acts acknowledged, all kept; "
        f"{sum(played.book.problems.values())} requests or streams broke off (503)."
    )


@pytest.mark.fault(
    "300 people follow one session live, and its phase begins",
    "All of them hear it; others read pages meanwhile",
)
def test_three_hundred_viewers_hear_and_others_are_served(
    lab: Lab, seen: Callable[[str], None]
) -> None:
    store = Store(Settings(home=lab.home).participation)

    async def evening() -> tuple[int, Counter[int], list[float], float]:
        limits = httpx.Limits(max_connections=None)
        client = httpx.AsyncClient(base_url=lab.url, timeout=120, limits=limits, trust_env=False)
        open_now, heard = 0, 0
        ready, all_heard = asyncio.Event(), asyncio.Event()

        async def view() -> None:
            nonlocal open_now, heard
            address = f"{PORTAL}sessions/{held.id}/take-part/events"
            async with client.stream("GET", address, headers=cookie(visitor())) as answer:
                assert answer.status_code == 200
                open_now += 1
                if open_now == VIEWERS:
                    ready.set()
                async for line in answer.aiter_lines():
                    if line.startswith("data:") and json.loads(line[5:]).get("number", 0) > known:
                        heard += 1
                        if heard == VIEWERS:
                            all_heard.set()
                        return

        watching = [asyncio.create_task(view()) for _ in range(VIEWERS)]
        await asyncio.wait_for(ready.wait(), 60)
        assert heard == 0
        began = time.perf_counter()
        with store.writing() as connection:
            agenda.start(connection, held, phase, now=time.time(), actor="test")
        reading = asyncio.create_task(pages(lab, 60))
        await asyncio.wait_for(all_heard.wait(), 60)
        spread = time.perf_counter() - began
        statuses, took = await reading
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await client.aclose()
        return heard, statuses, took, spread

    with store.writing() as connection:
        held = session.create(
            connection,
            title="Trois cents",
            question="Qui écoute ?",
            now=time.time(),
            actor="test",
            receipt=secrets.token_hex(8),
            capacity=400,
        )
        held = session.open(connection, held, now=time.time(), actor="test")
        phase = agenda.add(
            connection,
            held,
            kind="diverge",
            title="Idées",
            seconds=600,
            receipt=secrets.token_hex(8),
            now=time.time(),
            actor="test",
        )
    with store.reading() as connection:
        known = number_of(connection, held.id)
    try:
        heard, statuses, took, spread = asyncio.run(evening())
    finally:
        store.close()
    assert heard == VIEWERS
    assert statuses == {200: 60}
    seen(f"{heard} heard it within {spread:.1f} s; 60 pages, {ms(took)}.")


@pytest.mark.fault(
    "20 readers of one network ask for 3 million rows and take some bytes a second",
    "Some begin, the others are told when to come back; the file is not held in "
    "memory for them; pages are served",
)
def test_slow_readers_cost_no_memory_and_hold_up_nobody(
    lab: Lab, seen: Callable[[str], None]
) -> None:
    asyncio.run(pages(lab, 10))
    before = sum(process.memory_info().rss for process in workers(lab))

    async def slow() -> tuple[Counter[int], Counter[int], list[float], int, int]:
        host, port = "127.0.0.1", lab.port
        answers, readers = Counter[int](), []
        for _ in range(20):
            reader, writer = await asyncio.open_connection(host, port, limit=1024)
            path = f"{PORTAL}datasets/many.csv"
            shown = cookie(visitor())["Cookie"]
            lines = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {shown}\r\n\r\n"
            writer.write(lines.encode())
            status = int((await reader.readline()).split()[1])
            answers[status] += 1
            if status == 200:
                readers.append((reader, writer))
            else:
                headers = await reader.readuntil(b"\r\n\r\n")
                assert b"retry-after: " in headers.lower()
                writer.close()
        took_bytes = 0
        reading = asyncio.create_task(pages(lab, 60))
        while not reading.done():
            for reader, _ in readers:
                took_bytes += len(await reader.read(64))
            await asyncio.sleep(0.2)
        statuses, took = await reading
        held = sum(process.memory_info().rss for process in workers(lab))
        for _, writer in readers:
            writer.close()
        return answers, statuses, took, held, took_bytes

    answers, statuses, took, held, took_bytes = asyncio.run(slow())
    size = (lab.catalog / "territory" / "many.csv").stat().st_size
    assert set(answers) == {200, 503}
    assert 4 <= answers[200] <= 2 * 4, "four of one network at each of the two workers"
    assert took_bytes < size / 10
    assert statuses == {200: 60}
    grown = max(0, held - before)
    assert grown < answers[200] * size / 2, "copies of the file in memory"
    seen(
        f"{answers[200]} began, {answers[503]} were told to wait (503); {grown / 1e6:.0f} MB more "
        f"in memory for a file of {size / 1e6:.0f} MB; 60 pages, {ms(took)}."
    )


@pytest.mark.fault(
    "A program tries 3,000 tokens, and another one's own token is used beyond its quota",
    "Each is refused in words; the owner of the token and everybody else go on",
)
def test_a_flood_of_tokens_opens_nothing_and_stops_nobody(
    lab: Lab, seen: Callable[[str], None]
) -> None:
    made = lab.command("token", "make", "student", "essai").stdout
    found = re.search(r"dlt_[A-Za-z0-9_-]{43}", made)
    assert found, made

    async def flood() -> tuple[Counter[int], Counter[int], Counter[int], list[float]]:
        guessed, own = Counter[int](), Counter[int]()
        client = httpx.AsyncClient(base_url=lab.url, timeout=60, trust_env=False)
        address = f"{PORTAL}api/v1/datasets/tiny-places/rows"

        async def ask(words: str, told: Counter[int]) -> None:
            answer = await client.get(address, headers={"Authorization": f"Bearer {words}"})
            told[answer.status_code] += 1
            assert answer.status_code == 200 or answer.json()["error"]["message"]

        async def some(count: int, words: str, told: Counter[int]) -> None:
            for _ in range(count):
                await ask(words or f"dlt_{secrets.token_urlsafe(32)}", told)

        reading = asyncio.create_task(pages(lab, 60))
        await asyncio.gather(*(some(300, "", guessed) for _ in range(10)), some(200, found[0], own))
        statuses, took = await reading
        await client.aclose()
        return guessed, own, statuses, took

    guessed, own, statuses, took = asyncio.run(flood())
    assert set(guessed) == {401}
    assert sum(guessed.values()) == 3000
    assert set(own) == {200, 429}
    assert 20 <= own[200] <= 120, "20 a minute, over some minutes"
    assert statuses == {200: 60}
    seen(
        f"3,000 refused (401); of 200 with the own token {own[200]} answered, {own[429]} told to "
        f"wait (429); 60 pages of others, {ms(took)}."
    )


@pytest.mark.fault(
    "The hub is killed while people read, and comes back",
    "Pages go on without it; the notebook servers are found again",
)
def test_a_hub_that_dies_under_load_takes_nobody_along(
    lab: Lab, seen: Callable[[str], None]
) -> None:
    with lab.person("student") as student:
        student.open_server()
        assert student.run("kept = 41\nprint(kept)") == "41\n"
        before = lab.processes()["hub"].pid

        async def load() -> tuple[Counter[int], list[float]]:
            reading = asyncio.create_task(pages(lab, 150))
            await asyncio.sleep(0.5)
            os.kill(before, signal.SIGKILL)
            return await reading

        statuses, took = asyncio.run(load())
        assert statuses == {200: 150}
        eventually(lambda: lab.processes()["hub"].pid != before, "a new hub")

        def works() -> bool:
            try:
                return student.run("print(kept + 1)") == "42\n"
            except (OSError, AssertionError, httpx.HTTPError):
                return False

        eventually(works, "the notebook with what it held")
    seen(f"150 pages while it was away, {ms(took)}; the kernel still held its variables.")
