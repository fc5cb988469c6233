"""The smart territory runs from top to bottom; its headline figures are those of its data."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from datalab.methods import training
from datalab.participation.grid import as_rows, editions, grid_of
from datalab.settings import CHECKOUT, Settings
from tests.projects.notebook_run import changed_lake, code, said, small_lake

FOLDER = CHECKOUT / "projects" / "smart-territory"
MANIFEST = yaml.safe_load((FOLDER / "project.yaml").read_text(encoding="utf-8"))
NOTEBOOKS = tuple(note["file"] for note in MANIFEST["notebooks"])
NEEDED = ("communes", "maturity-example", "maturity-grid", "smart-territory-watch")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_lake(NEEDED, tmp_path_factory.mktemp("smart-territory") / "home")


@pytest.mark.network
def test_the_next_action_and_the_watch_follow_their_data(lake: Settings, tmp_path: Path) -> None:
    method = said(FOLDER / "methode.ipynb", lake.lake, tmp_path / "one")
    watch = said(FOLDER / "veille.ipynb", lake.lake, tmp_path / "two")
    assert "n = 5" in method
    assert "moins de 5 pairs" not in method
    assert "9 des 23 communes" in watch
    assert "16 lignes" in watch
    # One of the peers leaves the stratum, and a threshold moves.
    changes = {
        "government/maturity-example.csv": lambda text: text.replace(
            "Commune inventée B,4200,3500-9999", "Commune inventée B,4200,10000-19999"
        ),
        "government/smart-territory-watch.csv": lambda text: text.replace(
            ",3500,habitants", ",2000,habitants"
        ),
    }
    other = changed_lake(NEEDED, tmp_path, changes, like=lake)
    changed = said(FOLDER / "methode.ipynb", other.lake, tmp_path / "three")
    assert "moins de 5 pairs" in changed
    assert "n = 5" not in changed
    assert "13 des 23 communes" in said(FOLDER / "veille.ipynb", other.lake, tmp_path / "four")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_clean_and_read_two_datasets(name: str) -> None:
    cells = code(FOLDER / name)
    known = MANIFEST["datasets"]
    read = {
        one
        for one in known
        if any(f'lab.dataset("{one}")' in c.source for c in cells)
        or any("lab.sql(" in c.source and one.replace("-", "_") in c.source for c in cells)
    }
    assert len(read) >= 2


def test_every_module_has_its_notebook_and_every_step_its_cell() -> None:
    for module in training.MODULES:
        text = "\n".join(cell.source for cell in code(FOLDER / module.notebook))
        assert f'Training("{module.id}")' in text
        for step in module.steps:
            assert f'formation.check("{step.id}", reponse)' in text


def test_the_dataset_of_the_grid_is_the_grid() -> None:
    path = CHECKOUT / "catalog" / "government" / "maturity-grid.csv"
    with path.open(encoding="utf-8", newline="") as file:
        kept = list(csv.DictReader(file))
    rows = [row for edition in editions() for row in as_rows(grid_of(edition))]
    assert kept == [
        {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in row.items()
        }
        for row in rows
    ]


def test_each_statement_keeps_one_id_and_five_different_anchors() -> None:
    for edition in editions():
        statements = [one for theme in grid_of(edition).themes for one in theme.items]
        assert len({one.id for one in statements}) == len(statements)
        for one in statements:
            assert len({anchor.fr for anchor in one.levels}) == 5
            assert len({anchor.en for anchor in one.levels}) == 5


def test_invented_answers_are_said_to_be() -> None:
    import nbformat

    first = nbformat.read(FOLDER / "methode.ipynb", as_version=4).cells[0].source
    assert "inventées" in first
