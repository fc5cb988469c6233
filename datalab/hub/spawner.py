"""Starting, finding again and stopping one person's notebook server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

from jupyterhub.app import JupyterHub
from jupyterhub.spawner import SimpleLocalProcessSpawner, SpawnException
from traitlets import Instance, Integer, Unicode

from datalab.errors import DatalabError, InvalidManifest
from datalab.hub.environment import SERVER_CONFIG, environment, lake_without_walls, runtime_folder
from datalab.hub.failure import PLAIN, failure, last_lines, size
from datalab.hub.gate import Gate
from datalab.hub.launch import Launched, launch
from datalab.hub.progress import steps
from datalab.hub.queue import Lane, Queue
from datalab.hub.view import View, Views, link_projects
from datalab.i18n import DEFAULT, Language, negotiate
from datalab.isolation import doorway, quota
from datalab.isolation.groups import Group, Groups
from datalab.isolation.homes import Homes, forget
from datalab.isolation.limits import Limits
from datalab.isolation.process import Process
from datalab.isolation.sandbox import Room, Walls
from datalab.projects.project import slug_of_account

READY_SECONDS = 60
PAGE_SECONDS = 1.3
STOP_SECONDS = 8


class LabSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]
    """One sandbox per server. It outlives the hub: a new hub finds it by pid and start time."""

    walls = Instance(Walls, help="What separates people on this machine").tag(config=True)
    homes = Instance(Homes, help="uids and homes").tag(config=True)
    lake_path = Unicode(help="Published lakes, one folder per access class").tag(config=True)
    welcome_path = Unicode(help="Project copied into a new home").tag(config=True)
    records_path = Unicode(help="Where running servers are written down").tag(config=True)
    logs_path = Unicode(help="Where servers write what they do").tag(config=True)
    portal_path = Unicode("/services/datalab/", help="Path of the portal").tag(config=True)
    limits = Instance(Limits, help="Limits of one server").tag(config=True)
    views = Instance(Views, help="What each account's server shows").tag(config=True)
    groups = Instance(Groups, help="Control groups, where they can be had").tag(config=True)
    ways_path = Unicode(help="Ways out of rooms: a folder per account").tag(config=True)
    hub_port = Integer(help="Port of the hub, inside as outside").tag(config=True)
    at_once = Integer(3, help="Servers that start at the same time").tag(config=True)

    # Pages that are open stay signed in when their server starts again (see hub.tokens).
    will_resume = True

    # One for all spawners of this hub.
    queue: ClassVar[Queue | None] = None

    server_process: Process | None = None
    room_process: Process | None = None
    group: Group | None = None
    room_home: str = ""
    gate: Gate | None = None
    launched: Launched | None = None
    language: Language = DEFAULT
    runtime: str = ""
    view: View | None = None
    log_start: int = 0
    plain: bool = False

    # -- start ----------------------------------------------------------------------------

    async def start(self) -> tuple[str, int]:
        """Wait for a turn, raise the walls, return once the server itself listens."""
        request = getattr(self.handler, "request", None)
        self.language = negotiate(request.headers.get("Accept-Language")) if request else DEFAULT
        if self.walls.refuses:
            raise self._failure("refused")
        LabSpawner.queue = LabSpawner.queue or Queue(self.at_once)
        began = time.monotonic()
        try:
            lane: Lane = "project" if slug_of_account(self.user.name) else "personal"
            async with LabSpawner.queue.turn(self, lane):
                return await self._start_now()
        except SpawnException:
            # The hub shows the page that explains a failure only after this second.
            await asyncio.sleep(max(0.0, PAGE_SECONDS - (time.monotonic() - began)))
            raise

    async def _start_now(self) -> tuple[str, int]:
        await self._stop_forgotten()
        # Nothing is awaited between reading who may see what and keeping it in the state: whoever
        # changes that later finds it there, and stops this server.
        view = self.view = self._view()
        self.log_start = size(self._log)
        welcome = Path(self.welcome_path if view.work is None else os.devnull)
        home = await asyncio.to_thread(self.homes.prepare, self.user.name, welcome)
        if view.projects:
            link_projects(home, self.homes.uid(self.user.name) if self.homes.separate else None)
        room = Room(
            account=self.user.name,
            home=view.work or home,
            uid=self.homes.uid(self.user.name),
            etc=self.homes.etc(self.user.name),
            lakes=view.lakes,
            shown=(*self._ways(), *view.shown),
            umask=view.umask,
        )
        limits = await asyncio.to_thread(quota.within, self.limits, room.home)
        with doorway.open_door() as door:
            self.port = door.getsockname()[1]
            await asyncio.to_thread(self._launch, room, door, limits)
        deadline = time.monotonic() + READY_SECONDS
        while not self._listening():
            if await self.poll() is not None:
                raise self._failure("ended")
            if time.monotonic() > deadline:
                await self.stop(now=True)
                raise self._failure("timeout")
            await asyncio.sleep(0.05)
        self._write_record()
        return ("127.0.0.1", self.port)

    def _view(self) -> View:
        """What this server shows, noted in the audit; whether home's settings are left out."""
        who = getattr(getattr(self.handler, "current_user", None), "name", self.user.name)
        try:
            view = self.views.started(self.user.name, time.time(), who)
        except DatalabError as error:
            self.log.warning("%s: %s", self.user.name, error.message("en"))
            broken = isinstance(error, InvalidManifest)
            said = "" if broken else error.message(self.language)
            raise self._failure(error.code, said) from None
        if view.work is not None:
            self._let_members_in()
        self.plain = view.plain or PLAIN in getattr(self, "user_options", {})
        # The hub would repeat the options of one start at every later one.
        self.orm_spawner.user_options = {}
        self.db.commit()
        self.set_trait("user_options", {})
        return view

    def _let_members_in(self) -> None:
        """No page asks members whether the server may know them: an owner let them in."""
        known = self.user.settings.get("oauth_no_confirm_list")
        if known is not None:
            known.add(self.oauth_client_id)

    @property
    def _walled(self) -> bool:
        return self.walls.mode in {"root", "user"}

    def _launch(self, room: Room, door: socket.socket, limits: Limits) -> None:
        inside = f"/home/{room.account}" if self._walled else str(room.home)
        self.room_home = str(room.home)
        if self.groups.held:
            self.group = self.groups.make(room.account, self.limits)
        self.launched = launch(
            self.walls,
            room,
            limits,
            self.group,
            door,
            [*self.get_args(), *(self.view.arguments if self.view else ())],
            self._environment(inside, room),
            self._log,
            inside,
        )
        self.proc, self.room_process = self.launched.proc, self.launched.room
        self.pid = self.proc.pid
        self._write_record()

    def _listening(self) -> bool:
        """The server says itself that it listens, through a pipe that nobody else has."""
        if self.launched is None:
            return False
        self.server_process = self.server_process or self.launched.server()
        return self.server_process is not None and self.launched.listens()

    def _ways(self) -> tuple[tuple[Path, str, bool], ...]:
        """Folders that lead out of a room with a network of its own, and tell its kernels."""
        if not self._walled:
            return ()
        self._open_gate()
        kernels = (SERVER_CONFIG / "ipython", "/etc/ipython", False)
        return (*doorway.shown(Path(self.ways_path), self.user.name), kernels)

    def _open_gate(self) -> None:
        app, folder = JupyterHub.instance(), Path(self.ways_path) / self.user.name
        self.gate = self.gate or Gate(app, self.user.name, self.oauth_client_id, folder)
        self.gate.open()

    def _environment(self, inside: str, room: Room) -> dict[str, str]:
        if not self._walled:
            self.runtime = runtime_folder(room.uid)
        told = environment(
            self.get_env(),
            self.walls,
            room,
            inside,
            language=self.language,
            lake=lake_without_walls(self.walls, Path(self.lake_path), Path(self.records_path)),
            portal=self.portal_path,
            runtime=self.runtime or "/tmp/jupyter",  # noqa: S108
            hub_port=self.hub_port,
            shared=slug_of_account(room.account) is not None,
            plain=self.plain,
        )
        return told | (self.view.environment if self.view else {})

    # -- what is remembered ---------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        for name in ("server_process", "room_process"):
            process = getattr(self, name)
            if process:
                state[name] = process.as_json()
        if self.runtime:
            state["runtime"] = self.runtime
        if self.view is not None:
            state["lakes"], state["projects"] = sorted(self.view.lakes), list(self.view.projects)
        if self.group:
            state["group"] = self.group.as_json()
        if self.room_home:
            state["home"] = self.room_home
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.runtime = str(state.get("runtime") or "")
        self.server_process = Process.from_json(state.get("server_process"))
        self.room_process = Process.from_json(state.get("room_process"))
        self.group = Group.from_json(state.get("group"))
        self.room_home = str(state.get("home") or "")
        if isinstance(state.get("lakes"), list):
            lakes = {str(name): Path(self.lake_path) / str(name) for name in state["lakes"]}
            self.view = View(lakes, projects=tuple(state.get("projects") or ()))
        if slug_of_account(self.user.name):
            self._let_members_in()

    def clear_state(self) -> None:
        super().clear_state()
        self.server_process = self.room_process = self.view = None
        if self.launched is not None:
            self.launched.close()
        if self.group is not None:
            self.group.remove()
        if self.gate is not None:
            self.gate.close()
        self.launched = self.group = self.gate = None
        if self.runtime:
            shutil.rmtree(self.runtime, ignore_errors=True)
        self.runtime = ""

    @property
    def _log(self) -> Path:
        return Path(self.logs_path) / f"server-{self.user.name}.log"

    @property
    def _record(self) -> Path:
        return Path(self.records_path) / f"{self.user.name}.json"

    def _write_record(self) -> None:
        """For the supervisor, which stops what runs even where no hub is left to ask."""
        temporary = self._record.with_suffix(".new")
        temporary.write_text(json.dumps(self.get_state()))
        os.replace(temporary, self._record)

    async def _stop_forgotten(self) -> None:
        """A hub that died while it started a server left one that no hub knows of."""
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return
        for name in ("server_process", "room_process"):
            process = Process.from_json(record.get(name))
            if process:
                process.signal(signal.SIGKILL)

    # -- poll and stop --------------------------------------------------------------------

    async def poll(self) -> int | None:
        """None while the server runs, else its exit code (0 where it cannot be known)."""
        code = self.proc.poll() if self.proc is not None else None
        known = self.server_process or self.room_process
        if known is not None and known.alive:
            if self._walled and self.gate is None:
                # A hub that was started again: the room is there, its way to the hub is not.
                self._open_gate()
            return None
        if self.proc is not None and code is None:
            # The sandbox is folding up, or has not told its child yet.
            return None if known is None else 0
        self.clear_state()
        return code or 0

    async def stop(self, now: bool = False) -> None:
        """Let the server save and end its kernels; after a while end the whole room."""
        if not now and self.server_process is not None:
            self.server_process.signal(signal.SIGTERM)
            await self._gone(STOP_SECONDS)
        for process in (self.room_process, self.server_process):
            if process is not None:
                process.signal(signal.SIGKILL)
        await self._gone(STOP_SECONDS)
        if self.proc is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self.proc.wait, 2)
        self._record.unlink(missing_ok=True)
        self.clear_state()

    async def _gone(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            left = [p for p in (self.server_process, self.room_process) if p and p.alive]
            if not left:
                return
            await asyncio.sleep(0.05)

    def delete_forever(self) -> None:
        """The account was deleted: so are its home, its way to the hub and its log."""
        if not self.name:
            self.homes.clear(self.user.name, walled=self.walls.mode in {"root", "user"})
            forget(Path(self.ways_path) / self.user.name)
            for log in self._log.parent.glob(f"{self._log.name}*"):
                log.unlink(missing_ok=True)

    # -- what the person sees -------------------------------------------------------------

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the page of the start says."""
        launched = lambda: self.server_process is not None  # noqa: E731
        async for step in steps(self.queue, self, launched, self.language):
            yield step

    def _failure(self, reason: str, said: str = "") -> SpawnException:
        private = (Path(self.records_path).parent.parent,)
        lines = [] if said else last_lines(self._log, self.log_start, private)
        return failure(reason, self.user.name, self.language, lines, said)
