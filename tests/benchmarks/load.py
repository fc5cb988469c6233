"""A light HTTP client for load: many kept-alive connections in one thread, times to the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass
class Answer:
    status: int
    body: bytes
    seconds: float
    cookies: tuple[str, ...] = ()


@dataclass
class Connection:
    """One connection; it is opened again when the other side closed it."""

    port: int
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] = {}, body: bytes = b""
    ) -> Answer:
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        began = time.perf_counter()
        if self.writer is None or self.writer.is_closing():
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert self.reader is not None
        try:
            self.writer.write(f"{head}\r\n".encode() + body)
            status, known, cookies = await self._head()
            found = await self._body(known)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            raise ConnectionError from None
        return Answer(status, found, time.perf_counter() - began, cookies)

    async def _head(self) -> tuple[int, dict[str, str], tuple[str, ...]]:
        assert self.reader is not None
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        known, cookies = {}, []
        for line in raw[1:]:
            name, _, value = line.partition(":")
            known[name.strip().lower()] = value.strip()
            if name.strip().lower() == "set-cookie":
                cookies.append(value.strip().partition(";")[0])
        return int(raw[0].split()[1]), known, tuple(cookies)

    async def _body(self, known: Mapping[str, str]) -> bytes:
        assert self.reader is not None
        if known.get("transfer-encoding") != "chunked":
            return await self.reader.readexactly(int(known.get("content-length") or 0))
        found = b""
        while size := int((await self.reader.readline()).split(b";")[0], 16):
            found += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return found

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


@dataclass
class Times:
    """Seconds to the answer, and what was answered."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def add(self, answer: Answer) -> None:
        self.seconds.append(answer.seconds)
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1

    def at(self, share: float) -> float:
        """The quantile ``share``, in milliseconds (nearest rank)."""
        ranked = sorted(self.seconds)
        return 1000 * ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0

    def __str__(self) -> str:
        told = " ".join(f"p{int(100 * s)} {self.at(s):.0f} ms" for s in (0.5, 0.95, 0.99))
        return f"{told} answers {dict(sorted(self.statuses.items()))}"


async def press(
    port: int, connections: int, seconds: float, one: Callable[[Connection, int], Awaitable[None]]
) -> float:
    """Let ``connections`` each do ``one`` after the other for ``seconds``; returns how long."""
    numbers: Iterator[int] = iter(range(10**9))
    end = time.perf_counter() + seconds

    async def work() -> None:
        connection = Connection(port)
        while time.perf_counter() < end:
            await one(connection, next(numbers))
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.perf_counter() - began
