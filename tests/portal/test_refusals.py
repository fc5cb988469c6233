"""Each refusal names the dataset, the reason, who can let the reader in, and where to ask."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.portal.closed import Closed
from tests.portal.desk import ORIGIN

HOME = f"{ORIGIN}/services/datalab"
DOORS = (
    "api/v1/datasets/{}/rows",
    "api/v1/datasets/{}/rows?q=CANARIE",
    "api/v1/datasets/{}/rows?name=CANARIE&sort=-name",
    "api/v1/datasets/{}/aggregate?by=name&measure=count",
    "datasets/{}.csv",
    "datasets/{}.parquet",
    "datasets/{}.geojson",
    "datasets/{}.xlsx",
    "datasets/{}/tiles/0/0/0.pbf",
    "datasets/{}/diff.json",
    "ogc/collections/{}/items",
    "ogc/collections/{}/items?q=CANARIE",
    "api/3/action/datastore_search?resource_id={}",
    "api/3/action/datastore_search?resource_id={}&q=CANARIE",
)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    return Closed(tmp_path_factory.mktemp("refused"))


@pytest.fixture(scope="module")
def citizen(closed: Closed) -> TestClient:
    return closed.client(closed.token("citizen"))


def message(document: dict[str, Any]) -> str:
    return str(document["error"]["message"])


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("who", ["", "citizen"])
def test_a_restricted_dataset_says_whom_to_ask_and_where(
    closed: Closed, citizen: TestClient, door: str, who: str
) -> None:
    reader = citizen if who else closed.client()
    answer = reader.get(door.format("sealed"), headers={"Accept-Language": "en"})
    assert answer.status_code == 403
    said = message(answer.json())
    assert "'sealed' is reserved" in said
    assert "only the people named by its steward" in said
    assert "Who can grant it: its steward (espaces)" in said
    assert f"{HOME}/datasets/sealed/access" in said


@pytest.mark.parametrize("door", DOORS)
def test_a_person_who_is_no_member_is_not_told_to_sign_in(
    closed: Closed, citizen: TestClient, door: str
) -> None:
    headers = {"Accept-Language": "en"}
    address = door.format("budgets")
    said = message(citizen.get(address, headers=headers).json())
    assert "your account is not one" in said
    assert "the operators of the lab" in said
    assert "Sign in" not in said
    unknown = message(closed.client().get(address, headers=headers).json())
    assert "Sign in" in unknown
    assert f"{HOME}/datasets/budgets" in unknown


def test_sql_says_it_too(closed: Closed, citizen: TestClient) -> None:
    headers = {"Accept-Language": "en"}
    asked = {"query": "SELECT name FROM sealed WHERE name = 'x'"}
    said = message(citizen.post("api/v1/sql", json=asked, headers=headers).json())
    assert f"{HOME}/datasets/sealed/access" in said
    page = closed.desk.browser_of("citizen").post("sql/", {"q": asked["query"]})
    assert f"{HOME}/datasets/sealed/access" in page.text


def test_a_program_finds_them_in_the_details(closed: Closed) -> None:
    answer = closed.client().get("datasets/sealed.csv", headers={"Accept-Language": "fr"})
    details = answer.json()["error"]["details"]
    assert details["dataset"] == "sealed"
    assert details["barrier"] == "restricted"
    assert details["whom"] == "la personne responsable du jeu (espaces)"
    assert details["ask"] == f"{HOME}/datasets/sealed/access"
    assert "CANARIE" not in json.dumps(answer.json())


def test_a_person_gets_the_link_on_a_page(closed: Closed) -> None:
    page = closed.desk.browser_of("citizen").get("datasets/sealed.csv")
    assert page.status_code == 403
    assert 'href="/services/datalab/datasets/sealed/access"' in page.text
