"""Files that flow are read in parts too, where they are."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from tests.portal.conftest import Workshop
from tests.portal.test_exits import MANY, town

__all__ = ["town"]
VSICURL = """
import sys, pyogrio
for path in sys.argv[1:]:
    about = pyogrio.read_info(path, force_feature_count=True)
    table = pyogrio.read_dataframe(path, read_geometry=False)
    print(about["driver"], about["features"], int(table["id"].astype(int).sum()))
"""


def test_gdal_reads_files_where_they_are(town: tuple[str, Workshop]) -> None:
    """Without a copy of its own: ``/vsicurl/`` asks for the length, then for parts."""
    files = [f"/vsicurl/{town[0]}datasets/lamps.{door}" for door in ("geojson", "csv")]
    asked = [sys.executable, "-c", VSICURL, *files]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    total = MANY * (MANY - 1) // 2
    assert done.stdout.split("\n")[:2] == [f"GeoJSON {MANY} {total}", f"CSV {MANY} {total}"]


@pytest.mark.parametrize("door", ["geojson", "csv", "arrow"])
def test_parts_of_a_file_are_those_of_the_whole(town: tuple[str, Workshop], door: str) -> None:
    address = f"{town[0]}datasets/lamps.{door}"
    whole = httpx.get(address)
    assert whole.headers["accept-ranges"] == "bytes"
    size = int(httpx.head(address).headers["content-length"])
    assert size == len(whole.content)
    middle = httpx.get(address, headers={"Range": "bytes=100-1123"})
    assert (middle.status_code, middle.content) == (206, whole.content[100:1124])
    assert middle.headers["content-range"] == f"bytes 100-1123/{size}"
    tail = httpx.get(address, headers={"Range": "bytes=-50"})
    assert (tail.status_code, tail.content) == (206, whole.content[-50:])
    tags = {one.headers["etag"] for one in (whole, middle, tail, httpx.head(address))}
    assert len(tags) == 1, "a reader in parts gives up where the tag changes"
    for tag in (*tags, '"another"'):
        resumed = httpx.get(address, headers={"Range": "bytes=0-9", "If-Range": tag})
        assert (resumed.status_code, len(resumed.content)) == (200, size)
    beyond = httpx.get(address, headers={"Range": f"bytes={size}-"})
    assert beyond.status_code == 416
    assert beyond.json()["error"]["code"]
