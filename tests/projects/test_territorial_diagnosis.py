"""The territorial diagnosis runs from top to bottom, and its figures are those of its data."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from datalab.refresh import refresh
from datalab.settings import CHECKOUT, Settings

FOLDER = CHECKOUT / "projects" / "territorial-diagnosis"
MANIFEST = yaml.safe_load((FOLDER / "project.yaml").read_text(encoding="utf-8"))
NEEDED = tuple(MANIFEST["datasets"])
NOTEBOOKS = tuple(note["file"] for note in MANIFEST["notebooks"])


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("territorial-diagnosis") / "home")
    states = {run.dataset: run.state for run in refresh(list(NEEDED), settings, "essai")}
    if "failed" in states.values():
        pytest.skip(f"the package index does not answer: {states}")
    return settings


def said(name: str, lake: Settings, work: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the notebook says in its outputs, without the spaces of French numbers."""
    monkeypatch.setenv("DATALAB_LAKE", str(lake.lake))
    notebook = nbformat.read(FOLDER / name, as_version=4)
    work.mkdir(parents=True, exist_ok=True)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(work)}}).execute()
    data = [
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    words = [one.get("text/markdown") or one.get("text/html") or "" for one in data]
    return "\n".join(words).replace("\u202f", "").replace("\u00a0", " ")


@pytest.mark.network
def test_a_commune_is_compared_and_follows_its_data(
    lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said("comparer.ipynb", lake, tmp_path / "one", monkeypatch)
    assert "Sennecey-lès-Dijon : 2125 habitants en 2022, 0,8 % des 258630" in text
    assert "**Chômeurs au sens du recensement (% des actifs)** : 6,1, contre 12,0" in text
    # The same communes, of which Sennecey has twice the unemployed.
    catalog = tmp_path / "catalog"
    shutil.copytree(CHECKOUT / "catalog", catalog)
    path = catalog / "economy" / "commune-indicators.yaml"
    described = path.read_text(encoding="utf-8").replace(
        "P22_CHOM1564 AS unemployed",
        "P22_CHOM1564 * CASE CODGEO WHEN '21605' THEN 2 ELSE 1 END AS unemployed",
    )
    path.write_text(described, encoding="utf-8")
    other = Settings(home=tmp_path / "home", catalog=catalog)
    states = {run.dataset: run.state for run in refresh(list(NEEDED), other, "essai")}
    assert set(states.values()) <= {"published"}, states
    changed = said("comparer.ipynb", other, tmp_path / "two", monkeypatch)
    assert ">12,3<" in changed
    assert "6,1, contre 12,0" not in changed


@pytest.mark.network
def test_weights_have_the_margins_of_the_census(
    lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said("enquete.ipynb", lake, tmp_path, monkeypatch)
    assert '"dijon": 35027' in text
    assert "**61 % redressé**" in text
    assert "en valent 152" in text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_clean_and_read_two_datasets(name: str) -> None:
    notebook = nbformat.read(FOLDER / name, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    read = {one for one in NEEDED if any(f'lab.dataset("{one}")' in c.source for c in code)}
    assert len(read) >= 2
    assert name in {page["notebook"] for page in MANIFEST["pages"]}


def test_invented_answers_are_said_to_be() -> None:
    first = nbformat.read(FOLDER / "enquete.ipynb", as_version=4).cells[0].source
    assert "synthétiques" in first
