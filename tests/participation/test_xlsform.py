"""XLSForm: read as the field writes it, written as it reads it, and hostile workbooks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from datalab.errors import InvalidQuestionnaire
from datalab.participation import xlsform, xlsform_export
from datalab.participation.questionnaire import Questionnaire
from tests.participation.test_questionnaire import childcare

Rows = list[list[Any]]
HEAD = ["type", "name", "label::Français (fr)", "label::English (en)"]
CHOICES: Rows = [
    ["list_name", "name", "label::Français (fr)", "label::English (en)"],
    ["yn", "y", "Oui", "Yes"],
    ["yn", "n", "Non", "No"],
]


def workbook(survey: Rows, choices: Rows | None = None, **more: Rows) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "survey"
    for name, rows in {"survey": survey, "choices": choices or CHOICES, **more}.items():
        target = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in rows:
            target.append(row)
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


def told(content: bytes) -> list[str]:
    with pytest.raises(InvalidQuestionnaire) as refusal:
        xlsform.read(content)
    return [str(mistake) for mistake in refusal.value.mistakes]


def plain(questionnaire: Questionnaire) -> dict[str, Any]:
    """A definition without the names of its lists."""
    found: dict[str, Any] = questionnaire.model_dump(exclude_none=True)
    lists = found.pop("choices")
    for section in found["sections"]:
        for question in section["questions"]:
            if "list_name" in question:
                question["choices"] = lists[question.pop("list_name")]
    return found


def test_what_is_written_is_read_back_unchanged() -> None:
    content = xlsform_export.write(childcare(), "petite-enfance", 3)
    assert plain(xlsform.read(content)) == plain(childcare())


def test_a_form_of_the_field_is_read_with_groups_tables_and_skips() -> None:
    head = [*HEAD, "required", "relevance", "constraint", "appearance", "parameters", "calculation"]
    made = xlsform.read(
        workbook(
            [
                head,
                ["text", "hello", "Bonjour", "Hello"],
                ["begin group", "you", "Vous", "You"],
                ["integer", "age", "Âge", "Age", "yes", None, ". >= 0 and . <= 120"],
                ["begin_group", "inner", "Dedans", "Inside", None, "${age} > 3"],
                ["select one yn or_other", "ok", "Ça va ?", "All right?", None, "${age} > 9"],
                ["end_group"],
                ["date", "born", "Né le", "Born on"],
                ["end group"],
                ["begin group", "tab", "Avis", "Views", None, None, None, "table-list"],
                ["select_one yn", "first", "Un", "One"],
                ["select_one yn", "second", "Deux", "Two"],
                ["end group"],
                ["range", "note", "Note", "Score", None, None, None, None, "start=1 end=7 step=2"],
                ["calculate", "twice", None, None, None, None, None, None, None, "${age} * 2"],
                ["acknowledge", "fine", "Bien", "Fine", None, "${first} = 'y'"],
                ["geopoint", "where", "Où", "Where"],
                ["note", "bye", "Merci", "Thanks"],
            ],
            settings=[["form_title", "default_language"], ["Essai", "English (en)"]],
        )
    )
    sections = [(s.name, [q.name for q in s.questions], s.relevant) for s in made.sections]
    assert sections == [
        ("page_1", ["hello"], None),
        ("you", ["age"], None),
        ("inner", ["ok"], "${age} > 3"),
        ("you_2", ["born"], None),
        ("page_5", ["tab", "note", "twice", "fine", "where", "bye"], None),
    ]
    questions = {q.name: q for _, q in made.questions()}
    assert (questions["age"].min, questions["age"].max) == (0, 120)
    assert questions["ok"].other
    assert questions["fine"].relevant == "${tab_first} = 'y'"
    assert made.numbered(questions["note"]) == [1, 3, 5, 7]
    assert made.languages == ["en", "fr"]
    assert made.say(made.title, "fr") == "Essai"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["image", "photo", "Photo", "Photo"], ("ligne 2", "colonne type", "image")),
        (["begin repeat", "r", "R", "R"], ("repeat",)),
        (["text", "a", "A", "A", "${b} = 1"], ("b",)),
        (["text", "a", "A", "A", "position(..) = 1"], ("ligne 2", "colonne relevant", "position")),
        (["start", "start"], ("ligne 2", "colonne type", "start")),
        (["select_one zz", "a", "A", "A"], ("zz",)),
        (["text", "a", "A", "A", None, "signature"], ("colonne appearance", "signature")),
        (
            ["select_one yn", "a", "A", "A", None, None, "randomize=true"],
            ("colonne parameters", "randomize"),
        ),
        (["text", "respondent", "A", "A"], ("ligne 2", "colonne name", "respondent")),
        (["text", "a", "A", "A", None, None, None, "x"], ("ligne 2", "colonne default")),
        (["text", "a", "=1+1", "A"], ("ligne 2", "colonne C", "formule")),
    ],
)
def test_what_is_not_supported_is_named_with_its_place(
    row: list[Any], said: tuple[str, ...]
) -> None:
    head = [*HEAD, "relevant", "appearance", "parameters", "default"]
    sentences = " ".join(told(workbook([head, row])))
    assert all(word in sentences for word in said), sentences


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["text", "b", "B", "B", "${zz} = 'yes'"]], ("ligne 2", "colonne relevant", "« zz »")),
        ([["text", "b", "B", "B", "${b} = 'x'"]], ("ligne 2", "colonne relevant", "« b »")),
        ([["text", "a", "A", "A"], ["end_group"]], ("ligne 3", "aucun groupe n’est ouvert")),
        ([["begin_group", "g", "G", "G"], ["text", "a", "A", "A"]], ("ligne 2", "end_group")),
        ([["text", "a", "A", "A"]] * 2, ("ligne 3", "colonne name", "déjà pris")),
    ],
)
def test_a_broken_form_is_told_in_the_language_of_its_reader(
    rows: list[list[Any]], said: tuple[str, ...]
) -> None:
    (sentence,) = told(workbook([[*HEAD, "relevant"], *rows]))
    assert "XLSForm" not in sentence
    assert all(word in sentence.replace("\u00a0", " ") for word in said), sentence


def test_other_columns_and_sheets_are_never_dropped_in_silence() -> None:
    asked = [HEAD, ["select_one yn", "a", "A", "A"]]
    more = [[*CHOICES[0], "image"], [*CHOICES[1], "yes.png"]]
    assert "colonne image" in told(workbook(asked, more))[0]
    assert "colonne public_key" in told(workbook(asked, settings=[["public_key"], ["abc"]]))[0]


def packed(change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    """A good workbook with its parts changed."""
    good = workbook([HEAD, ["text", "a", "A", "A"]])
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(found, "w", 8) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
        for name, data in more.items():
            new.writestr(name, data)
    return found.getvalue()


ENTITY = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
HOSTILE: dict[str, Callable[[], bytes]] = {
    "no-zip": lambda: b"PK\x03\x04 this is none",
    "empty": lambda: b"",
    "bomb": lambda: packed(lambda _, data: data, **{"xl/media/x.bin": b"\0" * 30_000_000}),
    "entity": lambda: packed(lambda name, data: ENTITY + data if "sheet" in name else data),
    "macros": lambda: packed(lambda _, data: data, **{"xl/vbaProject.bin": b"x"}),
    "many-parts": lambda: packed(
        lambda _, data: data, **{f"xl/p{n}.xml": b"<a/>" for n in range(200)}
    ),
    "far-row": lambda: packed(lambda _, data: data.replace(b'r="A2"', b'r="A1048576"')),
    "far-column": lambda: packed(lambda _, data: data.replace(b'r="A2"', b'r="XFD2"')),
    "broken": lambda: packed(lambda name, data: data[:80] if "sheet1" in name else data),
    "no-survey": lambda: packed(lambda _, data: data.replace(b'"survey"', b'"nothing"')),
    "a-page": lambda: b"<html>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_plainly(name: str) -> None:
    (sentence,) = told(HOSTILE[name]())
    assert "passwd" not in sentence
    assert "Traceback" not in sentence


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    made = xlsform.read(workbook([HEAD, ["text", "a", "A", "A"]]))
    odd = made.model_copy(update={"title": {"fr": "=cmd|' /C calc'!A0"}})
    book = load_workbook(io.BytesIO(xlsform_export.write(odd, "x", 1)))
    cells = [cell for row in book["settings"].iter_rows() for cell in row]
    assert any(cell.value == "=cmd|' /C calc'!A0" for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)
