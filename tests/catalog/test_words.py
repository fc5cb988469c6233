"""Every expectation has one plain sentence in each language."""

from __future__ import annotations

import re
from typing import Any

import pytest

from datalab.catalog.dataset import Expectation, Text
from datalab.catalog.expectations import Term
from datalab.catalog.validation import ExpectationResult
from datalab.catalog.words import in_words
from datalab.i18n import LANGUAGES, Language
from tests.catalog.described import EVERY_TYPE, described, example

DATASET = described()


def plain(sentence: str) -> str:
    """With ordinary spaces, so that the tests can be read."""
    return re.sub("[\u00a0\u202f]", " ", sentence)


def french(kind: str, **arguments: Any) -> str:
    return plain(in_words(Expectation(type=kind, **arguments), DATASET, "fr"))


def english(kind: str, **arguments: Any) -> str:
    return plain(in_words(Expectation(type=kind, **arguments), DATASET, "en"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "term"), EVERY_TYPE)
def test_every_type_has_a_sentence(kind: str, term: Term, language: Language) -> None:
    sentence = in_words(example(kind, term), DATASET, language)
    assert sentence
    assert "expect_" not in sentence
    assert not sentence.endswith(".")
    if kind != "unexpected_rows_expectation":
        assert "{" not in sentence.replace(r"\d{3}", "")


@pytest.mark.parametrize(("kind", "term"), EVERY_TYPE)
def test_both_languages_say_it_differently(kind: str, term: Term) -> None:
    expectation = example(kind, term)
    assert in_words(expectation, DATASET, "fr") != in_words(expectation, DATASET, "en")


@pytest.mark.parametrize(
    ("kind", "term"), [(kind, term) for kind, term in EVERY_TYPE if "mostly" in term.arguments]
)
def test_mostly_is_said_as_a_share(kind: str, term: Term) -> None:
    sentence = plain(in_words(example(kind, term, mostly=0.955), DATASET, "fr"))
    assert "95,5 %" in sentence
    assert "95.5%" in in_words(example(kind, term, mostly=0.955), DATASET, "en")


@pytest.mark.parametrize(
    ("kind", "term"),
    [(kind, term) for kind, term in EVERY_TYPE if "row_condition" in term.arguments],
)
def test_a_condition_is_said(kind: str, term: Term) -> None:
    condition = {
        "type": "and",
        "conditions": [
            {"type": "comparison", "column": "year", "operator": "==", "parameter": 2022},
            {"type": "nullity", "column": "zone", "is_null": False},
        ],
    }
    sentence = plain(in_words(example(kind, term, row_condition=condition), DATASET, "fr"))
    assert sentence.endswith("pour les lignes où « Année » vaut 2022 et « Zone » est renseigné")


SAID: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "expect_column_sum_to_be_between",
        {"column": "population", "min_value": 258630, "max_value": 258630},
        "Le total de « Population municipale » vaut exactement 258 630 habitants",
        "The total of “Population” is exactly 258,630 inhabitants",
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "rate", "min_value": 0, "max_value": 99.5},
        "Toutes les valeurs de « Taux de pauvreté » valent entre 0 et 99,5 %",
        "All values of “Poverty rate” are between 0 and 99.5%",
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "rate", "min_value": 0, "strict_min": True},
        "Toutes les valeurs de « Taux de pauvreté » valent plus de 0 %",
        "All values of “Poverty rate” are more than 0%",
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "year", "min_value": 2011, "max_value": 2022},
        "Toutes les valeurs de « Année » valent entre 2011 et 2022",
        "All values of “Year” are between 2011 and 2022",
    ),
    (
        "expect_column_max_to_be_between",
        {"column": "start", "max_value": "2025-01-01"},
        "La dernière date de « Début des vacances » tombe au plus tard le 1er janvier 2025",
        "The latest “First day” falls on or before January 1, 2025",
    ),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "end", "column_B": "start"},
        "Sur chaque ligne, « Fin des vacances » vient après « Début des vacances »",
        "On every row, “Last day” comes after “First day”",
    ),
    (
        "expect_column_values_to_be_in_set",
        {"column": "zone", "value_set": ["A", "B"]},
        "Toutes les valeurs de « Zone » sont parmi : « A » (zone A) ou « B » (zone B)",
        "All values of “Zone” are among: “A” (zone A) or “B” (zone B)",
    ),
    (
        "expect_column_values_to_be_in_set",
        {"column": "open", "value_set": [True]},
        "Toutes les valeurs de « Ouvert au public » valent vrai",
        "All values of “Open” are true",
    ),
    (
        "expect_column_values_to_not_be_null",
        {"column": "births"},
        "Aucune valeur de « Naissances » ne manque",
        "No value of “Births” is missing",
    ),
    (
        "expect_table_row_count_to_be_between",
        {"min_value": 1},
        "Le tableau compte au moins 1 ligne",
        "The table has at least 1 row",
    ),
    (
        "expect_table_row_count_to_equal",
        {"value": 0},
        "Le tableau compte exactement 0 ligne",
        "The table has exactly 0 rows",
    ),
    (
        "expect_column_proportion_of_non_null_values_to_be_between",
        {"column": "rate", "min_value": 0.85},
        "La part de valeurs renseignées de « Taux de pauvreté » vaut au moins 85 %",
        "The share of values of “Poverty rate” that are filled in is at least 85%",
    ),
]


@pytest.mark.parametrize(("kind", "arguments", "in_french", "in_english"), SAID)
def test_it_reads_naturally(
    kind: str, arguments: dict[str, Any], in_french: str, in_english: str
) -> None:
    assert french(kind, **arguments) == in_french
    assert english(kind, **arguments) == in_english


def test_french_typography_keeps_marks_and_units_on_the_line() -> None:
    sentence = in_words(
        Expectation(type="expect_column_sum_to_be_between", column="population", min_value=1000),
        DATASET,
        "fr",
    )
    assert "«\u00a0Population municipale\u00a0»" in sentence
    assert "1\u202f000\u00a0habitants" in sentence


def test_a_long_set_is_cut_and_counted() -> None:
    sentence = french("expect_column_values_to_be_in_set", column="year", value_set=[*range(30)])
    assert sentence.endswith("8, 9 ou 20 autres")


def test_a_query_is_said_by_its_note_and_a_result_finds_it_again() -> None:
    query = {"unexpected_rows_query": "SELECT * FROM {batch} WHERE births > population"}
    note = Text(fr="Il naît moins de gens qu’il n’en vit.", en="Fewer are born than live.")
    written = Expectation(type="unexpected_rows_expectation", note=note, **query)
    result = ExpectationResult("unexpected_rows_expectation", query, "error", success=True)
    dataset = described(written)
    assert in_words(written, dataset, "fr") == "Il naît moins de gens qu’il n’en vit"
    assert in_words(result, dataset, "en") == "Fewer are born than live"
    assert "births > population" in in_words(result, DATASET, "fr")


def test_a_long_description_gives_way_to_the_name_of_the_column() -> None:
    column = DATASET.columns["code"].model_copy(update={"description": Text(fr="x" * 99, en="y")})
    dataset = DATASET.model_copy(update={"columns": {"code": column}})
    expectation = Expectation(type="expect_column_values_to_be_unique", column="code")
    assert "«\u00a0code\u00a0»" in in_words(expectation, dataset, "fr")
