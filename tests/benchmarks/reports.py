"""Reports and contributions from many phones while others read boards and maps.

The portal runs as it does in a lab, on SQLite and then on PostgreSQL; phones are connections of
another process, each behind an address of its own. Sent are service requests without a photo
through Open311, then these and, one in five, contributions to a session by phones that joined it;
one in fifty goes twice with the same key. Meanwhile others read the list of requests, the map of
cases and the public page of the session. Afterwards the database holds what was acknowledged, each
once.

The peer is the same INSERT done bare: one row, one commit, one connection, the driver alone.

A second part is a room: 300 screens listen to one board, and a facilitator accepts contributions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from sqlalchemy import func, make_url, select

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from datalab.participation import api_key, contribution, session  # noqa: E402
from datalab.participation.store import Store, sqlite_url  # noqa: E402
from datalab.participation.tables.contribution import CONTRIBUTION  # noqa: E402
from datalab.participation.tables.request import REQUEST  # noqa: E402
from tests.benchmarks.load import Connection, Times, press  # noqa: E402
from tests.benchmarks.pairing import print_header, print_ratio  # noqa: E402
from tests.hub.lab import free_port  # noqa: E402
from tests.participation.databases import cluster, programs  # noqa: E402

PREFIX = "/services/datalab"
ACCEPTED_TARGET = 300  # reports a second
P95_TARGET = 150  # ms
ROOM_TARGET = 1000  # ms
READERS = 8
READ_PAUSE = 0.25
TWICE = 50
IDEAS = 5  # one in so many
JOINED = 200  # phones in the session; each may send twelve at once
SERVICES = ("street-furniture", "green-space", "other")
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
LISTENERS = 300
ACCEPTED = 30


Sending = Callable[[Connection, int], Awaitable[None]]


@dataclass
class Phones:
    """What was sent and what came back: ``ids`` by receipt; ``cookies`` of who joined."""

    key: str
    meeting: str = ""
    code: str = ""
    cookies: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    times: Times = field(default_factory=Times)
    ids: dict[str, str] = field(default_factory=dict)
    doubled: int = 0

    async def join(self, connection: Connection, number: int) -> None:
        """A phone reads the page of the six letters and joins, as a browser without scripts."""
        cookie = f"datalab-visitor={secrets.token_urlsafe(32)}"
        about = {"X-Forwarded-For": address(number), "Cookie": cookie}
        page = await connection.ask("GET", f"{PREFIX}/join/{self.code}", about)
        assert page.status == 200, page.body[:500]
        found = dict(HIDDEN.findall(page.body.decode()))
        await asyncio.sleep(2.1)  # nobody reads it sooner (participation/spam.py)
        fields = {**found, "pseudonym": f"Phone {number}"}
        headers = {**about, **FORM}
        body = urlencode(fields).encode()
        answer = await connection.ask("POST", f"{PREFIX}/join/{self.code}", headers, body)
        assert answer.status == 303, answer.body[:500]
        self.cookies.append("; ".join([cookie, *answer.cookies, found["_token"]]))

    async def send(self, connection: Connection, number: int) -> None:
        if number % IDEAS == 0 and self.cookies:
            await self.contribute(connection, number // IDEAS)
        else:
            await self.report(connection, number)

    async def contribute(self, connection: Connection, number: int) -> None:
        phone = number % len(self.cookies)
        cookies, _, token = self.cookies[phone].rpartition("; ")
        receipt = secrets.token_hex(16)
        told = {"_token": token, "receipt": receipt, "text": f"Une idée numéro {number}, un banc"}
        headers = {**FORM, "X-Forwarded-For": address(phone), "Cookie": cookies}
        headers |= {"Accept": "application/json", "X-Datalab-Token": token}
        for _ in range(2 if number % TWICE == 0 else 1):
            path = f"{PREFIX}/sessions/{self.meeting}/take-part"
            answer = await connection.ask("POST", path, headers, urlencode(told).encode())
            self.times.add(answer)
            if answer.status == 200:
                assert json.loads(answer.body)["receipt"] == receipt
                self.said.add(receipt)

    async def report(self, connection: Connection, number: int) -> None:
        receipt = secrets.token_hex(16)
        body = urlencode(
            {
                "api_key": self.key,
                "service_code": SERVICES[number % len(SERVICES)],
                "lat": f"{47.29 + (number * 7919 % 6000) / 100_000:.6f}",
                "long": f"{4.99 + (number * 104729 % 9000) / 100_000:.6f}",
                "description": f"Le lampadaire numéro {number} ne marche plus depuis hier soir.",
            }
        ).encode()
        headers = {**FORM, "Idempotency-Key": receipt, "X-Forwarded-For": address(number)}
        for _ in range(2 if number % TWICE == 0 else 1):
            path = f"{PREFIX}/open311/v2/requests.json"
            answer = await connection.ask("POST", path, headers, body)
            self.times.add(answer)
            if answer.status not in (200, 201):
                continue
            given = json.loads(answer.body)[0]["service_request_id"]
            if self.ids.setdefault(receipt, given) != given:
                self.doubled += 1


def address(number: int) -> str:
    """Another subscriber for each."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@contextmanager
