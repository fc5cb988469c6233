"""Which datasets a refresh is about: those that were named, and YAML files that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.errors import UnknownDataset


@dataclass(frozen=True)
class Selection:
    """``unreadable`` are the problems of YAML files by the id they mean to have."""

    datasets: list[Dataset]
    unreadable: dict[str, list[str]]

    @classmethod
    def of(cls, catalog: Catalog, ids: Iterable[str] | None) -> Selection:
        """The datasets with these ids or SQL names; all of them for None.

        Raises
        ------
        UnknownDataset
            with the nearest id, those of unreadable files included.
        """
        broken = _broken(catalog)
        if ids is None:
            return cls(list(catalog), broken)
        datasets: dict[str, Dataset] = {}
        unreadable: dict[str, list[str]] = {}
        for name in ids:
            written = name.replace("_", "-")
            if written in broken:
                unreadable[written] = broken[written]
                continue
            try:
                dataset = catalog.get(name)
            except UnknownDataset:
                raise UnknownDataset(name, [*catalog.datasets, *broken]) from None
            datasets[dataset.id] = dataset
        return cls(list(datasets.values()), unreadable)


def _broken(catalog: Catalog) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in catalog.problems:
        name = _meant_id(problem.file)
        if name in catalog.datasets:  # a second file with an id that is taken
            name = f"{problem.file.parent.name}/{problem.file.name}"
        found.setdefault(name, []).append(str(problem))
    return found


def _meant_id(file: Path) -> str:
    try:
        written = re.search(r"^id:\s*['\"]?([a-z0-9-]+)", file.read_text("utf-8"), re.MULTILINE)
    except (OSError, UnicodeError):
        written = None
    return written.group(1) if written else file.stem
