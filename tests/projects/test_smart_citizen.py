"""Smart Citizen runs from top to bottom, and its figures are those of its data."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import yaml

from datalab.settings import CHECKOUT, Settings
from tests.projects.notebook_run import changed_lake, code, said, small_lake

FOLDER = CHECKOUT / "projects" / "smart-citizen"
NEEDED = ("genlis-households", "published-figures", "household-electricity")
NOTEBOOKS = ("protocole", "evaluation")
HOMES = "energy/genlis-households.yaml"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_lake(NEEDED, tmp_path_factory.mktemp("smart-citizen") / "home")


@pytest.mark.network
def test_the_protocol_says_its_headline_figures(lake: Settings, tmp_path: Path) -> None:
    text = said(FOLDER / "protocole.ipynb", lake.lake, tmp_path)
    assert "**600 foyers sur 2400**" in text
    assert "soit 25 %" in text
    assert "**85 %** des cas" in text
    assert "**992 kWh d’électricité**" in text
    assert "44 % des 2275 kWh" in text


@pytest.mark.network
def test_the_evaluation_finds_the_effect_and_follows_its_data(
    lake: Settings, tmp_path: Path
) -> None:
    text = said(FOLDER / "evaluation.ipynb", lake.lake, tmp_path / "one")
    assert "### −2,5 % de consommation, de −4,5 à −0,5 %" in text
    assert "600 foyers, 60 équipes" in text
    assert "11 % des 9254 kWh d’un foyer" in text
    # The same town, whose homes all use half as much again.
    other = changed_lake(NEEDED, tmp_path, {HOMES: half_as_much_again}, like=lake)
    changed = said(FOLDER / "evaluation.ipynb", other.lake, tmp_path / "two")
    assert "11 % des 9254 kWh d’un foyer" not in changed
    assert "7 % des 13882 kWh d’un foyer" in changed


def half_as_much_again(described: str) -> str:
    return described.replace(
        "heating, electricity_kwh, stage",
        "heating, (electricity_kwh * 1.5)::INTEGER AS electricity_kwh, stage",
    ).replace("max_value: 2276", "max_value: 3500")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_clean_short_and_read_two_datasets(name: str) -> None:
    cells = code(FOLDER / f"{name}.ipynb")
    read = {one for one in NEEDED if any(f'lab.dataset("{one}")' in c.source for c in cells)}
    assert len(read) >= 2
    manifest = yaml.safe_load((FOLDER / "project.yaml").read_text(encoding="utf-8"))
    assert read <= set(manifest["datasets"])
    assert f"{name}.ipynb" in {page["notebook"] for page in manifest["pages"]}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_pages_say_that_their_homes_are_invented(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    first = notebook.cells[0].source
    assert "synthétiques" in first or "simulée" in first
    assert "n’ont pas été publiés" in first
