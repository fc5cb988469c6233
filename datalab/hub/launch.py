"""From a room to the processes of its server: command, environment, pipes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datalab.isolation import doorway, launcher, sandbox
from datalab.isolation.groups import Group
from datalab.isolation.limits import Limits
from datalab.isolation.process import Process
from datalab.isolation.sandbox import Room, Walls

LAUNCHER = Path(launcher.__file__)
TARGET = "datalab.hub.lean:run_server"


@dataclass
class Launched:
    """``room`` is the first process inside the walls (the server itself where there are none).

    ``ready`` is the pipe that the server writes to once it listens.
    """

    proc: subprocess.Popen[bytes]
    room: Process | None
    ready: int
    walled: bool

    def server(self) -> Process | None:
        """The server itself: the only child of bubblewrap's own first process."""
        if not self.walled or self.room is None:
            return self.room
        return next(iter(self.room.children()), None)

    def listens(self) -> bool:
        """Whether the server said so."""
        if self.ready < 0:
            return False
        try:
            return os.read(self.ready, 1) == b"1"
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Once: the number may be another file's by the next time."""
        ready, self.ready = self.ready, -1
        if ready >= 0:
            os.close(ready)


def launch(
    walls: Walls,
    room: Room,
    limits: Limits,
    group: Group | None,
    door: socket.socket,
    arguments: Sequence[str],
    environment: dict[str, str],
    log: Path,
    inside: str,
) -> Launched:
    """Start a server in its room; ``inside`` is the path of its home as it sees it."""
    walled = walls.mode in {"root", "user"}
    program = [sys.executable, "-I", str(LAUNCHER), "--uid", str(room.uid), *limits.arguments()]
    program += ["--reader"] if room.reader and not walled else []
    program += ["--home", inside, "--umask", room.umask, "--target", TARGET]
    program += ["--", "jupyterhub-singleuser", *arguments]
    output = os.open(
        log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    ready, say_ready = os.pipe()
    read, write = os.pipe() if walled else (-1, -1)
    handed = [door.fileno(), say_ready, *([write] if walled else [])]
    try:
        command = sandbox.mounts(walls, room, info=write, limits=limits) if walled else []
        command += program
        # The environment goes through the process, never through a command line that others
        # on the machine could read.
        proc = subprocess.Popen(
            group.around(command) if group else command,
            env=environment | {doorway.LISTEN: str(door.fileno()), doorway.READY: str(say_ready)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            pass_fds=handed,
            start_new_session=True,
        )
        os.set_blocking(ready, False)
        if not walled:
            return Launched(proc, Process.of(proc.pid), ready, walled)
        os.close(write)
        write = -1
        with os.fdopen(os.dup(read), "rb") as info:
            reported = json.loads(info.read() or b"{}").get("child-pid")
        return Launched(proc, Process.of(reported) if reported else None, ready, walled)
    finally:
        for handle in (output, say_ready, read, write):
            if handle >= 0:
                os.close(handle)
