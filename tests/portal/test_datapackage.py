"""A dataset as a Data Package, read and checked by frictionless as it comes."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from frictionless import Package, system
from starlette.testclient import TestClient

from tests.portal.conftest import SENTINEL

PUBLISHED = ("communes", "odd-values", "commune-boundaries", "many-rows", "with-rejects")


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_archive_is_valid_and_holds_every_row(
    client: TestClient, tmp_path: Path, name: str
) -> None:
    answer = client.get(f"datasets/{name}/datapackage.zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    with system.use_context(trusted=True):
        package = Package(str(tmp_path / "datapackage.json"))
        report = package.validate()
    assert report.valid, report.flatten(["title", "note"])
    told = client.get(f"datasets/{name}.json").json()
    assert report.tasks[0].stats["rows"] == told["total_rows"]
    lossless = client.get(f"datasets/{name}.csv", params={"dialect": "lossless"})
    assert (tmp_path / "data.csv").read_bytes() == lossless.content


def test_a_program_reads_it_by_its_address(address: str) -> None:
    with system.use_context(trusted=True):
        package = Package(f"{address}datasets/communes/datapackage.json")
        assert package.get_resource("communes").schema.primary_key == ["insee_code"]
        rows = package.get_resource("communes").read_rows()
    assert [row["population"] for row in rows] == [1200, 90, 15300, 510]
    field = package.get_resource("communes").schema.get_field("area_km2")
    assert (field.type, field.custom["unit"]) == ("number", "km²")


@pytest.mark.parametrize("name", ["for-members", "for-named", "not-to-pass-on"])
def test_a_closed_dataset_is_described_and_kept(client: TestClient, name: str) -> None:
    described = client.get(f"datasets/{name}/datapackage.json")
    assert described.status_code == 200
    assert described.json()["resources"][0]["schema"]["fields"][0]["name"] == "code"
    kept = client.get(f"datasets/{name}/datapackage.zip")
    assert kept.status_code in (401, 403)
    assert SENTINEL not in json.dumps(described.json()) + kept.text
