"""Choosing the ports of a lab."""

from __future__ import annotations

import socket
from contextlib import closing
from itertools import zip_longest

from datalab.errors import PortBusy
from datalab.hub.plan import Plan
from datalab.settings import Settings

LOOPBACK = "127.0.0.1"


def choose(settings: Settings, before: Plan | None) -> Plan:
    """The plan of this start; internal ports of the last one are kept while they are free.

    Raises
    ------
    PortBusy
        where the public port is taken, with one that is free.
    """
    if not is_free(settings.host, settings.port):
        raise PortBusy(port=settings.port, host=settings.host, other=near(settings))
    taken = {settings.port}
    internal = []
    known = (before.hub_port, before.proxy_port, *before.portals.values()) if before else ()
    for port, _ in zip_longest(
        known[: 2 + settings.portal_workers], range(2 + settings.portal_workers)
    ):
        if not port or port in taken or not is_free(LOOPBACK, port):
            port = _any(taken)
        taken.add(port)
        internal.append(port)
    hub, proxy, portal, *more = internal
    return Plan(settings.host, settings.port, hub, proxy, portal, more_portals=tuple(more))


def is_free(host: str, port: int) -> bool:
    """Whether this process could listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        return False
    with closing(socket.socket(family, kind, protocol)) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError:
            return False
    return True


def near(settings: Settings) -> int:
    """A free public port, close to the one that was wished for."""
    for port in range(settings.port + 1, min(settings.port + 100, 65_536)):
        if is_free(settings.host, port):
            return port
    return _any(set())


def _any(taken: set[int]) -> int:
    while True:
        with closing(socket.socket()) as trial:
            trial.bind((LOOPBACK, 0))
            port = int(trial.getsockname()[1])
        if port not in taken:
            return port
