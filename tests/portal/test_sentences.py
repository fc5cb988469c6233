"""Every sentence of the templates is in both catalogues."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from datalab.i18n import LANGUAGES, LOCALE_FOLDER
from datalab.portal.page import FOLDER

CALL = re.compile(r"""\bt\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))


def sentences(template: Path) -> set[str]:
    return {ast.literal_eval(match[1]) for match in CALL.finditer(template.read_text("utf-8"))}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_speak_both_languages(template: Path, language: str) -> None:
    known: set[str] = set()
    for path in (LOCALE_FOLDER / language).glob("*.po"):
        with path.open("rb") as file:
            known |= {message.id for message in read_po(file) if message.string}
    assert sentences(template) - known == set()


def test_templates_hold_sentences() -> None:
    assert sum(len(sentences(template)) for template in TEMPLATES) > 100
