"""A class of thirty arrives at once: signs in, opens JupyterLab, runs a first cell.

Both sides are whole hubs in the same environment, one after the other: ours is ``datalab up`` with
accounts of ``datalab user add``; the stock one is JupyterHub with its own dummy authenticator,
simple local spawner and otherwise no configuration. Every student is a client with a cookie jar
that does what a browser does: follows the pages, waits on the progress of the start, asks for what
JupyterLab asks for, opens a session and its websocket, and is ready when the cell has answered.
Meanwhile somebody asks the hub's API four times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from yarl import URL

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.benchmarks.pairing import print_header, print_ratio  # noqa: E402
from tests.benchmarks.spawn import PROXY_MAIN, STOCK  # noqa: E402
from tests.hub.lab import Lab, free_port, tiny_catalog  # noqa: E402

READY_TARGET = 0.4
MEMORY_TARGET = 0.8
PATIENCE = 600
PROBE_PAUSE = 0.25
AGAIN_PAUSE = 2
PROGRESS = r'"(/hub/api/users/[^"]*/server/progress[^"]*)"'
TOKEN = "token-of-the-benchmark"
LAB_ASKS = ("api/kernelspecs", "api/contents", "lab/api/settings", "lab/api/workspaces/default")


@dataclass
class Class:
    """What was seen of one side. Times in seconds, memory in bytes per student."""

    ready: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    api: list[float] = field(default_factory=list)
    memory: float = 0.0


async def arrive(
    url: str,
    name: str,
    sign_in: Callable[[aiohttp.ClientSession], Awaitable[None]],
    failures: list[str],
) -> None:
    """Everything that one student does until the first cell has answered.

    Whoever is shown a failure tries again, as people do; each failure counts.
    """
    jar = aiohttp.CookieJar(unsafe=True)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout) as session:
        await sign_in(session)
        home = f"{url}/user/{name}/"
        while True:
            try:
                page = await open_page(session, f"{url}/hub/spawn/{name}")
                while not str(page[0]).startswith(home):
                    progress = re.search(PROGRESS, page[1])
                    if progress:
                        await wait_for_start(session, url + progress[1].replace("&amp;", "&"))
                    else:
                        await asyncio.sleep(1)
                    page = await open_page(session, f"{home}lab")
                break
            except RuntimeError as error:
                failures.append(f"{name}: {error}")
                await asyncio.sleep(AGAIN_PAUSE)
        for asked in LAB_ASKS:
            await open_page(session, home + asked)
        await run_a_cell(session, jar, home)


async def open_page(session: aiohttp.ClientSession, address: str) -> tuple[URL, str]:
    async with session.get(address) as answer:
        text = await answer.text()
        if answer.status >= 400:
            raise RuntimeError(f"{answer.status} at {answer.url.path}")
        return answer.url, text


async def wait_for_start(session: aiohttp.ClientSession, address: str) -> None:
    async with session.get(address) as events:
        if events.status != 200:
            raise RuntimeError(f"{events.status} at the progress of the start")
        async for line in events.content:
            if line.startswith(b"data:"):
                step = json.loads(line[5:])
                if step.get("failed"):
                    raise RuntimeError(f"the start failed: {step.get('message')}")
                if step.get("ready"):
                    return


async def run_a_cell(session: aiohttp.ClientSession, jar: aiohttp.CookieJar, home: str) -> None:
    token = jar.filter_cookies(URL(home))["_xsrf"].value
    wanted = {"name": "", "path": "first.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    headers = {"X-XSRFToken": token}
    async with session.post(f"{home}api/sessions", json=wanted, headers=headers) as answer:
        if answer.status != 201:
            raise RuntimeError(f"{answer.status} at api/sessions")
        kernel = (await answer.json())["kernel"]["id"]
    mine = uuid.uuid4().hex
    header = {"msg_id": mine, "username": "", "session": mine, "msg_type": "execute_request"}
    content = {"code": "print(6 * 7)", "silent": False, "store_history": True}
    content |= {"user_expressions": {}, "allow_stdin": False}
    request = {"header": header | {"version": "5.3"}, "parent_header": {}, "metadata": {}}
    request |= {"channel": "shell", "buffers": [], "content": content}
    async with session.ws_connect(f"{home}api/kernels/{kernel}/channels") as socket:
        await socket.send_str(json.dumps(request))
        async for message in socket:
            said = json.loads(message.data)
            if said["parent_header"].get("msg_id") == mine and said["msg_type"] == "stream":
                if said["content"]["text"] != "42\n":
                    raise RuntimeError(f"the cell said {said['content']['text']!r}")
                return
    raise RuntimeError("the kernel's connection was closed")


async def probe(url: str, token: str, found: list[float], stopping: asyncio.Event) -> None:
    """Ask the hub's API while the class arrives; what never answers counts as a minute."""
    headers = {"Authorization": f"token {token}"}
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        while not stopping.is_set():
            begin = time.perf_counter()
            try:
                async with session.get(f"{url}/hub/api/users?limit=1") as answer:
                    await answer.read()
                    found.append(time.perf_counter() - begin if answer.status == 200 else 60.0)
            except (aiohttp.ClientError, TimeoutError):
                found.append(60.0)
            await asyncio.sleep(PROBE_PAUSE)


