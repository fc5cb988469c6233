"""A file is held against the Table Schema that its dataset names, value by value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from frictionless import Resource
from frictionless import Schema as Reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalab.catalog.schema import Schema, find_schema, schemas
from datalab.errors import TooManyRejects, UnknownSchema
from datalab.i18n import LANGUAGES
from datalab.lake.conformity import Report, check
from datalab.lake.connection import connect
from datalab.lake.tabular import from_rows
from tests.lake.datasets import dataset, rows, staged

WORDS = {"fr": "Un jeu", "en": "A set"}
Cells = Sequence[str | None]


def schema(fields: list[dict[str, Any]], **facts: Any) -> Schema:
    return Schema.model_validate(
        {
            "name": "essai",
            "title": WORDS,
            "description": WORDS,
            "homepage": "https://example.org",
            "source": "https://example.org/schema.json",
            "version": "1.0.0",
            "license": "lov2",
            "fields": fields,
            **facts,
        }
    )


def held(table: Sequence[Cells], against: Schema, columns: list[str] | None = None) -> Report:
    names = columns or [field.name for field in against.fields]
    with connect(extensions=()) as connection:
        raw = from_rows(names, ((n + 2, list(row)) for n, row in enumerate(table)), connection)
        return check(connection, raw, against)


# Each field with texts that keep its rules and texts that break one.
FIELDS: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": "texte", "type": "string"}, ["", "a", " ", "é"]),
    (
        {"name": "requis", "type": "string", "constraints": {"required": True, "maxLength": 3}},
        ["", "abc", "abcd", "éàü"],
    ),
    (
        {"name": "code", "type": "string", "constraints": {"pattern": r"\d{5}|2[AB]\d{3}"}},
        ["21231", "2A004", "2A0045", "2123", "212310", "21231\n", "²1231"],
    ),
    (
        {"name": "mot", "type": "string", "constraints": {"pattern": r"^[\w -]+$", "minLength": 2}},
        ["ab", "a", "arrêté", "a'b", "n° 1"],
    ),
    (
        {"name": "vu", "type": "string", "constraints": {"pattern": r"(?!x).+"}},
        ["abc", "xyz"],  # no expression of DuckDB looks ahead
    ),
    (
        {"name": "nature", "type": "string", "constraints": {"enum": ["oui", "non"]}},
        ["oui", "Oui", "non", "l'un"],
    ),
    (
        {"name": "entier", "type": "integer", "constraints": {"minimum": 0, "maximum": 10}},
        ["3", "0", "10", "11", "-1", "+4", "1.0", "1_0", " 7 ", "2E3", "x", "99999999999999999999"],
    ),
    (
        {"name": "nombre", "type": "number", "constraints": {"minimum": -1.5, "maximum": 180}},
        ["1.5", "-1.5", "-1.50001", "180", "180.0000000001", "1,5", ".5", "5.", "1e2", "12 000"],
    ),
    ({"name": "vrai", "type": "boolean"}, ["true", "1", "TRUE", "oui", "True"]),
    (
        {"name": "ouvert", "type": "boolean", "trueValues": ["oui"], "falseValues": ["non"]},
        ["oui", "non", "true"],
    ),
    (
        {"name": "jour", "type": "date"},
        ["2026-11-22", "2026-02-30", "2026-1-2", "22/11/2026", "0999-01-01", "9999-12-31", "epoch"],
    ),
    ({"name": "an", "type": "date", "format": "%Y"}, ["2026", "26", "2026-01-01"]),
    (
        {"name": "annee", "type": "year", "constraints": {"minimum": 1900}},
        ["2026", "1899", "26", "20267", "1900"],
    ),
    (
        {"name": "moment", "type": "datetime"},
        [
            *("2026-11-22T08:30:00Z", "2026-11-22T08:30:00+01:00", "2026-11-22 08:30:00"),
            *("2026-11-22T08:30", "2026-02-30T08:30:00Z", "2026-11-22T25:30:00Z", "hier"),
        ],
    ),
    ({"name": "heure", "type": "time"}, ["08:30:00", "08:30", "8:30:00", "25:00:00"]),
    (
        {"name": "point", "type": "geopoint"},
        ["5.04, 47.32", "5.04,47.32", "200,47", "5.04", "5.04;47.32", "180,90"],
    ),
    (
        {"name": "xy", "type": "geopoint", "format": "array"},
        ["[5.04, 47.32]", "[5.04,47.32]", "[5.04]", "5.04, 47.32", "[5,95]"],
    ),
    ({"name": "liste", "type": "array"}, ['["a"]', "[]", "a", '{"a": 1}']),
    ({"name": "unique", "type": "string", "constraints": {"unique": True}}, ["a", "b", "c", ""]),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[list[str]]]:
    chosen = draw(
        st.lists(st.sampled_from(range(len(FIELDS))), min_size=1, max_size=5, unique=True)
    )
    texts = [st.sampled_from([*FIELDS[place][1], ""]) for place in chosen]
    number = draw(st.integers(1, 12))
    return (
        [FIELDS[place][0] for place in chosen],
        [[draw(text) for text in texts] for _ in range(number)],
    )


def reference(fields: list[dict[str, Any]], table: Sequence[Cells]) -> set[tuple[int, str]]:
    """What frictionless says: the rows (from 1) and columns at fault."""
    names = [field["name"] for field in fields]
    resource = Resource(
        data=[names, *[list(row) for row in table]],
        schema=Reference.from_descriptor({"fields": fields}),
    )
    report = resource.validate(limit_errors=100_000)
    found = set()
    for error in report.tasks[0].errors:
        if error.type != "blank-row":
            found.add((error.row_number - 1, error.field_name))  # type: ignore[attr-defined]
    return found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_the_verdict_is_that_of_frictionless(
    generated: tuple[list[dict[str, Any]], list[list[str]]],
) -> None:
    fields, table = generated
    table = [row for row in table if any(row)]  # frictionless takes an empty row for no row
    ours = {
        (v.row, v.column)
        for v in held([[c or None for c in r] for r in table], schema(fields)).violations
    }
    theirs = reference(fields, table)
    assert ours == theirs


def test_a_violation_says_row_value_and_how_to_mend_it_in_both_languages() -> None:
    against = schema([{"name": "jour", "type": "date"}, FIELDS[5][0]])
    report = held([["2026-11-22", "oui"], ["22/11/2026", "peut-être"]], against)
    assert (report.rows, report.faulty, report.valid) == (2, 1, False)
    first, second = report.violations
    assert (first.row, first.line, first.column, first.value) == (2, 3, "jour", "22/11/2026")
    assert first.sentence("fr") == "pas une date\u00a0: écrivez-la comme 2026-11-22"
    assert second.sentence("en") == "not one of the values allowed: oui, non"
    assert report.as_json("fr")["violations"][1]["message"].startswith("pas l’une des valeurs")


def test_a_required_column_that_is_missing_is_named_and_an_unknown_one_is_no_fault() -> None:
    report = held([["x"]], schema([FIELDS[1][0], FIELDS[0][0]]), columns=["autre"])
    assert report.missing == ["requis"]
    assert report.unknown == ["autre"]
    assert "requis" in report.violations[0].sentence("fr")


def test_a_key_is_there_and_stands_once() -> None:
    against = schema([{"name": "a"}, {"name": "b"}], primaryKey=["a", "b"])
    report = held([["1", "x"], ["1", "y"], ["1", "x"], [None, None], ["1", None]], against)
    assert [violation.row for violation in report.violations] == [3, 4]


@pytest.mark.parametrize(
    ("text", "good"),
    [("21210231500013", False), ("35600000000048", True), ("73282932000074", True), ("123", False)],
)
def test_the_check_digits_of_a_siret_are_held(text: str, good: bool) -> None:
    against = schema([{"name": "siret", "check": "siret"}])
    assert held([[text]], against).valid is good


@pytest.mark.parametrize("name", sorted(schemas()))
def test_every_carried_schema_states_its_facts_and_compiles(name: str) -> None:
    against = find_schema(name)
    assert against.name == name
    assert against.source.startswith("http")
    assert against.version[0].isdigit()
    blank = held([[None] * len(against.fields)], against)
    required = {f.name for f in against.fields if f.constraints.required}
    assert {violation.column for violation in blank.violations} >= required
    odd = held([["'; DROP TABLE held; --"] * len(against.fields)], against)
    assert all(
        violation.sentence(language) for violation in odd.violations for language in LANGUAGES
    )


def test_an_unknown_schema_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownSchema, match="irve-statique"):
        find_schema("irve")
    with pytest.raises(UnknownSchema):
        find_schema("../../etc/passwd")


def test_rows_that_break_the_schema_are_rejected_with_the_reason(tmp_path: Path) -> None:
    columns = {field.name: "varchar" for field in find_schema("comptage-mobilites-measure").fields}
    names = list(columns)
    described = dataset(
        columns, schema="comptage-mobilites-measure", max_reject_ratio=0.5, source={"csv": {}}
    )
    content = ",".join(names) + "\n" + ",".join(["x"] * len(names)) + "\n"
    with pytest.raises(TooManyRejects) as refused:
        staged(described, content, tmp_path)
    first = refused.value.rejects[0]
    assert first.line == 2
    assert first.column in names
    assert json.dumps(first.as_json())


def test_rows_that_keep_the_schema_are_published_beside_those_that_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "catalog" / "schemas"
    folder.mkdir(parents=True)
    own = schema([{"name": "n", "type": "integer", "constraints": {"maximum": 5}}, {"name": "t"}])
    (folder / "essai.json").write_text(json.dumps(own.as_json()), "utf-8")
    described = dataset({"n": "integer", "t": "varchar"}, schema="essai", max_reject_ratio=0.7)
    described = described.located("territory", tmp_path / "catalog" / "territory" / "x.yaml")
    result = staged(described, "n,t\n1,a\n9,b\nx,c\n3,d\n", tmp_path)
    assert rows(result) == [(1, "a"), (3, "d")]
    assert [(r.line, r.column, r.value) for r in result.rejects] == [(3, "n", "9"), (4, "n", "x")]
    assert result.rejects[0].facts == {"maximum": "5"}
