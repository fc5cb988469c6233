"""The welcome notebooks run from top to bottom, and say the same in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from datalab.settings import CHECKOUT

FOLDER = CHECKOUT / "projects/welcome"
NAMES = ("bienvenue.ipynb", "welcome.ipynb")


def read(name: str) -> Any:
    return nbformat.read(FOLDER / name, 4)


def code(name: str) -> list[str]:
    return [cell.source for cell in read(name).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_valid_and_carry_no_outputs(name: str) -> None:
    document = read(name)
    nbformat.validate(document)
    assert (document.nbformat, document.nbformat_minor) == (4, 5)
    for cell in document.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_both_languages_run_the_same_code() -> None:
    assert code("bienvenue.ipynb") == code("welcome.ipynb")


def test_the_manifest_names_what_there_is() -> None:
    manifest = yaml.safe_load((FOLDER / "project.yaml").read_text(encoding="utf-8"))
    assert manifest["members"] == []
    assert {n["file"] for n in manifest["notebooks"]} == set(NAMES)
    text = "\n".join(code("bienvenue.ipynb"))
    for dataset in manifest["datasets"]:
        described = list((CHECKOUT / "catalog").glob(f"*/{dataset}.yaml"))
        assert described, dataset
    assert '"communes"' in text
    assert '"commune-indicators"' in text


@pytest.mark.parametrize("name", NAMES)
def test_a_welcome_notebook_runs_on_real_data(
    name: str, welcome_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbclient import NotebookClient

    monkeypatch.setenv("DATALAB_LAKE", str(welcome_lake))
    monkeypatch.setenv("DATALAB_LANGUAGE", "fr")
    monkeypatch.setenv("DATALAB_ASSETS_URL", "/services/datalab/assets/")
    document = read(name)
    NotebookClient(document, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    cells = [cell for cell in document.cells if cell.cell_type == "code"]
    assert [o for c in cells for o in c.outputs if o.output_type in {"stream", "error"}] == []
    assert all(cell.outputs for cell in cells)
    shown = json.dumps([cell.outputs for cell in cells], ensure_ascii=False)
    assert "258630" in shown
    assert "leaflet.js" in shown
    assert "attentes sont tenues" in shown


@pytest.mark.parametrize("name", NAMES)
def test_the_hidden_solutions_run_too(name: str, welcome_lake: Path) -> None:
    """The exercises promise results; each is run as a person would type it."""
    from datalab.notebook.lab import connect

    lab = connect(welcome_lake, language="fr")
    tableau = lab.dataset("communes").df()
    exercises = next(c.source for c in read(name).cells if "```python" in c.source)
    query = exercises.split("```python")[1].split("```")[0]
    assert tableau.sort_values("population").head(1).shape[0] == 1
    history = eval(query.strip(), {"lab": lab}).df()  # noqa: S307 - our own notebook
    assert history.loc[history["census_year"] == 2022, "population"].tolist() == [258_630]
    drawn = lab.dataset("commune-indicators").map(column="unemployment_rate", k=3)
    assert drawn.classification is not None
    assert drawn.classification.k == 3
    assert "unemployment_rate" in exercises
