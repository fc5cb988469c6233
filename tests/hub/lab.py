"""A real lab for tests: started by the command, spoken to over HTTP like a browser would."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from datalab.isolation.process import Process
from datalab.people.hub_api import HubApi

Result = TypeVar("Result")
CHECKOUT = Path(__file__).resolve().parents[2]
DOWNLOADS = CHECKOUT / "tests" / ".artifacts" / "cache"  # kept between runs
COMMAND = [sys.executable, "-m", "datalab.cli"]
PATIENCE = 120

DATASET = """
id: tiny-places
title: {fr: Petits lieux, en: Tiny places}
description: {fr: Trois lieux pour les essais., en: Three places for tests.}
publisher: Tests
license: lov2
steward: tests
periodicity: once
source: {connector: file, path: tiny-places.csv}
columns:
  name: {type: varchar, description: {fr: Nom, en: Name}}
  people: {type: integer, description: {fr: Habitants, en: Inhabitants}}
expectations:
  - {type: expect_table_row_count_to_equal, value: 3}
"""


def tiny_catalog(folder: Path) -> Path:
    """A catalog of one open and one members dataset, which needs no network."""
    theme = folder / "territory"
    theme.mkdir(parents=True)
    (theme / "tiny-places.yaml").write_text(DATASET)
    (theme / "tiny-places.csv").write_text("name,people\nAhuy,1311\nBretenière,866\nDaix,1394\n")
    members = DATASET.replace("tiny-places", "tiny-members") + "access: members\n"
    (theme / "tiny-members.yaml").write_text(members)
    shutil.copy(theme / "tiny-places.csv", theme / "tiny-members.csv")
    return folder


def part_of_the_catalog(folder: Path, names: Iterable[str]) -> Path:
    """A catalog of some files of the real one, each named with its theme."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / "catalog" / name, folder / name)
    return folder


def bring_downloads(home: Path) -> None:
    """Spare a new home what an earlier run fetched from afar."""
    if DOWNLOADS.exists():
        home.mkdir(mode=0o700, exist_ok=True)
        shutil.copytree(DOWNLOADS, home / "cache")


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as trial:
        trial.bind((host, 0))
        return int(trial.getsockname()[1])


