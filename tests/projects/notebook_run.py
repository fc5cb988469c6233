"""Shipped projects as their tests run them: a small lake of what they read, their notebooks on it.

Every notebook of a project that comes with the lab keeps the same promises, held here for all of
them: no outputs in the file, no warning on the page, two datasets of the manifest or more, and,
where it is a page, as many pictures as the manifest has words for.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from datalab.projects import manifest
from datalab.refresh import refresh
from datalab.settings import CHECKOUT, Settings

SECONDS = 240
"""As long as one cell may take."""


def small_lake(needed: Iterable[str], home: Path) -> Settings:
    """A lake of these datasets of the shipped catalog; skips where no package can be fetched."""
    settings = Settings(home=home)
    states = _states(needed, settings)
    if "failed" in states.values():
        pytest.skip(f"the package index does not answer: {states}")
    assert set(states.values()) == {"published"}, states
    return settings


def changed_lake(
    needed: Iterable[str],
    folder: Path,
    changes: Mapping[str, Callable[[str], str]],
    like: Settings | None = None,
) -> Settings:
    """Another lake in this folder, of a catalog in which these files read otherwise.

    What was fetched for the lake it is `like` is not fetched again.
    """
    catalog, home = folder / "catalog", folder / "home"
    shutil.copytree(CHECKOUT / "catalog", catalog)
    if like is not None and (like.home / "cache").is_dir():
        shutil.copytree(like.home / "cache", home / "cache")
    for file, change in changes.items():
        text = (catalog / file).read_text(encoding="utf-8")
        other = change(text)
        assert other != text, f"nothing changed in {file}"
        (catalog / file).write_text(other, encoding="utf-8")
    settings = Settings(home=home, catalog=catalog)
    states = _states(needed, settings)
    assert set(states.values()) == {"published"}, states
    return settings


def _states(needed: Iterable[str], settings: Settings) -> dict[str, str]:
    return {run.dataset: run.state for run in refresh(list(needed), settings, "essai")}


def code(path: Path) -> list[NotebookNode]:
    """The cells of code in the notebook of a file, which is valid and holds no outputs."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    return cells


def said(
    path: Path, lake: Path, work: Path, quicker: Callable[[str], str] = lambda source: source
) -> str:
    """What a notebook says in its outputs, with plain spaces and none within numbers.

    Parameters
    ----------
    path : Path
        The notebook, in the folder of its project.
    lake, work : Path
        What it reads, and where it runs: a folder of this run alone.
    quicker : callable, optional
        Rewrites the source of each cell, such as to draw fewer times.
    """
    assert code(path)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = quicker(cell.source)
    work.mkdir(parents=True, exist_ok=True)
    reads = work / "reads.jsonl"
    environment = {**os.environ, "DATALAB_LAKE": str(lake), "DATALAB_READS": str(reads)}
    place = {"metadata": {"path": str(work)}}
    NotebookClient(notebook, timeout=SECONDS, resources=place).execute(env=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not [o for o in outputs if o.output_type == "stream"], "a warning shows on the page"
    described = manifest.read(path.parent / "project.yaml")
    lines = [json.loads(line) for line in reads.read_text(encoding="utf-8").splitlines()]
    read = {one["dataset"] for one in lines if one["snapshot"]}
    assert len(read) >= 2, read
    assert read <= set(described.datasets), read
    pictures = sum("image/png" in o.data for o in outputs)
    for page in described.pages:
        assert page.notebook != path.name or pictures == len(page.pictures)
    words = [o.data.get("text/markdown") or o.data.get("text/html", "") for o in outputs]
    return "\n".join(words).replace("\u202f", "").replace("\u00a0", " ")
