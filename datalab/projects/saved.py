"""A project's notebook as it was last saved, read by the lab without trusting a byte of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from datalab.errors import NotebookTooLarge, NotebookUnreadable, UnknownNotebook
from datalab.i18n import Phrase
from datalab.projects import files
from datalab.projects.project import Project

LARGEST = 20_000_000  # bytes
MOST_CELLS = 1_000
MOST_OUTPUTS = 50  # of one cell
ENDING = ".ipynb"
LONGEST_PATH = 400
IDENTIFIER = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # of a cell (nbformat 4.5)
Kind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True)
class SavedCell:
    """``outputs`` are those of nbformat, each at least a dictionary with an ``output_type``."""

    id: str
    kind: Kind
    source: str
    outputs: tuple[Mapping[str, Any], ...] = ()
    attachments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedNotebook:
    """``document`` is the whole of it, for whoever runs it again."""

    path: str
    cells: tuple[SavedCell, ...]
    document: dict[str, Any]

    @property
    def title(self) -> str:
        """The first heading, else the name of the file."""
        for cell in self.cells:
            if cell.kind == "markdown":
                found = re.search(r"^#\s+(.+?)\s*#*$", cell.source, re.MULTILINE)
                if found:
                    return re.sub(r"[*_`]", "", found.group(1))[:200]
        return self.path.rpartition("/")[2].removesuffix(ENDING)


def read(project: Project, path: str) -> SavedNotebook:
    """The notebook at ``path`` below the project's work folder.

    Raises
    ------
    UnknownNotebook
        where nothing is there, or something that is no plain file.
    NotebookTooLarge, NotebookUnreadable
    """
    told = path[:LONGEST_PATH] if path.isprintable() else "?"
    if not path.endswith(ENDING) or len(path) > LONGEST_PATH:
        raise UnknownNotebook(path=told)
    content = files.read(project.work, path, LARGEST)
    if content is None:
        if files.read(project.work, path, 10 * LARGEST) is not None:
            raise NotebookTooLarge(notebook=told, most=LARGEST // 1_000_000)
        raise UnknownNotebook(path=told)
    return parse(content, told)


def parse(content: bytes, path: str) -> SavedNotebook:
    """A notebook of nbformat 4 from its bytes.

    Raises
    ------
    NotebookUnreadable
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        reason = Phrase("the file is damaged, or is no notebook of today's format")
        raise NotebookUnreadable(notebook=path, reason=reason)
    if document.get("nbformat") != 4 or len(document["cells"]) > MOST_CELLS:
        reason = Phrase("it has another format, or more than {most} cells", most=MOST_CELLS)
        raise NotebookUnreadable(notebook=path, reason=reason)
    cells: list[SavedCell] = []
    seen: set[str] = set()
    for position, raw in enumerate(document["cells"]):
        cell = _cell(raw, position)
        if cell is None:
            reason = Phrase("its cell number {number} is damaged", number=position + 1)
            raise NotebookUnreadable(notebook=path, reason=reason)
        if cell.id in seen:
            cell = SavedCell(
                f"cell-{position}", cell.kind, cell.source, cell.outputs, cell.attachments
            )
        seen.add(cell.id)
        cells.append(cell)
    return SavedNotebook(path, tuple(cells), document)


def _cell(raw: Any, position: int) -> SavedCell | None:
    """A cell; those of nbformat before 4.5 have no id and are known by their place."""
    if not isinstance(raw, dict) or raw.get("cell_type") not in {"code", "markdown", "raw"}:
        return None
    identifier = raw.get("id")
    if not isinstance(identifier, str) or not IDENTIFIER.fullmatch(identifier):
        identifier = f"cell-{position}"
    attachments = raw.get("attachments")
    return SavedCell(
        id=identifier,
        kind=raw["cell_type"],
        source=text_of(raw.get("source")),
        outputs=outputs_of(raw.get("outputs")) if raw["cell_type"] == "code" else (),
        attachments=attachments if isinstance(attachments, dict) else {},
    )


def outputs_of(raw: Any) -> tuple[dict[str, Any], ...]:
    """The outputs of a cell that have the shape of one."""
    listed = raw if isinstance(raw, list) else []
    return tuple(
        output
        for output in listed[:MOST_OUTPUTS]
        if isinstance(output, dict) and isinstance(output.get("output_type"), str)
    )


def text_of(raw: Any) -> str:
    """A text of nbformat: one string, or a list of them."""
    if isinstance(raw, list):
        return "".join(line for line in raw if isinstance(line, str))
    return raw if isinstance(raw, str) else ""
