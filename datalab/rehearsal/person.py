"""One person of a rehearsal: a phone that joins, listens, says, votes and reads over real HTTP."""

from __future__ import annotations

import asyncio
import html
import re
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

PATIENCE = 30.0  # seconds for one answer
FIELD = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')
NAME = re.compile(r'name="pseudonym" value="([^"]+)"')
READING = 1.2  # seconds that somebody looks at a form before sending it; fewer look automatic


@dataclass
class Book:
    """What was seen: seconds by kind of act, what failed, what was taken."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    problems: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def timed(self, act: str) -> AsyncIterator[None]:
        """Count an act; what it raises is a problem of the rehearsal, not its end."""
        began = time.perf_counter()
        try:
            yield
        except (httpx.HTTPError, Refused) as error:
            self.problems[
                f"{act}: {error if isinstance(error, Refused) else type(error).__name__}"
            ] += 1
        else:
            self.taken[act] += 1
            self.seconds.setdefault(act, []).append(time.perf_counter() - began)


class Refused(Exception):
    """The lab answered anything but what a person hopes for."""


def expect(answer: httpx.Response, *statuses: int) -> httpx.Response:
    """
    Raises
    ------
    Refused
    """
    if answer.status_code not in statuses:
        raise Refused(str(answer.status_code))
    return answer


class Person:
    """``base`` ends in ``/services/datalab/``."""

    def __init__(self, base: str, number: int, book: Book) -> None:
        self.number, self.book = number, book
        url = httpx.URL(base)
        origin = f"{url.scheme}://{url.netloc.decode()}"
        self.client = httpx.AsyncClient(
            base_url=base,
            timeout=PATIENCE,
            headers={
                "Accept": "text/html",
                "Accept-Language": "fr",
                "Origin": origin,
                "Sec-Fetch-Site": "same-origin",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document",
                "User-Agent": "datalab-rehearsal",
            },
            trust_env=False,
            limits=httpx.Limits(max_connections=6),
        )
        self.heard = 0
        self.joined = False

    async def join(self, code: str) -> None:
        """Scan the code, read two sentences, take part."""
        page = ""
        async with self.book.timed("page"):
            page = expect(await self.client.get(f"join/{code}"), 200).text
        name = NAME.search(page)
        if name is None:
            return
        await asyncio.sleep(READING)
        async with self.book.timed("join"):
            sent = {**hidden(page), "pseudonym": html.unescape(name[1])}
            expect(await self.client.post(f"join/{code}", data=sent), 303)
            self.joined = True

    async def say(self, session: str, text: str) -> None:
        """Open the page, write an idea, send it."""
        async with self.book.timed("say"):
            page = expect(await self.client.get(f"sessions/{session}/take-part"), 200).text
            sent = {**hidden(page), "receipt": secrets.token_urlsafe(18), "text": text}
            answer = await self.client.post(f"sessions/{session}/take-part", data=sent)
            expect(answer, 303)

    async def vote(self, session: str, idea: str) -> None:
        """Give an idea a dot."""
        async with self.book.timed("vote"):
            page = expect(await self.client.get(f"sessions/{session}/take-part"), 200).text
            sent = {**hidden(page), "receipt": secrets.token_urlsafe(18), "give": f"{idea} 1"}
            answer = await self.client.post(f"sessions/{session}/take-part/vote", data=sent)
            expect(answer, 303)

    async def listen(self, session: str) -> None:
        """Follow the session live until told to stop."""
        address = f"sessions/{session}/take-part/events"
        try:
            async with self.client.stream("GET", address, timeout=None) as answer:
                expect(answer, 200)
                async for line in answer.aiter_lines():
                    self.heard += line.startswith("event:")
        except (httpx.HTTPError, Refused) as error:
            self.book.problems[f"listen: {type(error).__name__}"] += 1

    async def read(self, paths: list[str]) -> None:
        """Look at pages for everybody, as somebody does who waits for the others."""
        for path in paths:
            async with self.book.timed("read"):
                expect(await self.client.get(path, follow_redirects=True), 200)

    async def leave(self) -> None:
        await self.client.aclose()


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms; the first of each name counts."""
    found: dict[str, str] = {}
    for name, value in FIELD.findall(page):
        found.setdefault(name, html.unescape(value))
    return found
