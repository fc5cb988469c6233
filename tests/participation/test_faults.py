"""Kills while people send: what was acknowledged is there, once; what was not is sent again."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from sqlalchemy import select

from datalab.participation import api_key
from datalab.participation.store import Store, sqlite_url
from datalab.participation.tables.request import REQUEST
from tests.benchmarks.load import Connection
from tests.hub.lab import eventually, free_port, in_a_loop_of_its_own
from tests.participation.databases import Cluster, cluster, programs

POST = "/services/datalab/open311/v2/requests.json"
SERVICES = ("street-furniture", "green-space", "noise")


@dataclass
class Phone:
    """Sends reports one after the other, each until it is told that it was recorded."""

    port: int
    key: str
    number: int
    told: dict[str, str] = field(default_factory=dict)
    tries: int = 0

    async def send(self, over: asyncio.Event) -> None:
        connection = Connection(self.port)
        while not over.is_set():
            receipt, words = secrets.token_hex(16), f"Signalement du téléphone {self.number}"
            body = urlencode(
                {
                    "api_key": self.key,
                    "service_code": SERVICES[self.number % 3],
                    "lat": "47.3223",
                    "long": "5.0412",
                    "description": words,
                }
            ).encode()
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Idempotency-Key": receipt,
                "X-Forwarded-For": f"10.1.{self.number}.{len(self.told) % 250}",
            }
            while receipt not in self.told:
                self.tries += 1
                with suppress(OSError):
                    answer = await connection.ask("POST", POST, headers, body)
                    if answer.status in (200, 201):
                        given = json.loads(answer.body)[0]
                        self.told[receipt] = given.get("service_request_id") or given["token"]
                        continue
                    assert answer.status >= 500, answer.body
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.01)
        connection.close()


@contextmanager
def portal(home: Path, url: str, port: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The portal, started again as often as somebody ends it; the last one runs."""
    environment = {**os.environ, "DATALAB_HOME": str(home)}
    environment["DATALAB_PARTICIPATION_DATABASE"] = url
    environment["DATALAB_KEY_REPORTS_PER_SECOND"] = "1000"
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        command = [sys.executable, "-m", "datalab.portal", "--port", str(port)]
        log = (home / "portal.log").open("ab")
        running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))

    home.mkdir(exist_ok=True)
    start()
    running[0].start_again = start  # type: ignore[attr-defined]
    try:
        yield running
    finally:
        running[-1].kill()
        for process in running:
            process.wait(10)


def answers(port: int) -> None:
    """Wait until the portal is there, however busy the machine."""

    def there() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/services/datalab/health", timeout=5) as found:
                return bool(found.status == 200)
        except OSError:
            return False

    eventually(there, "the portal")


async def storm(port: int, key: str, kills: Iterator[int]) -> list[Phone]:
    """Twelve phones; each item of ``kills`` is how many reports come before the next one."""
    over = asyncio.Event()
    phones = [Phone(port, key, number) for number in range(12)]
    sending = [asyncio.create_task(phone.send(over)) for phone in phones]
    while more := await asyncio.to_thread(next, kills, None):
        wanted = sum(len(phone.told) for phone in phones) + more
        while sum(len(phone.told) for phone in phones) < wanted:
            await asyncio.sleep(0.1)
    over.set()
    await asyncio.wait_for(asyncio.gather(*sending), 60)
    return phones


def compare(store: Store, phones: list[Phone]) -> int:
    """Everything that was told is there as it was told, and nothing else; returns how many."""
    with store.reading() as connection:
        rows = connection.execute(select(REQUEST.c.id, REQUEST.c.token)).all()
    told = {id for phone in phones for id in phone.told.values()}
    lost = told - {row.id for row in rows} - {row.token for row in rows}
    assert lost == set()
    assert len(told) == sum(len(phone.told) for phone in phones), "two were told the same"
    assert len(rows) == len(told), "something is there twice"
    return len(told)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Cluster | None]]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "p.sqlite"), None
        return
    if programs() is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as server:
        yield server.database(), server


@pytest.mark.fault(
    "The portal is killed three times, its PostgreSQL as often, while phones send reports",
    "Every report that was acknowledged is there, once",
)
def test_kills_of_the_portal_and_of_the_database_lose_and_double_nothing(
    place: tuple[str, Cluster | None], tmp_path: Path, seen: Callable[[str], None]
) -> None:
    url, server = place
    store, port = Store(url), free_port()
    with store.writing() as connection:
        _, key = api_key.issue(connection, "storm", "", actor="tests", now=time.time())
    with portal(tmp_path / "home", url, port) as running:

        def kills() -> Iterator[int]:
            answers(port)
            yield 30
            for _ in range(3):
                running[-1].kill()
                running[0].start_again()  # type: ignore[attr-defined]
                answers(port)
                yield 30
                if server is not None:
                    server.stop("immediate")
                    server.start()
                    yield 30

        phones = in_a_loop_of_its_own(storm(port, key, kills()))
    kept = compare(store, phones)
    assert kept > 100
    tries = sum(phone.tries for phone in phones)
    assert tries > len(phones)
    store.close()
    seen(f"{kept} reports acknowledged and kept once, after {tries} tries.")
