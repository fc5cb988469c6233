"""The example of an entrepreneur runs from top to bottom, and its figures are those of its data."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from datalab.refresh import refresh
from datalab.settings import CHECKOUT, Settings

FOLDER = CHECKOUT / "projects" / "prototype"
NEEDED = ("communes", "commune-boundaries", "commune-indicators", "iris-population")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("prototype") / "home")
    states = {run.dataset: run.state for run in refresh(list(NEEDED), settings, "essai")}
    if "failed" in states.values():
        pytest.skip(f"the package index does not answer: {states}")
    return settings


def said(lake: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the notebook says, with fewer draws: as few as the method allows."""
    monkeypatch.setenv("DATALAB_LAKE", str(lake))
    notebook = nbformat.read(FOLDER / "ou-ouvrir.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace("TIRAGES, GRAINE = 1000", "TIRAGES, GRAINE = 200")
        cell.source = cell.source.replace("PLACES = 400", "PLACES = 40")
    work.mkdir(parents=True, exist_ok=True)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(work)}}).execute()
    data = [
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    assert sum("image/png" in one for one in data) == 1, "as many pictures as the manifest says"
    words = [one.get("text/markdown") or one.get("text/html") or "" for one in data]
    return "\n".join(words).replace("\u202f", "").replace("\u00a0", " ")


def share(text: str, commune: str) -> int:
    found = re.search(rf"\*\*{commune}\*\* est parmi les trois premières dans \*\*(\d+) %", text)
    return int(found[1]) if found else 0


@pytest.mark.network
def test_the_page_says_how_sure_its_ranking_is_and_follows_its_data(
    lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(lake.lake, tmp_path / "one", monkeypatch)
    assert "**257194 habitants** dans 121 IRIS" in text
    assert share(text, "Dijon") >= 80
    assert "critère laissé de côté" in text, "stations are not published here, and that is said"
    # The same métropole, in which the inhabitants of Dijon live at Bressey-sur-Tille.
    catalog = tmp_path / "catalog"
    shutil.copytree(CHECKOUT / "catalog", catalog)
    path = catalog / "population" / "iris-population.yaml"
    whole = path.read_text(encoding="utf-8")
    moved = whole.replace("iris AS iris_code, com AS insee_code,", SWAPPED)
    assert moved != whole
    path.write_text(moved.partition("expectations:")[0] + EXPECTED, encoding="utf-8")
    other = Settings(home=tmp_path / "home", catalog=catalog)
    states = {run.dataset: run.state for run in refresh(list(NEEDED), other, "essai")}
    assert set(states.values()) <= {"published"}, states
    changed = said(other.lake, tmp_path / "two", monkeypatch)
    assert share(changed, "Dijon") < share(text, "Dijon")


SWAPPED = "iris AS iris_code, CASE com WHEN '21231' THEN '21105' ELSE com END AS insee_code,"
EXPECTED = "expectations:\n  - {type: expect_table_row_count_to_equal, value: 814}\n"


def test_the_notebook_is_clean_and_reads_what_the_manifest_says() -> None:
    notebook = nbformat.read(FOLDER / "ou-ouvrir.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(any(f'"{one}"' in cell.source for cell in code) for one in NEEDED)
    manifest = yaml.safe_load((FOLDER / "project.yaml").read_text(encoding="utf-8"))
    assert set(NEEDED) <= set(manifest["datasets"])
    assert [page["notebook"] for page in manifest["pages"]] == ["ou-ouvrir.ipynb"]
