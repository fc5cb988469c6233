"""Expectations in plain words: one sentence each, in French or English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from datalab.catalog.beyond_sentences import OWN_SENTENCES
from datalab.catalog.condition import InvalidCondition, read_condition
from datalab.catalog.dataset import Dataset
from datalab.catalog.sentences import SENTENCES
from datalab.catalog.voice import Voice
from datalab.i18n import Language, translate


class Stated(Protocol):
    """An Expectation as written, or an ExpectationResult: both state type and arguments."""

    @property
    def type(self) -> str: ...

    @property
    def arguments(self) -> dict[str, Any]: ...


def in_words(expectation: Stated, dataset: Dataset, language: Language) -> str:
    """One sentence that says what is expected, without a full stop.

    The columns are named by their own description, the numbers carry the column's unit. A custom
    query is said by its ``note``, for SQL says little to most people.
    """
    voice = Voice(dataset, language, expectation.arguments)
    if expectation.type == "unexpected_rows_expectation":
        return _query(expectation, dataset, voice)
    say = SENTENCES.get(expectation.type) or OWN_SENTENCES.get(expectation.type)
    if say is None:
        return expectation.type
    sentence = say(voice)
    if (written := voice.given.get("row_condition")) is None:
        return sentence
    try:
        condition = voice.condition(read_condition(written))
    except InvalidCondition:
        condition = str(written)
    return voice(
        "{expected}, for the rows where {condition}", expected=sentence, condition=condition
    )


def _query(expectation: Stated, dataset: Dataset, voice: Voice) -> str:
    for written in dataset.expectations:
        if (
            written.note
            and written.type == expectation.type
            and written.arguments == expectation.arguments
        ):
            return written.note.in_(voice.language).rstrip(".")
    sql = " ".join(str(expectation.arguments.get("unexpected_rows_query", "")).split())
    return voice("This query finds no row: {query}", query=sql)


def row_in_words(example: Mapping[str, Any], language: Language) -> str:
    """One row of an ``ExpectationResult``'s examples, as "row 12: insee_code = 21270, …"."""
    values = ", ".join(
        f"{name} = {'∅' if value is None else value}"
        for name, value in example.items()
        if name not in {"row", "before"}
    )
    if "before" in example:
        before = "∅" if example["before"] is None else example["before"]
        values = translate("{values} (before: {before})", language, values=values, before=before)
    if example.get("row") is None:
        return translate("no longer there: {values}", language, values=values)
    return translate("row {row}: {values}", language, row=example["row"], values=values)
