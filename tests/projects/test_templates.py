"""The projects one can start from run from top to bottom on the lab's own data."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from datalab.projects.template import FOLDER, NAMES, template, templates
from datalab.refresh import refresh
from datalab.settings import Settings
from tests.projects.shop import CHECKOUT, Shop

NEEDED = ("communes", "commune-indicators", "commune-boundaries", "household-electricity")
NOTEBOOKS = sorted(FOLDER.glob("*/*.ipynb"))


def test_each_template_says_what_it_is_and_has_a_notebook(shop: Shop) -> None:
    listed = templates(shop.projects)
    shipped = sorted(path.parent.name for path in CHECKOUT.glob("projects/*/project.yaml"))
    assert "welcome" in shipped
    assert [found.name for found in listed] == [*NAMES, *shipped]
    for found in listed:
        names = {str(relative) for _, relative in found.files()}
        assert {note.file for note in found.description.notebooks} <= names
        assert not {"project.yaml", "template.yaml"} & names


def test_a_reference_project_is_a_template_too(shop: Shop) -> None:
    project = shop.create("ours", template="welcome")
    assert (project.work / "bienvenue.ipynb").is_file()
    assert project.manifest.template == "welcome"
    assert not (project.work / "project.yaml").exists()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.parent.name)
def test_notebooks_are_valid_clean_and_keep_their_cell_ids(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    name = path.parent.name
    assert [cell.id for cell in notebook.cells] == [
        f"{name}-{number:02d}" for number in range(1, len(notebook.cells) + 1)
    ]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert max(len(cell.source.splitlines()) for cell in code) <= 13


def test_made_up_answers_say_so_with_their_seed(shop: Shop) -> None:
    files = {str(r): p for p, r in template(shop.projects, "survey").files()}
    for name in ("LISEZ-MOI.md", "enquete.ipynb"):
        text = files[name].read_text()
        assert "2026" in text
        assert "fictives" in text


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of the datasets that templates read, made by the real refresh."""
    settings = Settings(home=tmp_path_factory.mktemp("templates") / "home")
    states = {run.dataset: run.state for run in refresh(list(NEEDED), settings, "essai")}
    if "failed" in states.values():
        pytest.skip(f"the package index does not answer: {states}")
    return settings.lake


@pytest.mark.network
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.parent.name)
def test_notebooks_run_from_top_to_bottom(
    path: Path, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    shutil.copytree(path.parent, work)
    monkeypatch.setenv("DATALAB_LAKE", str(lake))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(work)}})
    client.execute()
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    assert last.outputs, f"{path.name} shows nothing at its end"
