"""A questionnaire as an agent brings it: a template, a YAML text, a YAML file or an XLSForm."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from starlette.datastructures import FormData, UploadFile

from datalab import participation
from datalab.errors import InvalidQuestionnaire
from datalab.i18n import Language, Phrase
from datalab.participation import xlsform
from datalab.participation.definition import read_yaml
from datalab.participation.questionnaire import Questionnaire, as_json

FOLDER = Path(participation.__file__).parent / "questionnaires"
LARGEST = 2_200_000  # bytes of a whole form with its file
ZIP = b"PK"


def template_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def template_text(name: str) -> str:
    """The YAML of a template, "" where there is none of that name."""
    return (FOLDER / f"{name}.yaml").read_text("utf-8") if name in template_names() else ""


@cache
def template(name: str) -> Questionnaire:
    """The questionnaire of that name that comes with the lab.

    Raises
    ------
    KeyError
        where there is none.
    """
    if name not in template_names():
        raise KeyError(name)
    return read_yaml(template_text(name).encode())


def question_of(survey: str, name: str, language: Language) -> tuple[str, str]:
    """The title of a questionnaire, and one of its questions as people are asked it."""
    made = template(survey)
    question = next(one for _, one in made.questions() if one.name == name)
    words = made.say(question.label, language)
    rows = [made.say(row.label, language) for row in question.rows or []]
    return made.say(made.title, language), " ".join([words, *([", ".join(rows)] if rows else [])])


def templates(language: Language) -> list[tuple[str, str]]:
    """Name and title of each."""
    found = []
    for name in template_names():
        made = read_yaml(template_text(name).encode())
        found.append((name, made.say(made.title, language)))
    return found


async def content_of(fields: FormData) -> bytes:
    """What was given: the file where there is one, else the text.

    Raises
    ------
    InvalidQuestionnaire
    """
    file = fields.get("file")
    if isinstance(file, UploadFile) and file.filename:
        return await file.read()
    text = str(fields.get("text") or "")
    if text.strip():
        return text.encode("utf-8", "replace")
    chosen = template_text(str(fields.get("template") or ""))
    if chosen:
        return chosen.encode()
    raise InvalidQuestionnaire([Phrase("there is no file and no text; give one of them")])


def questionnaire_of(content: bytes) -> Questionnaire:
    """Read as what it is.

    Raises
    ------
    InvalidQuestionnaire
    """
    return xlsform.read(content) if content.startswith(ZIP) else read_yaml(content)


def text_of(questionnaire: Questionnaire) -> str:
    """The YAML of a definition, short texts in one line."""
    return str(
        yaml.dump(
            _plain(as_json(questionnaire)),
            Dumper=_Dumper,
            allow_unicode=True,
            sort_keys=False,
            width=100,
        )
    )


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 would read as something else than a text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {""}:  # said alike in every language
            return value[""]
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
