"""A file at one address: what the server says, and what the lab makes of it."""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from datalab.connectors import http, registry
from datalab.connectors.address import is_public
from datalab.connectors.transfer import Patience
from datalab.errors import (
    SourceChanged,
    SourceMissing,
    SourceRefused,
    SourceTooLarge,
    SourceUnreachable,
)
from tests.connectors.conftest import HURRIED, Answer, DatasetFor, Recorded, _Handler

CSV = b"code;name\n21231;Dijon\n"
SHA = hashlib.sha256(CSV).hexdigest()


def fetch(dataset: Any, cache: Path, max_bytes: int = 10_000, **more: Any) -> Any:
    return http.fetch(dataset, cache=cache, max_bytes=max_bytes, patience=HURRIED, **more)


def test_a_file_comes_whole_with_its_digest(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/communes.csv", Answer(body=CSV))
    seen: list[tuple[int, int | None]] = []
    fetched = registry.fetch(
        dataset_for(connector="http", url=url, allow_private=True),
        cache=cache,
        max_bytes=10_000,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert fetched.path.read_bytes() == CSV
    assert (fetched.sha256, fetched.size, fetched.url) == (SHA, len(CSV), url)
    assert seen[-1] == (len(CSV), len(CSV))
    assert fetched.fetched_at.tzinfo is UTC


def test_an_unchanged_file_is_not_sent_again(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(body=CSV, headers={"ETag": '"1"'}))
    dataset = dataset_for(connector="http", url=url, allow_private=True)
    first = fetch(dataset, cache)
    second = fetch(dataset, cache)
    assert server.asked[1][1]["if-none-match"] == '"1"'
    assert (second.path, second.sha256) == (first.path, first.sha256)


def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(body=CSV, headers={"ETag": '"1"'}))
    dataset = dataset_for(connector="http", url=url, allow_private=True)
    fetch(dataset, cache).path.write_bytes(b"rotten")
    assert fetch(dataset, cache).path.read_bytes() == CSV
    assert "if-none-match" not in server.asked[1][1]


def test_a_file_that_is_missing_says_so_at_once(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    with pytest.raises(SourceMissing) as caught:
        fetch(dataset_for(connector="http", url=server.url("/no.csv"), allow_private=True), cache)
    assert server.times("/no.csv") == 1
    assert "404" in caught.value.message("en")
    assert "communes.yaml" in caught.value.message("en")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_out_of_breath_is_asked_again(
    status: int, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    busy = Answer(status, headers={"Retry-After": "0"})
    url = server.says("/a.csv", busy, busy, Answer(body=CSV))
    fetched = fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert fetched.sha256 == SHA
    assert server.times("/a.csv") == 3


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_refused_access_is_not_called_a_missing_file(
    status: int, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(status))
    with pytest.raises(SourceUnreachable) as caught:
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert f"refuses the access (error {status})" in caught.value.message("en")
    assert server.times("/a.csv") == 1


def test_what_a_killed_process_left_behind_is_cleared(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(body=CSV))
    dataset = dataset_for(connector="http", url=url, allow_private=True)
    folder = fetch(dataset, cache).path.parent
    (folder / ".part-half").write_bytes(b"half")
    fetch(dataset, cache)
    assert not list(cache.rglob(".part-*"))


def test_a_server_that_stays_out_of_breath_is_given_up(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(503))
    with pytest.raises(SourceUnreachable, match="503"):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert server.times("/a.csv") == HURRIED.attempts


def test_a_server_that_asks_for_an_hour_is_not_waited_for(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceUnreachable):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert server.times("/a.csv") == 1


def test_a_truncated_body_is_never_taken_for_the_file(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(body=CSV, announced=len(CSV) + 100))
    with pytest.raises(SourceUnreachable):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert [p.name for p in cache.rglob("*") if p.is_file()] == [".turn"]


def test_a_body_that_breaks_once_is_fetched_again(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    cut = Answer(body=CSV[:5], announced=len(CSV))
    url = server.says("/a.csv", cut, Answer(body=CSV))
    fetched = fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert fetched.sha256 == SHA


def test_a_server_that_only_trickles_is_given_up(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(body=CSV * 10, pause=0.05))
    dataset = dataset_for(connector="http", url=url, allow_private=True)
    with pytest.raises(SourceUnreachable, match=r"0 seconds|0 secondes"):
        http.fetch(dataset, cache=cache, max_bytes=10_000, patience=Patience(whole=0.2))
    assert not list(cache.rglob(".part-*"))


def test_other_bytes_than_the_pinned_ones_are_refused(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(body=CSV))
    dataset = dataset_for(connector="http", url=url, allow_private=True, sha256="0" * 64)
    with pytest.raises(SourceChanged) as caught:
        fetch(dataset, cache)
    assert SHA in caught.value.message("en")


@pytest.mark.parametrize("announced", [None, -1])
def test_a_file_above_the_limit_is_left_unread(
    announced: int | None, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(body=b"x" * 5_000, announced=announced))
    with pytest.raises(SourceTooLarge, match="4000"):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache, max_bytes=4_000)
    assert not list(cache.rglob(".part-*"))


def test_a_compressed_answer_counts_by_what_it_unpacks_to(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    url = server.says("/a.csv", Answer(body=bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(SourceTooLarge):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache, max_bytes=50_000)


def test_the_limit_of_the_dataset_stands_above_that_of_the_lab(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.csv", Answer(body=CSV))
    dataset = dataset_for(connector="http", url=url, allow_private=True, max_bytes=3)
    with pytest.raises(SourceTooLarge):
        registry.fetch(dataset, cache=cache, max_bytes=10_000)


def test_a_redirect_is_followed(server: Recorded, dataset_for: DatasetFor, cache: Path) -> None:
    server.says("/new.csv", Answer(body=CSV))
    url = server.says("/old.csv", Answer(302, headers={"Location": "/new.csv"}))
    fetched = fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert (fetched.sha256, fetched.url) == (SHA, url)


def test_a_redirect_loop_ends(server: Recorded, dataset_for: DatasetFor, cache: Path) -> None:
    url = server.says("/a", Answer(302, headers={"Location": "/a"}))
    with pytest.raises(SourceRefused, match="5"):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert server.times("/a") == http.MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104 (asked, not bound)
    ],
)
def test_the_lab_does_not_fetch_from_its_own_network(
    host: str, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    server.says("/a.csv", Answer(body=CSV))
    with pytest.raises((SourceRefused, SourceUnreachable)):
        fetch(dataset_for(connector="http", url=f"http://{host}:{server.port}/a.csv"), cache)
    assert server.asked == []


def test_a_redirect_into_the_private_network_is_refused(
    server: Recorded,
    dataset_for: DatasetFor,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server plays the proxy of a campus, so that it can answer for a public address."""
    monkeypatch.setenv("http_proxy", server.url(""))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    there = {"Location": "http://169.254.169.254/latest/meta-data"}
    public = "http://1.1.1.1/communes.csv"
    server.answers[public] = [Answer(302, headers=there)]
    with pytest.raises(SourceRefused) as caught:
        fetch(dataset_for(connector="http", url=public), cache)
    assert "169.254.169.254" in caught.value.message("en")
    assert [path for path, _ in server.asked] == [public]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://1.1.1.1/a", "gopher:"])
def test_a_redirect_to_another_protocol_is_refused(
    location: str, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a", Answer(302, headers={"Location": location}))
    with pytest.raises(SourceRefused):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.1"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "2002:7f00:1::"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:0:7f00:1::1", "fec0::1"),
    ],
)
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::101:101"]
)
def test_addresses_of_the_open_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["ftp://x.fr/a", "file:///etc/passwd", "x.fr/a", "https://", "https://u:p@x.fr/a", "http://["],
)
def test_an_address_that_cannot_be_fetched_is_wrong_in_the_yaml(
    url: str, dataset_for: DatasetFor, cache: Path
) -> None:
    with pytest.raises(SourceRefused):
        registry.fetch(dataset_for(connector="http", url=url), cache=cache, max_bytes=10)


def test_nobody_listening_is_a_source_that_did_not_answer(
    dataset_for: DatasetFor, cache: Path
) -> None:
    dataset = dataset_for(connector="http", url="http://127.0.0.1:9/a.csv", allow_private=True)
    with pytest.raises(SourceUnreachable):
        fetch(dataset, cache)


@pytest.mark.parametrize(("name", "works"), [("localhost", True), ("elsewhere.example", False)])
def test_a_certificate_must_be_for_the_name_that_was_asked(
    name: str,
    works: bool,
    dataset_for: DatasetFor,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection goes to a checked address, yet the certificate is that of the name."""
    key, cert = certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    handler = type("Handler", (_Handler,), {})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.recorded = Recorded(0, {"/a.csv": [Answer(body=CSV)]})  # type: ignore[attr-defined]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
    url = f"https://localhost:{httpd.server_address[1]}/a.csv"
    dataset = dataset_for(connector="http", url=url, allow_private=True)
    try:
        if works:
            assert fetch(dataset, cache).sha256 == SHA
        else:
            with pytest.raises(SourceUnreachable) as caught:
                fetch(dataset, cache)
            assert "certificate" in caught.value.message("en")
    finally:
        httpd.shutdown()
        httpd.server_close()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_file, cert_file = folder / "key.pem", folder / "cert.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    return key_file, cert_file
