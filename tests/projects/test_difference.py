"""The difference of two notebooks, as a reader needs it."""

from __future__ import annotations

import json
from typing import Any

import nbformat

from datalab.projects.difference import Line, difference


def notebook(*cells: Any) -> bytes:
    made = nbformat.v4.new_notebook(cells=list(cells))
    return nbformat.writes(made).encode()


def code(cell_id: str, source: str, **more: Any) -> Any:
    return nbformat.v4.new_code_cell(source, id=cell_id, **more)


def printed(text: str) -> Any:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def test_a_new_notebook_is_all_additions() -> None:
    found = difference(None, notebook(code("a", "1"), nbformat.v4.new_markdown_cell("# T", id="b")))
    assert [(c.kind, c.number, c.cell_type) for c in found.cells] == [
        ("added", 1, "code"),
        ("added", 2, "markdown"),
    ]


def test_a_changed_line_is_shown_with_its_surroundings() -> None:
    lines = [f"x{n} = {n}" for n in range(10)]
    after = [*lines]
    after[5] = "x5 = 50"
    old, new = (notebook(code("a", "\n".join(text))) for text in (lines, after))
    (change,) = difference(old, new).cells
    assert (change.kind, change.number, change.outputs) == ("changed", 1, False)
    assert change.lines == (
        Line(" ", "x3 = 3"),
        Line(" ", "x4 = 4"),
        Line("-", "x5 = 5"),
        Line("+", "x5 = 50"),
        Line(" ", "x6 = 6"),
        Line(" ", "x7 = 7"),
    )


def test_numbers_follow_cells_that_moved_down() -> None:
    a, b, c = code("a", "a = 1"), code("b", "bb = 22"), code("c", "ccc = 333")
    changed = code("c", "ccc = 334")
    found = difference(notebook(a, b, c), notebook(code("n", "new"), a, changed)).cells
    kinds = {(change.kind, change.number) for change in found}
    assert kinds == {("added", 1), ("removed", 2), ("changed", 3)}


def test_a_run_changes_outputs_only() -> None:
    old = notebook(code("a", "print(1)"))
    new = notebook(code("a", "print(1)", outputs=[printed("1\n")], execution_count=1))
    (change,) = difference(old, new).cells
    assert change.only_outputs
    again = notebook(code("a", "print(1)", outputs=[printed("1\n")], execution_count=7))
    assert difference(new, again).cells == ()


def test_what_is_no_notebook_is_said_to_be_unreadable() -> None:
    good = notebook(code("a", "1"))
    deep = ("[" * 100_000).encode()
    for wrong in (b"", b"{", b"\xff\xfe", b"[]", b'{"cells": 3}', deep, json.dumps({}).encode()):
        assert not difference(good, wrong).readable
        assert not difference(wrong, good).readable
