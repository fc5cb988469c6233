"""Programs of others read and send: a client from the package index, and our guide's examples."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from georeport import GeoReport

from tests.participation.georeport import Client
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "open311.md"
ROOT = "https://lab.example/services/datalab/open311"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(Desk(Path(tmp_path_factory.mktemp("open311")) / "home"))


@pytest.fixture(scope="module")
def root(client: Client) -> Iterator[str]:
    """The address of our interface on a real port."""
    server = uvicorn.Server(uvicorn.Config(client.desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}{PREFIX}/open311"
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize("format", ["json", "xml"])
def test_the_client_georeport_reads_everything(client: Client, root: str, format: str) -> None:
    made = [client.report(description=f"Lampe {number}") for number in range(2)]
    theirs = GeoReport(f"{root}/v2", jurisdiction="metropole-dijon.fr", output_format=format)
    offered = theirs.get_service_list()
    assert next(one["service_code"] for one in offered) == "lighting"
    definition = theirs.get_service_definition("lighting")
    assert definition["service_code"] == "lighting"
    listed = theirs.get_service_requests(status="open", service_code="lighting,road")
    assert set(made) <= {one["service_request_id"] for one in listed}
    named = theirs.get_service_requests(service_request_id=",".join(made))
    assert {one["description"] for one in named} == {"Lampe 0", "Lampe 1"}
    one = theirs.get_service_request(made[0])
    assert float(one["lat"]) == 47.322


def commands() -> list[str]:
    """The examples of the guide, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return [block.strip() for block in blocks]


def test_the_examples_of_the_guide_work_as_it_says(client: Client, root: str) -> None:
    assert len(commands()) >= 5
    for command in commands():
        filled = command.replace(ROOT, root).replace("YOUR_KEY", client.key)
        done = subprocess.run(
            ["sh", "-c", filled.replace("curl ", "curl -sS --fail-with-body ")],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, (filled, done.stdout, done.stderr)
        assert done.stdout.startswith(("[", "{", "<?xml")), (filled, done.stdout)
