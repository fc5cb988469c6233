"""Web Push to a real local service: what it gets, when it is told again, what it can never be."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from datalab.connectors.address import client_for
from datalab.errors import PushRefused
from datalab.keeper import open_push
from datalab.participation import push
from datalab.participation.contact import Vault
from datalab.participation.push import PushKey
from datalab.participation.store import Store
from datalab.participation.tables.author import PUSH
from tests.participation.cases import NOW, person

ADDRESS = "https://push.test/send/abc-123"
SUBJECT = "mailto:labo@dijon.test"


class Service:
    """A push service: keeps what it was sent, answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 201
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                held = {name.lower(): value for name, value in self.headers.items()}
                service.heard.append((self.path, held, self.rfile.read(size)))
                self.send_response(service.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def client(self, url: httpx.URL) -> httpx.Client:
        """A client for which the names of push services stand for this one."""
        port = self.server.server_address[1]

        class Here(httpx.HTTPTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port)
                return super().handle_request(request)

        return httpx.Client(transport=Here())


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


def subscribed(store: Store, folder: Path, address: str = ADDRESS) -> str:
    with store.writing() as connection:
        who = person(connection)
        push.subscribe(connection, Vault(folder), who, address, NOW)
        push.announce(connection, [who], NOW)
    return who


def deliver(store: Store, folder: Path, service: Service, now: float = NOW) -> int:
    return push.deliver(store, Vault(folder), PushKey(folder), service.client, now, SUBJECT)


def held(store: Store) -> int:
    with store.reading() as connection:
        return len(connection.execute(select(PUSH.c.id)).all())


def test_a_push_says_nothing_and_proves_who_sends_it(
    store: Store, tmp_path: Path, service: Service
) -> None:
    subscribed(store, tmp_path)
    assert deliver(store, tmp_path, service) == 1
    ((path, headers, body),) = service.heard
    assert (path, body) == ("/send/abc-123", b"")
    assert headers["ttl"] == "86400"
    token, key = headers["authorization"].removeprefix("vapid t=").split(", k=")
    point = base64.urlsafe_b64decode(key + "=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    # The moments of these tests lie in the future: what is tried here is who signed for whom.
    late = {"verify_exp": False}
    claims = jwt.decode(token, public, ["ES256"], audience="https://push.test", options=late)
    assert claims == {"aud": "https://push.test", "sub": SUBJECT, "exp": int(NOW) + 12 * 3600}
    assert (tmp_path / push.FILE).stat().st_mode & 0o777 == 0o600


def test_who_knows_everything_is_not_told_again(
    store: Store, tmp_path: Path, service: Service
) -> None:
    subscribed(store, tmp_path)
    deliver(store, tmp_path, service)
    assert deliver(store, tmp_path, service, NOW + 9999) == 0
    assert len(service.heard) == 1


def test_a_subscription_that_ended_is_forgotten(
    store: Store, tmp_path: Path, service: Service
) -> None:
    subscribed(store, tmp_path)
    service.status = 410
    deliver(store, tmp_path, service)
    assert held(store) == 0


def test_a_service_that_fails_is_tried_again_and_not_for_ever(
    store: Store, tmp_path: Path, service: Service
) -> None:
    subscribed(store, tmp_path)
    service.status = 503
    deliver(store, tmp_path, service)
    assert deliver(store, tmp_path, service, NOW + 30) == 0
    assert len(service.heard) == 1
    for turn in range(1, 9):
        deliver(store, tmp_path, service, NOW + turn * 500_000)
    assert len(service.heard) == push.MOST_TRIES
    assert held(store) == 0


def test_a_redirect_leads_nowhere(store: Store, tmp_path: Path, service: Service) -> None:
    subscribed(store, tmp_path)
    service.status = 307
    assert deliver(store, tmp_path, service) == 0
    assert len(service.heard) == 1


NO_SERVICE = [
    "http://push.test/x",
    "https://push.test:8443/x",
    "https://user:password@push.test/x",
    "file:///etc/passwd",
    "https://",
    "",
    "https://push.test/" + "x" * 1000,
    "javascript:alert(1)",
    "https://püsh.test/x",
    "https://[::1",
]
INSIDE = [
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://[::1]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/x",
    "https://2130706433/x",
]


def test_what_is_no_push_service_is_refused(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        who = person(connection)
        for address in NO_SERVICE:
            with pytest.raises(PushRefused):
                push.subscribe(connection, Vault(tmp_path), who, address, NOW)


def test_an_address_of_the_labs_own_network_is_never_called(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for address in INSIDE:
        subscribed(store, tmp_path, address)
    told = push.deliver(store, Vault(tmp_path), PushKey(tmp_path), open_push, NOW, SUBJECT)
    assert told == 0
    assert held(store) == 0, "and it is forgotten"
    assert client_for(httpx.URL("https://example.org/"), 1.0).timeout.connect == 1.0


def test_the_database_alone_tells_no_address(store: Store, tmp_path: Path) -> None:
    subscribed(store, tmp_path)
    with store.reading() as connection:
        row = connection.execute(select(PUSH)).mappings().one()
    assert b"push.test" not in bytes(row["cipher"])
    assert "push.test" not in str(dict(row))


def test_a_browser_belongs_to_whom_it_was_given_last(store: Store, tmp_path: Path) -> None:
    subscribed(store, tmp_path)
    second = subscribed(store, tmp_path)
    with store.writing() as connection:
        assert push.author_of(connection, ADDRESS) == second
        assert push.unsubscribe(connection, ADDRESS)
        assert push.author_of(connection, ADDRESS) is None
        assert not push.unsubscribe(connection, ADDRESS)


def test_nobody_subscribes_a_hundred_browsers(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        who, vault = person(connection), Vault(tmp_path)
        for number in range(push.MOST_EACH):
            push.subscribe(connection, vault, who, f"https://push.test/{number}", NOW)
        push.subscribe(connection, vault, who, "https://push.test/0", NOW)
    with pytest.raises(PushRefused), store.writing() as connection:
        push.subscribe(connection, vault, who, "https://push.test/more", NOW)
