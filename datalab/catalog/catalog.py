"""The catalog as a whole: every dataset that could be read, and a problem for each that not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from datalab.catalog import overlay
from datalab.catalog.dataset import Dataset
from datalab.catalog.lint import Problem, misplaced, problems_between, read_file
from datalab.errors import UnknownDataset


@dataclass(frozen=True)
class Catalog:
    """Datasets by id. A file with a problem is left out and named in ``problems``."""

    root: Path
    datasets: Mapping[str, Dataset]
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def load(
        cls,
        root: Path,
        source_models: Mapping[str, type[BaseModel]] | None = None,
        *more: Path,
    ) -> Catalog:
        """Read every ``<theme>/<dataset>.yaml`` under ``root``, then under ``more`` folders, whose
        overlays add expectations to any of them.

        ``source_models`` are the connectors' own models of ``source``, by connector name; without
        them the keys that belong to a connector are not checked.
        """
        datasets: dict[str, Dataset] = {}
        problems: list[Problem] = []
        for path in [
            path
            for folder in (root, *more)
            for path in sorted(folder.glob("*/*.y*ml"))
            if folder == root or path.parent.name != overlay.FOLDER
        ]:
            dataset, found = read_file(path, source_models)
            problems += found
            if dataset is None:
                continue
            if dataset.id in datasets:
                problems.append(Problem.duplicate_id(path, datasets[dataset.id]))
                continue
            datasets[dataset.id] = dataset
        for folder in more:
            datasets, wrong = overlay.overlaid(datasets, folder)
            problems += [Problem(*one) for one in wrong]
        problems += misplaced(root)
        problems += problems_between(datasets)
        return cls(root, datasets, problems)

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self.datasets.values())

    def __len__(self) -> int:
        return len(self.datasets)

    def get(self, dataset: str) -> Dataset:
        """The dataset, by id or by SQL name.

        Raises
        ------
        UnknownDataset
            with the nearest known id.
        """
        found = self.datasets.get(dataset) or self.datasets.get(dataset.replace("_", "-"))
        if found is None:
            raise UnknownDataset(dataset, self.datasets)
        return found