async def measure(side: Ours | Stock, students: list[str]) -> Class:
    """All of them at once, from the first click to the last answer."""
    seen, stopping = Class(), asyncio.Event()
    asking = asyncio.create_task(probe(side.url, side.token, seen.api, stopping))
    begin = time.perf_counter()

    async def one(name: str) -> None:
        try:
            await arrive(side.url, name, side.door(name), seen.failures)
            seen.ready.append(time.perf_counter() - begin)
        except Exception as error:
            seen.failures.append(f"{name}: {error or type(error).__name__}")

    await asyncio.gather(*map(one, students))
    stopping.set()
    await asking
    seen.memory = sum(map(proportional, side.processes())) / max(1, len(students))
    return seen


def proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


class Ours:
    """The lab, with thirty accounts and a sign-in link for each."""

    name = "datalab"

    def __init__(self, folder: Path, students: list[str]) -> None:
        self.lab = Lab(folder / "home", tiny_catalog(folder / "catalog"))
        self.lab.start()
        self.url = self.lab.url
        self.token = (self.lab.home / "secrets/keeper_token").read_text().strip()
        self.links = {}
        for name in students:
            self.lab.command("user", "add", name, "--group", "students")
            self.links[name] = self.lab.link(name)

    def door(self, name: str) -> Callable[[aiohttp.ClientSession], Awaitable[None]]:
        async def sign_in(session: aiohttp.ClientSession) -> None:
            await open_page(session, self.links[name])

        return sign_in

    def processes(self) -> list[psutil.Process]:
        """Sandboxes, servers and kernels."""
        found: dict[int, psutil.Process] = {}
        for path in (self.lab.home / "run/servers").glob("*.json"):
            room = psutil.Process(json.loads(path.read_text())["room_process"]["pid"])
            outer = room.parent()
            top = outer if outer and "bwrap" in outer.name() else room
            found |= {process.pid: process for process in (top, *top.children(recursive=True))}
        return list(found.values())

    def close(self) -> None:
        self.lab.stop()


