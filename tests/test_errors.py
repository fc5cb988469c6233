"""One tree, one JSON shape, a sentence in both languages for every error."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from datalab.errors import DatalabError, UnknownDataset
from datalab.i18n import LANGUAGES


def tree(root: type[DatalabError] = DatalabError) -> Iterator[type[DatalabError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_an_unknown_dataset_names_the_nearest_one() -> None:
    error = UnknownDataset("comunes", known=["communes", "cantons"])
    assert "communes" in error.message("fr")
    assert error.as_json("en") == {
        "error": {
            "code": "unknown-dataset",
            "status": 404,
            "message": "There is no dataset 'comunes'. Did you mean 'communes'? "
            "The list of datasets names them all.",
            "details": {
                "dataset": "comunes",
                "suggestion": "communes",
                "known": ["cantons", "communes"],
            },
        }
    }


def test_codes_are_stable_words_and_unique_but_for_inheritance() -> None:
    seen: dict[str, list[str]] = defaultdict(list)
    for error in tree():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)
        assert 400 <= error.status < 600
        if "code" in vars(error):
            seen[error.code].append(error.__name__)
    assert {code: names for code, names in seen.items() if len(names) > 1} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_speaks_both_languages(language: str) -> None:
    for error in tree():
        places = re.findall(r"(?<!\{)\{(\w+)", error.template)
        made = DatalabError.__new__(error)
        DatalabError.__init__(made, **dict.fromkeys(places, "x"))
        if error is not UnknownDataset:
            assert "{" not in made.message(language)  # type: ignore[arg-type]
