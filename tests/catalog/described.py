"""A dataset whose columns are described, for sentences and lint, and arguments for every type."""

from __future__ import annotations

from typing import Any

from datalab.catalog.dataset import Dataset, Expectation
from datalab.catalog.expectations import VOCABULARY, Term


def _column(type: str, fr: str, en: str, **more: Any) -> dict[str, Any]:
    return {"type": type, "description": {"fr": fr, "en": en}, **more}


ZONES = {"A": {"fr": "zone A", "en": "zone A"}, "B": {"fr": "zone B", "en": "zone B"}}


def described(*expectations: Expectation) -> Dataset:
    text = {"fr": "Communes", "en": "Municipalities"}
    dataset = Dataset.model_validate(
        {
            "id": "communes",
            "title": text,
            "description": text,
            "publisher": "INSEE",
            "license": "lov2",
            "steward": "observatoire",
            "periodicity": "annual",
            "source": {"connector": "file", "path": "communes.csv"},
            "columns": {
                "code": _column("varchar", "Code INSEE de la commune", "INSEE code"),
                "population": _column(
                    "integer", "Population municipale", "Population", unit="inhabitants"
                ),
                "births": _column("integer", "Naissances (2022)", "Births", unit="births"),
                "rate": _column("double", "Taux de pauvreté", "Poverty rate", unit="%"),
                "year": _column("integer", "Année", "Year", unit="year"),
                "start": _column("date", "Début des vacances", "First day"),
                "end": _column("date", "Fin des vacances", "Last day"),
                "zone": _column("varchar", "Zone", "Zone", values=ZONES),
                "open": _column("boolean", "Ouvert au public", "Open"),
                "at": _column("timestamp", "Moment du relevé", "Time of reading"),
            },
        }
    )
    return dataset.model_copy(update={"expectations": list(expectations)})


ARGUMENTS: dict[str, Any] = {
    "column_A": "population",
    "column_B": "births",
    "column_list": ["population", "births"],
    "column_set": ["code", "population"],
    "value": 23,
    "value_set": [1, 2],
    "value_pairs_set": [[1, 2], [3, 4]],
    "regex": r"^21\d{3}$",
    "regex_list": ["^21", "0$"],
    "like_pattern": "21%",
    "like_pattern_list": ["21%", "%0"],
    "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, 2000]]},
    "sum_total": 1000,
    "min_value": 1,
    "max_value": 258630,
    "unexpected_rows_query": "SELECT * FROM {batch} WHERE population < 0",
}


def example(kind: str, term: Term, **more: Any) -> Expectation:
    """A well-formed expectation of a type, with what it needs and no more."""
    given = {name: ARGUMENTS.get(name) for name in term.required + term.either}
    if "column" in given:
        given["column"] = "code" if term.subject == "text" else "population"
    if "proportion" in kind:
        given |= {"min_value": 0.2, "max_value": 0.9}
    return Expectation(type=kind, **(given | more))


EVERY_TYPE = list(VOCABULARY.items())
