"""A file inside a package: found as pip would, taken out, and nothing of it run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from datalab.connectors import registry
from datalab.connectors.index import IndexSettings, Session, archives
from datalab.connectors.package import fetch_member, purl
from datalab.errors import (
    SourceChanged,
    SourceMissing,
    SourceTooLarge,
    SourceUnreachable,
)
from tests.connectors.conftest import HURRIED, Answer, DatasetFor, Recorded

DATA = b"code;name\n21231;Dijon\n"
SHA = hashlib.sha256(DATA).hexdigest()
MEMBER = "geo_facts/data/communes.csv"


def wheel(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def sdist(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def folder_of(tmp_path: Path, **archives: bytes) -> IndexSettings:
    """A folder used as ``find-links``; dots and dashes of file names are given as they are."""
    folder = tmp_path / "wheels"
    folder.mkdir(exist_ok=True)
    for name, content in archives.items():
        (folder / name).write_bytes(content)
    return IndexSettings(no_index=True, find_links=(str(folder),))


def take(settings: IndexSettings, cache: Path, sha256: str = SHA, **more: Any) -> Path:
    version, member = more.pop("version", "1.0"), more.pop("member", MEMBER)
    return fetch_member(
        "geo-facts",
        version,
        member,
        sha256,
        cache,
        settings=settings,
        patience=HURRIED,
        file="communes.yaml",
        **more,
    )


def test_a_member_of_a_wheel_is_taken_out(tmp_path: Path, cache: Path) -> None:
    settings = folder_of(tmp_path, **{"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    path = take(settings, cache)
    assert path.name == "communes.csv"
    assert path.read_bytes() == DATA


def test_a_wheel_for_any_other_machine_will_do(tmp_path: Path, cache: Path) -> None:
    name = "geo_facts-1.0-cp38-cp38-macosx_11_0_arm64.whl"
    assert take(folder_of(tmp_path, **{name: wheel({MEMBER: DATA})}), cache).read_bytes() == DATA


@pytest.mark.parametrize("prefix", ["geo_facts-1.0/", "geo_facts-1.0/src/"])
def test_a_source_distribution_is_opened_and_never_run(
    prefix: str, tmp_path: Path, cache: Path
) -> None:
    trace = tmp_path / "trace"
    leave_a_trace = f"open({str(trace)!r}, 'w').close()\n".encode()
    files = {
        "geo_facts-1.0/setup.py": leave_a_trace,
        "geo_facts-1.0/pyproject.toml": b"[build-system]\nrequires = []\n"
        b"build-backend = 'backend'\nbackend-path = ['.']\n",
        "geo_facts-1.0/backend.py": leave_a_trace,
        f"{prefix}geo_facts/__init__.py": leave_a_trace,
        f"{prefix}{MEMBER}": DATA,
    }
    settings = folder_of(tmp_path, **{"geo_facts-1.0.tar.gz": sdist(files)})
    assert take(settings, cache).read_bytes() == DATA
    assert not trace.exists()


def test_a_second_look_fetches_nothing(server: Recorded, cache: Path) -> None:
    settings = index(server, {"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    first = take(settings, cache)
    asked = len(server.asked)
    assert take(settings, cache) == first
    assert len(server.asked) == asked


def test_a_member_that_was_damaged_in_the_cache_is_taken_again(tmp_path: Path, cache: Path) -> None:
    settings = folder_of(tmp_path, **{"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    take(settings, cache).write_bytes(b"rotten")
    assert take(settings, cache).read_bytes() == DATA


def test_members_of_one_package_share_one_download(server: Recorded, cache: Path) -> None:
    files = {f"geo_facts/data/{n}.csv": f"{n}\n".encode() for n in range(8)}
    name = "geo_facts-1.0-py3-none-any.whl"
    settings = index(server, {name: wheel(files)})
    start = threading.Barrier(8)

    def one(entry: tuple[str, bytes]) -> bytes:
        start.wait()
        sha256 = hashlib.sha256(entry[1]).hexdigest()
        return take(settings, cache, sha256, member=entry[0]).read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, files.items())) == list(files.values())
    assert server.times(f"/files/{name}") == 1


def test_other_bytes_than_the_pinned_ones_are_refused(tmp_path: Path, cache: Path) -> None:
    settings = folder_of(tmp_path, **{"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: b"new"})})
    with pytest.raises(SourceChanged) as caught:
        take(settings, cache)
    found = hashlib.sha256(b"new").hexdigest()
    assert all(word in caught.value.message("en") for word in (SHA, found, "communes.yaml"))
    assert not list(cache.rglob("communes.csv"))


def test_an_archive_with_other_line_ends_gives_way_to_the_next(tmp_path: Path, cache: Path) -> None:
    settings = folder_of(
        tmp_path,
        **{
            "geo_facts-1.0-cp311-cp311-win_amd64.whl": wheel(
                {MEMBER: DATA.replace(b"\n", b"\r\n")}
            ),
            "geo_facts-1.0-cp312-cp312-manylinux2014_x86_64.whl": wheel({MEMBER: DATA}),
            "geo_facts-1.0.tar.gz": sdist({"geo_facts-1.0/setup.py": b""}),
        },
    )
    assert take(settings, cache).read_bytes() == DATA


def test_a_member_that_is_not_there_suggests_the_nearest(tmp_path: Path, cache: Path) -> None:
    settings = folder_of(tmp_path, **{"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    with pytest.raises(SourceMissing) as caught:
        take(settings, cache, member="geo_facts/data/comunes.csv")
    assert MEMBER in caught.value.message("en")


def test_a_version_that_is_not_there_says_so(tmp_path: Path, cache: Path) -> None:
    settings = folder_of(tmp_path, **{"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    with pytest.raises(SourceMissing, match=r"2\.0"):
        take(settings, cache, version="2.0")


def test_an_index_that_does_not_answer_is_not_a_missing_package(cache: Path) -> None:
    with pytest.raises(SourceUnreachable):
        take(IndexSettings(index_url="http://127.0.0.1:9/simple"), cache)


@pytest.mark.parametrize("member", ["../../etc/passwd", "/etc/passwd", "a/../../b", "a\\b", ""])
def test_a_member_with_a_path_out_of_the_archive_is_refused(
    member: str, tmp_path: Path, cache: Path, dataset_for: DatasetFor
) -> None:
    settings = folder_of(tmp_path, **{"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    with pytest.raises(SourceMissing):
        take(settings, cache, member=member)


@pytest.mark.parametrize("evil", ["../../../../evil.csv", "/tmp/evil.csv"])
def test_paths_inside_an_archive_are_never_used_on_this_machine(
    evil: str, tmp_path: Path, cache: Path
) -> None:
    files = {evil: b"evil", f"{evil}/{MEMBER}": DATA}
    settings = folder_of(tmp_path, **{"geo_facts-1.0.tar.gz": sdist(files)})
    before = set(tmp_path.rglob("*"))
    path = take(settings, cache)
    new = set(tmp_path.rglob("*")) - before
    assert path.is_relative_to(cache)
    assert all(p.is_relative_to(cache) for p in new)
    assert not Path("/tmp/evil.csv").exists()


def test_a_link_inside_an_archive_is_not_followed(tmp_path: Path, cache: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"geo_facts-1.0/{MEMBER}")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    settings = folder_of(tmp_path, **{"geo_facts-1.0.tar.gz": buffer.getvalue()})
    with pytest.raises(SourceMissing):
        take(settings, cache)


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_bomb_stops_at_the_limit(kind: str, tmp_path: Path, cache: Path) -> None:
    zeros = b"\0" * 20_000_000
    files = {f"geo_facts-1.0/{MEMBER}" if kind == "sdist" else MEMBER: zeros}
    name, content = (
        ("geo_facts-1.0.tar.gz", sdist(files))
        if kind == "sdist"
        else ("geo_facts-1.0-py3-none-any.whl", wheel(files))
    )
    with pytest.raises(SourceTooLarge):
        take(folder_of(tmp_path, **{name: content}), cache, max_bytes=1_000_000)
    assert not list(cache.rglob("*.csv"))
    assert not list(cache.rglob(".part-*"))


def test_a_wheel_that_lies_about_a_size_stops_at_the_limit(tmp_path: Path, cache: Path) -> None:
    content = bytearray(wheel({MEMBER: b"\0" * 3_000_000}))
    real, small = (3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    forged = bytes(content).replace(real, small)
    settings = folder_of(tmp_path, **{"geo_facts-1.0-py3-none-any.whl": forged})
    with pytest.raises((SourceTooLarge, SourceUnreachable, SourceChanged)):
        take(settings, cache, max_bytes=1_000_000)
    assert not [p for p in cache.rglob("*") if p.is_file() and p.stat().st_size > 1_000_000]


def test_a_header_that_asks_for_all_memory_is_refused(tmp_path: Path, cache: Path) -> None:
    """A pax header is read whole: its declared size must not be believed."""
    entry = tarfile.TarInfo("PaxHeader")
    entry.type, entry.size = tarfile.XHDTYPE, 1 << 40
    forged = gzip.compress(entry.tobuf(tarfile.GNU_FORMAT))
    settings = folder_of(tmp_path, **{"geo_facts-1.0.tar.gz": forged})
    with pytest.raises(SourceTooLarge):
        take(settings, cache)


@pytest.mark.parametrize(
    "content", [b"", b"no archive", wheel({MEMBER: DATA})[:60]], ids=["empty", "text", "half"]
)
@pytest.mark.parametrize("name", ["geo_facts-1.0-py3-none-any.whl", "geo_facts-1.0.tar.gz"])
def test_a_broken_archive_is_an_error_with_a_name(
    name: str, content: bytes, tmp_path: Path, cache: Path
) -> None:
    with pytest.raises((SourceUnreachable, SourceMissing)):
        take(folder_of(tmp_path, **{name: content}), cache)


# -- the index ----------------------------------------------------------------------------


def index(server: Recorded, files: dict[str, bytes], digest: str | None = None) -> IndexSettings:
    """A simple index of one package (PEP 503), with the digest of each file."""
    links = ""
    for name, content in files.items():
        sha256 = digest or hashlib.sha256(content).hexdigest()
        links += f'<a href="/files/{name}#sha256={sha256}">{name}</a>\n'
        server.says(f"/files/{name}", Answer(body=content))
    page = Answer(body=f"<html>{links}</html>".encode(), headers={"Content-Type": "text/html"})
    server.says("/simple/geo-facts/", page)
    return IndexSettings(index_url=server.url("/simple"))


def test_an_index_is_asked_and_its_digest_held(server: Recorded, cache: Path) -> None:
    name = "geo_facts-1.0-py3-none-any.whl"
    good = index(server, {name: wheel({MEMBER: DATA})})
    assert take(good, cache).read_bytes() == DATA


def test_an_archive_other_than_announced_is_refused(server: Recorded, cache: Path) -> None:
    forged = index(server, {"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})}, "0" * 64)
    with pytest.raises(SourceUnreachable):
        take(forged, cache)


def test_an_index_out_of_breath_is_asked_again(server: Recorded, cache: Path) -> None:
    settings = index(server, {"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    page = server.answers["/simple/geo-facts/"][0]
    server.says("/simple/geo-facts/", Answer(503), page)
    assert take(settings, cache).read_bytes() == DATA


def test_an_archive_that_redirects_for_ever_is_given_up(server: Recorded, cache: Path) -> None:
    name = "geo_facts-1.0-py3-none-any.whl"
    settings = index(server, {name: wheel({MEMBER: DATA})})
    server.says(f"/files/{name}", Answer(302, headers={"Location": f"/files/{name}"}))
    with pytest.raises(SourceUnreachable, match="redirige"):
        take(settings, cache)


def test_a_second_index_stands_in_for_one_that_fails(server: Recorded, cache: Path) -> None:
    good = index(server, {"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    settings = IndexSettings(
        index_url="http://127.0.0.1:9/simple", extra_index_url=(str(good.index_url),)
    )
    assert take(settings, cache).read_bytes() == DATA


def test_a_folder_is_asked_before_the_network(
    server: Recorded, tmp_path: Path, cache: Path
) -> None:
    folder = folder_of(tmp_path, **{"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    settings = IndexSettings(index_url=server.url("/simple"), find_links=folder.find_links)
    assert take(settings, cache).read_bytes() == DATA
    assert server.asked == []


@pytest.mark.parametrize("as_address", [True, False])
def test_an_index_may_be_a_folder(as_address: bool, tmp_path: Path, cache: Path) -> None:
    page = tmp_path / "simple" / "geo-facts"
    page.mkdir(parents=True)
    name = "geo_facts-1.0-py3-none-any.whl"
    (tmp_path / name).write_bytes(wheel({MEMBER: DATA}))
    (page / "index.html").write_text(f'<a href="../../{name}">{name}</a>')
    root = tmp_path / "simple"
    settings = IndexSettings(index_url=root.as_uri() if as_address else str(root))
    assert take(settings, cache).read_bytes() == DATA


@pytest.mark.parametrize("body", [b"\xff\xfe{", b"{", b""])
def test_a_page_that_is_no_index_is_an_error_with_a_name(
    body: bytes, server: Recorded, cache: Path
) -> None:
    kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    server.says("/simple/geo-facts/", Answer(body=body, headers=kind))
    with pytest.raises((SourceUnreachable, SourceMissing)):
        take(IndexSettings(index_url=server.url("/simple")), cache)


def test_the_password_of_an_index_is_sent_and_never_said(server: Recorded, cache: Path) -> None:
    index(server, {"geo_facts-1.0-py3-none-any.whl": wheel({MEMBER: DATA})})
    guarded = f"http://reader:s3cr%40t@127.0.0.1:{server.port}/simple"
    settings = IndexSettings(index_url=guarded)
    path = take(settings, cache)
    sent = base64.b64encode(b"reader:s3cr@t").decode()
    assert all(headers["authorization"] == f"Basic {sent}" for _, headers in server.asked)
    server.says("/simple/geo-facts/", Answer(403))
    with pytest.raises(SourceUnreachable) as caught:
        take(settings, cache, version="9.9")
    said = f"{caught.value.message('fr')}{caught.value.as_json()}{caught.value.facts}"
    assert "s3cr" not in said
    assert "127.0.0.1" not in said
    assert "s3cr" not in str(path)


def test_the_password_does_not_follow_a_redirect_to_another_host(
    server: Recorded, cache: Path
) -> None:
    name = "geo_facts-1.0-py3-none-any.whl"
    index(server, {name: wheel({MEMBER: DATA})})
    elsewhere = f"http://localhost:{server.port}/elsewhere/{name}"
    server.says(f"/elsewhere/{name}", Answer(body=wheel({MEMBER: DATA})))
    server.says(f"/files/{name}", Answer(302, headers={"Location": elsewhere}))
    guarded = f"http://reader:s3cret@127.0.0.1:{server.port}/simple"
    assert take(IndexSettings(index_url=guarded), cache).read_bytes() == DATA
    asked = dict(server.asked)
    assert "authorization" in asked[f"/files/{name}"]
    assert "authorization" not in asked[f"/elsewhere/{name}"]


@pytest.mark.parametrize("wrong", [{"cert": "/nowhere.pem"}, {"proxy": "ftp://x"}])
def test_settings_of_pip_that_cannot_be_used_are_named(
    wrong: dict[str, str], server: Recorded, cache: Path
) -> None:
    with pytest.raises(SourceUnreachable) as caught:
        take(IndexSettings(index_url=server.url("/simple"), **wrong), cache)
    assert "pip's settings" in caught.value.message("en")


def test_settings_are_those_of_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_NO_INDEX", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://a.example/simple\nextra-index-url =\n"
        "    https://b.example/simple\n    https://c.example/simple\nproxy = http://p.example:3128\n"
        "[install]\ntrusted-host = b.example\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_FIND_LINKS", "/one /two")
    monkeypatch.setenv("PIP_INDEX_URL", "https://env.example/simple")
    settings = IndexSettings.of_pip.__wrapped__(IndexSettings)  # type: ignore[attr-defined]
    assert settings.indexes == (
        "https://env.example/simple",
        "https://b.example/simple",
        "https://c.example/simple",
    )
    assert settings.find_links == ("/one", "/two")
    assert settings.trusted_host == ("b.example",)
    assert settings.proxy == "http://p.example:3128"


def test_no_index_asks_no_index() -> None:
    lines = ["global.no-index='true'", "global.index-url='https://a.example'", "nonsense", "a.b='"]
    settings = IndexSettings.from_listing(lines)
    assert settings.indexes == ()
    with Session(settings) as session:
        assert list(archives("geo-facts", "1.0", session)) == []


def test_without_settings_there_is_one_default_index() -> None:
    assert len(IndexSettings.from_listing([]).indexes) == 1


def test_a_member_is_named_by_a_public_address_of_no_index() -> None:
    assert purl("Geo_Facts", "1.0", "a b/c.csv") == "pkg:pypi/geo-facts@1.0#a%20b/c.csv"


@pytest.mark.network
def test_real_members_hold_their_digests(dataset_for: DatasetFor, tmp_path: Path) -> None:
    fetched = registry.fetch(
        dataset_for(
            connector="package",
            package="vacances-scolaires-france",
            version="0.12.0",
            member="vacances_scolaires_france/data/data.csv",
            sha256="cce6ac7d78721c424122b7eac868f6f68199efeda0dcaf9a85687d7c83bc08be",
        ),
        cache=tmp_path,
        max_bytes=10_000_000,
    )
    assert fetched.url == (
        "pkg:pypi/vacances-scolaires-france@0.12.0#vacances_scolaires_france/data/data.csv"
    )
    assert fetched.path.read_bytes().startswith(b"date,")


def test_an_index_that_does_not_answer_is_not_told_twice(tmp_path: Path) -> None:
    script = """
from datalab.connectors.index import IndexSettings, Session, archives
from datalab.connectors.transfer import Patience
with Session(IndexSettings(index_url="http://127.0.0.1:9/simple"), Patience(attempts=1)) as session:
    assert list(archives("geo-facts", "1.0", session)) == []
    assert session.failures
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
