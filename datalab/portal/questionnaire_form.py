"""A questionnaire as a form: what its page shows, and what its script computes the skips from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babel import Locale, UnknownLocaleError
from starlette.requests import Request

from datalab.i18n import Language, Phrase, translate
from datalab.participation.answers import PREFIX, Checked, Raw, raw_of
from datalab.participation.expression import text_of
from datalab.participation.questionnaire import Question, Questionnaire, Variable, condition
from datalab.portal.boundaries import boundaries

INTRO, REVIEW = "intro", "review"
RIGHT_TO_LEFT = {"ar", "he", "fa", "ur", "ps", "ckb", "yi"}
MOST_BUTTONS = 12  # choices beyond which a list is easier


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Line:
    """One field, or one line of a matrix: ``id`` is also its name in the form."""

    id: str
    label: str
    value: str
    options: list[Option]
    wrong: str
    parts: dict[str, str] = field(default_factory=dict)  # of a place


@dataclass(frozen=True)
class Asked:
    """One question as it is shown."""

    question: Question
    label: str
    hint: str
    low: str
    high: str
    shown: bool
    lines: list[Line]
    beside: Line | None  # the text of "other"

    @property
    def line(self) -> Line:
        return self.lines[0]

    @property
    def wrong(self) -> bool:
        beside = bool(self.beside and self.beside.wrong)
        return beside or any(line.wrong for line in self.lines)


@dataclass(frozen=True)
class Step:
    """One page of a phone."""

    name: str
    title: str
    introduction: str
    shown: bool
    questions: list[Asked]


@dataclass(frozen=True)
class FormView:
    """``step`` is the page in front; ``languages`` are those the questions can be read in."""

    language: str
    direction: str
    languages: list[tuple[str, str]]
    title: str
    introduction: str
    minutes: int | None
    steps: list[Step]
    step: str
    number: int
    count: int
    config: str
    communes: list[tuple[str, str, float, float]]
    places: bool
    problems: int


def form_view(
    request: Request,
    questionnaire: Questionnaire,
    language: str,
    interface: Language,
    raw: Raw,
    checked: Checked,
    step: str = INTRO,
) -> FormView:
    """The form in ``language``, its own sentences in ``interface``."""
    steps = [
        Step(
            section.name,
            questionnaire.say(section.title, language),
            questionnaire.say(section.introduction, language),
            section.name in checked.shown,
            [
                _asked(questionnaire, section.name, question, language, interface, raw, checked)
                for question in section.questions
            ],
        )
        for section in questionnaire.sections
    ]
    places = any(question.type == "geopoint" for _, question in questionnaire.questions())
    shown = [one.name for one in steps if one.shown]
    return FormView(
        language,
        "rtl" if language in RIGHT_TO_LEFT else "ltr",
        [(code, language_name(code)) for code in questionnaire.languages],
        questionnaire.say(questionnaire.title, language),
        questionnaire.say(questionnaire.introduction, language),
        questionnaire.minutes,
        steps,
        step,
        shown.index(step) + 1 if step in shown else 0 if step == INTRO else len(shown) + 1,
        len(shown),
        json.dumps(config_of(questionnaire, language, interface), ensure_ascii=False),
        communes_of(request) if places else [],
        places,
        len(checked.problems),
    )


def given_in(request: Request, questionnaire: Questionnaire, fields: Any) -> dict[str, list[str]]:
    """What a form sent; a commune stands for its middle where no point was given."""
    raw = raw_of(questionnaire, fields)
    for variable in questionnaire.variables.values():
        code = str(fields.get(f"{PREFIX}{variable.name}-commune") or "")
        if variable.kind == "place" and code and variable.name not in raw:
            for known, _, latitude, longitude in communes_of(request):
                if known == code:
                    raw[variable.name] = [str(latitude), str(longitude)]
    return raw


def language_of_form(questionnaire: Questionnaire, asked: str | None, interface: str) -> str:
    """The language to ask in: the one chosen, the reader's, or the questionnaire's first."""
    for code in (asked, interface):
        if code in questionnaire.languages:
            return str(code)
    return questionnaire.languages[0]


def language_name(code: str) -> str:
    try:
        return str(Locale.parse(code).get_display_name(code) or code).capitalize()
    except (UnknownLocaleError, ValueError):
        return code


def communes_of(request: Request) -> list[tuple[str, str, float, float]]:
    """Code, name and a point of each commune, for who uses no map."""
    known = boundaries(request.app.state.library.shelf())
    if known is None:
        return []
    return [
        (commune.code, commune.name, round((south + north) / 2, 4), round((west + east) / 2, 4))
        for commune in known.communes
        for west, south, east, north in [commune.box]
    ]


def said(problem: Phrase | Mapping[str, str], language: str, interface: Language) -> str:
    """What is wrong with an answer: in the lab's words, or in the questionnaire's."""
    if isinstance(problem, Phrase):
        return problem.in_(interface)
    for code in (language, ""):
        if code in problem:
            return problem[code]
    return next(iter(problem.values()))


def _asked(
    questionnaire: Questionnaire,
    section: str,
    question: Question,
    language: str,
    interface: Language,
    raw: Raw,
    checked: Checked,
) -> Asked:
    def line(variable: Variable) -> Line:
        given: Sequence[str] = raw.get(variable.name, ())
        options = [
            Option(choice.name, questionnaire.say(choice.label, language), choice.name in given)
            for choice in variable.choices
        ]
        if question.type == "scale":
            steps = [text_of(step) for step in questionnaire.numbered(question)]
            options = [Option(step, step, step in given) for step in steps]
        problem = checked.problems.get(variable.name)
        wrong = said(problem, language, interface) if problem is not None else ""
        parts = {}
        if variable.kind == "place":
            padded = [*given, "", ""]
            parts = {"latitude": padded[0], "longitude": padded[1]}
        label = questionnaire.say(variable.labels[-1], language)
        value = given[0] if given else ""
        return Line(PREFIX + variable.name, label, value, options, wrong, parts)

    variables = questionnaire.variables_of(question)
    main = [v for v in variables if not v.free or v.name == question.name]
    beside = [v for v in variables if v.free and v.name != question.name]
    return Asked(
        question,
        questionnaire.say(question.label, language),
        questionnaire.say(question.hint, language),
        questionnaire.say(question.low, language),
        questionnaire.say(question.high, language),
        f"{section}.{question.name}" in checked.shown,
        [line(variable) for variable in main],
        line(beside[0]) if beside else None,
    )


def config_of(
    questionnaire: Questionnaire, language: str, interface: Language
) -> list[dict[str, Any]]:
    """What the script needs: sections, questions, and their conditions as nested lists."""

    def tree(text: str | None) -> Any:
        return condition(text).tree if text else None

    return [
        {
            "name": section.name,
            "relevant": tree(section.relevant),
            "questions": [
                {
                    "name": question.name,
                    "type": question.type,
                    "required": question.required,
                    "relevant": tree(question.relevant),
                    "constraint": tree(question.constraint),
                    "message": said(question.constraint_message, language, interface)
                    if question.constraint_message
                    else translate("This answer is not possible here.", interface),
                    "calculation": tree(question.calculation),
                    "min": question.min,
                    "max": question.max,
                    "longest": question.longest,
                    "variables": [
                        {
                            "name": v.name,
                            "kind": v.kind,
                            "beside": v.free and v.name != question.name,
                        }
                        for v in questionnaire.variables_of(question)
                    ],
                }
                for question in section.questions
            ],
        }
        for section in questionnaire.sections
    ]


def review_of(
    questionnaire: Questionnaire, checked: Checked, language: str, interface: Language
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Every answer again, by section: (name, title, [(question, answer)])."""
    found = []
    for section in questionnaire.sections:
        if section.name not in checked.shown:
            continue
        rows = [
            (
                questionnaire.label_of(variable, language),
                answer_in_words(
                    questionnaire, variable, checked.answers[variable.name], language, interface
                ),
            )
            for question in section.questions
            if question.type != "calculate"
            for variable in questionnaire.variables_of(question)
            if variable.name in checked.answers
        ]
        found.append((section.name, questionnaire.say(section.title, language), rows))
    return found


def answer_in_words(
    questionnaire: Questionnaire,
    variable: Variable,
    value: Any,
    language: str,
    interface: Language,
) -> str:
    """An answer as a person reads it."""
    if variable.kind == "one":
        return questionnaire.choice_label(variable, str(value), language)
    if variable.kind == "many":
        return ", ".join(questionnaire.choice_label(variable, str(v), language) for v in value)
    if variable.kind == "yes":
        return translate("yes", interface)
    if variable.kind == "place":
        return ", ".join(f"{part:.3f}" for part in value)
    if variable.kind in {"integer", "decimal"}:
        text = text_of(float(value))
        return text.replace(".", ",") if interface == "fr" else text
    return str(value)
