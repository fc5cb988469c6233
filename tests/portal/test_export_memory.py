"""The memory that a file takes does not grow with its table, seen at a real portal from outside."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pytest

from tests.hub.lab import eventually
from tests.portal.conftest import PREFIX, Workshop, described

SMALL, TIMES = 20_000, 16
# A file of sixteen times the rows may take this many times the memory of the small one, above what
# the portal holds anyway: 50 to 90 MB were seen, most of it pages of the table that DuckDB keeps
# within its own limit. Rows made into objects of Python would take several hundred.
RATIO = 3.0
FLOOR = 40.0  # MB: below it are the pages that Python and DuckDB take ahead, whatever they do
COLUMNS: dict[str, object] = {
    "n": "integer",
    "name": "varchar",
    "at": "timestamp",
    "value": "double",
    "longitude": "double",
    "latitude": "double",
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, httpx.Client]]:
    """The number of the process, and somebody who asks it."""
    workshop = Workshop(tmp_path_factory.mktemp("memory"))
    place = {"longitude": "longitude", "latitude": "latitude"}
    for name, size in (("small", SMALL), ("large", SMALL * TIMES)):
        workshop.write(described(name, COLUMNS, key=["n"], map=place), "")
        path = workshop.theme / f"{name}.csv"
        text = "md5(i::VARCHAR) || md5((-i)::VARCHAR) || md5((i * 7)::VARCHAR)"
        duckdb.sql(
            f"COPY (SELECT i AS n, {text} AS name, TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND "
            "AS at, i * 1.25 AS value, 5 + (i % 1000) / 10000.0 AS longitude, "
            f"47.3 + (i % 777) / 10000.0 AS latitude FROM range({size}) r(i)) TO '{path}' (HEADER)"
        )
    assert set(workshop.refresh().values()) == {"published"}
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "datalab.portal", "--port", str(port)],
        env={"DATALAB_HOME": str(workshop.settings.home), "PATH": "/usr/bin:/bin"},
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}{PREFIX}/", timeout=120) as client:
            eventually(lambda: answers(client), "the portal")
            yield process.pid, client
    finally:
        process.terminate()
        process.wait(30)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("datasets/small.json").status_code == 200
    except httpx.TransportError:
        return False


def held(pid: int, what: str) -> float:
    """``VmRSS`` or ``VmHWM`` (the most since it was reset) in MB."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1000


def taken(portal: tuple[int, httpx.Client], name: str, door: str) -> float:
    """MB that a file took above what was held before."""
    pid, client = portal
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # proc(5): VmHWM begins anew
    before = held(pid, "VmRSS")
    with client.stream("GET", f"datasets/{name}.{door}") as answer:
        assert answer.status_code == 200
        assert sum(len(piece) for piece in answer.iter_raw()) > 1000
    return max(0.0, held(pid, "VmHWM") - before)


@pytest.mark.parametrize("door", ["csv", "geojson", "arrow", "xlsx", "parquet"])
def test_a_large_file_takes_the_memory_of_a_small_one(
    portal: tuple[int, httpx.Client], door: str
) -> None:
    taken(portal, "small", door)  # whatever is loaded at first use
    small, large = taken(portal, "small", door), taken(portal, "large", door)
    assert large <= RATIO * max(small, FLOOR), f"{door}: {small:.0f} MB, then {large:.0f} MB"
