"""The French and English catalogues are complete and say the same things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from datalab.i18n import LANGUAGES, LOCALE_FOLDER, negotiate, translate

ROOMS = sorted({path.stem for path in LOCALE_FOLDER.glob("*/*.po")})
PLACE = re.compile(r"(?<!\{)\{([a-z_]\w*)[^}]*\}")


def catalogue(language: str, room: str) -> Catalog:
    with (LOCALE_FOLDER / language / f"{room}.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_know_the_same_sentences(room: str) -> None:
    known = {lang: {m.id for m in catalogue(lang, room) if m.id} for lang in LANGUAGES}
    assert known["fr"] == known["en"]


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_left_untranslated(language: str, room: str) -> None:
    assert [m.id for m in catalogue(language, room) if m.id and not m.string] == []


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_places_of_the_facts(language: str, room: str) -> None:
    wrong = [
        message.id
        for message in catalogue(language, room)
        if message.id
        and isinstance(message.id, str)
        and set(PLACE.findall(message.id)) != set(PLACE.findall(str(message.string)))
    ]
    assert wrong == []


def sentences_in_the_code() -> set[str]:
    """Literal first arguments of ``translate(...)`` and ``template`` of the error classes."""
    import ast

    found: set[str] = set()
    package = Path(__file__).resolve().parent.parent / "datalab"
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in {"translate", "Phrase", "_"} and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found.add(first.value)
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(getattr(target, "id", "") == "template" for target in targets) and (
                    isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
                ):
                    # A word alone is a name (of a project's template), not a sentence.
                    found |= {node.value.value} if " " in node.value.value else set()
    return found


def test_every_sentence_of_the_code_is_in_the_catalogues() -> None:
    known = {m.id for room in ROOMS for m in catalogue("fr", room) if isinstance(m.id, str)}
    assert sorted(sentences_in_the_code() - known) == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9", "en"),
        ("de,en;q=0.5,fr;q=0.4", "en"),
        ("de", "fr"),
        ("", "fr"),
        (None, "fr"),
        ("en;q=zero,fr;q=0.1", "fr"),
        ("*;;;,,", "fr"),
    ],
)
def test_the_browser_decides_and_french_comes_first(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_an_unknown_sentence_is_shown_as_it_is() -> None:
    assert translate("Nobody wrote this {thing}.", "fr", thing="x") == "Nobody wrote this x."


def test_a_sentence_is_said_alike_wherever_it_is_said() -> None:
    """The catalogues are merged: two translations of one sentence would hide each other."""
    said: dict[str, dict[str, str]] = {}
    for room in ROOMS:
        for message in catalogue("fr", room):
            if isinstance(message.id, str) and message.id:
                said.setdefault(message.id, {})[room] = str(message.string)
    assert {k: rooms for k, rooms in said.items() if len(set(rooms.values())) > 1} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_french_punctuation_never_starts_a_line(room: str) -> None:
    """« », : ; ! and ? keep to their word by a space that does not break."""
    loose = re.compile(r"« | »| [;!?:](?=[\s<,.)»]|$)")
    assert [m.string for m in catalogue("fr", room) if m.id and loose.search(str(m.string))] == []
