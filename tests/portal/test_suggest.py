"""Search as people use it: what they may be about to type, spelled otherwise, or not there."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.portal.test_list import counts, found, ids


def suggested(client: TestClient, typed: str) -> list[tuple[str, str]]:
    answer: Any = client.get("api/v1/suggest", params={"q": typed, "lang": "fr"}).json()
    return [(one["kind"], one["text"]) for one in answer["suggestions"]]


def test_titles_keywords_columns_and_communes_are_suggested(client: TestClient) -> None:
    assert ("dataset", "Jeu communes") in suggested(client, "jeu com")
    assert suggested(client, "LOGEM") == [("keyword", "logement")]
    assert ("column", "area_km2") in suggested(client, "area")
    assert ("column", "insee_code") in suggested(client, "insee_c")
    assert suggested(client, "emil") == [("place", "Émilienne")]
    assert suggested(client, "  ") == []
    assert suggested(client, '")(') == []


def test_a_commune_finds_the_datasets_that_say_where_their_rows_lie(client: TestClient) -> None:
    assert {"communes", "commune-boundaries"} <= ids(found(client, "q=Émilienne"))
    assert ids(found(client, "q=logements+emilienne")) == {"communes"}


def test_the_interface_for_programs_gives_the_same_as_the_list(client: TestClient) -> None:
    by_program = client.get("api/v1/search?q=jeu&access=open").json()
    assert by_program == client.get("datasets.json?q=jeu&access=open").json()


def test_every_facet_counts_what_its_choice_gives(client: TestClient) -> None:
    for query in ("", "q=jeu", "access=open", "access=open&state=warning&q=jeu"):
        view = found(client, query)
        chosen = dict(part.split("=") for part in query.split("&") if part)
        for facet in view["facets"]:
            others = "&".join(f"{k}={v}" for k, v in chosen.items() if k != facet["name"])
            for choice in facet["choices"]:
                alone = found(client, f"{others}&{facet['name']}={choice['value']}")
                assert alone["total"] == choice["count"], (query, facet["name"], choice)


def test_provenance_format_and_periodicity_are_facets(client: TestClient) -> None:
    everything = found(client, "")
    assert counts(everything, "periodicity") == {"annual": everything["total"]}
    assert ids(found(client, "format=geojson")) == {"commune-boundaries"}
    assert sum(counts(everything, "provenance").values()) == everything["total"]


def test_a_word_that_is_spelled_otherwise_is_asked_back(client: TestClient) -> None:
    view = found(client, "q=loggemants")
    assert view["help"]["meant"]["label"] in {"logement", "logements"}
    page = client.get("datasets/", params={"q": "loggemants", "lang": "fr"}).text
    assert "Vouliez-vous dire" in page


def test_a_filter_that_empties_the_list_says_which_one_to_take_away(client: TestClient) -> None:
    view = found(client, "q=logement&access=restricted")
    assert view["total"] == 0
    assert [way["count"] for way in view["help"]["broader"]] == [1]
    assert "access" not in view["help"]["broader"][0]["href"]
    assert [card["id"] for card in view["help"]["nearest"]] == ["communes"]


def test_nothing_found_leads_to_a_request(client: TestClient) -> None:
    page = client.get("datasets/", params={"q": "zzzzzz", "lang": "fr"}).text
    assert "/cases/new" in page
    assert "Demander ces données" in page


def test_a_page_beyond_the_last_is_empty_and_no_error(client: TestClient) -> None:
    assert ids(found(client, "page=7")) == set()
    assert client.get("datasets/?page=0").status_code == 400


def test_sql_is_linked_from_the_list_and_from_each_dataset(client: TestClient) -> None:
    assert '/sql/"' in client.get("datasets/").text
    page = client.get("datasets/commune-boundaries").text
    assert "sql/?q=SELECT%20%2A%20FROM%20commune_boundaries%20LIMIT%20100" in page
