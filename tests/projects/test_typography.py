"""French words of the notebooks that are published break no line before their punctuation."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

PROJECTS = Path(__file__).parents[2] / "projects"
SHIPPED = (
    "public-space",
    "territorial-diagnosis",
    "prototype",
    "positive-energy",
    "smart-territory",
    "open-data-duty",
    "smart-citizen",
    "welcome",
)
CODE = re.compile(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|^\|[-:| ]+\|$", re.MULTILINE)
PLAIN = re.compile(r"« |\S [:;!?»](?!-)")


@pytest.mark.parametrize("project", SHIPPED)
def test_no_plain_space_stands_before_french_punctuation(project: str) -> None:
    found = [
        f"{path.name}: {hit.group()}"
        for path in sorted((PROJECTS / project).glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
        for hit in PLAIN.finditer(CODE.sub("", cell.source))
    ]
    assert found == []


@pytest.mark.parametrize(
    "manifest", sorted(PROJECTS.glob("*/project.yaml")), ids=lambda p: p.parent.name
)
def test_no_title_breaks_before_its_punctuation(manifest: Path) -> None:
    assert [hit.group() for hit in PLAIN.finditer(manifest.read_text())] == []
