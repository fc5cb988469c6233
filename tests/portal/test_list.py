"""Search and facets."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient


def found(client: TestClient, query: str) -> Any:
    return client.get(f"datasets.json?{query}").json()


def ids(view: Any) -> set[str]:
    return {card["id"] for card in view["datasets"]}


def counts(view: Any, facet: str) -> dict[str, int]:
    (chosen,) = [f for f in view["facets"] if f["name"] == facet]
    return {choice["value"]: choice["count"] for choice in chosen["choices"]}


def test_words_without_accents_find_words_with_them(client: TestClient) -> None:
    assert ids(found(client, "q=logements")) == {"communes"}


def test_facets_narrow_the_list(client: TestClient) -> None:
    assert ids(found(client, "access=members")) == {"for-members"}
    assert ids(found(client, "reuse=no")) == {"not-to-pass-on"}
    assert ids(found(client, "state=kept")) == {"kept-back"}
    assert ids(found(client, "state=failed")) == {"never-there"}
    assert "communes" in ids(found(client, "state=warning"))


def test_values_of_one_facet_widen_and_facets_narrow_each_other(client: TestClient) -> None:
    view = found(client, "access=members&access=restricted")
    assert ids(view) == {"for-members", "for-named"}
    assert ids(found(client, "access=members&reuse=no")) == set()


def test_counts_say_what_a_choice_would_give(client: TestClient) -> None:
    view = found(client, "access=members")
    assert counts(view, "access")["open"] == len(ids(found(client, "access=open")))
    assert counts(view, "reuse") == {"yes": 1}


def test_nothing_found_is_a_page_with_help(client: TestClient) -> None:
    page = client.get("datasets/?q=zzzzzz&lang=en").text
    assert "Nothing fits this search." in page
    assert "Take filters away" in page
    client.cookies.clear()


def test_values_that_no_facet_knows_match_nothing(client: TestClient) -> None:
    assert found(client, "theme=%27--")["total"] == 0


def test_a_search_is_text_and_no_language(client: TestClient) -> None:
    for query in ('"', "AND", "communes OR (", "title:x*", "a" * 5000):
        assert client.get("datasets/", params={"q": query}).status_code == 200
