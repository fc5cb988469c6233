"""Pictures that a notebook links from its text by their place beside it: ``![a map](maps/1.png)``.

JupyterLab shows them from the work folder. A page of the lab has no such folder: there they become
attachments of the cell, which every page shows already. Only small raster pictures of the work
folder are taken; what looks like one by its name alone stays a link that shows nothing.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from datalab.projects import files
from datalab.projects.saved import SavedNotebook

LARGEST = 1_000_000  # bytes of one picture; with its cell's others it has to fit into one text
MOST_IN_CELL = 1_400_000
MOST = 8_000_000  # bytes of all pictures of a notebook
SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
# The address of a picture, in Markdown or in the HTML that stands in it; none with a scheme.
LINK = re.compile(
    r"(!\[[^\]\n]{0,2000}\]\(\s{0,9}<?|<img\b[^>]{0,2000}?\ssrc\s{0,9}=\s{0,9}[\"'])"
    r"([^\s\"'<>()#?:]{1,400}\.(?:png|jpe?g|gif))(?=[\s\"'>)#?])",
    re.IGNORECASE,
)


class Beside:
    """The pictures beside one notebook, each read once and all of them within :data:`MOST`."""

    def __init__(self, work: Path, notebook: str) -> None:
        self._work = work
        self._folder = posixpath.dirname(notebook)
        self._left = MOST
        self._known: dict[str, tuple[str, bytes] | None] = {}

    def attached(
        self, source: str, attachments: Mapping[str, Any] | None
    ) -> tuple[str, dict[str, Any]]:
        """The text of a cell and its attachments, with what it links taken in."""
        found = dict(attachments or {})
        left = MOST_IN_CELL
        taken: dict[str, str] = {}

        def take(match: re.Match[str]) -> str:
            nonlocal left
            path = posixpath.normpath(posixpath.join(self._folder, unquote(match.group(2))))
            if path not in taken:
                picture = self._picture(path)
                if picture is None or len(picture[1]) > left:
                    return match.group(0)
                left -= len(picture[1])
                name = f"beside-{len(taken) + 1}.{picture[0].partition('/')[2]}"
                while name in found:
                    name = f"x{name}"
                found[name] = {picture[0]: base64.b64encode(picture[1]).decode()}
                taken[path] = name
            return f"{match.group(1)}attachment:{taken[path]}"

        return LINK.sub(take, source), found

    def _picture(self, path: str) -> tuple[str, bytes] | None:
        if path not in self._known:
            self._known[path] = None
            content = files.read(self._work, path, min(LARGEST, self._left))
            kind = next((k for sign, k in SIGNS if content and content.startswith(sign)), None)
            if content and kind:
                self._left -= len(content)
                self._known[path] = kind, content
        return self._known[path]


def embed(node: Any, work: Path, notebook: str) -> None:
    """Take the pictures beside a notebook (nbformat) into its cells."""
    beside = Beside(work, notebook)
    for cell in node.cells:
        if cell.cell_type == "markdown":
            source, attachments = beside.attached(str(cell.source), cell.get("attachments"))
            if source != cell.source:
                cell.source, cell["attachments"] = source, attachments


def shown(notebook: SavedNotebook, work: Path) -> SavedNotebook:
    """A saved notebook with the pictures beside it; its document stays as it was saved."""
    beside = Beside(work, notebook.path)
    cells = []
    for cell in notebook.cells:
        if cell.kind == "markdown":
            source, attachments = beside.attached(cell.source, cell.attachments)
            cell = replace(cell, source=source, attachments=attachments)
        cells.append(cell)
    return replace(notebook, cells=tuple(cells))
