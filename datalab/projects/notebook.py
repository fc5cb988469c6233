"""A notebook file as the lab takes it in: read with limits, never trusted, outputs cleared."""

from __future__ import annotations

import copy
import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from datalab.errors import KernelUnknown, NotebookTooLarge, NotebookUnreadable
from datalab.i18n import Phrase

LARGEST = 20_000_000  # bytes of a notebook file
MOST_CELLS = 2_000
KINDS = {"stream", "display_data", "execute_result", "error"}


def load(source: Path | bytes | Mapping[str, Any], name: str = "") -> tuple[str, Any]:
    """Name and content of a notebook, without outputs, in today's format.

    Raises
    ------
    NotebookTooLarge, NotebookUnreadable, KernelUnknown
    """
    if not isinstance(source, Path):
        content = source if isinstance(source, bytes) else json.dumps(source).encode()
        return name or "notebook", cleared(parse(content, name or "notebook"))
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(source, flags), "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotebookUnreadable(notebook=source.name, reason=reason) from None
    return source.name, cleared(parse(content, source.name))


def parse(content: bytes, name: str) -> Any:
    """The notebook that ``content`` holds, its outputs included.

    Raises
    ------
    NotebookTooLarge, NotebookUnreadable, KernelUnknown
    """
    if len(content) > LARGEST:
        raise NotebookTooLarge(notebook=name, most=LARGEST // 1_000_000)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # nbformat asks the whole document before it tells what is missing in it.
            if not isinstance(json.loads(content), dict):
                raise NotebookUnreadable(notebook=name, reason=Phrase("it is not a notebook"))
            node = nbformat.reads(content.decode(), as_version=4)
            node = nbformat.v4.upgrade(node)
            nbformat.validate(node)
    except NotebookUnreadable:
        raise
    except json.JSONDecodeError as error:
        where = Phrase("it is damaged at line {line}", line=error.lineno)
        raise NotebookUnreadable(notebook=name, reason=where) from None
    except Exception as error:
        first = str(error).strip().splitlines()
        reason = first[0][:200] if first else type(error).__name__
        raise NotebookUnreadable(notebook=name, reason=reason) from None
    if len(node.cells) > MOST_CELLS:
        reason = Phrase("it has more than {most} cells", most=MOST_CELLS)
        raise NotebookUnreadable(notebook=name, reason=reason)
    _require_python(node, name)
    return node


def _require_python(node: Any, name: str) -> None:
    spec = node.metadata.get("kernelspec") or {}
    about = node.metadata.get("language_info") or {}
    language = str(spec.get("language") or about.get("name") or "python").lower()
    kernel = str(spec.get("name") or "python3")
    if not language.startswith(("python", "ipython")) or kernel in {"ir", "bash"}:
        shown = str(spec.get("display_name") or kernel)[:80]
        raise KernelUnknown(notebook=name, kernel=shown)


def cleared(node: Any) -> Any:
    """A copy without outputs, execution counts and saved widgets."""
    node = copy.deepcopy(node)
    node.metadata.pop("widgets", None)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return node


def outputs(said: Any) -> list[Any]:
    """The outputs among ``said`` that are outputs."""
    found = []
    for one in said if isinstance(said, list) else []:
        if isinstance(one, dict) and one.get("output_type") in KINDS:
            node = nbformat.from_dict(one)
            try:
                nbformat.validate(node, ref=node.output_type, version=4)
            except Exception:  # noqa: S112 - whatever is wrong with it, it is no output
                continue
            found.append(node)
    return found


def number_of(node: Any, index: int) -> int:
    """The count of a code cell from 1, as a run from a clean kernel counts."""
    return sum(
        cell.cell_type == "code" and bool(cell.source.strip()) for cell in node.cells[: index + 1]
    )


def first_line(node: Any, index: int) -> str:
    """The first line of a cell that says something."""
    lines = [line.strip() for line in str(node.cells[index].source).splitlines()]
    return next((line[:120] for line in lines if line), "")
