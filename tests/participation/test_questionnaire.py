"""Definitions and their mistakes, conditions, answers and skips."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from datalab import participation
from datalab.errors import InvalidQuestionnaire
from datalab.participation.answers import check
from datalab.participation.definition import read_yaml
from datalab.participation.expression import Unreadable, parse, text_of
from datalab.participation.questionnaire import Questionnaire, as_json, of_json
from tests.participation.conditions import ANSWERS, CASES, OWN, REFUSED, TODAY

TEMPLATE = Path(participation.__file__).parent / "questionnaires" / "childcare.yaml"
DAY = date(2026, 11, 22)


def childcare() -> Questionnaire:
    return read_yaml(TEMPLATE.read_bytes())


def small(questions: str) -> Questionnaire:
    return read_yaml(f"title: Essai\nsections:\n- name: one\n  questions:\n{questions}".encode())


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_condition_comes_to(text: str, expected: str) -> None:
    assert text_of(parse(text).value(ANSWERS, OWN, TODAY)) == expected


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


def test_a_definition_is_stored_and_read_again_unchanged() -> None:
    assert of_json(as_json(childcare())) == childcare()
    assert childcare().say({"en": "Only English"}, "fr") == "Only English"
    assert childcare().languages == ["fr", "en"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("longest: 800", "lonest: 800", "«\u00a0longest\u00a0»"),
        ("type: geopoint", "type: geopiont", "«\u00a0geopoint\u00a0»"),
        ("${young_children} = 0", "${young_childern} = 0", "«\u00a0young_children\u00a0»"),
        ("list_name: ease", "list_name: eas", "«\u00a0ease\u00a0»"),
        ('relevant: "${young_children} = 0"', "relevant: \"${idea} = 'x'\"", "plus bas"),
        ("name: idea", "name: commune", "déjà pris"),
        ("name: idea", "name: respondent", "déjà pris"),
        ("min: 15", "min: 150", "plus grand"),
        ("min: 15", "min: 15\n        decimals: 2", "n’a pas cette clé"),
        ("bands: [25, 30, 35, 40]", "bands: [30, 25]", "tranches"),
        ('constraint: ". <= today()"', 'constraint: ". <= tomorrow()"', "fonction"),
        ('"${young_children} = 0"', '"young_children = 0"', "s’écrit ${young_children}"),
        ("name: couple", "name: alone", "deux fois"),
        ("minutes: 7", "minutes: 7\nminutes: 8", "deux fois"),
    ],
)
def test_every_mistake_names_its_line(before: str, after: str, said: str) -> None:
    text = TEMPLATE.read_text("utf-8")
    assert before in text
    with pytest.raises(InvalidQuestionnaire) as refusal:
        read_yaml(text.replace(before, after, 1).encode())
    told = [str(mistake) for mistake in refusal.value.mistakes]
    line = text[: text.index(before)].count("\n")
    assert any(said in sentence for sentence in told), told
    numbers = [int(sentence.split("ligne ")[1].split(",")[0]) for sentence in told]
    assert any(abs(number - line) <= 12 for number in numbers), (line, told)


@pytest.mark.parametrize("content", [b"", b"- a\n", b"\xff\xfe", b"a: &x 1\nb: *x\n", b"{" * 80])
def test_what_is_no_yaml_of_ours_is_refused_plainly(content: bytes) -> None:
    with pytest.raises(InvalidQuestionnaire):
        read_yaml(content)


def test_answers_of_skipped_questions_are_dropped() -> None:
    raw = {"commune": ["dijon"], "young_children": ["0"], "care": ["creche"], "expecting": ["no"]}
    checked = check(childcare(), {**raw, "access_near": ["easy"]}, DAY)
    assert checked.problems == {}
    assert checked.dropped == ["care", "access_near"]
    assert checked.answers == {"commune": "dijon", "young_children": 0, "expecting": "no"}


def test_what_is_missing_or_impossible_is_said_by_question() -> None:
    raw = {
        "commune": ["atlantis"],
        "age": ["14"],
        "young_children": ["1,5"],
        "family": ["alone", "couple"],
    }
    problems = check(childcare(), raw, DAY).problems
    assert set(problems) == {"commune", "age", "young_children"}
    assert "15" in str(problems["age"])
    later = {"young_children": ["2"], "commune": ["dijon"], "care": ["creche"], "hours": ["90"]}
    problems = check(childcare(), {**later, "since": ["31/12/2999"]}, DAY).problems
    assert set(problems) == {"hours", "since"}
    assert problems["hours"] == {
        "fr": "Entre 1 et 80 heures par semaine.",
        "en": "Between 1 and 80 hours a week.",
    }


def test_a_constraint_says_the_answer_itself_by_a_dot_or_by_its_name() -> None:
    for own in (".", "${price}"):
        asked = small(f"  - {{name: price, type: decimal, label: Prix, constraint: '{own} > 2'}}")
        assert check(asked, {"price": ["3,5"]}, DAY).answers == {"price": 3.5}
        assert set(check(asked, {"price": ["1"]}, DAY).problems) == {"price"}


def test_the_text_beside_other_counts_only_with_it() -> None:
    raw = {
        "commune": ["dijon"],
        "young_children": ["1"],
        "care": ["creche"],
        "care_other": ["nanny"],
    }
    assert "care_other" in check(childcare(), raw, DAY).dropped
    asked = check(childcare(), {**raw, "care": ["other"], "care_other": []}, DAY)
    assert set(asked.problems) == {"care_other"}
    full = check(childcare(), {**raw, "care": ["other", "creche"]}, DAY)
    assert full.answers["care"] == ["creche", "other"]
    assert full.answers["care_other"] == "nanny"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1 234,5", 1234.5),
        ("\u00a012", 12.0),
        ("-3", -3.0),
        ("1e5", None),
        ("inf", None),
        ("٣", None),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: str, kept: float | None) -> None:
    asked = small("  - {name: n, type: decimal, label: N}\n")
    assert check(asked, {"n": [typed]}, DAY).answers.get("n") == kept


def test_a_calculation_feeds_the_skips_that_follow() -> None:
    asked = small(
        "  - {name: a, type: integer, label: A}\n"
        "  - {name: twice, type: calculate, calculation: '${a} * 2'}\n"
        "  - {name: b, type: text, label: B, relevant: '${twice} > 10', required: true}\n"
    )
    assert check(asked, {"a": ["3"], "b": ["x"]}, DAY).dropped == ["b"]
    assert set(check(asked, {"a": ["6"]}, DAY).problems) == {"b"}


def test_texts_lose_what_cannot_be_seen_and_are_bounded() -> None:
    asked = small("  - {name: t, type: text, label: T, longest: 5}\n")
    assert check(asked, {"t": [" a\u202eb\x00 "]}, DAY).answers == {"t": "ab"}
    assert "t" in check(asked, {"t": ["123456"]}, DAY).problems
