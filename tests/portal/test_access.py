"""What must not leave does not leave, by any door."""

from __future__ import annotations

import dataclasses
from itertools import product

import pytest
from starlette.testclient import TestClient

from datalab.portal.access import barrier
from datalab.portal.library import Library
from tests.portal.conftest import SENTINEL, Workshop

RESERVED = ["for-members", "for-named", "not-to-pass-on"]
FILES = ["csv", "csv?dialect=excel", "parquet", "geojson", "csv?snapshot=1", "parquet?snapshot=2"]
PAGES = ["", ".json", "?sort=code", ".json?sort=-code", ".json?limit=10000", "?offset=0&limit=200"]


@pytest.mark.parametrize(("name", "door"), list(product(RESERVED, FILES)))
def test_files_of_reserved_data_are_refused(client: TestClient, name: str, door: str) -> None:
    for method in ("GET", "HEAD"):
        answer = client.request(method, f"datasets/{name}.{door}")
        assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/json"
    error = client.get(f"datasets/{name}.{door}").json()["error"]
    refused = "download-refused" if name == "not-to-pass-on" else "access-refused"
    assert error["code"] == refused
    assert SENTINEL not in str(error)


@pytest.mark.parametrize(("name", "page"), list(product(RESERVED, PAGES)))
def test_pages_of_reserved_data_tell_no_value(client: TestClient, name: str, page: str) -> None:
    answer = client.get(f"datasets/{name}{page}")
    assert answer.status_code == 200
    assert SENTINEL not in answer.text


def test_a_tag_does_not_open_a_refused_file(client: TestClient) -> None:
    answer = client.get("datasets/for-members.csv", headers={"If-None-Match": "*"})
    assert answer.status_code == 403


@pytest.mark.parametrize("name", RESERVED)
def test_metadata_of_reserved_data_are_public(client: TestClient, name: str) -> None:
    view = client.get(f"datasets/{name}.json").json()
    assert view["rows"] is None
    assert view["barrier"]
    assert view["downloads"] == []
    assert [column["name"] for column in view["columns"]] == ["code", "amount"]
    assert "source" not in view["metadata"]
    assert view["quality"]["warnings"] == 1
    assert view["quality"]["published"][0]["examples"] == []


def test_the_page_says_who_can_read_and_how(client: TestClient) -> None:
    page = client.get("datasets/for-members?lang=en").text
    assert "only members of the lab can read it" in page
    assert "/hub/user-redirect/datalab/open?dataset=for-members" in page
    assert (
        "licence does not allow passing it on" in client.get("datasets/not-to-pass-on?lang=en").text
    )
    assert "Ask the steward" in client.get("datasets/for-named?lang=en").text


def test_only_the_open_lake_is_attached(workshop: Workshop) -> None:
    shelf = Library(workshop.settings.lake).shelf()
    found = shelf.cursor().execute("SELECT database_name FROM duckdb_databases()").fetchall()
    names = {name for (name,) in found}
    assert "open" in names
    assert not any(name.startswith(("members", "restricted")) for name in names)


def test_a_doubt_about_access_means_no(workshop: Workshop) -> None:
    holding = Library(workshop.settings.lake).shelf().get("communes")
    assert barrier(holding) is None

    def changed(**changes: object) -> str | None:
        dataset = holding.dataset.model_copy(update=changes)
        return barrier(dataclasses.replace(holding, dataset=dataset))

    assert changed(access="members") == "restricted"  # it lies in another lake than it says
    assert changed(access="anything") == "restricted"
    assert changed(personal_data="personal") == "personal"
    assert changed(redistribution=None) == "redistribution"
    columns = dict(holding.dataset.columns)
    columns["name"] = columns["name"].model_copy(update={"personal": True})
    assert changed(columns=columns) == "personal"
    entry = dataclasses.replace(holding.entry, lake="members")
    assert barrier(dataclasses.replace(holding, entry=entry)) == "restricted"


def test_open_data_need_no_sign_in(client: TestClient) -> None:
    assert client.get("datasets/communes.csv").status_code == 200
