"""The search index finds what people mean, and only reads what they type as words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.catalog.dataset import Dataset
from datalab.catalog.facet import filed
from datalab.catalog.search import SearchIndex


def dataset(id: str, fr: str, en: str, about: str, theme: str, **more: object) -> Dataset:
    return Dataset.model_validate(
        {
            "id": id,
            "title": {"fr": fr, "en": en},
            "description": {"fr": about, "en": f"About {en}."},
            "publisher": "INSEE",
            "license": "lov2",
            "steward": "observatoire",
            "periodicity": "annual",
            "source": {"connector": "file"},
            "columns": {
                "insee_code": {
                    "type": "varchar",
                    "description": {"fr": "Code INSEE de la commune", "en": "INSEE code"},
                }
            },
            **more,
        }
    ).located(theme, Path())


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    kind = {
        "type": "varchar",
        "description": {"fr": "Nature du logement", "en": "Kind of dwelling"},
        "values": {"HLM": {"fr": "Logement social", "en": "Council housing"}},
    }
    return SearchIndex(
        [
            dataset(
                "communes",
                "Communes de Dijon Métropole",
                "Municipalities of Dijon Métropole",
                "Les 23 communes, leur population municipale et leur superficie.",
                "territory",
            ),
            dataset(
                "commune-boundaries",
                "Contours des communes",
                "Boundaries of the municipalities",
                "Le tracé de chaque commune.",
                "territory",
            ),
            dataset(
                "electricity-france",
                "Électricité en France, au quart d’heure",
                "Electricity in France, every 15 minutes",
                "Production et consommation d’énergie de RTE.",
                "energy",
                keywords=["éCO2mix", "énergies renouvelables"],
            ),
            dataset(
                "dwellings", "Parc de logements", "Dwellings", "Résidences.", "population",
                columns={"kind": kind},
            ),
        ]
    )  # fmt: skip


def first(index: SearchIndex, query: str, language: str = "fr") -> str | None:
    found = index.search(query, language)  # type: ignore[arg-type]
    return found[0][0] if found else None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("électricité", "electricity-france"),
        ("electricite", "electricity-france"),
        ("ÉNERGIE", "electricity-france"),
        ("energie renouvelable", "electricity-france"),
        ("l’énergie", "electricity-france"),
        ("elec", "electricity-france"),
        ("electrcite", "electricity-france"),
        ("logement", "dwellings"),
        ("hlm", "dwellings"),
        ("logement social", "dwellings"),
        ("les contours des communes", "commune-boundaries"),
    ],
)
def test_a_french_query_finds_with_and_without_accents_plural_and_typos(
    index: SearchIndex, query: str, expected: str
) -> None:
    assert first(index, query) == expected


def test_an_english_query_finds_too(index: SearchIndex) -> None:
    assert first(index, "municipality boundary", "en") == "commune-boundaries"
    assert first(index, "council house", "en") == "dwellings"
    assert first(index, "housing", "fr") == "dwellings"


def test_every_id_and_sql_name_finds_itself_first(index: SearchIndex) -> None:
    for name in ("communes", "commune-boundaries", "electricity-france", "dwellings"):
        assert first(index, name) == name
        assert first(index, name.replace("-", "_").upper()) == name


def test_theme_publisher_and_column_names_are_searched(index: SearchIndex) -> None:
    assert {d for d, _ in index.search("territoire", "fr")} == {"communes", "commune-boundaries"}
    assert len(index.search("insee", "fr")) == 4
    assert {d for d, _ in index.search("insee_code", "fr")} >= {"communes", "electricity-france"}


def test_all_words_are_wanted_and_some_are_enough_where_none_has_all(index: SearchIndex) -> None:
    assert [d for d, _ in index.search("population superficie", "fr")] == ["communes"]
    assert first(index, "superficie zzzzzzzzzz") == "communes"


def test_spaces_find_everything_in_the_order_of_titles(index: SearchIndex) -> None:
    assert [d for d, _ in index.search("  ", "fr")] == [
        "communes", "commune-boundaries", "electricity-france", "dwellings",
    ]  # fmt: skip


def test_nothing_is_found_for_what_is_not_there(index: SearchIndex) -> None:
    assert index.search("zzzzzzzzzz", "fr") == []
    assert index.search("?!…", "fr") == []


@pytest.mark.parametrize(
    "query",
    [
        '"', "((", "title_fr:(", "AND", "OR NOT", "id:*", "communes~9999", "a" * 100_000,
        "x " * 50_000, "\x00\x01\x1b[31m", "[a TO b]", "\\", "^", "(.*)+$", "\ud83d\ude00",
        "communes' OR 1=1 --", "<script>alert(1)</script>", "\ud800",
    ],
)  # fmt: skip
def test_hostile_queries_are_only_text(index: SearchIndex, query: str) -> None:
    assert isinstance(index.search(query, "fr"), list)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_no_text_at_all_breaks_the_search(query: str) -> None:
    small = _SMALL
    for language in ("fr", "en"):
        small.search(query, language)


_SMALL = SearchIndex([dataset("communes", "Communes", "Towns", "Les 23 communes.", "territory")])


def test_an_empty_catalog_can_be_searched() -> None:
    assert SearchIndex([]).search("communes", "fr") == []
    assert SearchIndex([]).search("", "fr") == []


def test_one_changed_dataset_changes_the_index_alone() -> None:
    made = dataset("trees", "Arbres", "Trees", "Les arbres des rues.", "environment")
    known = SearchIndex([made, dataset("bees", "Ruches", "Hives", "Les ruches.", "environment")])
    after = dataset("trees", "Platanes", "Plane trees", "Les arbres des rues.", "energy")
    known.change([after], ["bees"])
    assert known.search("platanes", "fr")[0][0] == "trees"
    found = known.find(" ", "fr")
    assert (found.ids, found.counts["theme"]) == (["trees"], {"energy": 1})
    assert known.vocabulary.meant("platnaes") == "platanes"
    assert known.vocabulary.meant("ruchez") is None


def test_a_dataset_is_late_from_its_moment_on() -> None:
    made = dataset("trees", "Arbres", "Trees", "Les arbres.", "environment")
    run = {"state": "published", "finished_at": "2025-01-01T00:00:00+00:00"}
    known = SearchIndex([made], {"trees": filed(made, run, run)})
    for year, late in ((2026, 0), (2028, 1)):
        moment = datetime(year, 1, 1, tzinfo=UTC)
        found = known.find("", "fr", {"state": ["stale"]}, moment=moment)
        assert found.total == found.counts["state"].get("stale", 0) == late
