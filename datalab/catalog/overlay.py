"""Expectations that stewards added in this lab, beside the YAML files that come with it.

``$HOME/catalog/expectations/<dataset>.yaml`` holds ``dataset`` and ``expectations``, each with the
keys of any expectation. A file of the checkout is never written by the running lab; what is
written here is committed by :mod:`datalab.catalog.kept`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from datalab.catalog.dataset import Dataset, Expectation
from datalab.catalog.document import Unreadable, read
from datalab.catalog.expectations import problems_of
from datalab.errors import nearest
from datalab.i18n import Phrase

FOLDER = "expectations"
MOST = 100  # of one dataset
Wrong = tuple[Path, int, str, str, str | None]  # file, line, key, message, suggestion


def path_of(root: Path, dataset: str) -> Path:
    """The overlay of a dataset under the lab's own catalog ``root``."""
    return root / FOLDER / f"{dataset}.yaml"


def overlaid(datasets: Mapping[str, Dataset], root: Path) -> tuple[dict[str, Dataset], list[Wrong]]:
    """``datasets`` with the expectations of the overlays under ``root``, and what is wrong there.

    An overlay with a mistake adds nothing: the dataset keeps what its own file expects.
    """
    found, wrong = dict(datasets), []
    for path in sorted((root / FOLDER).glob("*.yaml")):
        problems = list(_problems(path, datasets))
        if problems:
            wrong += problems
            continue
        dataset = datasets[path.stem]
        own = [Expectation.model_validate(one) for one in expectations_in(path)]
        known = {(e.type, repr(sorted(e.arguments.items()))) for e in dataset.expectations}
        fresh = [e for e in own if (e.type, repr(sorted(e.arguments.items()))) not in known]
        found[dataset.id] = dataset.model_copy(
            update={"expectations": [*dataset.expectations, *fresh]}
        )
    return found, wrong


def expectations_in(path: Path) -> list[dict[str, Any]]:
    """The expectations that an overlay holds, as written; none where there is no file."""
    if not path.is_file():
        return []
    value = read(path).value
    return list(value.get("expectations") or []) if isinstance(value, dict) else []


def text_of(dataset: str, expectations: list[dict[str, Any]]) -> str:
    """An overlay as it is written."""
    document = {"dataset": dataset, "expectations": expectations}
    return yaml.dump(
        document, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100, indent=2
    )


class _Plain(yaml.SafeDumper):
    """Without anchors and aliases, which the catalog does not read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _problems(path: Path, datasets: Mapping[str, Dataset]) -> Iterator[Wrong]:
    try:
        document = read(path)
    except Unreadable as error:
        yield path, error.line, "", str(error.reason), None
        return
    value = document.value
    if not isinstance(value, dict) or set(value) != {"dataset", "expectations"}:
        yield path, 1, "", Phrase("expected here are the keys 'dataset' and 'expectations'"), None
        return
    dataset = datasets.get(path.stem)
    if value["dataset"] != path.stem or dataset is None:
        message = Phrase("there is no dataset '{dataset}'", dataset=path.stem)
        yield path, document.line(["dataset"]), "dataset", message, nearest(path.stem, datasets)
        return
    written = value["expectations"]
    if not isinstance(written, list) or len(written) > MOST:
        yield path, 1, "expectations", Phrase("a list of expectations is expected here"), None
        return
    for position, one in enumerate(written):
        line = document.line(["expectations", position])
        try:
            expectation = Expectation.model_validate(one)
        except ValidationError:
            message = Phrase("this is not an expectation; it begins with 'type: expect_…'")
            yield path, line, f"expectations[{position}]", message, None
            continue
        for key, message, suggestion in problems_of(expectation, dataset.columns):
            yield path, line, f"expectations[{position}].{key}", message, suggestion
