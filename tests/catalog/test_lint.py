"""Every mistake in a dataset file is named: file, line, key, reason, nearest valid word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from datalab.catalog.catalog import Catalog
from datalab.catalog.lint import Problem, read_file
from datalab.connectors.registry import source_models
from datalab.i18n import translate

GOOD = """\
id: communes
title: {fr: Communes, en: Municipalities}
description: {fr: Les communes, en: The municipalities}
publisher: INSEE
license: lov2
steward: observatoire
access: open
periodicity: annual
key: [insee_code]
source:
  connector: file
  path: communes.csv
columns:
  insee_code:
    type: varchar
    description: {fr: Code INSEE, en: INSEE code}
  population:
    type: integer
    unit: inhabitants
    description: {fr: Population, en: Population}
map:
  boundaries: communes
  key: insee_code
  on: insee_code
  value: population
transform: |
  SELECT insee_code, population FROM source
expectations:
  - {type: expect_table_row_count_to_equal, value: 1}
  - {type: expect_column_sum_to_be_between, column: population, min_value: 1, max_value: 9}
"""


def write(root: Path, text: str | bytes, name: str = "communes", theme: str = "territory") -> Path:
    folder = root / theme
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "communes.csv").write_text("insee_code,population\n21231,5\n", "utf-8")
    path = folder / f"{name}.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problems(root: Path, text: str | bytes, **where: str) -> list[Problem]:
    dataset, found = read_file(write(root, text, **where), source_models())
    assert (dataset is None) == bool(found)
    return found


def test_a_sound_file_has_no_problem(tmp_path: Path) -> None:
    dataset, found = read_file(write(tmp_path, GOOD), source_models())
    assert found == []
    assert dataset is not None
    assert (dataset.id, dataset.theme, dataset.lake) == ("communes", "territory", "open")


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "said", "suggestion"),
    [
        ("publisher:", "publsher:", 4, "publsher", "no such key", "publisher"),
        ("    unit:", "    units:", 19, "columns.population.units", "no such key", "unit"),
        ("  path:", "  pth:", 12, "source.pth", "no such key", "path"),
        (
            "  path: communes.csv",
            "  path: comunes.csv",
            12,
            "source.path",
            "no file",
            "communes.csv",
        ),
        ("  path: communes.csv", "  path: ../../x", 12, "source.path", "out of the catalog", None),
        ("  path:", "  member: x\n  path:", 12, "source.member", "no such key", None),
        ("connector: file", "connector: fil", 11, "source.connector", "no connector 'fil'", "file"),
        ("  path:", "  format: cvs\n  path:", 12, "source.format", "'cvs' is not one of", "csv"),
        ("license: lov2", "license: lov3", 5, "license", "not a known licence", "lov2"),
        ("periodicity: annual", "periodicity: anual", 8, "periodicity", "not one of", "annual"),
        ("access: open", "access: opened", 7, "access", "not one of", "open"),
        ("type: integer", "type: integr", 18, "columns.population.type", "not a column", "integer"),
        ("id: communes", "id: commune", 1, "id", "name of the file", "communes"),
        ("id: communes", "id: Communes", 1, "id", "not written as expected", None),
        ("publisher: INSEE\n", "", 1, "publisher", "missing", None),
        (", en: Municipalities", "", 2, "title.en", "missing", None),
        ("publisher: INSEE", "publisher: 12", 4, "publisher", "put it in quotes", None),
        ("publisher: INSEE", "publisher:", 4, "publisher", "text is expected", None),
        ("access: open", "access: open\naccess: members", 8, "access", "stands twice", None),
        ("max_value", "min_value", 30, "expectations[1].min_value", "stands twice", None),
        ("key: [insee_code]", "key: [insee_cod]", 9, "key[0]", "no column", "insee_code"),
        ("on: insee_code", "on: insee", 24, "map.on", "no column", "insee_code"),
        ("  value: population", "  value: populaton", 25, "map.value", "no column", "population"),
        ("  on: insee_code\n", "", 21, "map", "exactly one of", None),
        ("column: population", "column: popula", 30, "expectations[1].column", "", "population"),
        ("sum_to", "summ_to", 30, "expectations[1].type", "", "expect_column_sum_to_be_between"),
        ("access: open", "access: restricted", 1, "audience", "who may read it", None),
        ("access: open", "access: open\naudience: [x]", 8, "audience", "only kept", None),
        ("access: open", "provenance: synthetic", 1, "calibration", "calibrated", None),
        ("access: open", "personal_data: personal", 1, "access", "cannot be open", "restricted"),
        ("unit: inhabitants", "personal: true", 1, "personal_data", "population is personal", None),
        ("access: open", "redistribution: false", 1, "access_note", "why", None),
        ("lov2", "all-rights-reserved", 1, "redistribution", "passing the data on", None),
        ("access: open", "temporal: last year", 7, "temporal", "start/end", None),
        ("  population:", "  INSEE_CODE:", 17, "columns.INSEE_CODE", "one name in SQL", None),
        ("access: open", "max_reject_ratio: 2", 7, "max_reject_ratio", "1 or less", None),
        ("access: open", "redistribution: nope", 7, "redistribution", "true or false", None),
        ("SELECT insee", "SELEC insee", 26, "transform", "cannot be read", None),
        (
            "FROM source\n",
            "FROM source; DROP TABLE x\n",
            26,
            "transform",
            "exactly one SELECT",
            None,
        ),
        ("SELECT insee_code, population FROM", "DELETE FROM", 26, "transform", "one SELECT", None),
        ("FROM source", "FROM source WHERE 1 = ?", 26, "transform", "one SELECT", None),
        ("FROM source", "FROM sources", 26, "transform", "not sources", None),
        ("FROM source", "FROM source, '/etc/passwd'", 26, "transform", "/etc/passwd", None),
        ("FROM source", "FROM source, read_csv('x')", 26, "transform", "read_csv()", None),
        ("FROM source", "", 26, "transform", "reads 'source'", None),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(
    old: str, new: str, line: int, key: str, said: str, suggestion: str | None, tmp_path: Path
) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new, 1))
    named = [p for p in found if p.key == key and said in p.in_("en")]
    assert named, [p.in_("en") for p in found]
    assert (named[0].line, named[0].suggestion) == (line, suggestion)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a AS (FROM source) SELECT * FROM a, generate_series(1, 2)",
        "FROM source SELECT insee_code",
        "SELECT ST_Point(1, 2) FROM source -- FROM elsewhere",
        "/* a */ (SELECT * FROM source) UNION ALL SELECT * FROM source",
        "SELECT * FROM source, unnest([1]) WHERE 1 > (SELECT avg(population) FROM source);",
    ],
)
def test_a_select_over_the_source_is_sound(sql: str, tmp_path: Path) -> None:
    text = GOOD.replace("SELECT insee_code, population FROM source", sql)
    assert problems(tmp_path, text) == []


def test_all_mistakes_of_a_file_are_shown_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("lov2", "lov3").replace("publisher", "publsher").replace("cnsee", "x")
    text = text.replace("FROM source", "FROM elsewhere").replace("column: population", "column: x")
    found = problems(tmp_path, text)
    assert [p.key for p in found] == [
        "publisher",
        "publsher",
        "license",
        "transform",
        "expectations[1].column",
    ]


def test_a_problem_reads_as_one_line_in_french_and_english(tmp_path: Path) -> None:
    [problem] = problems(tmp_path / "catalog", GOOD.replace("lov2", "lov3"))
    assert problem.in_("en").startswith(
        "catalog/territory/communes.yaml:5: license: 'lov3' is not a known licence"
    )
    assert problem.in_("en").endswith(" — did you mean 'lov2'?")
    assert str(problem).endswith(" — vouliez-vous dire «\xa0lov2\xa0»\xa0?")


def test_a_folder_that_is_no_theme_is_named(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, GOOD, theme="teritory")
    assert (problem.line, problem.suggestion) == (1, "territory")


@pytest.mark.parametrize("name", ["select", "group", "open", "memory", "source"])
def test_a_word_of_sql_is_no_id(name: str, tmp_path: Path) -> None:
    text = GOOD.replace("id: communes", f"id: {name}")
    assert [p.key for p in problems(tmp_path, text, name=name)] == ["id"]


def test_the_reserved_words_are_those_of_the_engine() -> None:
    import duckdb

    from datalab.catalog.rules import RESERVED

    rows = duckdb.sql(
        "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    ).fetchall()
    assert {word for (word,) in rows} == set(RESERVED)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("021", "021"), ("no", "no"), ("12:30", "12:30"), ("2021-01-01", "2021-01-01"), ("2A", "2A")],
)
def test_a_word_stays_the_word_that_was_written(written: str, meant: str, tmp_path: Path) -> None:
    dataset, found = read_file(write(tmp_path, GOOD.replace("INSEE\n", f"{written}\n")))
    assert found == []
    assert dataset is not None
    assert dataset.publisher == meant


def test_every_sentence_about_a_mistake_is_said_in_french() -> None:
    from datalab.catalog.mistake import _SENTENCES

    for sentence in {*_SENTENCES.values()}:
        assert translate(sentence, "en") == sentence
        assert translate(sentence, "fr") != sentence


# -- hostile files ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: &x [1]\nb: *x\n", "anchors"),
        (b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "anchors"),
        (b"id: !!python/object/apply:os.system ['touch /tmp/owned']\n", "tags"),
        (b"id: !include /etc/passwd\n", "tags"),
        (b"id: !!binary aGk=\n", "tags"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "UTF-8"),
        (b"id: a\0b\n", "characters"),
        (b"id: communes\ntitle: {fr: \xe9t\xe9}\n", "UTF-8"),
        (b"id: communes\n\ttitle: x\n", "tab"),
        (b"id: communes\ntitle:\n\tfr: x\n", "tab"),
        (b"id: a: b\n", "quotes"),
        (b"id: [\n", "not readable YAML"),
        (b'id: "\n', "not readable YAML"),
        (b"", "mapping of keys"),
        (b"# nothing\n", "mapping of keys"),
        (b"- a\n- b\n", "mapping of keys"),
        (b"just words\n", "mapping of keys"),
        (b"id: a\n---\nid: b\n", "one dataset"),
        (b"? [a, b]\n: c\n", "one word"),
        (b"? {a: b}\n: c\n", "one word"),
        (b"a: " + b"[" * 10_000, "deep"),
        (b"a: " + b"{a: " * 10_000, "deep"),
        (b"- " * 10_000, "deep"),
        (b"a: " + b"9" * 10_000, "missing"),
        (b'id: "a\\0b"\n', "characters"),
        (b'id: "\\e[2J"\n', "characters"),
        (b'"\\e[2J": b\n', "characters"),
        (b'id: "\\u202e"\n', "characters"),
        (b'id: "\\ud800"\n', "readable"),
        (b"<<: {id: communes}\n", "no such key"),
        ("\ufeffid: [communes]\n".encode(), "text is expected"),
        ("id: communes\n".encode("utf-16"), "UTF-8"),
        (b"x" * 50_000_000, "larger than"),
    ],
    ids=lambda value: str(value[:24]),
)
def test_a_hostile_file_is_a_problem_and_nothing_else(
    content: bytes, said: str, tmp_path: Path
) -> None:
    found = problems(tmp_path, content)
    assert any(said in p.in_("en") for p in found), [p.in_("en") for p in found]
    assert all(p.line >= 1 for p in found)
    assert not Path("/tmp/owned").exists()


def test_the_line_of_a_byte_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, b"id: communes\ntitle: x\npublisher: \xe9\n")
    assert problem.line == 3


@pytest.mark.parametrize("kind", ["folder", "pipe", "broken link", "unreadable"])
def test_what_is_no_file_is_a_problem(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "territory" / "communes.yaml"
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "broken link":
        path.symlink_to("nowhere")
    else:
        path.write_text(GOOD, "utf-8")
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this account reads everything")
    dataset, found = read_file(path)
    assert dataset is None
    assert len(found) == 1


# -- the catalog as a whole ---------------------------------------------------------------


def test_one_broken_file_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, b"id: [\n", name="broken")
    catalog = Catalog.load(tmp_path, source_models())
    assert list(catalog.datasets) == ["communes"]
    assert [p.file.name for p in catalog.problems] == ["broken.yaml"]


def test_a_catalog_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    [problem] = Catalog.load(tmp_path / "catalogue").problems
    assert "no such folder" in problem.in_("en")


def test_an_id_belongs_to_one_file(tmp_path: Path) -> None:
    write(tmp_path, GOOD, theme="energy")
    write(tmp_path, GOOD, theme="territory")
    catalog = Catalog.load(tmp_path, source_models())
    [problem] = catalog.problems
    assert (problem.key, problem.line) == ("id", 1)
    assert "energy/communes.yaml" in problem.in_("en")


def test_a_file_in_the_wrong_place_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "stray.yaml").write_text(GOOD, "utf-8")
    write(tmp_path, GOOD, theme="territory/deep")
    found = Catalog.load(tmp_path, source_models()).problems
    assert sorted(p.file.parent.name for p in found) == sorted([tmp_path.name, "deep"])


@pytest.mark.parametrize(
    ("old", "new", "key", "suggestion"),
    [
        ("boundaries: communes", "boundaries: comunes", "map.boundaries", "communes"),
        ("  key: insee_code", "  key: insee_cod", "map.key", "insee_code"),
    ],
)
def test_boundaries_are_those_of_a_dataset_that_exists(
    old: str, new: str, key: str, suggestion: str, tmp_path: Path
) -> None:
    write(tmp_path, GOOD.replace(old, new))
    [problem] = Catalog.load(tmp_path, source_models()).problems
    assert (problem.key, problem.suggestion) == (key, suggestion)
    assert problem.line in {22, 23}


@pytest.mark.parametrize(("transform", "loaded"), [(False, []), (True, ["duckdb"])])
def test_reading_the_catalog_loads_nothing_slow(
    transform: bool, loaded: list[str], tmp_path: Path
) -> None:
    query = "transform: |\n  SELECT insee_code, population FROM source\n"
    write(tmp_path, GOOD if transform else GOOD.replace(query, ""))
    code = (
        "import sys; from pathlib import Path; from datalab.catalog.catalog import Catalog;"
        "from datalab.connectors.registry import source_models;"
        f"c = Catalog.load(Path({str(tmp_path)!r}), source_models()); assert not c.problems;"
        "print([m for m in ('duckdb', 'pandas', 'unearth', 'great_expectations', 'babel') "
        "if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(loaded)


def test_the_catalog_of_the_lab_has_no_problem() -> None:
    root = Path(__file__).resolve().parent.parent.parent / "catalog"
    assert [str(p) for p in Catalog.load(root, source_models()).problems] == []


@pytest.mark.parametrize(
    ("option", "key", "said", "suggestion"),
    [
        ("encoding: utf9", "encoding", "not a known encoding", "utf-8"),
        ("encoding: hex", "encoding", "not a known encoding", None),
        ("encoding: rot13", "encoding", "not a known encoding", None),
        ("encoding: undefined", "encoding", "not a known encoding", None),
        ('delimiter: ""', "delimiter", "exactly one character", None),
        ('delimiter: ";;"', "delimiter", "exactly one character", None),
        ('delimiter: "\\n"', "delimiter", "exactly one character", None),
        ('quote: "ab"', "quote", "exactly one character", None),
        ('quote: ","', "quote", "also be the 'delimiter'", None),
        ('thousands: "."', "thousands", "also be the 'decimal'", None),
        ('date_format: "%d/%Q"', "date_format", "'%Q'", None),
        ('timestamp_format: "%Y%"', "timestamp_format", "'%'", None),
    ],
)
def test_a_csv_that_no_reader_could_read_so_is_named_at_lint(
    option: str, key: str, said: str, suggestion: str | None, tmp_path: Path
) -> None:
    text = GOOD.replace("  path: communes.csv", f"  csv:\n    {option}\n  path: communes.csv")
    [problem] = problems(tmp_path, text)
    assert (problem.line, problem.key) == (13, f"source.csv.{key}")
    assert said in problem.in_("en")
    if suggestion is not None:
        assert problem.suggestion == suggestion


@pytest.mark.parametrize(
    "options",
    [
        "{encoding: cp1252, delimiter: ';', decimal: ',', thousands: ' '}",
        "{encoding: iso-8859-15, quote: '', delimiter: \"\\t\"}",
        "{encoding: utf-16, date_format: '%d/%m/%Y', timestamp_format: '%-d %b %Y %H:%M:%S%%'}",
    ],
)
def test_a_csv_written_as_files_are_is_sound(options: str, tmp_path: Path) -> None:
    text = GOOD.replace("  path: communes.csv", f"  csv: {options}\n  path: communes.csv")
    assert problems(tmp_path, text) == []


def test_the_parts_of_a_date_are_those_of_the_engine() -> None:
    import string

    import duckdb

    from datalab.catalog.dialect import SPECIFIERS

    def is_read(part: str) -> bool:
        try:
            duckdb.execute("SELECT try_strptime('x', ?)", [f"%{part}"]).fetchone()
        except duckdb.InvalidInputException:
            return False
        return True

    candidates = [*string.ascii_letters, "%", *(f"-{letter}" for letter in string.ascii_letters)]
    assert {part for part in candidates if is_read(part)} == SPECIFIERS


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "suggestion"),
    [
        ("- {type: expect_table", "- {typ: expect_table", 29, "expectations[0].typ", "type"),
        ("  connector:", "  conector:", 11, "source.conector", "connector"),
    ],
)
def test_a_missing_key_that_was_misspelled_is_named_where_it_stands(
    old: str, new: str, line: int, key: str, suggestion: str, tmp_path: Path
) -> None:
    [problem] = problems(tmp_path, GOOD.replace(old, new))
    assert (problem.line, problem.key, problem.suggestion) == (line, key, suggestion)
