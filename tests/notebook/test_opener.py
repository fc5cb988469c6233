"""A link opens a ready notebook for a dataset, and never writes over anybody's work."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from datalab.lake.index import read_index
from datalab.notebook.opener import find, write_once
from datalab.notebook.template import notebook
from tests.notebook.conftest import Workshop

TOKEN = "essai-4711"


@dataclass(frozen=True)
class Server:
    """A real Jupyter server with the extension, and the home it serves."""

    url: str
    home: Path

    def get(self, path: str, token: str | None = TOKEN, language: str = "") -> tuple[int, str, str]:
        """Status, address it leads to, body."""
        headers = {"Accept-Language": language} if language else {}
        if token:
            headers["Authorization"] = f"token {token}"
        request = urllib.request.Request(f"{self.url}{path}", headers=headers)
        opener = urllib.request.build_opener(_Stay)
        try:
            answer = opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read().decode()
        return answer.status, answer.headers.get("Location", ""), body


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@pytest.fixture(scope="module")
def server(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyter_server", "--ServerApp.open_browser=False",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        "--ServerApp.base_url=/user/essai/",
        "--ServerApp.jpserver_extensions={'datalab.notebook.opener': True}",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home}", "--allow-root",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "DATALAB_LAKE": str(workshop.settings.lake),
        "JUPYTER_CONFIG_DIR": str(tmp_path_factory.mktemp("config")),
        "JUPYTER_RUNTIME_DIR": str(tmp_path_factory.mktemp("runtime")),
    }
    log = (tmp_path_factory.mktemp("log") / "server.log").open("w+")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    found = Server(f"http://127.0.0.1:{port}/user/essai", home)
    try:
        for _ in range(300):
            try:
                found.get("/api")
                break
            except OSError:
                assert process.poll() is None, Path(log.name).read_text()
                time.sleep(0.1)
        yield found
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def test_a_link_writes_a_notebook_and_leads_to_it(server: Server) -> None:
    status, place, _ = server.get("/datalab/open?dataset=communes")
    assert (status, place) == (302, "/user/essai/lab/tree/communes.ipynb")
    written = nbformat.read(server.home / "communes.ipynb", 4)
    nbformat.validate(written)
    text = json.dumps(written, ensure_ascii=False)
    assert 'lab.dataset(\\"communes\\")' in text
    assert "data.map()" in text
    assert "Peut-on s’y fier" in text


def test_asking_again_keeps_what_the_person_wrote(server: Server) -> None:
    mine = server.home / "commune-boundaries.ipynb"
    mine.write_text("mon travail")
    status, place, _ = server.get("/datalab/open?dataset=commune_boundaries")
    assert (status, place) == (302, "/user/essai/lab/tree/commune-boundaries.ipynb")
    assert mine.read_text() == "mon travail"


def test_the_language_of_the_browser_counts(server: Server) -> None:
    server.get("/datalab/open?dataset=stops", language="en-GB")
    assert "Can it be trusted?" in (server.home / "stops.ipynb").read_text()


def test_an_unknown_dataset_gets_a_plain_page_with_the_nearest(server: Server) -> None:
    status, _, body = server.get("/datalab/open?dataset=comunes")
    assert status == 404
    assert "/user/essai/datalab/open?dataset=communes" in body
    assert "Vouliez-vous dire" in body
    assert not (server.home / "comunes.ipynb").exists()


def test_a_dataset_without_data_opens_nothing(server: Server) -> None:
    status, _, body = server.get("/datalab/open?dataset=never-there")
    assert status == 404
    assert "never-there" in body


@pytest.mark.parametrize(
    "asked",
    ["..%2f..%2fetc%2fpasswd", "%2Ftmp%2Fx", "<script>alert(1)</script>", "a%00b", "x" * 5000, ""],
)
def test_hostile_names_are_only_unknown_ones(server: Server, asked: str) -> None:
    before = sorted(server.home.parent.rglob("*.ipynb"))
    status, _, body = server.get(f"/datalab/open?dataset={asked}")
    assert status in {400, 404, 414}
    assert "<script>alert" not in body
    assert sorted(server.home.parent.rglob("*.ipynb")) == before


def test_a_stranger_is_sent_to_sign_in(server: Server) -> None:
    status, place, _ = server.get("/datalab/open?dataset=town-halls", token=None)
    assert status in {302, 403}
    assert "lab/tree" not in place.split("?")[0]
    assert not (server.home / "town-halls.ipynb").exists()


def test_a_link_in_the_home_is_not_followed(workshop: Workshop, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (tmp_path / "home").mkdir()
    (tmp_path / "home/communes.ipynb").symlink_to(outside)
    write_once(tmp_path / "home", find("communes", workshop.settings.lake), "fr")
    assert not outside.exists()


def test_every_ready_notebook_is_valid_and_plain(workshop: Workshop) -> None:
    for entry in read_index(workshop.settings.lake).values():
        for language in ("fr", "en"):
            document = nbformat.from_dict(notebook(entry, language))  # type: ignore[arg-type]
            nbformat.validate(document)
            assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])


def test_a_title_cannot_bring_markup_into_a_notebook(workshop: Workshop) -> None:
    entry = read_index(workshop.settings.lake)["communes"]
    entry.dataset["title"]["fr"] = "<img src=x onerror=alert(1)> [lien](javascript:alert(1))"
    first = notebook(entry, "fr")["cells"][0]["source"]
    assert "\\<img" in first
    assert "\\[lien\\]\\(javascript" in first
