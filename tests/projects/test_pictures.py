"""Pictures beside a notebook: taken into its cells, and nothing else is."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from datalab.projects import pictures, sanitize

PNG = b"\x89PNG\r\n\x1a\n" + b"a" * 40


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "maps").mkdir(parents=True)
    (folder / "maps" / "one two.png").write_bytes(PNG)
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0jpeg")
    (tmp_path / "outside.png").write_bytes(PNG)
    return folder


def html_of(work: Path, source: str, notebook: str = "a.ipynb") -> str:
    return sanitize.markdown(*pictures.Beside(work, notebook).attached(source, None))


@pytest.mark.parametrize(
    ("notebook", "source"),
    [
        ("a.ipynb", "![The map](maps/one%20two.png)"),
        ("a.ipynb", '![The map](./maps/one%20two.png "title")'),
        ("a.ipynb", '<img alt="The map" src="maps/one%20two.png" width="40">'),
        ("notes/a.ipynb", "![The map](../maps/one%20two.png)"),
    ],
)
def test_a_picture_beside_the_notebook_is_shown(work: Path, notebook: str, source: str) -> None:
    html = html_of(work, source, notebook)
    assert base64.b64encode(PNG).decode() in html
    assert 'alt="The map"' in html


@pytest.mark.parametrize(
    "address",
    [
        "../outside.png",
        "/etc/passwd.png",
        "https://example.org/a.png",
        "//example.org/a.png",
        "maps/link.png",
        "maps/hard.png",
        ".hidden/a.png",
        "notes.png",
        "huge.png",
        "none.png",
        "maps/../../outside.png",
        "%2e%2e/outside.png",
        "drawing.svg",
    ],
)
def test_nothing_else_is(work: Path, address: str) -> None:
    (work / "maps" / "link.png").symlink_to(work.parent / "outside.png")
    os.link(work.parent / "outside.png", work / "maps" / "hard.png")
    (work / ".hidden").mkdir()
    (work / ".hidden" / "a.png").write_bytes(PNG)
    (work / "notes.png").write_text("<script>alert(1)</script>")
    (work / "huge.png").write_bytes(PNG + b"0" * pictures.LARGEST)
    (work / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    html = html_of(work, f"![words]({address})")
    assert "<img" not in html
    assert "words" in html, "what it would have shown, in words"


def test_many_pictures_stay_within_a_page(work: Path) -> None:
    for number in range(4):
        (work / f"{number}.png").write_bytes(PNG + b"0" * 600_000)
    cell = "\n\n".join(f"![picture {number}]({number}.png)" for number in range(4))
    html = html_of(work, cell)
    assert html.count("<img") == 2
    assert "<em>picture 3</em>" in html


def test_a_notebook_that_is_published_holds_its_pictures(work: Path) -> None:
    kept = {"beside-1.jpeg": {"image/png": base64.b64encode(PNG).decode()}}
    cells = [
        new_markdown_cell("![a](photo.jpg)", attachments=kept),
        new_markdown_cell("no picture"),
    ]
    node = new_notebook(cells=cells)
    pictures.embed(node, work, "a.ipynb")
    (work / "photo.jpg").unlink()
    first, second = node.cells
    assert set(first.attachments) == {"beside-1.jpeg", "xbeside-1.jpeg"}
    assert first.source == "![a](attachment:xbeside-1.jpeg)"
    assert "attachments" not in second
