"""A dataset as its YAML file describes it (DCAT's Dataset and Distribution, our keys)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from datalab.catalog.accumulate import Accumulate as Accumulate
from datalab.catalog.mask import MaskRule, Rule, rule_of
from datalab.catalog.text import Model as Model
from datalab.catalog.text import Text as Text
from datalab.catalog.writing import CsvOptions as CsvOptions

Access = Literal["open", "members", "restricted"]
Severity = Literal["error", "warning"]
Format = Literal["csv", "json", "geojson", "parquet", "xlsx", "hdf", "shapefile", "gpkg", "gtfs"]
Periodicity = Literal[
    "once", "realtime", "hourly", "daily", "weekly", "monthly", "quarterly", "annual", "irregular"
]

# The six of Implementing Regulation (EU) 2023/138.
HvdCategory = Literal[
    "geospatial", "earth-observation", "meteorological", "statistics", "companies", "mobility"
]

SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
TYPE_NAMES = (
    *("varchar", "boolean", "smallint", "integer", "bigint", "double", "decimal(10,2)"),
    *("date", "time", "timestamp", "timestamptz", "geometry"),
)
TYPES = re.compile(
    r"^(varchar|boolean|smallint|integer|bigint|double|date|time|timestamp|timestamptz|geometry"
    r"|decimal\(\d{1,2},\s*\d{1,2}\))$"
)


def _known_type(value: str) -> str:
    lowered = value.lower().strip()
    if not TYPES.match(lowered):
        raise ValueError(
            "not a column type; use varchar, boolean, smallint, integer, bigint, double, "
            "decimal(p,s), date, time, timestamp, timestamptz or geometry"
        )
    return lowered


ColumnType = Annotated[str, AfterValidator(_known_type)]


class Column(Model):
    """One column of the published table.

    ``source`` names the column in the file where it differs; ``values`` is the code list.
    """

    type: ColumnType
    unit: str | None = None
    description: Text
    source: str | None = None
    values: dict[str, Text] | None = None
    personal: bool = False


class Source(BaseModel):
    """The Distribution a dataset is fetched from.

    Keys beyond these belong to the connector, whose own model checks them. ``columns`` gives name
    and type of the columns as they stand in the file, in the order of the file where it has no
    header; it may be left out where the published columns are those of the file.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    connector: str = Field(description="name of the connector")
    format: Format = Field("csv", description="how the file is written")
    compression: Literal["none", "gzip", "xz", "lzma", "bz2"] = Field(
        "none", description="how the file is compressed"
    )
    csv: CsvOptions = Field(default=CsvOptions(), description="how a CSV file is written")
    sheet: str | None = Field(None, description="worksheet of an XLSX file; the first if absent")
    header_row: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="row of the worksheet, as the spreadsheet numbers it, that names the columns; "
        "the first that is not empty if absent",
    )
    header_rows: int | None = Field(
        None,
        ge=1,
        le=5,
        description="rows that name the columns together, from header_row on, joined with ' / '; "
        "one if absent",
    )
    until: str | None = Field(
        None,
        min_length=1,
        description="how the first cell of the row below the table begins (notes, source)",
    )
    merged_cells: Literal["fill"] | None = Field(
        None,
        description="fill repeats the value of merged cells of an XLSX file; refused if absent",
    )
    layer: str | None = Field(
        None,
        description="layer of a GeoPackage, or name of the shapefile in a zip; the only one if "
        "absent",
    )
    table: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$",
        description="table of a GTFS feed, such as stops, or of a database",
    )
    crs: str | None = Field(
        None,
        pattern=r"^EPSG:[0-9]{4,6}$",
        description="reference system of the coordinates where the file does not say it, such as "
        "EPSG:2154; published are always longitude and latitude (WGS 84)",
    )
    records: str | None = Field(None, description="dotted path to the list inside a JSON document")
    columns: dict[str, ColumnType] | None = Field(
        None,
        description="columns of the file with their types, where they are not those published",
    )
    max_bytes: int | None = Field(
        None, gt=0, description="largest size of the file, in bytes; that of the lab if absent"
    )

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        """What can be seen to be wrong without fetching: (key, message, nearest valid value).

        ``file`` is the YAML file. A connector overrides this where it can know.
        """
        return []


class Expectation(BaseModel):
    """One Great Expectations expectation, by its own name and arguments."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field(pattern=r"^(expect_[a-z_]+|unexpected_rows_expectation)$")
    severity: Severity = "error"
    note: Text | None = Field(None, description="why it is expected, where the type does not say")
    scope: Literal["new", "whole"] = Field(
        "new", description="where a dataset accumulates: what the source gave now, or all of it"
    )

    @property
    def arguments(self) -> dict[str, Any]:
        """Its arguments: every key that is not one of the lab's own."""
        return dict(self.model_extra or {})


