"""The code book of a survey: its columns, what each says, and its codes; also as a catalog file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from datalab.i18n import LANGUAGES, Phrase
from datalab.participation.questionnaire import Questionnaire, Variable
from datalab.participation.release import (
    AUDIENCE,
    DAY,
    PLACE_DECIMALS,
    WEIGHT,
    bands_of,
    column,
    option_column,
    quasi_identifiers,
)
from datalab.participation.survey import Survey

THEME = "population"
Said = dict[str, str]


@dataclass(frozen=True)
class Column:
    """``values`` are its codes and what they mean; ``sql`` makes it out of the long form."""

    name: str
    type: str
    description: Said
    sql: str
    values: dict[str, Said] = field(default_factory=dict)


def code_book(questionnaire: Questionnaire) -> list[Column]:
    """Every column of the dataset, in the order of the questions."""
    columns = [
        Column(
            "respondent",
            "varchar",
            _both(Phrase("Number of the respondent, drawn anew at each release")),
            "respondent",
        ),
        Column(
            DAY,
            "date",
            _both(Phrase("Day of the answer; empty where few people answered on that day")),
            f"CAST({_answer(DAY)} AS DATE)",
        ),
        Column(
            AUDIENCE,
            "varchar",
            _both(Phrase("Group of people that the campaign was for")),
            _answer(AUDIENCE),
        ),
        Column(
            WEIGHT,
            "double",
            _both(
                Phrase(
                    "Weight, from 0.3 to 3, mean 1 in each group: the rows of this dataset "
                    "raked to the margins of their campaign (Deming and Stephan, 1940), whose page "
                    "names their source. It corrects for the variables of those margins only. "
                    "Empty where the group was left empty, or has no margins that fit."
                )
            ),
            _number(WEIGHT),
        ),
    ]
    quasi = quasi_identifiers(questionnaire)
    for variable in questionnaire.variables.values():
        columns += _columns(questionnaire, variable, variable in quasi)
    return columns


def _columns(questionnaire: Questionnaire, variable: Variable, quasi: bool) -> list[Column]:
    name = column(variable.name)
    asked: Said = {code: questionnaire.label_of(variable, code) for code in LANGUAGES}
    choices: dict[str, Said] = {
        choice.name: {code: questionnaire.say(choice.label, code) for code in LANGUAGES}
        for choice in variable.choices
    }
    if variable.kind == "many":
        return [
            Column(
                option_column(variable, choice),
                "boolean",
                {code: f"{asked[code]} – {label[code]}" for code in LANGUAGES},
                f"{_number(option_column(variable, choice))} = 1",
            )
            for choice, label in choices.items()
        ]
    if variable.kind == "place":
        decimals = variable.question.decimals
        note = Phrase(
            "rounded to {decimals} decimals of a degree",
            decimals=PLACE_DECIMALS if decimals is None else decimals,
        )
        return [
            Column(f"{name}_{axis}", "double", _more(asked, said, note), _number(f"{name}_{axis}"))
            for axis, said in (("latitude", Phrase("latitude")), ("longitude", Phrase("longitude")))
        ]
    if variable.free:
        note = Phrase("in their own words, read and accepted by an agent")
        return [Column(name, "varchar", _more(asked, note), _answer(name))]
    if quasi:
        asked = _more(asked, Phrase("empty where too few people are alike"))
    if variable.kind == "date":
        sql = f"CAST({_answer(name)} AS DATE)"
        return [Column(name, "date", _more(asked, Phrase("first day of the month")), sql)]
    if variable.kind in {"integer", "decimal"}:
        if quasi or variable.question.bands:
            bands = {band: {"fr": band, "en": band} for band in bands_of(variable)}
            return [Column(name, "varchar", asked, _answer(name), bands)]
        kind = "bigint" if variable.kind == "integer" else "double"
        return [Column(name, kind, asked, f"CAST({_number(name)} AS {kind})")]
    if variable.kind == "yes":
        choices = {"yes": {"fr": "oui", "en": "yes"}}
    return [Column(name, "varchar", asked, _answer(name), choices)]


def dataset_yaml(survey: Survey) -> str:
    """The catalog file of the dataset ``survey-<slug>``."""
    questionnaire, columns = survey.questionnaire, code_book(survey.questionnaire)
    title = {code: questionnaire.say(survey.title, code) for code in LANGUAGES}
    method = Phrase(
        "Answers to a questionnaire of the lab, one row for each person. No contact; texts read "
        "and accepted by an agent; background characteristics that fewer than {least} people share "
        "are left empty. Whoever wanted to answered: nobody was drawn by lot. While it is open, "
        "answers are added in lots of {least}.",
        least=survey.smallest_cell,
    )
    chosen = ",\n".join(f'  {one.sql} AS "{one.name}"' for one in columns)
    document: dict[str, Any] = {
        "id": survey.dataset,
        "title": {"fr": f"Questionnaire : {title['fr']}", "en": f"Questionnaire: {title['en']}"},
        "description": _both(method),
        "keywords": ["questionnaire", "participation", "survey", survey.slug],
        "publisher": "Laboratoire de données",
        "license": "lov2",
        "steward": "observatoire",
        "personal_data": "none",
        "provenance": "real",
        "periodicity": "irregular",
        "key": ["respondent"],
        "source": {
            "connector": "participation",
            "format": "parquet",
            "view": "released_answer",
            "survey": survey.slug,
            "columns": {
                "respondent": "varchar",
                "question": "varchar",
                "answer": "varchar",
                "number": "double",
            },
        },
        "transform": f"SELECT\n{chosen}\nFROM source\nGROUP BY respondent\n",
        "columns": {
            one.name: {
                "type": one.type,
                "description": one.description,
                **({"values": one.values} if one.values else {}),
            }
            for one in columns
        },
        "expectations": [
            {"type": "expect_column_values_to_be_unique", "column": "respondent"},
            *(
                {
                    "type": "expect_column_values_to_be_in_set",
                    "column": one.name,
                    "value_set": list(one.values),
                }
                for one in columns
                if one.values
            ),
        ],
    }
    return str(yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100))


def publish(survey: Survey, folder: Path) -> Path:
    """Write the catalog file into ``folder`` (``settings.own_catalog``), whole or not at all."""
    path = folder / THEME / f"{survey.dataset}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = dataset_yaml(survey)
    if not path.exists() or path.read_text("utf-8") != text:
        partial = path.with_suffix(".partial")
        partial.write_text(text, "utf-8")
        os.replace(partial, path)
    return path


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # the catalog reads no alias


def _answer(name: str) -> str:
    return f"max(answer) FILTER (WHERE question = '{name}')"


def _number(name: str) -> str:
    return f"max(number) FILTER (WHERE question = '{name}')"


def _both(phrase: Phrase) -> Said:
    return {code: phrase.in_(code) for code in LANGUAGES}


def _more(said: Said, *notes: Phrase) -> Said:
    """What was asked, and in which form it left."""
    return {
        code: f"{said[code]} ({', '.join(note.in_(code) for note in notes)})" for code in LANGUAGES
    }
