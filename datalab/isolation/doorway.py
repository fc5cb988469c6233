"""The way in and the way out of a room that has a network of its own.

A notebook that shares the loopback of the machine reaches everything that listens there: the hub,
its neighbours' clusters and debuggers. Walls made by bubblewrap therefore give it a loopback of
its own, with three openings.

**In.** The hub opens the port on the machine's loopback and hands the open socket to the server
(:func:`open_door`, :func:`adopt`): a socket belongs to the network in which it was made. No port
is chosen twice, and nobody else can answer in the server's place.

**Out.** Two folders of the machine are shown inside, each with one unix socket: the hub's API for
this account (``hub.gate``) and the web (``isolation.web``). Threads of the server carry
connections to them from ports of the inner loopback (:func:`carry`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from pathlib import Path
from typing import Any

from datalab.relay import join

LISTEN = "DATALAB_LISTEN_FD"
READY = "DATALAB_READY_FD"
WAYS = "DATALAB_WAYS"
HUB_FOLDER = "/run/lab/hub"
WEB_FOLDER = "/run/lab/web"
SOCKET = "way.sock"
# The usual port of web proxies; the inner loopback has nobody else on it.
WEB_PORT = 3128
BACKLOG = 128
# A loopback that listens only for its own children cannot be flooded by others.
AT_ONCE = 256


def open_door() -> socket.socket:
    """A listening socket on a free port of the machine's loopback."""
    return socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)


def adopt() -> None:
    """Inside, before the server starts: serve on the socket that was handed over, say when ready.

    Does nothing where no socket was handed over.
    """
    listening, ready = os.environ.pop(LISTEN, ""), os.environ.pop(READY, "")
    ways = os.environ.pop(WAYS, "")
    for way in filter(None, ways.split(",")):
        port, _, path = way.partition("=")
        carry(int(port), path)
    if not listening:
        return
    door = socket.socket(fileno=int(listening))
    # Kernels must not inherit it.
    door.set_inheritable(False)
    door.setblocking(False)
    if ready:
        os.set_inheritable(int(ready), False)
    from jupyter_server.serverapp import ServerApp

    def bind(app: ServerApp) -> bool:
        app.http_server.add_socket(door)
        if ready:
            os.write(int(ready), b"1")
            os.close(int(ready))
        return True

    server: Any = ServerApp
    server._bind_http_server_tcp = bind
    # The port is free on the inner loopback and taken outside; neither says anything.
    server._find_http_port = lambda app: None


def carry(port: int, path: str) -> None:
    """Carry connections from a port of this loopback to a unix socket, for as long as we live."""
    listening = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)

    async def serve() -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            async with gate:
                try:
                    there = await asyncio.open_unix_connection(path)
                except OSError:
                    writer.close()
                    return
                await join((reader, writer), there)

        server = await asyncio.start_server(carried, sock=listening)
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), name=f"way-{port}", daemon=True).start()


def shown(ways: Path, account: str) -> tuple[tuple[Path, str, bool], ...]:
    """The folders of both ways out, as a room shows them."""
    (ways / "web").mkdir(exist_ok=True)
    return ((ways / account, HUB_FOLDER, False), (ways / "web", WEB_FOLDER, False))


def bind(folder: Path) -> socket.socket:
    """A listening unix socket in a folder, in place of what was there.

    The path of such a socket may be 107 bytes long, and that of a home may be longer: it is bound
    through the descriptor of its folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Whatever the umask is: it lies in a closed folder, and is shown to one account only.
    folder.chmod(0o755)
    (folder / SOCKET).unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(f"/proc/self/fd/{handle}/{SOCKET}")
        (folder / SOCKET).chmod(0o666)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    finally:
        os.close(handle)
    return listening
