"""What is wrong anywhere in a GTFS feed stands on the page of the dataset made of one table."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from click.testing import CliRunner
from starlette.testclient import TestClient

from datalab.cli import group
from datalab.portal.app import create_app
from tests.lake.test_timetable import changed, zipped
from tests.portal.conftest import PREFIX, Workshop, described

SOURCE = {"connector": "file", "path": "stops.zip", "format": "gtfs", "table": "stops"}


def test_page_and_command_tell_of_the_whole_feed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    document = described("stops", {"stop_id": "varchar", "stop_name": "varchar"}, source=SOURCE)
    (workshop.theme / "stops.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    path = workshop.theme / "stops.zip"
    path.write_bytes(zipped(changed("trips", "t2,", "t2,nowhere")))
    assert workshop.refresh() == {"stops": "published"}
    client = TestClient(create_app(workshop.settings), base_url=f"http://lab.test{PREFIX}/")
    feed = client.get("datasets/stops.json?lang=en").json()["quality"]["feed"]
    assert feed["rows_at_fault"] == 1
    assert "shapes" in feed["faults"][0]["words"]
    page = client.get("datasets/stops?lang=en").text
    assert "The whole timetable file" in page
    assert "trips.txt" in page
    home = ["--home", str(workshop.settings.home)]
    told = CliRunner().invoke(group, ["quality", "stops", "--json", *home])
    assert json.loads(told.output)["feed"]["faults"][0]["table"] == "trips"
    assert "trips.txt" in CliRunner().invoke(group, ["quality", "stops", *home]).output
    path.write_bytes(zipped())
    assert workshop.refresh() == {"stops": "published"}
    assert "Nothing is wrong in or between" in client.get("datasets/stops?lang=en").text
