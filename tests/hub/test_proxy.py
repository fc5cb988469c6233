"""The pure-Python proxy: answers flow, websockets keep their protocol and their end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect

from tests.hub.lab import eventually, free_port, in_a_loop_of_its_own

TOKEN = "a-token-for-this-test"


class Slow(RequestHandler):
    """Says one thing, and the next only when told."""

    go_on: asyncio.Event

    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.write("data: first\n\n")
        await self.flush()
        await asyncio.sleep(1)
        self.write("data: second\n\n")


class Large(RequestHandler):
    async def get(self) -> None:
        self.set_header("Content-Length", str(64 * 2**20))
        for _ in range(64):
            self.write(b"x" * 2**20)
            await self.flush()


class Echo(RequestHandler):
    def post(self) -> None:
        self.set_header("X-Length", str(len(self.request.body)))
        self.add_header("Set-Cookie", "a=1")
        self.add_header("Set-Cookie", "b=2")
        self.set_status(201)
        self.write(self.request.body[:10])


class Asked(RequestHandler):
    def get(self) -> None:
        self.write(dict(self.request.headers))


class Hostile(RequestHandler):
    """A notebook server that wants more than its own addresses."""

    def get(self, path: str) -> None:
        if path.endswith("x"):
            self.set_header("Clear-Site-Data", '"*"')
        self.set_header("Service-Worker-Allowed", "/")
        self.set_header("X-Path", self.request.path)
        for cookie in HOSTILE:
            self.add_header("Set-Cookie", cookie)
        if path.endswith("page"):
            self.write("<!DOCTYPE html><title>A page</title>")
        else:
            self.set_header("Content-Type", "text/javascript")
            self.write("onfetch = event => event.respondWith(new Response('caught'))")


HOSTILE = [
    "a=1",
    "b=2; Path=/",
    "c=3; path=/user/mallory/deep; PATH = /hub/; HttpOnly",
    "d=4; Path=/user/mallory/deep; Domain=example.org",
    "e=5; Path=/user/mallory-two/",
]


class Nothing(RequestHandler):
    def get(self) -> None:
        self.set_status(304)

    def head(self) -> None:
        self.set_header("Content-Length", "1234")

    def delete(self) -> None:
        self.set_status(204)


class Talk(WebSocketHandler):
    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return "v1.kernel" if "v1.kernel" in subprotocols else None

    def open(self) -> None:
        self.write_message("hello")

    def on_message(self, message: str | bytes) -> None:
        if message == "bye":
            self.close(4001, "gone")
        else:
            self.write_message(message, binary=isinstance(message, bytes))


@dataclass
class Places:
    proxy: str
    api: str
    log: Path


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    log = Path(tmp_path_factory.mktemp("proxy")) / "proxy.log"
    server_port, port, api_port = free_port(), free_port(), free_port()
    loops: list[IOLoop] = []

    def serve() -> None:
        async def run() -> None:
            loops.append(IOLoop.current())
            pages = [
                ("/slow", Slow),
                ("/large", Large),
                ("/echo", Echo),
                ("/nothing", Nothing),
                ("/asked", Asked),
                ("/talk", Talk),
                (r"/(user/mallory.*|hub/x.*)", Hostile),
            ]
            HTTPServer(Application(pages)).listen(server_port, "127.0.0.1")
            stop = asyncio.Event()
            loops[0].stop_event = stop  # type: ignore[attr-defined]
            await stop.wait()

        asyncio.run(run())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    target = f"http://127.0.0.1:{server_port}"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "datalab.hub.proxy", "--ip", "127.0.0.1"),
            *("--port", str(port), "--api-port", str(api_port)),
            *("--default-target", target, "--error-target", "http://127.0.0.1:9"),
        ],
        env={**os.environ, "CONFIGPROXY_AUTH_TOKEN": TOKEN},
        stderr=log.open("wb"),
    )
    found = Places(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{api_port}/api/routes", log)

    def listens() -> bool:
        try:
            return httpx.get(found.api).status_code == 403
        except httpx.HTTPError:
            return False

    eventually(listens, "the proxy")
    known = {"Authorization": f"token {TOKEN}"}
    route = {"target": target}
    httpx.post(f"{found.api}/user/mallory", json=route, headers=known).raise_for_status()
    yield found
    process.terminate()
    process.wait(10)
    loops[0].add_callback(loops[0].stop_event.set)  # type: ignore[attr-defined]
    thread.join(5)


def test_what_was_said_arrives_before_the_answer_ends(places: Places) -> None:
    with httpx.stream("GET", f"{places.proxy}/slow") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"data: first\n\n"
        assert b"".join(parts) == b"data: second\n\n"


def test_a_stream_whose_page_is_left_is_no_fault_in_the_log(places: Places) -> None:
    with httpx.stream("GET", f"{places.proxy}/slow") as answer:
        next(answer.iter_raw())
    # What is asked for afterwards ends after what was left.
    assert httpx.get(f"{places.proxy}/slow").text.endswith("data: second\n\n")
    said = places.log.read_text()
    assert "StreamClosedError" not in said
    assert "Traceback" not in said


def test_a_large_answer_arrives_whole_with_its_length(places: Places) -> None:
    with httpx.stream("GET", f"{places.proxy}/large") as answer:
        assert answer.headers["Content-Length"] == str(64 * 2**20)
        assert sum(len(part) for part in answer.iter_raw()) == 64 * 2**20


def test_uploads_and_repeated_headers_pass(places: Places) -> None:
    answer = httpx.post(f"{places.proxy}/echo", content=b"y" * 20_000_000)
    assert answer.status_code == 201
    assert answer.headers["X-Length"] == "20000000"
    assert answer.headers.get_list("Set-Cookie") == ["a=1", "b=2"]
    assert answer.content == b"y" * 10


def test_the_server_behind_learns_who_asked_for_which_host(places: Places) -> None:
    host = places.proxy.removeprefix("http://")
    asked = httpx.get(f"{places.proxy}/asked", headers={"X-Forwarded-For": "192.0.2.7"}).json()
    assert asked["Host"] == asked["X-Forwarded-Host"] == host
    assert asked["X-Forwarded-For"] == "192.0.2.7, 127.0.0.1"
    assert asked["X-Forwarded-Proto"] == "http"
    assert asked["X-Forwarded-Port"] == host.rpartition(":")[2]


@pytest.mark.parametrize(("method", "status"), [("GET", 304), ("HEAD", 200), ("DELETE", 204)])
def test_answers_without_a_body_pass(places: Places, method: str, status: int) -> None:
    answer = httpx.request(method, f"{places.proxy}/nothing")
    assert answer.status_code == status
    assert answer.content == b""


def test_more_than_ten_are_served_at_a_time(places: Places) -> None:
    async def all_first_words() -> list[bytes]:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=40)) as client:

            async def first() -> bytes:
                async with client.stream("GET", f"{places.proxy}/slow") as answer:
                    return b"".join([part async for part in answer.aiter_raw()])

            return await asyncio.gather(*(first() for _ in range(30)))

    assert set(in_a_loop_of_its_own(all_first_words())) == {b"data: first\n\ndata: second\n\n"}


def test_a_websocket_keeps_its_protocol_its_messages_and_its_end(places: Places) -> None:
    async def talk() -> tuple[str | None, list[str | bytes | None], int | None]:
        address = places.proxy.replace("http", "ws") + "/talk"
        socket = await websocket_connect(address, subprotocols=["other", "v1.kernel"])
        said = [await socket.read_message()]
        for message in ("words", "é" * 3_000_000):
            await socket.write_message(message)
            said.append(await socket.read_message())
        await socket.write_message(b"\x00\xff", binary=True)
        said.append(await socket.read_message())
        await socket.write_message("bye")
        said.append(await asyncio.wait_for(socket.read_message(), 5))
        return socket.selected_subprotocol, said, socket.close_code

    protocol, said, code = in_a_loop_of_its_own(talk())
    assert protocol == "v1.kernel"
    assert said == ["hello", "words", "é" * 3_000_000, b"\x00\xff", None]
    assert code == 4001


def test_a_server_that_is_gone_gives_a_page_in_the_readers_language(places: Places) -> None:
    route = {"target": "http://127.0.0.1:9"}
    known = {"Authorization": f"token {TOKEN}"}
    assert httpx.post(f"{places.api}/gone", json=route, headers=known).status_code == 201
    for language, word in (("fr", "répond"), ("en", "answer")):
        answer = httpx.get(f"{places.proxy}/gone/x", headers={"Accept-Language": language})
        assert answer.status_code == 503
        assert word in answer.text
        assert f'lang="{language}"' in answer.text


def test_a_server_speaks_for_its_own_addresses_only(places: Places) -> None:
    answer = httpx.get(f"{places.proxy}/user/mallory/deep/x")
    assert answer.status_code == 200
    assert not {"clear-site-data", "service-worker-allowed"} & set(answer.headers)
    assert answer.headers.get_list("Set-Cookie") == [
        "a=1; Path=/user/mallory/",
        "b=2; Path=/user/mallory/",
        "c=3; HttpOnly; Path=/user/mallory/",
        "d=4; Path=/user/mallory/deep",
        "e=5; Path=/user/mallory/",
    ]
    trusted = httpx.get(f"{places.proxy}/hub/x")
    assert trusted.headers["Clear-Site-Data"] == '"*"'
    assert trusted.headers.get_list("Set-Cookie") == HOSTILE


HIDDEN = ["user%2fmallory%2fx", "user%252fmallory%252fx", "%75ser/mallory/x", "user/mallor%79/x"]


@pytest.mark.parametrize("address", HIDDEN)
def test_an_address_leads_where_a_browser_takes_it_to_lead(places: Places, address: str) -> None:
    assert httpx.get(f"{places.proxy}/{address}").status_code == 404, "the hub's answer"


@pytest.mark.parametrize("path", ["a%2Fb", "%C3%A9t%C3%A9%20x", "a%252Fb;c=d@e+f", "x~y'(z)!"])
def test_an_address_arrives_as_it_was_sent(places: Places, path: str) -> None:
    answer = httpx.get(f"{places.proxy}/user/mallory/{path}?q=%2F")
    assert answer.headers["X-Path"] == f"/user/mallory/{path}"


def test_no_service_worker_of_a_server_catches_pages(places: Places, browser: Browser) -> None:
    register = """async ([script, scope]) => {
        try { await navigator.serviceWorker.register(script, {scope}) } catch (e) { return e.name }
        return "registered"
    }"""
    page = browser.new_page()
    page.goto(f"{places.proxy}/user/mallory/page")
    for script, scope in [
        ("/user/mallory/sw.js", "/"),
        ("/user/mallory/sw.js", "/user/mallory/"),
        ("/user/mallory", "/user/"),
        ("/user%252fmallory%252fsw.js", "/"),
    ]:
        told = page.evaluate(register, [script, scope])
        assert told in {"SecurityError", "TypeError"}, script
    # The control: what is not a notebook server may.
    page.goto(f"{places.proxy}/hub/x-page")
    assert page.evaluate(register, ["/hub/x.js", "/hub/"]) == "registered"
    page.close()


@pytest.mark.parametrize("header", [{}, {"Authorization": "token wrong"}])
def test_routes_are_changed_by_nobody_else(places: Places, header: dict[str, str]) -> None:
    route = {"target": "http://127.0.0.1:9"}
    assert httpx.post(f"{places.api}/user/x", json=route, headers=header).status_code == 403


def test_it_does_not_start_without_a_token() -> None:
    command = [sys.executable, "-m", "datalab.hub.proxy", "--ip", "127.0.0.1", "--port", "1"]
    command += ["--api-port", "2", "--default-target", "x", "--error-target", "x"]
    kept = {k: v for k, v in os.environ.items() if k != "CONFIGPROXY_AUTH_TOKEN"}
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "CONFIGPROXY_AUTH_TOKEN" in done.stderr
