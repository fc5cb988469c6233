"""The territorial diagnosis runs from top to bottom, and its figures are those of its data."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import yaml

from datalab.settings import CHECKOUT, Settings
from tests.projects.notebook_run import changed_lake, code, said, small_lake

FOLDER = CHECKOUT / "projects" / "territorial-diagnosis"
MANIFEST = yaml.safe_load((FOLDER / "project.yaml").read_text(encoding="utf-8"))
NEEDED = tuple(MANIFEST["datasets"])
NOTEBOOKS = tuple(note["file"] for note in MANIFEST["notebooks"])
INDICATORS = "economy/commune-indicators.yaml"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_lake(NEEDED, tmp_path_factory.mktemp("territorial-diagnosis") / "home")


@pytest.mark.network
def test_a_commune_is_compared_and_follows_its_data(lake: Settings, tmp_path: Path) -> None:
    text = said(FOLDER / "comparer.ipynb", lake.lake, tmp_path / "one")
    assert "Sennecey-lès-Dijon : 2125 habitants en 2022, 0,8 % des 258630" in text
    assert "**Chômeurs au sens du recensement (% des actifs)** : 6,1, contre 12,0" in text
    # The same communes, of which Sennecey has twice the unemployed.
    other = changed_lake(NEEDED, tmp_path, {INDICATORS: twice_at_sennecey}, like=lake)
    changed = said(FOLDER / "comparer.ipynb", other.lake, tmp_path / "two")
    assert ">12,3<" in changed
    assert "6,1, contre 12,0" not in changed


def twice_at_sennecey(described: str) -> str:
    return described.replace(
        "P22_CHOM1564 AS unemployed",
        "P22_CHOM1564 * CASE CODGEO WHEN '21605' THEN 2 ELSE 1 END AS unemployed",
    )


@pytest.mark.network
def test_weights_have_the_margins_of_the_census(lake: Settings, tmp_path: Path) -> None:
    text = said(FOLDER / "enquete.ipynb", lake.lake, tmp_path)
    assert '"dijon": 35027' in text
    assert "**61 % redressé**" in text
    assert "en valent 152" in text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_clean_and_read_two_datasets(name: str) -> None:
    cells = code(FOLDER / name)
    read = {one for one in NEEDED if any(f'lab.dataset("{one}")' in c.source for c in cells)}
    assert len(read) >= 2
    assert name in {page["notebook"] for page in MANIFEST["pages"]}


def test_invented_answers_are_said_to_be() -> None:
    first = nbformat.read(FOLDER / "enquete.ipynb", as_version=4).cells[0].source
    assert "synthétiques" in first
