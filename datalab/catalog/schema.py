"""Table Schemas that the lab carries: what a file of a published standard has to look like.

``catalog/schemas/<name>.json`` holds the facts of a schema (fields, types, constraints, where it
was published, version, licence) in the form of the Table Schema specification, and our own
sentences in both languages.

https://specs.frictionlessdata.io/table-schema/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from datalab.catalog.dataset import Text
from datalab.catalog.mistake import Mistake
from datalab.errors import UnknownSchema, nearest
from datalab.i18n import Phrase
from datalab.settings import CHECKOUT

if TYPE_CHECKING:
    from datalab.catalog.dataset import Dataset

CARRIED = CHECKOUT / "catalog" / "schemas"
Kind = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "date",
    "datetime",
    "time",
    "year",
    "geopoint",
    "geojson",
    "array",
    "duration",
]
TRUE = ["true", "True", "TRUE", "1"]
FALSE = ["false", "False", "FALSE", "0"]


class Part(BaseModel):
    """Keys as the specification writes them; unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Constraints(Part):
    """What a value keeps beyond its type."""

    required: bool = False
    unique: bool = False
    pattern: str | None = None
    enum: list[Any] | None = None
    minimum: Any = None
    maximum: Any = None
    min_length: int | None = Field(None, alias="minLength")
    max_length: int | None = Field(None, alias="maxLength")


class SchemaField(Part):
    """One column of the standard. ``items`` are the values that an array may hold."""

    name: str
    type: Kind = "string"
    format: str = "default"
    constraints: Constraints = Field(default_factory=lambda: Constraints.model_validate({}))
    true_values: list[str] = Field(default=TRUE, alias="trueValues")
    false_values: list[str] = Field(default=FALSE, alias="falseValues")
    items: list[Any] | None = None
    check: Literal["siret", "siren"] | None = None


class Schema(Part):
    """A Table Schema with its facts."""

    name: str
    title: Text
    description: Text
    homepage: str
    source: str
    version: str
    license: str
    fields: list[SchemaField] = Field(min_length=1)
    primary_key: list[str] = Field(default_factory=list, alias="primaryKey")
    missing_values: list[str] = Field(default_factory=lambda: [""], alias="missingValues")

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def optional(self) -> list[str]:
        """The fields that a file may leave out."""
        return [field.name for field in self.fields if not field.constraints.required]


def schemas(folder: Path = CARRIED) -> dict[str, Schema]:
    """The schemas of ``folder`` by name."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def find_schema(name: str, folder: Path = CARRIED) -> Schema:
    """The schema of that name.

    Raises
    ------
    UnknownSchema
        naming those that there are.
    """
    path = folder / f"{name}.json"
    known = [found.stem for found in sorted(folder.glob("*.json"))]
    if name not in known:
        raise UnknownSchema(schema=name, known=", ".join(known) or "–")
    return _read(path)


def schema_of(dataset: Dataset) -> Schema | None:
    """The schema that a dataset names, from its own catalog or from those the lab carries."""
    if dataset.schema_ is None:
        return None
    own = dataset.file.resolve().parent.parent / "schemas"
    there = (own / f"{dataset.schema_}.json").is_file()
    return find_schema(dataset.schema_, own if there else CARRIED)


def mistakes_in(dataset: Dataset) -> Iterator[Mistake]:
    """What is wrong with the schema that a dataset names."""
    if dataset.schema_ is None:
        return
    try:
        schema = schema_of(dataset)
    except UnknownSchema as error:
        known = str(error.facts["known"]).split(", ")
        message = Phrase(
            "there is no Table Schema '{schema}' in catalog/schemas", schema=dataset.schema_
        )
        yield Mistake(("schema",), message, nearest(dataset.schema_, known))
        return
    written = set(dataset.source_columns())
    for field in schema.fields if schema else ():
        if field.constraints.required and field.name not in written:
            message = Phrase(
                "the schema '{schema}' requires the column '{column}', which the file is not said "
                "to have",
                schema=dataset.schema_,
                column=field.name,
            )
            yield Mistake(("schema",), message)


@cache
def _parsed(text: str) -> Schema:
    return Schema.model_validate(json.loads(text))


def _read(path: Path) -> Schema:
    try:
        return _parsed(path.read_text("utf-8"))
    except (OSError, ValueError, ValidationError):
        raise UnknownSchema(schema=path.stem, known="–") from None
