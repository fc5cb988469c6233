"""Smart Citizen runs from top to bottom, and its figures are those of its data."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from datalab.refresh import refresh
from datalab.settings import CHECKOUT, Settings

FOLDER = CHECKOUT / "projects" / "smart-citizen"
NEEDED = ("genlis-households", "published-figures", "household-electricity")
NOTEBOOKS = ("protocole", "evaluation")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("smart-citizen") / "home")
    states = {run.dataset: run.state for run in refresh(list(NEEDED), settings, "essai")}
    if "failed" in states.values():
        pytest.skip(f"the package index does not answer: {states}")
    return settings


def said(name: str, lake: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the notebook says in its outputs, without the spaces of French numbers."""
    monkeypatch.setenv("DATALAB_LAKE", str(lake))
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    work.mkdir(parents=True, exist_ok=True)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(work)}}).execute()
    data = [
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    assert sum("image/png" in one for one in data) == 2, "as many pictures as the manifest says"
    words = [one.get("text/markdown") or one.get("text/html") or "" for one in data]
    return "\n".join(words).replace("\u202f", "").replace("\u00a0", " ")


@pytest.mark.network
def test_the_protocol_says_its_headline_figures(
    lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said("protocole", lake.lake, tmp_path, monkeypatch)
    assert "**600 foyers sur 2400**" in text
    assert "soit 25 %" in text
    assert "**85 %** des cas" in text
    assert "**992 kWh d’électricité**" in text
    assert "44 % des 2275 kWh" in text


@pytest.mark.network
def test_the_evaluation_finds_the_effect_and_follows_its_data(
    lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said("evaluation", lake.lake, tmp_path / "one", monkeypatch)
    assert "### −2,5 % de consommation, de −4,5 à −0,5 %" in text
    assert "600 foyers, 60 équipes" in text
    assert "11 % des 9254 kWh d’un foyer" in text
    # The same town, whose homes all use half as much again.
    catalog = tmp_path / "catalog"
    shutil.copytree(CHECKOUT / "catalog", catalog)
    path = catalog / "energy" / "genlis-households.yaml"
    described = path.read_text(encoding="utf-8").replace(
        "heating, electricity_kwh, stage",
        "heating, (electricity_kwh * 1.5)::INTEGER AS electricity_kwh, stage",
    )
    described = described.replace("max_value: 2276", "max_value: 3500")
    path.write_text(described, encoding="utf-8")
    other = Settings(home=tmp_path / "home", catalog=catalog)
    states = {run.dataset: run.state for run in refresh(list(NEEDED), other, "essai")}
    assert set(states.values()) <= {"published"}, states
    changed = said("evaluation", other.lake, tmp_path / "two", monkeypatch)
    assert "11 % des 9254 kWh d’un foyer" not in changed
    assert "7 % des 13882 kWh d’un foyer" in changed


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_clean_short_and_read_two_datasets(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    read = {one for one in NEEDED if any(f'lab.dataset("{one}")' in c.source for c in code)}
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