def eventually(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """The first true value of ``condition``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def in_a_loop_of_its_own(talk: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on another thread: a browser test keeps a loop running on this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, talk).result()


@dataclass
class Lab:
    """One home with its ``datalab up``. ``prefix`` goes before the command (another account)."""

    home: Path
    catalog: Path
    port: int = field(default_factory=free_port)
    prefix: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    up: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> Path:
        return self.home.with_name(self.home.name + ".out")

    @property
    def links(self) -> dict[str, str]:
        return dict(json.loads((self.home / "signin.json").read_text())["links"])

    def env(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DATALAB_", "JUPYTER"))}
        told = {"DATALAB_CATALOG": str(self.catalog), "DATALAB_LANGUAGE": "en"}
        # Projects that come with the lab would take the processor from what is tried here.
        told["DATALAB_SHIPPED_PAGES"] = "false"
        return kept | told | self.environment

    def start(self) -> None:
        """Start and wait until links are printed."""
        (self.home / "signin.json").unlink(missing_ok=True)
        command = [*self.prefix, *COMMAND, "up", "--home", str(self.home)]
        with self.output.open("ab") as output:
            self.up = subprocess.Popen(
                [*command, "--port", str(self.port)],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env=self.env(),
                cwd="/",
                start_new_session=True,
            )
        try:
            eventually(self._announced, "the address to be printed")
        except AssertionError as error:
            raise AssertionError(self.output.read_text()) from error

    def _announced(self) -> bool:
        if self.up is None or self.up.poll() is not None:
            raise AssertionError("datalab up ended")
        return (
            "This start:" in self.output.read_text().rpartition("Building")[2]
            and (self.home / "signin.json").exists()
        )

    def stop(self, number: int = signal.SIGINT) -> int:
        """Signal ``datalab up`` itself, like Ctrl-C would, and wait for its end."""
        assert self.up is not None
        supervisor = self.processes().get("supervisor")
        if self.up.poll() is None:
            os.kill(supervisor.pid if supervisor else self.up.pid, number)
        code = self.up.wait(PATIENCE)
        self.up = None
        return code

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Another ``datalab`` command on the same home."""
        done = subprocess.run(
            [*self.prefix, *COMMAND, *arguments, "--home", str(self.home)],
            capture_output=True,
            text=True,
            env=self.env(),
            cwd="/",
            timeout=PATIENCE,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def link(self, persona: str) -> str:
        return self.command("signin", persona).stdout.strip()

    def processes(self) -> dict[str, Process]:
        from datalab.deployment.children import written_down

        return written_down(self.home / "run")

    def server(self, persona: str) -> dict[str, Process]:
        """The recorded processes of a person's notebook server."""
        path = self.home / "run" / "servers" / f"{persona}.json"
        record = json.loads(path.read_text())
        found = {n: Process.from_json(record.get(n)) for n in ("server_process", "room_process")}
        return {name: process for name, process in found.items() if process}

    def log_text(self) -> str:
        return "\n".join(p.read_text(errors="replace") for p in (self.home / "logs").glob("*"))

    @contextmanager
    def person(self, persona: str) -> Iterator[Person]:
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=60) as client:
            yield Person(self, persona, client)


def hub_of(lab: Lab) -> HubApi:
    """The hub over REST, with the keeper's rights."""
    plan = json.loads((lab.home / "run" / "plan.json").read_text())
    token = (lab.home / "secrets" / "keeper_token").read_text().strip()
    return HubApi(f"http://127.0.0.1:{plan['hub_port']}/hub/api", token)


@dataclass
class Person:
    """Somebody with a browser (cookies, no JavaScript) and at most one kernel."""

    lab: Lab
    name: str
    client: httpx.Client
    kernel: str | None = None

    def sign_in(self, link: str | None = None) -> httpx.Response:
        return self.client.get(link or self.lab.link(self.name))

    def open_server(self) -> None:
        """Sign in and wait for JupyterLab."""
        self.sign_in()
        self.client.get(f"/hub/spawn/{self.name}")

        def there() -> bool:
            page = self.client.get(f"/user/{self.name}/lab")
            return page.status_code == 200 and page.url.path.startswith(f"/user/{self.name}/")

        eventually(there, "JupyterLab")

    def cookie(self, name: str, path: str) -> str:
        return next(
            c.value or "" for c in self.client.cookies.jar if (c.name, c.path) == (name, path)
        )

    def post(self, path: str, document: Any = None) -> httpx.Response:
        """POST to the person's own server."""
        token = self.cookie("_xsrf", f"/user/{self.name}/")
        return self.client.post(
            f"/user/{self.name}/{path}", json=document, headers={"X-XSRFToken": token}
        )

    def run(self, code: str) -> str:
        """What a cell prints in this person's kernel; a traceback is part of it."""
        if self.kernel is None:
            answer = self.post("api/kernels", {"name": "python3"})
            assert answer.status_code == 201, answer.text
            self.kernel = answer.json()["id"]
        return in_a_loop_of_its_own(self._execute(code))

    async def _execute(self, code: str) -> str:
        address = f"{self.lab.url}/user/{self.name}/api/kernels/{self.kernel}/channels"
        cookies = "; ".join(
            f"{c.name}={c.value}"
            for c in self.client.cookies.jar
            if c.path in {"/", f"/user/{self.name}/"}
        )
        headers = {"Cookie": cookies, "Origin": self.lab.url}
        socket = await websocket_connect(
            HTTPRequest(address.replace("http", "ws", 1), headers=headers)
        )
        mine = uuid.uuid4().hex
        await socket.write_message(
            json.dumps(
                {
                    "header": {
                        "msg_id": mine,
                        "username": "",
                        "session": mine,
                        "msg_type": "execute_request",
                        "version": "5.3",
                    },
                    "parent_header": {},
                    "metadata": {},
                    "channel": "shell",
                    "buffers": [],
                    "content": {
                        "code": code,
                        "silent": False,
                        "store_history": False,
                        "user_expressions": {},
                        "allow_stdin": False,
                    },
                }
            )
        )
        printed = ""
        while True:
            text = await asyncio.wait_for(socket.read_message(), PATIENCE)
            assert text is not None, "the kernel's connection was closed"
            message = json.loads(text)
            if message["parent_header"].get("msg_id") != mine:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                printed += content["text"]
            elif message["msg_type"] == "error":
                printed += "\n".join(content["traceback"])
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                socket.close()
                return printed
