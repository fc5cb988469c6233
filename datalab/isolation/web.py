"""``python -m datalab.isolation.web``: the way from notebooks to the web, and to nothing nearer.

A web proxy on a unix socket that rooms see (*doorway*). It carries HTTP and TLS to public
addresses; addresses of this machine and of the networks around it are refused, unless an operator
named them. Names are resolved here, once, so that a name cannot change its address between the
look and the connection. Where the machine itself reaches the web through a proxy, so do notebooks.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures.thread
import encodings.idna
import ipaddress
import os
import signal
import socket
import struct
from collections import Counter
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from datalab.isolation.doorway import bind
from datalab.relay import Ends, join

LONGEST_HEAD = 2**16
HEAD_SECONDS = 30
CONNECT_SECONDS = 20
# Connections of one account; without uids of their own all accounts count together.
EACH, ALL = 64, 1024
# Loaded by asyncio on first use, when this process can no longer read a closed interpreter.
LOADED = (concurrent.futures.thread, encodings.idna)
NOBODY = 65534
ANSWER = "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
Content-Length: {length}\r\nConnection: close\r\n\r\n"


class Refused(Exception):
    """``status`` is the status line to answer with, the message says why."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Web:
    """``hosts`` are ``name`` or ``name:port`` that may be reached wherever they lie.

    ``each`` is the number of connections of one account.
    ``upstream`` is the machine's own way to the web, ``http://host:port``; empty for none.
    """

    def __init__(self, hosts: frozenset[str], upstream: str, each: int = EACH) -> None:
        self.hosts, self.upstream, self.each = hosts, upstream, each
        self.open: Counter[int] = Counter()

    async def serve(self, listening: socket.socket) -> None:
        server = await asyncio.start_unix_server(self.carry, sock=listening, limit=LONGEST_HEAD)
        await server.serve_forever()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from a room."""
        uid = _uid(writer.get_extra_info("socket"))
        try:
            if self.open[uid] >= self.each:
                # What was not read would break the connection before the answer is.
                async with asyncio.timeout(1):
                    await reader.read(LONGEST_HEAD)
                raise Refused(
                    "429 Too Many Requests", f"More than {self.each} connections at once."
                )
            self.open[uid] += 1
            try:
                await self._carry(reader, writer)
            finally:
                self.open[uid] -= 1
        except Refused as refusal:
            text = f"{refusal}\n".encode()
            with suppress(OSError):
                head = ANSWER.format(status=refusal.status, length=len(text))
                writer.write(head.encode() + text)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        first, _, rest = head.decode("latin-1").partition("\r\n")
        try:
            method, target, version = first.split(" ")
            tunnel = method == "CONNECT"
            parts = urlsplit(f"//{target}" if tunnel else target)
            host, port = parts.hostname or "", parts.port or (443 if tunnel else 80)
        except ValueError:
            raise Refused("400 Bad Request", "This is not a request to a web proxy.") from None
        if not host or (not tunnel and parts.scheme != "http"):
            raise Refused("400 Bad Request", "Only http:// and https:// addresses are carried.")
        there = await self._reach(host, port, tunnel)
        if tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = (
                target
                if self.upstream
                else (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            )
            # One request per connection: the next one might be for another host.
            kept = [
                line
                for line in rest.rstrip("\r\n").split("\r\n")
                if not line.lower().startswith(("proxy-", "connection:", "keep-alive:"))
            ]
            lines = [f"{method} {path} {version}", *kept, "Connection: close", "", ""]
            there[1].write("\r\n".join(lines).encode("latin-1"))
        await join((reader, writer), there)

    async def _reach(self, host: str, port: int, tunnel: bool) -> Ends:
        named = host in self.hosts or f"{host}:{port}" in self.hosts
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if self.upstream and not named:
                    return await self._through_upstream(host, port, tunnel)
                for address in await self._addresses(host, port, named):
                    with suppress(OSError):
                        return await asyncio.open_connection(address, port)
        except TimeoutError:
            raise Refused("504 Gateway Timeout", f"{host} does not answer.") from None
        raise Refused("502 Bad Gateway", f"{host} cannot be reached.")

    async def _addresses(self, host: str, port: int, named: bool) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            raise Refused("502 Bad Gateway", f"The name {host} is not known.") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not named and not all(map(public, addresses)):
            raise _nearby(host)
        return addresses

    async def _through_upstream(self, host: str, port: int, tunnel: bool) -> Ends:
        literal = host.strip("[]")
        if literal == "localhost" or literal.endswith(".localhost") or not _public_if_address(host):
            raise _nearby(host)
        parts = urlsplit(self.upstream)
        ends = await asyncio.open_connection(parts.hostname, parts.port or 80)
        if tunnel:
            at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            ends[1].write(f"CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n\r\n".encode())
            answer = await ends[0].readuntil(b"\r\n\r\n")
            if b" 200 " not in answer.split(b"\r\n")[0] + b" ":
                ends[1].close()
                raise Refused("502 Bad Gateway", f"The proxy of this machine refused {host}.")
        return ends


def public(address: str) -> bool:
    """Whether an address lies on the internet, not on this machine or a network around it."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is not None:
            return public(str(inner))
        if parsed in ipaddress.ip_network("64:ff9b::/96"):
            return public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
    return parsed.is_global and not parsed.is_multicast


def _public_if_address(host: str) -> bool:
    try:
        return public(host)
    except ValueError:
        # "127.1" and "2130706433" are addresses to the system's own functions.
        with suppress(OSError):
            return public(socket.inet_ntoa(socket.inet_aton(host)))
        return True


def _nearby(host: str) -> Refused:
    return Refused(
        "403 Forbidden",
        f"{host} is an address of this machine or of a network around it; notebooks reach the "
        "public web. An operator may open it: DATALAB_NOTEBOOK_HOSTS.",
    )


def _uid(connection: socket.socket) -> int:
    answer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", answer)[1])


def main() -> None:
    """Serve until told to stop, as nobody where that can be."""
    parser = argparse.ArgumentParser(prog="python -m datalab.isolation.web")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--hosts", default="")
    options = parser.parse_args()
    upstream = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY") or ""
    listening = bind(options.folder)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    each = EACH if os.geteuid() == 0 else ALL
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    hosts = frozenset(name.strip() for name in options.hosts.split(",") if name.strip())
    with suppress(KeyboardInterrupt):
        asyncio.run(Web(hosts, upstream, each).serve(listening))


if __name__ == "__main__":
    main()
