"""What changed between two states of a notebook, cell by cell, in a form that a page can show.

nbdime aligns the cells (it knows notebooks: counters and metadata do not make a cell another
one); lines within a cell are compared by difflib.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

LARGEST = 3_000_000  # bytes of a notebook that is compared
MOST_LINES = 400  # lines of one cell that are shown
CONTEXT = 2  # unchanged lines around a changed one

Kind = Literal["added", "removed", "changed"]
Sign = Literal["+", "-", " ", "…"]


@dataclass(frozen=True)
class Line:
    sign: Sign
    text: str


@dataclass(frozen=True)
class CellChange:
    """``number`` counts cells from 1, in the new state (in the old one for a removed cell)."""

    kind: Kind
    number: int
    cell_type: str
    lines: tuple[Line, ...]
    outputs: bool

    @property
    def only_outputs(self) -> bool:
        return self.kind == "changed" and self.outputs and not self.lines


@dataclass(frozen=True)
class Difference:
    """``readable`` is False where one of the two states is no notebook, or too large."""

    cells: tuple[CellChange, ...]
    readable: bool = True


def difference(old: bytes | None, new: bytes | None) -> Difference:
    """What changed from ``old`` to ``new``; None stands for a file that was not there."""
    before, after = _notebook(old), _notebook(new)
    if before is None or after is None:
        return Difference((), readable=False)
    from nbdime import diff_notebooks

    found = diff_notebooks(before, after)
    return Difference(tuple(_changes(found, before["cells"], after["cells"])))


def _notebook(content: bytes | None) -> Any:
    import nbformat

    if content is None:
        return nbformat.v4.new_notebook()
    if len(content) > LARGEST:
        return None
    try:
        found = nbformat.reads(content.decode("utf-8"), as_version=4)
        nbformat.validate(found)
    except Exception:  # whatever a hostile file provokes, it is no notebook
        return None
    return found


def _changes(found: Any, old: list[Any], new: list[Any]) -> Iterator[CellChange]:
    operations: list[Any] = next((entry.diff for entry in found if entry.key == "cells"), [])
    shift = 0  # how much later a cell of the old state stands in the new one
    for entry in operations:
        if entry.op == "addrange":
            for offset, cell in enumerate(entry.valuelist):
                number = entry.key + shift + offset + 1
                lines = tuple(Line("+", text) for text in _lines(cell)[:MOST_LINES])
                yield CellChange("added", number, cell["cell_type"], lines, bool(_outputs(cell)))
            shift += len(entry.valuelist)
        elif entry.op == "removerange":
            for position in range(entry.key, entry.key + entry.length):
                cell = old[position]
                lines = tuple(Line("-", text) for text in _lines(cell)[:MOST_LINES])
                yield CellChange(
                    "removed", position + 1, cell["cell_type"], lines, bool(_outputs(cell))
                )
            shift -= entry.length
        elif entry.op == "patch":
            before, after = old[entry.key], new[entry.key + shift]
            lines = tuple(_compared(_lines(before), _lines(after)))
            outputs = _outputs(before) != _outputs(after)
            if lines or outputs or before["cell_type"] != after["cell_type"]:
                number = entry.key + shift + 1
                yield CellChange("changed", number, after["cell_type"], lines, outputs)


def _compared(old: list[str], new: list[str]) -> Iterator[Line]:
    if old == new:
        return
    said = 0
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(
        CONTEXT
    ):
        if said:
            yield Line("…", "")
        for tag, i, j, k, m in group:
            if tag == "equal":
                shown = [Line(" ", text) for text in old[i:j]]
            else:
                shown = [Line("-", text) for text in old[i:j]]
                shown += [Line("+", text) for text in new[k:m]]
            for line in shown:
                said += 1
                if said > MOST_LINES:
                    yield Line("…", "")
                    return
                yield line


def _lines(cell: Any) -> list[str]:
    source = cell.get("source", "")
    return ("".join(source) if isinstance(source, list) else str(source)).splitlines()


def _outputs(cell: Any) -> list[Any]:
    """Outputs without their counters."""
    return [
        {k: v for k, v in output.items() if k != "execution_count"}
        for output in cell.get("outputs", [])
    ]
