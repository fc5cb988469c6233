"""Two labs with an object store between them: one publishes, the other one is only read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.depot.bucket import Bucket
from tests.hub.conftest import end
from tests.hub.lab import Lab, eventually

pytestmark = pytest.mark.hub
PORTAL = "/services/datalab/"


@pytest.fixture
def bucket(open_folder: Path) -> Iterator[Bucket]:
    made = Bucket(open_folder / "bucket-of-labs")
    made.start()
    yield made
    made.stop()


def test_what_one_lab_publishes_is_read_in_the_other_and_goes_on_when_the_store_comes_back(
    open_folder: Path, small_catalog: Path, bucket: Bucket
) -> None:
    catalog = Path(shutil.copytree(small_catalog, open_folder / "catalog-of-depot"))
    here = Lab(open_folder / "depot-here", catalog, environment=bucket.settings)
    empty = open_folder / "catalog-of-nobody"
    empty.mkdir()
    told = {**bucket.settings, "DATALAB_DEPOT_READER": "true"}
    there = Lab(open_folder / "depot-there", empty, environment=told)
    try:
        here.start()
        eventually(lambda: "open/manifest.json" in bucket.objects(), "the first publication")
        there.start()
        assert set(there.processes()) >= {"depot", "portal"}
        assert "refresher" not in there.processes()
        page = httpx.get(f"{there.url}{PORTAL}datasets/tiny-places", timeout=30)
        assert page.status_code == 200
        rows = f"{there.url}{PORTAL}api/v1/datasets/tiny-places/rows"
        assert len(httpx.get(rows, timeout=30).json()["rows"]) == 3
        with there.person("student") as student:
            student.open_server()
            read = "import datalab; print(len(datalab.connect().dataset('tiny-places').df()))"
            assert student.run(read).splitlines()[-1] == "3"
        bucket.stop()
        csv = catalog / "territory" / "tiny-places.csv"
        csv.write_text(csv.read_text().replace("Daix,1394", "Daix,1400"))
        assert here.command("refresh", "tiny-places").returncode == 0
        away = here.command("depot", "push", check=False)
        assert (away.returncode, "there is no connection to it" in away.stderr) == (1, True)
        status = here.command("status", check=False).stdout
        assert re.search(r"depot +(runs|pid|\d)", status), status
        assert "1394" in httpx.get(rows, timeout=30).text
        bucket.start()
        eventually(lambda: "1400" in httpx.get(rows, timeout=30).text, "the new rows", 150)
        assert here.command("depot", "status", check=False).returncode == 0
    finally:
        end(here)
        end(there)