class MapHint(Model):
    """How the dataset is drawn.

    Either a ``geometry`` column, or ``longitude`` and ``latitude`` columns, or the polygons of
    another dataset (``boundaries``), joined where ``key`` there equals ``on`` here. ``value`` is
    the column shown first.
    """

    geometry: str | None = None
    longitude: str | None = None
    latitude: str | None = None
    boundaries: str | None = None
    key: str | None = None
    on: str | None = None
    value: str | None = None
    label: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> MapHint:
        ways = [
            self.geometry is not None,
            self.longitude is not None and self.latitude is not None,
            None not in (self.boundaries, self.key, self.on),
        ]
        if sum(ways) != 1:
            raise ValueError(
                "say exactly one of: geometry; longitude and latitude; boundaries, key and on"
            )
        return self


class Mask(Model):
    """What one audience reads in the place of a restricted table.

    ``for`` names groups, ``account:<name>`` or ``others`` (members of the lab whom nothing else
    names); ``columns`` says what becomes of each column that is not shown as it is.
    """

    name: str = Field(
        pattern=SLUG, max_length=40, description="name of the mask; made of 'for' if absent"
    )
    for_: list[str] = Field(alias="for", min_length=1, description="groups and accounts it is for")
    columns: dict[str, MaskRule] = Field(min_length=1, description="what becomes of each column")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        """A single name may stand without brackets, and names the mask."""
        if not isinstance(given, dict):
            return given
        named = given.get("for", given.get("for_"))
        listed = [named] if isinstance(named, str) else named
        made = dict(given)
        if "for" in made:
            made["for"] = listed
        if "name" not in made and isinstance(listed, list):
            made["name"] = "-".join(str(one).replace(":", "-") for one in listed)
        return made

    @property
    def rules(self) -> dict[str, Rule]:
        found = {column: rule_of(text) for column, text in self.columns.items()}
        return {column: rule for column, rule in found.items() if rule is not None}


class Dataset(Model):
    """A dataset of the lab. ``theme`` and ``folder`` come from where the file lies."""

    id: str = Field(pattern=SLUG, max_length=60)
    title: Text
    description: Text
    keywords: list[str] = Field(default_factory=list)
    publisher: str
    publisher_url: str | None = None
    license: str
    license_note: Text | None = None
    steward: str
    access: Access = "open"
    access_note: Text | None = None
    audience: list[str] = Field(
        default_factory=list, description="groups and 'account:<name>' that read it whole"
    )
    masks: list[Mask] = Field(
        default_factory=list,
        description="what others read in its place, from the one that shows most to the least",
    )
    overlap: Literal["narrowest", "widest"] = Field(
        "narrowest", description="what who is named more than once reads"
    )
    personal_data: Literal["none", "pseudonymous", "personal"] = "none"
    provenance: Literal["real", "synthetic"] = "real"
    calibration: Text | None = None
    role: Literal["equipment", "streets", "links"] | None = None
    schema_: str | None = Field(
        None,
        alias="schema",
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Table Schema that the file keeps, by its name in catalog/schemas",
    )
    retention: str | None = None
    notice_days: float | None = Field(
        None, ge=0, le=365, description="days that a breaking change waits; 0: none"
    )
    keep_snapshots: int | None = Field(
        None, ge=1, le=100_000, description="newest snapshots that the clean-up leaves"
    )
    periodicity: Periodicity
    temporal: str | None = Field(None, description="ISO 8601 interval, start/end")
    spatial: str = "dijon-metropole"
    commune: str | None = Field(
        None,
        pattern=r"^\d[0-9AB]\d{3}$",
        description="INSEE code of the commune whose publication it is, where it is one's",
    )
    redistribution: bool = True
    hvd_category: HvdCategory | None = Field(
        None, description="category of a high-value dataset of the European Union, if it is one"
    )
    max_reject_ratio: float = Field(0, ge=0, le=1)
    accumulate: Accumulate | None = Field(
        None, description="keeps the rows of earlier snapshots by key, for a time"
    )
    key: list[str] = Field(default_factory=list, description="columns that identify a row")
    map: MapHint | None = None
    source: Source
    columns: dict[str, Column] = Field(min_length=1)
    transform: str | None = None
    expectations: list[Expectation] = Field(default_factory=list)

    _theme: str = PrivateAttr(default="")
    _file: Path = PrivateAttr(default=Path())

    @property
    def theme(self) -> str:
        return self._theme

    @property
    def file(self) -> Path:
        """The YAML file, for messages and for paths beside it."""
        return self._file

    @property
    def sql_name(self) -> str:
        return self.id.replace("-", "_")

    @property
    def lake(self) -> str:
        """The access class: the name of the lake that holds it."""
        return f"restricted-{self.id}" if self.access == "restricted" else self.access

    def source_columns(self) -> dict[str, str]:
        """Name and DuckDB type of each column as it stands in the file."""
        if self.source.columns is not None:
            return dict(self.source.columns)
        return {column.source or name: column.type for name, column in self.columns.items()}

    def located(self, theme: str, file: Path) -> Dataset:
        """This dataset, knowing where its file lies."""
        self._theme, self._file = theme, file
        return self

    def as_json(self) -> dict[str, Any]:
        """Everything that readers may know, with theme and SQL name; ``from_json`` reverses it."""
        document = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"theme": self.theme, "sql_name": self.sql_name, **document}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Dataset:
        fields = {k: v for k, v in document.items() if k not in {"theme", "sql_name"}}
        return cls.model_validate(fields).located(document["theme"], Path())
