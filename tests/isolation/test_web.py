"""The way from notebooks to the web: what it carries, and what it refuses."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from datalab.isolation.doorway import SOCKET, bind
from datalab.isolation.web import EACH, Web, public


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        text = f"{self.path} {self.headers.get('Proxy-Authorization')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def ask(folder: Path, request: str, hosts: frozenset[str] = frozenset(), many: int = 1) -> bytes:
    """What a room gets for a request that it writes to the socket."""

    async def talk() -> bytes:
        web = Web(hosts, "")
        serving = asyncio.create_task(web.serve(bind(folder)))
        await asyncio.sleep(0.05)
        path = str(folder / SOCKET)
        idle = [await asyncio.open_unix_connection(path) for _ in range(many - 1)]
        await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(request.encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        for _, other in idle:
            other.close()
        serving.cancel()
        return answer

    return asyncio.run(talk())


def test_a_host_that_an_operator_named_is_reached(tmp_path: Path, site: int) -> None:
    request = f"GET http://127.0.0.1:{site}/data?x=1 HTTP/1.1\r\nHost: x\r\n"
    request += "Proxy-Authorization: secret\r\n\r\n"
    answer = ask(tmp_path, request, frozenset({f"127.0.0.1:{site}"}))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"/data?x=1 None")


def test_a_tunnel_carries_bytes_both_ways(tmp_path: Path, site: int) -> None:
    request = f"CONNECT 127.0.0.1:{site} HTTP/1.1\r\nHost: x\r\n\r\n"
    request += "GET /inside HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = ask(tmp_path, request, frozenset({"127.0.0.1"}))
    assert answer.startswith(b"HTTP/1.1 200 Connection established")
    assert b"/inside" in answer


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",  # noqa: S104
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fc00::1]",
        "100.64.0.1",
        "224.0.0.1",
    ],
)
@pytest.mark.parametrize("tunnel", [True, False])
def test_nothing_near_is_reached(tmp_path: Path, site: int, host: str, tunnel: bool) -> None:
    target = f"CONNECT {host}:{site}" if tunnel else f"GET http://{host}:{site}/"
    answer = ask(tmp_path, f"{target} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.split()[1] in {b"403", b"502"}
    assert b"200" not in answer.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "request_line",
    [
        "GET / HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "GET ftp://example.org/ HTTP/1.1",
        "CONNECT nonsense HTTP/1.1",
        "CONNECT example.org:99999 HTTP/1.1",
        "nonsense",
    ],
)
def test_what_is_no_request_to_a_web_proxy_is_refused(tmp_path: Path, request_line: str) -> None:
    answer = ask(tmp_path, f"{request_line}\r\n\r\n")
    assert answer.split()[1] in {b"400", b"403", b"502"}


def test_one_account_cannot_take_all_connections(tmp_path: Path) -> None:
    answer = ask(tmp_path, "GET http://example.org/ HTTP/1.1\r\n\r\n", many=EACH + 1)
    assert answer.startswith(b"HTTP/1.1 429")


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_the_internet_is_public(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize("address", ["64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:169.254.169.254"])
def test_an_address_inside_another_one_is_looked_at(address: str) -> None:
    assert not public(address)


def test_a_socket_is_made_below_any_path(tmp_path: Path) -> None:
    """Paths of unix sockets end at 107 bytes; those of homes do not."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with bind(folder) as listening:
        assert listening.family == socket.AF_UNIX
        assert (folder / SOCKET).is_socket()
