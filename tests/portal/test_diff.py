"""What changed between two snapshots, as a page, JSON and CSV."""

from __future__ import annotations

import csv
import io

import pytest
from starlette.testclient import TestClient

from datalab.lake import release
from datalab.lake.index import read_index
from datalab.portal.app import create_app
from tests.portal.conftest import PREFIX, Workshop, described

FIRST = "code,name,height\na,tilleul,12\nb,=1+1,3\nc,x,\n"
SECOND = "code,name,height,ok\na,tilleul,12.5,true\nd,=1+1,3,false\nc,,,true\n"
COLUMNS = {"code": "varchar", "name": "varchar", "height": {"type": "double", "unit": "m"}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("diff"))
    for number in range(2):
        more = {"ok": "boolean"} if number else {}
        rows = SECOND if number else FIRST
        made.write(described("trees", {**COLUMNS, **more}, key=["code"]), rows)
        made.write(described("keyless", {**COLUMNS, **more}), rows)
        made.write(described("closed", {**COLUMNS, **more}, access="members"), rows)
        made.write(described("once", COLUMNS), FIRST)
        made.refresh()
    settings = made.settings
    entry = read_index(settings.lake)["trees"]
    first = entry.snapshots[-1]["snapshot"]
    release.make(settings.lake, settings.writer, entry, "v1", first, "2026", "me", "pour voir")
    return made


@pytest.fixture(scope="module")
def client(shop: Workshop) -> TestClient:
    return TestClient(
        create_app(shop.settings),
        base_url=f"http://lab.test{PREFIX}/",
        raise_server_exceptions=False,
    )


def test_changes_are_told_cell_by_cell(client: TestClient) -> None:
    found = client.get("api/v1/datasets/trees/diff").json()
    assert [found[k] for k in ("added", "removed", "changed", "same")] == [1, 1, 2, 0]
    assert found["by"] == "key"
    assert found["cells"] == {"name": 1, "height": 1}
    assert [(line["kind"], line["breaking"]) for line in found["schema"]] == [
        ("column-added", False)
    ]
    assert found["rows"][0] == {
        "kind": "changed",
        "key": {"code": "a"},
        "cells": [{"column": "height", "before": 12.0, "after": 12.5}],
        "times": 1,
    }
    assert client.get("datasets/trees/diff.json").json() == found


def test_a_release_may_stand_for_a_snapshot(client: TestClient) -> None:
    whole = client.get("datasets/trees/diff.json").json()
    assert client.get("datasets/trees/diff.json?from=v1").json() == whole
    assert whole["before"]["releases"] == ["v1"]
    assert client.get("datasets/trees/diff.json?from=v1&to=v1").json()["rows"] == []
    assert client.get("datasets/trees.json?release=v1").json()["total_rows"] == 3
    lost = client.get("datasets/trees/diff.json?from=v2")
    assert lost.status_code == 404
    assert lost.json()["error"]["code"] == "unknown-release"
    assert client.get("datasets/trees/diff.json?from=4711").json()["error"]["code"] == (
        "unknown-snapshot"
    )
    both = client.get("datasets/trees.csv?release=v1&snapshot=4711")
    assert both.json()["error"]["code"] == "two-versions"


def test_without_a_key_whole_rows_are_compared_and_it_is_said(client: TestClient) -> None:
    found = client.get("datasets/keyless/diff.json", headers={"Accept-Language": "en"}).json()
    assert (found["by"], found["added"], found["removed"], found["changed"]) == ("row", 3, 3, 0)
    assert "names no key" in found["reason"]
    page = client.get("datasets/keyless/diff", headers={"Accept-Language": "en"}).text
    assert "Whole rows are compared" in page


def test_a_spreadsheet_runs_no_formula_of_a_diff(client: TestClient) -> None:
    safe = client.get("datasets/trees/diff.csv").text
    lines = list(csv.DictReader(io.StringIO(safe, newline="")))
    assert {"change": "removed", "code": "b", "column": "name", "before": "'=1+1", "after": ""} in (
        lines
    )
    assert "removed,b,name,=1+1," in client.get("datasets/trees/diff.csv?dialect=lossless").text
    assert "changed;a;height;12,0;12,5" in client.get("datasets/trees/diff.csv?dialect=excel").text
    rows = client.get("datasets/keyless/diff.csv").text.splitlines()
    assert rows[0] == "change,times,code,name,height"
    assert len(rows) == 7


def test_an_unchanged_answer_is_not_sent_again(client: TestClient) -> None:
    for address in ("datasets/trees/diff.csv", "datasets/trees/diff.json"):
        first = client.get(address)
        held = {"If-None-Match": first.headers["etag"]}
        assert client.get(address, headers=held).status_code == 304


def test_rows_that_may_not_leave_do_not_leave_by_their_changes(client: TestClient) -> None:
    for address in ("diff", "diff.json", "diff.csv"):
        answer = client.get(f"datasets/closed/{address}")
        assert answer.status_code == 403
        assert "tilleul" not in answer.text


def test_a_single_snapshot_says_that_there_is_nothing_to_compare(client: TestClient) -> None:
    page = client.get("datasets/once/diff", headers={"Accept-Language": "fr"}).text
    assert "une version pour l’instant" in page
    assert client.get("datasets/once/diff.json").json()["total"] == 0


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=100000", "offset=-1", "kind=x", "from=" + "9" * 79, "to=%00"]
)
def test_what_cannot_be_asked_is_refused_in_words(client: TestClient, query: str) -> None:
    answer = client.get(f"datasets/trees/diff.json?{query}")
    assert answer.status_code in {400, 404, 422}
    assert answer.json()["error"]["message"]


def test_kinds_and_pages_can_be_chosen(client: TestClient) -> None:
    found = client.get("datasets/trees/diff.json?kind=removed&kind=added&limit=1&offset=1").json()
    assert found["total"] == 2
    assert [row["kind"] for row in found["rows"]] == ["added"]