def portal(home: Path, url: str) -> Iterator[int]:
    """The portal of ``home`` in a process of its own; yields its port."""
    (home / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    port = free_port()
    environment = {
        **os.environ,
        "DATALAB_HOME": str(home),
        "DATALAB_PARTICIPATION_DATABASE": url,
        "DATALAB_KEY_REPORTS_PER_SECOND": "10000",
    }
    command = [sys.executable, "-m", "datalab.portal", "--port", str(port)]
    with subprocess.Popen(command, env=environment) as running:
        try:
            asyncio.run(answers(port))
            yield port
        finally:
            running.terminate()


async def answers(port: int) -> None:
    connection = Connection(port)
    for _ in range(200):
        try:
            if (await connection.ask("GET", f"{PREFIX}/health")).status == 200:
                return
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("the portal did not answer")


async def load(port: int, one: Sending, readers: Times, addresses: list[str], args) -> float:
    """Phones as fast as they are answered, readers at their pace."""
    over = asyncio.Event()

    async def read(number: int) -> None:
        connection = Connection(port)
        while not over.is_set():
            path = addresses[number % len(addresses)]
            readers.add(await connection.ask("GET", path, {"Accept-Encoding": "gzip"}))
            number += 1
            await asyncio.sleep(READ_PAUSE)
        connection.close()

    reading = [asyncio.create_task(read(number)) for number in range(READERS)]
    took = await press(port, args.connections, args.seconds, one)
    over.set()
    await asyncio.gather(*reading)
    return took


def bare(url: str, seconds: float) -> float:
    """The same row, one commit each, through the driver alone; rows a second."""
    store = Store(url)
    with store.reading() as connection:
        row = dict(connection.execute(select(REQUEST).limit(1)).mappings().one())
    store.close()
    columns = list(row)
    values = [json.dumps(v) if isinstance(v, dict | list) else v for v in row.values()]
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        database = sqlite3.connect(str(parsed.database), isolation_level=None)
        database.execute("PRAGMA synchronous = FULL")
        mark = "?"
    else:
        database = psycopg.connect(
            host=str(parsed.query["host"]), user=parsed.username, dbname=parsed.database
        )
        database.autocommit = True
        mark = "%s"
    statement = (
        f"INSERT INTO request ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"
    )
    done, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name in ("id", "token", "receipt"):
            values[columns.index(name)] = f"bare-{name}-{done}"
        database.execute(statement, values)
        done += 1
    database.execute("DELETE FROM request WHERE id LIKE 'bare-%'")
    database.close()
    return done / seconds


async def joining(port: int, phones: Phones) -> None:
    """The phones of the session come in."""
    await asyncio.gather(*(phones.join(Connection(port), number) for number in range(JOINED)))


def prepared(store: Store, now: float) -> tuple[str, session.Session]:
    """An API key and an open session."""
    with store.writing() as connection:
        _, key = api_key.issue(connection, "benchmark", "", actor="ana", now=now)
        made = session.create(
            connection,
            title="Place",
            question="Que planter ?",
            actor="ana",
            receipt=secrets.token_hex(16),
            now=now,
            capacity=500,
        )
        opened = session.open(connection, made, now=now, actor="ana")
    return key, opened


def check(store: Store, phones: Phones) -> None:
    """Nothing lost, nothing doubled."""
    with store.reading() as connection:
        kept = set(connection.execute(select(REQUEST.c.id)).scalars())
        receipts = select(CONTRIBUTION.c.receipt).where(CONTRIBUTION.c.session_id == phones.meeting)
        heard = list(connection.execute(receipts).scalars())
    told = set(phones.ids.values())
    doubled = phones.doubled + len(kept - told) + len(phones.ids) - len(told)
    doubled += len(heard) - len(set(heard))
    print(
        f"acknowledged {len(phones.ids)} reports and {len(phones.said)} contributions, "
        f"kept {len(kept)} and {len(heard)}, "
        f"lost {len(told - kept) + len(phones.said - set(heard))}, doubled {doubled}"
    )
    assert told <= kept
    assert phones.said == set(heard)
    assert doubled == 0


def one_side(name: str, home: Path, url: str, args: argparse.Namespace) -> None:
    store = Store(url)
    key, about = prepared(store, time.time())
    meeting = about.id
    phones, readers = Phones(key, meeting, about.code), Times()
    addresses = [
        f"{PREFIX}/open311/v2/requests.json?page_size=50",
        f"{PREFIX}/cases/",
        f"{PREFIX}/cases/map.geojson",
        f"{PREFIX}/sessions/{meeting}/",
    ]
    with portal(home, url) as port:
        took = asyncio.run(load(port, phones.report, readers, addresses, args))
        print(f"\n{name}: {args.connections} connections, {READERS} readers, {took:.0f} s")
        rate, p95 = len(phones.ids) / took, phones.times.at(0.95)
        print(f"accepted {rate:.0f} reports/s; {phones.times}")
        print(f"readers {len(readers.seconds) / took:.0f} pages/s; {readers}")
        asyncio.run(joining(port, phones))
        before, phones.times = len(phones.ids), Times()
        took = asyncio.run(load(port, phones.send, Times(), addresses, args))
        mixed = (len(phones.ids) - before + len(phones.said)) / took
        print(f"accepted {mixed:.0f} reports and contributions/s; {phones.times}")
        check(store, phones)
        room = Times() if args.no_room else asyncio.run(listening(port, store, meeting))
        print(f"room of {LISTENERS}: {room}")
    alone = bare(url, min(args.seconds, 5))
    print(f"the same INSERT bare: {alone:.0f} rows/s")
    print_ratio(f"reports-{name}-rate", ACCEPTED_TARGET / rate, 1)
    print_ratio(f"reports-{name}-p95", p95 / P95_TARGET, 1)
    print_ratio(f"reports-{name}-room-p95", room.at(0.95) / ROOM_TARGET, 1)
    print(f"ratio reports-{name}-bare {alone / rate:.2f} (bare INSERT / accepted report)")
    store.close()


async def listening(port: int, store: Store, meeting: str) -> Times:
    """From the facilitator's commit to each of the screens, over server-sent events."""
    seen = Times()
    sent: dict[str, float] = {}
    ready = asyncio.Semaphore(0)

    async def screen(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        head = f"GET {PREFIX}/sessions/{meeting}/take-part/events HTTP/1.1\r\nHost: lab\r\n"
        head += f"X-Forwarded-For: {address(number)}\r\nAccept: text/event-stream\r\n"
        head += f"Cookie: datalab-visitor={number:043d}\r\n\r\n"
        writer.write(head.encode())
        status = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
        assert status == b"200", status
        ready.release()
        waiting = set(range(ACCEPTED))
        while waiting:
            line = (await reader.readline()).decode("utf-8", "replace")
            if not line:
                break
            for n in list(waiting):
                if f"idée numéro {n} " in line:
                    seen.seconds.append(time.perf_counter() - sent[str(n)])
                    waiting.discard(n)
        seen.statuses[len(waiting)] = seen.statuses.get(len(waiting), 0) + 1
        writer.close()

    screens = [asyncio.create_task(screen(number)) for number in range(LISTENERS)]
    for _ in screens:
        await ready.acquire()
    await asyncio.sleep(1)
    for n in range(ACCEPTED):
        with store.writing() as connection:
            about = session.get(connection, meeting)
            one = contribution.submit(
                connection,
                about,
                author=None,
                receipt=secrets.token_hex(16),
                text=f"Une idée numéro {n} pour la place",
                now=time.time(),
            )
        await asyncio.sleep(0.1)
        with store.writing() as connection:
            contribution.accept(connection, about, one, actor="ana", now=time.time())
        sent[str(n)] = time.perf_counter()
        await asyncio.sleep(0.2)
    await asyncio.wait(screens, timeout=20)
    missing = LISTENERS * ACCEPTED - len(seen.seconds)
    assert missing == 0, f"{missing} events did not arrive: {seen}"
    with store.reading() as connection:
        asked = select(func.count()).where(
            CONTRIBUTION.c.session_id == meeting, CONTRIBUTION.c.state == "accepted"
        )
        assert connection.execute(asked).scalar_one() >= ACCEPTED
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--no-room", action="store_true", help="leave out the room of 300")
    args = parser.parse_args()
    print_header(Path(__file__), 0, ("sqlalchemy", "psycopg", "uvicorn", "starlette"))
    with tempfile.TemporaryDirectory(prefix="datalab-reports-") as folder:
        if args.only != "postgresql":
            home = Path(folder, "sqlite")
            url = sqlite_url(home / "participation" / "participation.sqlite")
            one_side("sqlite", home, url, args)
        if args.only != "sqlite" and programs() is not None:
            with cluster() as server:
                one_side("postgresql", Path(folder, "postgresql"), server.database(), args)


if __name__ == "__main__":
    main()
