"""The notebook that a dataset opens with: what it is, one line of code for each thing to do."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from datalab.catalog.vocabulary import LICENSES
from datalab.i18n import Language, translate
from datalab.lake.index import Entry

# What Markdown or HTML would read as more than text.
MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")


def notebook(entry: Entry, language: Language) -> dict[str, Any]:
    """An nbformat 4.5 document without outputs; texts of the catalog are plain text in it."""
    dataset = entry.dataset
    title, about = plain(dataset["title"][language]), plain(dataset["description"][language])
    license = LICENSES.get(dataset["license"])
    answer = plain(license.answer.in_(language)) if license else plain(dataset["license"])
    reuse = translate("May I reuse it?", language)
    cells = [
        _markdown(f"# {title}\n\n{about}\n\n**{reuse}** {answer}"),
        _markdown(
            translate(
                "Run a cell with Shift + Enter. The first one opens the lab and shows what is "
                "known of this dataset.",
                language,
            )
        ),
        _code(f'import datalab\n\nlab = datalab.connect()\ndata = lab.dataset("{entry.id}")\ndata'),
        _heading(translate("The first rows", language)),
        _code("table = data.df()\ntable.head()"),
    ]
    if _has_places(dataset):
        cells += [_heading(translate("On a map", language)), _code("data.map()")]
    cells += [
        _heading(translate("A question in SQL", language)),
        _code(f'lab.sql("""\n    SELECT count(*) AS rows\n    FROM {entry.sql_name}\n""")'),  # noqa: S608 - code to read, not run here
        _heading(translate("Can it be trusted?", language)),
        _code("data.quality"),
        _heading(translate("How to cite it", language)),
        _code("data.cite()"),
    ]
    for position, cell in enumerate(cells):
        cell["id"] = _identifier(entry.id, position)
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _has_places(dataset: dict[str, Any]) -> bool:
    return bool(dataset.get("map")) or any(
        column["type"] == "geometry" for column in dataset["columns"].values()
    )


def plain(text: str) -> str:
    """``text`` so that Markdown shows it letter by letter."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def _identifier(dataset: str, position: int) -> str:
    """The same id each time, so that two copies of a notebook can be compared."""
    return hashlib.sha256(f"{dataset}/{position}".encode()).hexdigest()[:12]


def _markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _heading(words: str) -> dict[str, Any]:
    return _markdown(f"## {words}")


def _code(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "execution_count": None,
        "outputs": [],
    }
