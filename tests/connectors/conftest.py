"""A real HTTP server with recorded bodies, and datasets whose source is one of them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from datalab.catalog.dataset import Dataset
from datalab.connectors.transfer import Patience

HURRIED = Patience(attempts=3, first_wait=0.01, longest=0.05, pause=0)


@dataclass
class Answer:
    """``announced`` is the Content-Length where it shall not be the true one.

    ``pause`` is what the server waits, in seconds, after each byte; ``held`` keeps it from
    sending a body until it is set.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None
    pause: float = 0
    held: threading.Event | None = None


@dataclass
class Recorded:
    """Answers by path, one after the other and the last for ever, and what was asked.

    A path with its query stands above the path alone.
    """

    port: int
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.url(path)

    def times(self, path: str) -> int:
        """How often ``path`` was asked, whatever the question after it."""
        return sum(1 for asked, _ in self.asked if path in {asked, asked.partition("?")[0]})

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        self.asked.append((path, headers))
        known = self.answers.get(path) or self.answers.get(path.partition("?")[0])
        if known is None:
            return Answer(404, b"nothing here")
        chosen = known.pop(0) if len(known) > 1 else known[0]
        etag = chosen.headers.get("ETag")
        if etag is not None and headers.get("if-none-match") == etag:
            return Answer(304, headers={"ETag": etag})
        return chosen


class _Handler(BaseHTTPRequestHandler):
    recorded: Recorded

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.recorded.answer(self.path, headers)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            length = len(answer.body) if answer.announced is None else answer.announced
            if length >= 0:
                self.send_header("Content-Length", str(length))
        self.end_headers()
        if answer.held is not None:
            answer.held.wait(60)
        if not answer.pause:
            with contextlib.suppress(OSError):
                self.wfile.write(answer.body)
            return
        with contextlib.suppress(OSError):  # the other side had enough
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                time.sleep(answer.pause)

    do_HEAD = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Recorded]:
    handler = type("Handler", (_Handler,), {})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.recorded = recorded = Recorded(httpd.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield recorded
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


DatasetFor = Callable[..., Dataset]


@pytest.fixture
def dataset_for(tmp_path: Path) -> DatasetFor:
    """A dataset with the given ``source``, in a catalog of its own."""

    def make(**source: Any) -> Dataset:
        folder = tmp_path / "catalog" / "territory"
        folder.mkdir(parents=True, exist_ok=True)
        words = {"fr": "Communes", "en": "Municipalities"}
        return Dataset.model_validate(
            {
                "id": "communes",
                "title": words,
                "description": words,
                "publisher": "INSEE",
                "license": "lov2",
                "steward": "observatoire",
                "periodicity": "annual",
                "source": source,
                "columns": {"code": {"type": "varchar", "description": words}},
            }
        ).located("territory", folder / "communes.yaml")

    return make
