"""Which datasets a refresh is about: those that were named, and YAML files that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Access, Dataset
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


def tightened(catalog: Catalog, known: Mapping[str, str]) -> dict[str, Access]:
    """Access that an unreadable YAML states, by id, where it is stricter than the ``known`` one.

    A mistake elsewhere in a file must not keep data open that its steward has just closed.
    """
    ranks: dict[str, int] = {name: rank for rank, name in enumerate(get_args(Access))}
    stricter: dict[str, Access] = {}
    for file in {problem.file for problem in catalog.problems}:
        name = _meant_id(file)
        stated = _stated(file, "access")
        if name in catalog.datasets or stated not in ranks or name not in known:
            continue
        if ranks[stated] > ranks.get(known[name], len(ranks)):
            stricter[name] = cast(Access, stated)
    return stricter


def _broken(catalog: Catalog) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in catalog.problems:
        name = _meant_id(problem.file)
        if name in catalog.datasets:  # a second file with an id that is taken
            name = f"{problem.file.parent.name}/{problem.file.name}"
        found.setdefault(name, []).append(str(problem))
    return found


def _meant_id(file: Path) -> str:
    return _stated(file, "id") or file.stem


def _stated(file: Path, key: str) -> str | None:
    """The plain value of a key at the top of a file that may be no valid YAML."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeError):
        return None
    found = re.search(rf"""^['"]?{key}['"]?\s*:\s*['"]?([a-z0-9-]+)""", text, re.MULTILINE)
    return found.group(1) if found else None
