"""A real lab with one project, people who type into its notebook, and the ways to break it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from datalab.errors import HubUnreachable
from datalab.hub.plan import Plan
from datalab.isolation.private import secret
from datalab.people.hub_api import HubApi
from tests.faults.ledger import Ledger
from tests.faults.relay import Relay
from tests.hub.lab import Lab, Person, eventually
from tests.live.bare import write_notebook
from tests.live.collaborator import Collaborator

SLUG = "panne"
ACCOUNT = f"proj-{SLUG}"
NOTEBOOK = "essai.ipynb"
CELLS = 3


@dataclass
class Workshop:
    """The lab, its project and what is typed there."""

    lab: Lab
    seed: int = 1
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311  the same faults in every run
        plan = Plan.read(self.lab.home / "run")
        token = secret(self.lab.home / "secrets", "keeper_token")
        self.hub = HubApi(f"http://127.0.0.1:{plan.hub_port}/hub/api", token)
        self.began = time.monotonic()

    @property
    def work(self) -> Path:
        return self.lab.home / "projects" / SLUG / "work"

    def create(self, members: dict[str, str]) -> None:
        """The project, with a notebook of three cells, and its server."""
        options = [f"--member={name}:{role}" for name, role in members.items()]
        self.lab.command("project", "create", SLUG, "--title", "Panne", *options)
        path = self.work / NOTEBOOK
        write_notebook(path, [f"cellule {n}" for n in range(CELLS)])
        owner = self.work.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
        self.start_server()

    def start_server(self) -> None:
        """Ask the hub until the project's server is there."""

        def there() -> bool:
            try:
                self.hub.ask("POST", f"/users/{ACCOUNT}/server", done=(400,), seconds=60)
                user = self.hub.ask("GET", f"/users/{ACCOUNT}")
                # The hub may not know yet that the server was killed.
                alive = self.lab.server(ACCOUNT)["server_process"].alive
            except (HubUnreachable, OSError, KeyError):
                return False
            return alive and bool(((user.get("servers") or {}).get("") or {}).get("ready"))

        eventually(there, "the project's server")

    @contextmanager
    def member(self, name: str) -> Iterator[Person]:
        """Somebody who is signed in at the project's server."""
        with self.lab.person(name) as person:
            person.sign_in()
            eventually(
                lambda: person.client.get(f"/user/{ACCOUNT}/lab").status_code == 200,
                f"{name} to enter",
                60,
            )
            yield person

    def headers(self, person: Person, port: int) -> dict[str, str]:
        """What a browser sends to the project's server, reached through ``port``."""
        here = {"/", f"/user/{ACCOUNT}/"}
        jar = [c for c in person.client.cookies.jar if c.path in here]
        return {
            "Cookie": "; ".join(f"{c.name}={c.value}" for c in jar),
            "Origin": f"http://127.0.0.1:{port}",
            "X-XSRFToken": person.cookie("_xsrf", f"/user/{ACCOUNT}/"),
        }

    def collaborator(self, person: Person, relay: Relay) -> Collaborator:
        return Collaborator(
            person.name,
            f"http://127.0.0.1:{relay.port}/user/{ACCOUNT}/",
            self.headers(person, relay.port),
            NOTEBOOK,
            heard=self.ledger.heard,
        )

    # -- faults -------------------------------------------------------------------------------

    def kill(self, part: str) -> None:
        """``kill -9`` of the hub, the proxy or the project's server."""
        if part == "server":
            killed = self.lab.server(ACCOUNT).values()
            for process in killed:
                process.signal(signal.SIGKILL)
            while any(process.alive for process in killed):
                time.sleep(0.01)
        else:
            self.lab.processes()[part].signal(signal.SIGKILL)

    def note(self, kind: str, before: int) -> int:
        self.ledger.fault(kind, time.monotonic() - self.began, before)
        return self.ledger.typed

    async def storm(
        self, people: list[Collaborator], relays: list[Relay], rounds: int, cuts: int
    ) -> None:
        """Faults in rounds: some cuts, one crash of the server, now and then hub or proxy."""
        before = 0
        for number in range(rounds):
            for _ in range(cuts // rounds):
                await asyncio.sleep(self.random.uniform(0.05, 0.25))
                before = self.note("cut", before)
                self.random.choice(relays).cut()
            await asyncio.sleep(self.random.uniform(0.1, 0.4))
            before = self.note("server", before)
            self.kill("server")
            if self.random.random() < 0.5:
                # Everybody's page is closed at this very moment: what they saw of each other
                # is nowhere but on the server's disk.
                await asyncio.gather(*(person.reload() for person in people))
            if number % 3 == 1:
                before = self.note("proxy", before)
                self.kill("proxy")
            if number % 3 == 2:
                await asyncio.to_thread(self.start_server)
                before = self.note("hub", before)
                self.kill("hub")
            else:
                await asyncio.to_thread(self.start_server)
            await self.together(people)

    async def together(self, people: list[Collaborator], seconds: float = 30.0) -> None:
        """Wait until everybody is connected again."""
        deadline = time.monotonic() + seconds
        while not all(person.synced for person in people):
            gone = {p.name: p.turned_away for p in people if p.turned_away}
            assert not gone, f"turned away: {gone}"
            stuck = {p.name: p.problems[-3:] for p in people if not p.synced}
            assert time.monotonic() < deadline, f"somebody could not come back: {stuck}"
            await asyncio.sleep(0.05)

    async def type(self, person: Collaborator, stop: asyncio.Event) -> None:
        """Type, online or not, into cells that others type into; add a cell now and then."""
        number = 0
        while not stop.is_set():
            if len(person.cells) >= CELLS:
                number += 1
                stroke = self.ledger.stroke()
                if number % 200 == 0:
                    person.add_cell(f"{person.name}-{number}-{person.reloads}", stroke)
                else:
                    cell = self.random.randrange(len(person.cells))
                    person.type(stroke, cell, front=self.random.random() < 0.3)
            await asyncio.sleep(self.random.uniform(0.01, 0.06))

    def notebook(self) -> dict[str, list[dict[str, str]]]:
        found: dict[str, list[dict[str, str]]] = json.loads((self.work / NOTEBOOK).read_text())
        return found
