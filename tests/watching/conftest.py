"""The portal with accounts, a mail server and a web server that remember what reaches them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.portal.conftest import workshop
from tests.portal.desk import Desk

__all__ = ["workshop"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Accounts of every group, named after it."""
    return Desk(tmp_path / "home")


class Outside:
    """A web server outside the lab; ``asked`` are method, path and JSON. It answers ``status``."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.status = 200
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outside.asked.append((self.command, self.path, json.loads(body) if body else None))
                self.send_response(outside.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = _answer

            def log_message(self, *words: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()
    yield made
    made.server.shutdown()
    made.server.server_close()
