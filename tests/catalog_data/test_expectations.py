"""Each expectation of each real dataset notices the mistake it is there for, and only that one.

The mistakes are in ``corruptions/<dataset>.yaml``: one per expectation, in their order, as SQL on
the staged table. ``implies`` names the other expectations that the same mistake has to break, and
why.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset, Expectation
from datalab.catalog.validation import ValidationResult
from datalab.lake.connection import connect
from datalab.quality.scope import validate_in_scopes
from tests.catalog_data.collection import Collection
from tests.catalog_data.conftest import Stage

pytestmark = pytest.mark.network
RECIPES = Path(__file__).parent / "corruptions"


@dataclass(frozen=True)
class Corruption:
    dataset: str
    position: int
    breaks: str
    about: str | None
    sql: tuple[str, ...]
    implied: frozenset[int]

    def __str__(self) -> str:
        return f"{self.dataset}-{self.position}"


def corruptions() -> list[Corruption]:
    return [
        Corruption(
            path.stem,
            position,
            recipe["breaks"],
            recipe.get("about"),
            tuple(recipe["sql"]),
            frozenset(implied["position"] for implied in recipe.get("implies", ())),
        )
        for path in sorted(RECIPES.glob("*.yaml"))
        for position, recipe in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")))
    ]


def about(expectation: Expectation) -> str | None:
    given: dict[str, Any] = expectation.arguments
    columns = [given[name] for name in ("column", "column_A", "column_B") if name in given]
    return ", ".join(columns or given.get("column_list", [])) or None


def validated(dataset: Dataset, staged: Path, collection: Collection) -> ValidationResult:
    return validate_in_scopes(dataset, staged, threads=2, beside=collection.beside(dataset))


def test_every_expectation_has_a_corruption(catalog: Catalog) -> None:
    expected = {
        dataset.id: [(one.type, about(one)) for one in dataset.expectations] for dataset in catalog
    }
    found: dict[str, list[tuple[str, str | None]]] = {}
    for one in corruptions():
        found.setdefault(one.dataset, []).append((one.breaks, one.about))
    assert found == expected


def test_every_dataset_has_at_least_five_expectations_and_one_warning(catalog: Catalog) -> None:
    for dataset in catalog:
        assert len(dataset.expectations) >= 5, dataset.id
        assert any(one.severity == "warning" for one in dataset.expectations), dataset.id


def test_the_real_data_meet_every_expectation(
    catalog: Catalog, staged: Stage, collection: Collection
) -> None:
    # Also none "not checked": that is no success.
    for dataset in catalog:
        result = validated(dataset, staged(dataset.id), collection)
        assert [one for one in result.results if not one.success] == []


@pytest.mark.parametrize("corruption", corruptions(), ids=str)
def test_a_corrupted_value_breaks_exactly_its_expectation(
    corruption: Corruption,
    catalog: Catalog,
    staged: Stage,
    collection: Collection,
    tmp_path: Path,
) -> None:
    dataset = catalog.get(corruption.dataset)
    copy = tmp_path / "corrupted.duckdb"
    shutil.copyfile(staged(dataset.id), copy)
    with connect(copy, threads=2) as connection:
        for statement in corruption.sql:
            changed = connection.execute(statement).fetchone()
            assert changed is not None
            assert changed[0] > 0, "the corruption changed no row"
    result = validated(dataset, copy, collection)
    failed = {number for number, one in enumerate(result.results) if not one.success}
    assert failed == {corruption.position} | corruption.implied
    assert all(one.exception is None and one.unchecked is None for one in result.results)
    assert result.success is all(dataset.expectations[n].severity == "warning" for n in failed)
