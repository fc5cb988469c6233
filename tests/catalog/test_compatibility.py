"""Which changes of a description break what was written for the one before."""

from __future__ import annotations

from typing import Any

import pytest

from datalab.catalog.compatibility import SchemaChange, is_wider, schema_changes


def table(key: list[str] | None = None, **columns: Any) -> dict[str, Any]:
    described = {
        name: {
            "description": {"fr": name, "en": name},
            **(c if isinstance(c, dict) else {"type": c}),
        }
        for name, c in columns.items()
    }
    return {"columns": described, "key": key or []}


def codes(*names: str) -> dict[str, Any]:
    return {"type": "varchar", "values": {name: {"fr": name, "en": name} for name in names}}


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (table(a="integer"), table(a="integer"), []),
        (table(a="integer"), table(b="date", a="integer"), [("column-added", False)]),
        (table(a="integer", b="date"), table(a="integer"), [("column-removed", True)]),
        (
            table(a={"type": "integer", "source": "A"}),
            table(b={"type": "integer", "source": "A"}),
            [("column-renamed", True)],
        ),
        (table(a="integer"), table(a="bigint"), [("type-wider", False)]),
        (table(a="bigint"), table(a="integer"), [("type-other", True)]),
        (table(a="varchar"), table(a="integer"), [("type-other", True)]),
        (table(["a"], a="integer"), table(["a"], a="integer"), []),
        (table(["a", "b"], a="date", b="date"), table(["b", "a"], a="date", b="date"), []),
        (table([], a="integer"), table(["a"], a="integer"), [("key-said", False)]),
        (table(["a"], a="integer"), table([], a="integer"), [("key-other", True)]),
        (
            table(a={"type": "double", "unit": "kWh"}),
            table(a={"type": "double", "unit": "MWh"}),
            [("unit-other", True)],
        ),
        (
            table(a={"type": "double", "unit": "kWh"}),
            table(a={"type": "double"}),
            [("unit-other", True)],
        ),
        (
            table(a={"type": "double"}),
            table(a={"type": "double", "unit": "kWh"}),
            [("unit-said", False)],
        ),
        (table(a=codes("x", "y")), table(a=codes("x")), [("codes-fewer", True)]),
        (table(a=codes("x")), table(a=codes("x", "y")), [("codes-added", False)]),
        (
            table(a=codes("x", "y")),
            table(a=codes("y", "z")),
            [("codes-fewer", True), ("codes-added", False)],
        ),
        (table(a=codes("x")), table(a="varchar"), [("codes-open", False)]),
        (table(a="varchar"), table(a=codes("x")), [("codes-said", False)]),
    ],
)  # fmt: skip
def test_each_change_has_its_class(before: Any, after: Any, kinds: list[Any]) -> None:
    found = schema_changes(before, after)
    assert [(change.kind, change.breaking) for change in found] == kinds
    assert [SchemaChange.from_json(change.as_json()) for change in found] == found
    for change in found:
        assert change.sentence.in_("fr")
        assert "{" not in change.sentence.in_("fr")


def test_the_key_follows_a_renamed_column() -> None:
    before = table(["a"], a={"type": "integer", "source": "A"})
    after = table(["b"], b={"type": "integer", "source": "A"})
    assert [change.kind for change in schema_changes(before, after)] == ["column-renamed"]


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        ("smallint", "double", True),
        ("bigint", "double", False),  # 2^53 + 1 is not a double
        ("decimal(8,2)", "decimal(10,2)", True),
        ("decimal(8,2)", "decimal(8,3)", False),  # six whole digits became five
        ("decimal(8,2)", "decimal(9,3)", True),
        ("integer", "decimal(12,2)", True),
        ("integer", "decimal(11,2)", False),
        ("decimal(8,2)", "double", True),
        ("decimal(20,4)", "double", False),
        ("decimal(5,0)", "integer", True),
        ("date", "timestamp", False),  # '2026-01-01' became '2026-01-01 00:00:00' for who reads it
        ("timestamp", "timestamptz", False),
        ("integer", "varchar", False),
    ],
)
def test_wider_means_that_no_value_changes(before: str, after: str, wider: bool) -> None:
    assert is_wider(before, after) is wider
