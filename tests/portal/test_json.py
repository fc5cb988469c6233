"""The ``.json`` twin of every page, and the values in it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient


def rows(client: TestClient, address: str) -> list[dict[str, object]]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["rows"]
    return found


def test_a_dataset_gives_its_rows_to_anyone(client: TestClient) -> None:
    view = client.get("datasets/communes.json").json()
    assert view["total_rows"] == 4
    assert [(row["insee_code"], row["population"]) for row in view["rows"]] == [
        ("21001", 1200),
        ("21002", 90),
        ("21003", 15300),
        ("21004", 510),
    ]
    assert view["id"] == "communes"
    assert view["state"]["name"] == "published"
    assert view["metadata"]["columns"]["population"]["unit"] == "inhabitants"
    assert view["provenance"]["sha256"]
    assert view["snapshots"][0]["snapshot"] == view["snapshot"]


def test_values_keep_their_meaning(client: TestClient) -> None:
    first, second, third, fourth, _ = rows(client, "datasets/odd-values.json")
    assert first == {
        "id": 1,
        "said": "=1+1",
        "amount": "1234567890123456.7891",
        "short": 1.1,
        "share": 0.1,
        "day": "2024-02-29",
        "moment": "2024-01-01T12:00:00",
        "instant": "2024-07-01T10:00:00+00:00",
        "flag": True,
        "big": 9007199254740993,
    }
    assert second["said"] == 'a "q", b; c\nd'
    assert second["amount"] == "0.0001"
    assert second["short"] == -2.5
    assert third == {**dict.fromkeys(first), "id": 3, "said": ""}
    assert fourth["said"] is None


def test_geometry_is_geojson(client: TestClient) -> None:
    shape = rows(client, "datasets/commune-boundaries.json")[0]["geometry"]
    assert isinstance(shape, dict)
    assert shape["type"] == "Polygon"
    assert shape["coordinates"][0][0] == [5.0, 47.3]


def test_words_are_sorted_as_people_sort_them(client: TestClient) -> None:
    found = rows(client, "datasets/communes.json?sort=name")
    assert [row["name"] for row in found] == ["<b>Ouest</b>", "abeille", "Émilienne", "Zéphyr"]
    found = rows(client, "datasets/communes.json?sort=-population&limit=2")
    assert [row["population"] for row in found] == [15300, 1200]


def test_absent_values_come_last_both_ways(client: TestClient) -> None:
    for sort in ("short", "-short"):
        assert rows(client, f"datasets/odd-values.json?sort={sort}")[-1]["id"] == 3


def test_pages_of_rows_neither_overlap_nor_leave_out(client: TestClient) -> None:
    seen = []
    for offset in range(0, 250, 60):
        page = rows(client, f"datasets/many-rows.json?sort=word&limit=60&offset={offset}")
        seen += [row["number"] for row in page]
    assert sorted(seen) == list(range(250))
    assert len(rows(client, "datasets/many-rows.json")) == 100
    assert len(rows(client, "datasets/many-rows.json?limit=10000")) == 250
    assert rows(client, "datasets/many-rows.json?offset=1000") == []


@pytest.mark.parametrize("page", ["index.json", "datasets.json", "datasets/communes.json"])
def test_machines_of_other_sites_may_read(client: TestClient, page: str) -> None:
    answer = client.get(page)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/json"


def test_an_unchanged_answer_is_not_sent_twice(client: TestClient) -> None:
    first = client.get("datasets/communes.json")
    again = client.get("datasets/communes.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_home_counts_states(client: TestClient) -> None:
    view = client.get("index.json").json()
    counts = {item["state"]: item["count"] for item in view["health"]}
    assert counts["kept"] == 1
    assert counts["published"] >= 6
    assert view["figure"]["dataset"] == "communes"
    assert {spot["label"] for spot in view["figure"]["map"]["spots"]} >= {"Émilienne", "Zéphyr"}
    assert "d" not in view["figure"]["map"]["spots"][0]


def test_what_was_kept_back_says_which_rows_and_why(client: TestClient) -> None:
    view = client.get("datasets/kept-back.json?lang=en").json()
    assert view["state"]["name"] == "kept"
    assert [row["amount"] for row in view["rows"]] == [1, 2]
    assert [row["code"] for row in view["rows"]] == ["a", "b"]
    (refused,) = view["quality"]["refused"]
    assert refused["type"] == "expect_column_values_to_be_unique"
    assert {example["code"] for example in refused["examples"]} == {"a"}
    assert [run["state"] for run in view["history"]] == ["kept", "published"]


def test_rejected_rows_are_counted_and_shown(client: TestClient) -> None:
    view = client.get("datasets/with-rejects.json").json()
    assert view["rejected"] == 1
    assert view["rejects"][0]["value"] == "deux"
    assert view["rejects"][0]["line"] == 3
    assert [row["n"] for row in view["rows"]] == [1, 3]


def test_the_interface_describes_itself(client: TestClient) -> None:
    document = client.get("api/openapi.json").json()
    paths = {path.removeprefix("/services/datalab") for path in document["paths"]}
    actions = {path for path in paths if path.startswith("/api/3/action/")}
    assert len(actions) == 15
    features = {path for path in paths if path.startswith("/ogc/")}
    assert len(features) == 6
    assert paths - actions - features == {
        *(f"/catalog.{syntax}" for syntax in ("ttl", "jsonld", "rdf")),
        *(f"/datasets/{{dataset}}.{syntax}" for syntax in ("ttl", "jsonld", "rdf")),
        "/datasets/{dataset}/datapackage.json",
        "/datasets/{dataset}/datapackage.zip",
        "/sitemap.xml",
        "/diagnosis.json",
        "/diagnosis/{insee}.json",
        "/open-data-duty.json",
        "/open-data-duty/{insee}.json",
        "/open-data-duty/{insee}/proof.json",
        *(f"/open-data-duty/{{insee}}/catalog.{syntax}" for syntax in ("ttl", "jsonld", "rdf")),
        "/positive-energy.json",
        "/smart-territory/grid.json",
        "/positive-energy/cases.json",
        "/api/v1/sql",
        "/api/v1/datasets/{dataset}/diff",
        "/changes.atom",
        "/changes.json",
        "/datasets/{dataset}/changes.atom",
        "/datasets/{dataset}/changes.json",
        "/datasets/{dataset}/diff.csv",
        "/datasets/{dataset}/lineage.json",
        "/datasets/{dataset}/versions.json",
        "/index.json",
        "/api/v1/search",
        "/api/v1/suggest",
        "/datasets.json",
        "/datasets/{dataset}.json",
        "/datasets/{dataset}.arrow",
        "/datasets/{dataset}.csv",
        "/datasets/{dataset}.xlsx",
        "/datasets/{dataset}/tiles.json",
        "/datasets/{dataset}/tiles/{z}/{x}/{y}.pbf",
        "/datasets/{dataset}.parquet",
        "/datasets/{dataset}.geojson",
        "/projects.json",
        "/projects/{slug}.json",
        "/pages.json",
        "/pages/{slug}/{name}.json",
        "/pages/{slug}/{name}/v/{version}.json",
        "/sessions.json",
        "/sessions/{id}/calendar.ics",
        "/sessions/{id}/export.csv",
        "/sessions/{id}/export.json",
        "/sessions/{id}/export.zip",
        "/sessions/{id}/follow-up.json",
        "/cases/indicators.json",
        "/api/v1/datasets/{dataset}/rows",
        "/api/v1/datasets/{dataset}/aggregate",
    }


def test_the_portal_says_that_it_runs(client: TestClient) -> None:
    assert client.get("health").json() == {"status": "ok"}
