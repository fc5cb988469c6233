"""What lies elsewhere: links that were harvested, and data whose source is away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from datalab.portal.app import create_app
from datalab.refresh import refresh
from tests.portal.conftest import PREFIX, Workshop, described

AWAY = {"connector": "http", "url": "http://127.0.0.1:9/trees.csv", "allow_private": True}
LINKS = [
    {"title": "Énergie des bâtiments", "description": "Consommation <b>annuelle</b>",
     "publisher": "Ville voisine", "modified": "2026-10-02", "page": "https://data.example.org/e"},
    {"title": "Fontaines", "description": "Énergie des pompes", "publisher": None,
     "modified": "hier", "page": "https://data.example.org/f"},
    {"title": "Piège", "description": "énergie", "publisher": None, "modified": None,
     "page": "javascript:alert(1)"},
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("elsewhere"))
    columns: dict[str, object] = dict.fromkeys(LINKS[0], "varchar")
    source = {"connector": "file", "path": "links.json", "format": "json"}
    made.write(described("links", columns, role="links", source=source), json.dumps(LINKS), "json")
    closed = {**source, "path": "closed-links.json"}
    made.write(
        described("closed-links", columns, role="links", source=closed, access="members"),
        json.dumps([{**LINKS[0], "title": "Énergie secrète"}]),
        "json",
    )
    for name in ("trees", "benches"):
        made.write(described(name, {"code": "varchar"}, source=AWAY), "code\na\n")
    refresh(None, made.settings, "essai", remote=False)
    return made


@pytest.fixture(scope="module")
def portal(shop: Workshop) -> TestClient:
    app = create_app(shop.settings)
    return TestClient(app, base_url=f"http://lab.test{PREFIX}/", raise_server_exceptions=False)


def found(portal: TestClient, query: str) -> Any:
    return portal.get("datasets.json", params={"q": query}).json()["elsewhere"]


def test_links_of_other_catalogs_are_found_titles_first(portal: TestClient) -> None:
    answer = found(portal, "energie")
    assert [link["title"] for link in answer["links"]] == ["Énergie des bâtiments", "Fontaines"]
    assert answer["checked"] is False
    assert found(portal, "energie pompes")["total"] == 1
    assert found(portal, "zzz")["total"] == 0


def test_the_page_says_that_nobody_checked_them(portal: TestClient) -> None:
    page = portal.get("datasets/", params={"q": "energie", "lang": "fr"}).text
    assert "Ailleurs (2)" in page
    assert "ni lus ni vérifiés" in page
    assert 'href="https://data.example.org/e" rel="external noopener noreferrer nofollow"' in page
    assert "&lt;b&gt;annuelle" in page
    assert "javascript:" not in page
    assert "secrète" not in page


def test_links_are_not_counted_among_ours(portal: TestClient) -> None:
    view = portal.get("datasets.json", params={"q": "pompes"}).json()
    assert (view["total"], view["elsewhere"]["total"]) == (0, 1)
    assert portal.get("datasets.json", params={"theme": "territory"}).json()["elsewhere"] is None


def test_data_that_were_never_fetched_have_a_page_that_says_so(portal: TestClient) -> None:
    state = portal.get("datasets/trees.json").json()["state"]
    assert state["name"] == "waiting"
    page = portal.get("datasets/trees", params={"lang": "fr"})
    assert page.status_code == 200
    assert "Le laboratoire ira les chercher de lui-même" in page.text


def test_a_source_that_never_answered_is_said_with_its_day_and_is_no_failure(
    shop: Workshop, portal: TestClient, tmp_path: Path
) -> None:
    shop.refresh("benches")
    state = portal.get("datasets/benches.json").json()["state"]
    assert state["name"] == "waiting"
    assert state["unreachable_since"] is not None
    assert state["label"].startswith("Source injoignable depuis le ")
    page = portal.get("datasets/benches", params={"lang": "en"}).text
    assert "Source unreachable since" in page
    assert "their source has not answered since" in page
    listed = portal.get("datasets/", params={"lang": "fr"}).text
    assert "Source injoignable depuis le" in listed
    facets = portal.get("datasets.json").json()["facets"]
    states = next(facet for facet in facets if facet["name"] == "state")
    assert "failed" not in {choice["value"] for choice in states["choices"]}
