"""The page ``docs/reference/connectors.md``, written from the connectors' own models."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from datalab.catalog.dataset import CsvOptions, Source
from datalab.connectors.registry import source_models

_START = """# Connectors

The `source` of a dataset says where its file comes from. `connector` chooses one of the
connectors below; the keys after it are those of that connector, and of every source.

This page is generated from the models in `datalab/connectors/`.
"""


def reference() -> str:
    """The page, in Markdown; the same text for the same models."""
    parts = [_START]
    for name, model in sorted(source_models().items()):
        own = {key: f for key, f in model.model_fields.items() if key not in Source.model_fields}
        parts += [f"## `{name}`\n", f"{(model.__doc__ or '').strip()}\n", _table(own)]
    shared = {key: f for key, f in Source.model_fields.items() if key != "connector"}
    parts += ["## Keys of every source\n", _table(shared)]
    parts += ["### Keys of `csv`\n", _table(dict(CsvOptions.model_fields))]
    return "\n".join(parts)


def _table(fields: dict[str, FieldInfo]) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{field.alias or key}` | {_kind(field.annotation)} | {_default(field)} "
        f"| {field.description or ''} |"
        for key, field in fields.items()
    ]
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value!r}`" if isinstance(value, str | list) else f"`{value}`"


_KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def _kind(annotation: Any) -> str:
    """A type as a person says it."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inside[0])
    if origin in {Union, types.UnionType}:
        return " or ".join(_kind(option) for option in inside if option is not type(None))
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in inside)
    if origin is dict:
        return f"mapping of names to {_kind(inside[1])}"
    if origin is list:
        return f"list of {_kind(inside[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping, see below"
    return _KINDS.get(annotation, "value")