class Stock:
    """JupyterHub as its documentation starts it on one machine."""

    name = "stock"
    token = TOKEN

    def __init__(self, folder: Path, students: list[str]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        (folder / "proxy.py").write_text(PROXY_MAIN)
        text = STOCK.format(
            port=port,
            hub=free_port(),
            api=free_port(),
            python=sys.executable,
            homes=str(folder / "homes" / "{username}"),
            token=TOKEN,
            root='c.Spawner.args = ["--allow-root"]' if os.geteuid() == 0 else "",
        ).replace('"-m", "configurable_http_proxy.cli"', repr(str(folder / "proxy.py")))
        text = text.replace('"scopes": ["admin:users"', '"scopes": ["list:users", "admin:users"')
        (folder / "jupyterhub_config.py").write_text(text)
        for name in students:
            (folder / "homes" / name).mkdir(parents=True, exist_ok=True)
        self.log = (folder / "log").open("wb")
        self.hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub"],
            cwd=folder,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        self.before: set[int] = set()

    async def there(self) -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(600):
                try:
                    async with session.get(f"{self.url}/hub/api") as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.2)
        self.before = {child.pid for child in psutil.Process(self.hub.pid).children()}

    def door(self, name: str) -> Callable[[aiohttp.ClientSession], Awaitable[None]]:
        async def sign_in(session: aiohttp.ClientSession) -> None:
            _, page = await open_page(session, f"{self.url}/hub/login")
            token = re.search(r'name="_xsrf" value="([^"]*)"', page)
            form: dict[str, Any] = {"username": name, "password": "x"}
            if token:
                form["_xsrf"] = token[1].replace("&#x3D;", "=")
            async with session.post(f"{self.url}/hub/login", data=form) as answer:
                if answer.status >= 400:
                    raise RuntimeError(f"{answer.status} at sign-in")

        return sign_in

    def processes(self) -> list[psutil.Process]:
        tops = [c for c in psutil.Process(self.hub.pid).children() if c.pid not in self.before]
        return [process for top in tops for process in (top, *top.children(recursive=True))]

    def close(self) -> None:
        self.hub.send_signal(signal.SIGTERM)
        self.hub.wait(60)
        self.log.close()


async def lesson(side: Ours | Stock, students: list[str]) -> Class:
    if isinstance(side, Stock):
        await side.there()
    # The first one fills caches of bytecode and of the disk, on both sides.
    await arrive(side.url, "early", side.door("early"), [])
    return await measure(side, students)


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else 0.0


def report(name: str, seen: Class) -> None:
    print(
        f"{name:>8}: all ready {max(seen.ready, default=0):.1f} s, "
        f"p50 {percentile(seen.ready, 0.5):.1f} s, p95 {percentile(seen.ready, 0.95):.1f} s, "
        f"failures {len(seen.failures)}, PSS per student {seen.memory / 1e6:.0f} MB, "
        f"hub API p50 {1000 * statistics.median(seen.api or [0]):.0f} ms, "
        f"p95 {1000 * percentile(seen.api, 0.95):.0f} ms"
    )
    for failure in seen.failures[:5]:
        print(f"          {failure}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--only", choices=["datalab", "stock"])
    options = parser.parse_args()
    students = [f"student-{number:02}" for number in range(1, options.students + 1)]
    folder = Path(tempfile.mkdtemp(prefix="datalab-tests-"))
    os.chmod(folder, 0o755)  # noqa: S103
    print_header(Path(__file__), len(students), ("jupyterhub", "jupyterlab", "jupyter-server"))
    found: dict[str, Class] = {}
    try:
        for kind in (Ours, Stock):
            if options.only not in {None, kind.name}:
                continue
            place = folder / kind.name
            place.mkdir()
            side = kind(place, [*students, "early"])
            try:
                found[side.name] = asyncio.run(lesson(side, students))
            finally:
                side.close()
            report(side.name, found[side.name])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if len(found) == 2:
        ours, stock = found["datalab"], found["stock"]
        late = [float(PATIENCE)]
        ready = max(ours.ready or late) / max(stock.ready or late)
        print_ratio("class-all-ready", ready, READY_TARGET)
        print_ratio("class-memory", ours.memory / stock.memory, MEMORY_TARGET)
        print(f"failures {len(ours.failures)} target <=0")
        if ours.failures:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
