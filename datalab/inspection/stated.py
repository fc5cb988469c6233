"""Layouts of files that say themselves what they hold: Parquet, shapefiles, GeoPackages, GTFS."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.errors import FileNotATable
from datalab.i18n import Phrase
from datalab.inspection.found import Remark
from datalab.inspection.layout import Layout
from datalab.lake.connection import connect, identifier, literal
from datalab.lake.dbf import open_dbf
from datalab.lake.members import Members

# DuckDB's name of a type -> the catalog's.
TYPES = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT", "INTEGER"), "integer"),
    **dict.fromkeys(("BIGINT", "UINTEGER"), "bigint"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "double"),
    **{"BOOLEAN": "boolean", "DATE": "date", "TIME": "time", "VARCHAR": "varchar"},
    **{"TIMESTAMP WITH TIME ZONE": "timestamptz", "GEOMETRY": "geometry"},
}
GEOMETRY = "geometry"
PAGE = 100  # bytes of a .cpg


def parquet(file: Path) -> Layout:
    """Columns and types as the Parquet file states them."""
    try:
        with connect() as connection:
            described = connection.execute(
                f"DESCRIBE FROM read_parquet({literal(file)})"
            ).fetchall()
    except duckdb.Error as error:
        raise FileNotATable(
            reason=Phrase("it is a damaged Parquet file: {error}", error=str(error).split("\n")[0])
        ) from error
    types = {}
    for name, kind, *_ in described:
        known = TYPES.get(kind.split("(")[0]) if not kind.endswith("[]") else None
        if kind.startswith("TIMESTAMP") and known is None:
            known = "timestamp"
        if kind.startswith("DECIMAL"):
            known = kind.lower()
        types[name] = f"={known or 'varchar'}"
    return Layout("parquet", list(types), types=types, first_row=1)


def shapefile(file: Path) -> Layout:
    """Attributes of the first shapefile in a zip, and its geometry."""
    asked = _as_asked("shapefile")
    with Members(asked, file) as members, TemporaryDirectory() as folder:
        found = sorted(members.ending(".shp"))
        shp = found[0]
        dbf, cpg = members.beside(shp, ".dbf"), members.beside(shp, ".cpg")
        if dbf is None:
            raise FileNotATable(
                reason=Phrase("the table of its shapefile (.dbf) is not in the archive")
            )
        page = members.read(cpg, PAGE).decode("ascii", "replace") if cpg else None
        table = open_dbf(asked, members.take(dbf, Path(folder) / "table.dbf"), page)
        fields = {field.name: "text" if field.kind == "C" else "open" for field in table.fields}
    layout = _placed("shapefile", fields, GEOMETRY)
    stems = [PurePosixPath(name).stem for name in found]
    return _of_several(layout, stems)


def geopackage(file: Path) -> Layout:
    """Columns of the first layer of a GeoPackage."""
    uri = f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA query_only = ON")
            layers = [
                row[0]
                for row in database.execute(
                    "SELECT table_name FROM gpkg_contents "
                    "WHERE data_type IN ('features', 'attributes') ORDER BY table_name"
                )
            ]
            if not layers:
                raise FileNotATable(reason=Phrase("it holds no layer"))
            shaped = database.execute(
                "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", [layers[0]]
            ).fetchone()
            columns = database.execute(f"PRAGMA table_info({identifier(layers[0])})").fetchall()
    except sqlite3.Error as error:
        raise FileNotATable(
            reason=Phrase("it is a damaged GeoPackage: {error}", error=str(error))
        ) from error
    geometry = shaped[0] if shaped else None
    fields = {
        name: "text" if "CHAR" in kind.upper() or "TEXT" in kind.upper() else "open"
        for _, name, kind, *_ in columns
        if name != geometry
    }
    return _of_several(_placed("gpkg", fields, GEOMETRY if geometry else None), layers)


def gtfs(file: Path) -> Layout:
    """The stops of a timetable; its other tables are told."""
    with Members(_as_asked("gtfs"), file) as members:
        tables = {PurePosixPath(name).stem: name for name in members.ending(".txt")}
        text = members.read(tables["stops"]).decode("utf-8-sig", "replace")
    names = next(csv.reader(io.StringIO(text)), [])
    layout = Layout("gtfs", [name.strip() for name in names], source={"table": "stops"})
    layout.remarks = [
        Remark(
            "other-tables",
            "the table '{table}' of the timetable was read; the others are {others}",
            {"table": "stops", "others": ", ".join(t for t in tables if t != "stops")},
            "note",
        )
    ]
    layout.first_row = 1
    return layout


def _placed(form: str, fields: dict[str, str], geometry: str | None) -> Layout:
    types = {**fields, **({geometry: "geometry"} if geometry else {})}
    return Layout(form, list(types), types=types, first_row=1)


def _of_several(layout: Layout, layers: list[str]) -> Layout:
    if len(layers) > 1:
        layout.source["layer"] = layers[0]
        layout.remarks.append(
            Remark(
                "other-layers",
                "its layer '{layer}' was read; the others are {others}",
                {"layer": layers[0], "others": ", ".join(layers[1:])},
            )
        )
    return layout


def _as_asked(form: str) -> Dataset:
    """As much of a dataset as the readers of the lake ask for."""
    nothing = {"fr": "-", "en": "-"}
    return Dataset.model_validate(
        {
            **{"id": "file", "title": nothing, "description": nothing, "publisher": "-"},
            **{"license": "not-stated", "steward": "-", "periodicity": "irregular"},
            "source": {"connector": "file", "path": "-", "format": form},
            "columns": {"a": {"type": "varchar", "description": nothing}},
        }
    )
