"""GeoPackages: SQLite databases with geometries, read by Python's own sqlite3.

Not by GDAL: a GeoPackage can hold views, triggers and references to other files. Only a plain
table is read here, on a connection that writes nothing, trusts no schema and loads nothing.

https://www.geopackage.org/spec131/
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.connection import identifier
from datalab.lake.members import Members
from datalab.lake.placed import placed, with_geometry
from datalab.lake.projection import WGS84, batches, code_of, known, to_wkb
from datalab.lake.raw import Raw, Reject, unreadable
from datalab.lake.tabular import from_rows

ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
LONGEST = 100_000_000  # bytes of one value
NOT_A_GEOMETRY = "its geometry cannot be read"


def read_geopackage(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The rows of the layer ``source.layer``, or of the only one; also of one inside a zip.

    Raises
    ------
    UnreadableFile
        where it is no GeoPackage, has no such layer, other columns, or an unknown reference system.
    """
    path = _database(dataset, file, folder)
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        _close(database)
        layer, geometry, system = _layer(dataset, database)
        names, key = _columns(dataset, database, layer)
        code = WGS84 if geometry is None else _code(dataset, database, system)
        others = [name for name in names if name != geometry]
        columns, kept = with_geometry(dataset, others, spare=[key] if key else [])
        rejects: list[Reject] = []
        raw = from_rows(
            columns,
            _rows(dataset, database, (layer, others, geometry, code), columns, kept, rejects),
            connection,
            rejects,
        )
    except (sqlite3.Error, OverflowError) as error:
        raise unreadable(dataset, "{error}", error=error) from error
    finally:
        database.close()
    return raw


def _close(database: sqlite3.Connection) -> None:
    """A stranger's schema may call functions (in views, defaults, checks): none is trusted."""
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA query_only = ON")
    database.execute("PRAGMA cell_size_check = ON")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")


def _database(dataset: Dataset, file: Path, folder: Path) -> Path:
    with file.open("rb") as opened:
        start = opened.read(16)
    if start == b"SQLite format 3\0":
        return file
    if start[:2] != b"PK":
        raise unreadable(dataset, "it is not a GeoPackage.")
    with Members(dataset, file) as members:
        found = members.ending(".gpkg")
        if len(found) != 1:
            raise unreadable(
                dataset,
                "the archive has to hold one .gpkg; it holds: {known}.",
                known=", ".join(PurePosixPath(n).name for n in found or members.names[:8]) or "–",
            )
        return members.take(found[0], folder / "layer.gpkg")


def _layer(dataset: Dataset, database: sqlite3.Connection) -> tuple[str, str | None, Any]:
    """Name of the table, of its column of geometries, and its reference system."""
    try:
        layers = dict(
            database.execute(
                "SELECT table_name, data_type FROM gpkg_contents "
                "WHERE data_type IN ('features', 'attributes') ORDER BY table_name"
            ).fetchall()
        )
    except sqlite3.DatabaseError:
        raise unreadable(dataset, "it is not a GeoPackage.") from None
    wanted = dataset.source.layer
    if wanted is None and len(layers) != 1:
        raise unreadable(
            dataset,
            "it has the layers {known}; say which one in 'layer'.",
            known=", ".join(layers) or "–",
        )
    layer = wanted or next(iter(layers))
    if layer not in layers:
        raise unreadable(
            dataset,
            "it has no layer '{layer}'; it has: {known}.",
            layer=layer,
            known=", ".join(layers) or "–",
        )
    kind = database.execute(
        "SELECT type, sql FROM sqlite_master WHERE name = ?", [layer]
    ).fetchone()
    if kind is None or kind[0] != "table" or "virtual" in str(kind[1]).lower().split("(")[0]:
        raise unreadable(dataset, "its layer '{layer}' is not a plain table.", layer=layer)
    if layers[layer] == "attributes":
        return layer, None, None
    row = database.execute(
        "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?", [layer]
    ).fetchone()
    return (layer, None, None) if row is None else (layer, str(row[0]), row[1])


def _columns(
    dataset: Dataset, database: sqlite3.Connection, layer: str
) -> tuple[list[str], str | None]:
    """Names of the columns, and the one that only numbers the rows."""
    found = database.execute(f"PRAGMA table_info({identifier(layer)})").fetchall()
    keys = [row[1] for row in found if row[5]]
    return [row[1] for row in found], keys[0] if len(keys) == 1 else None


def _code(dataset: Dataset, database: sqlite3.Connection, system: Any) -> str:
    row = database.execute(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys "
        "WHERE srs_id = ?",
        [system],
    ).fetchone()
    if row is not None and str(row[0]).upper() == "EPSG":
        code = known(dataset, f"EPSG:{int(row[1])}")
        if dataset.source.crs not in (None, code):
            return code_of(dataset, _wkt(code))
        return code
    undefined = row is None or str(row[2]).lower() in ("undefined", "none", "")
    return code_of(dataset, None if undefined else str(row[2]))


def _wkt(code: str) -> str:
    from pyproj import CRS

    return str(CRS.from_user_input(code).to_wkt())


def _rows(
    dataset: Dataset,
    database: sqlite3.Connection,
    layer: tuple[str, list[str], str | None, str],
    columns: list[str],
    kept: list[int],
    rejects: list[Reject],
) -> Iterator[tuple[int, list[str | None]]]:
    import shapely

    table, others, geometry, code = layer
    asked = ", ".join(identifier(name) for name in [*others, *([geometry] if geometry else [])])
    nulls = set(dataset.source.csv.null_values)
    cursor = database.execute(f"SELECT {asked} FROM {identifier(table)}")  # noqa: S608
    for batch in batches(enumerate(cursor, start=1)):
        good = []
        for number, row in batch:
            values = [_text(value) for value in row[: len(others)]]
            values = [None if value in nulls else value for value in values]
            try:
                shape = shapely.from_wkb(_wkb(row[-1])) if geometry else None
            except (ValueError, TypeError, struct.error, shapely.errors.GEOSException) as error:
                rejects.append(Reject(number, "geometry", str(error)[:200], NOT_A_GEOMETRY))
                continue
            good.append((number, values, shape))
        codes = to_wkb([shape for _, _, shape in good], code)
        for (number, values, _), wkb in zip(good, codes, strict=True):
            yield number, placed(columns, kept, values, wkb)


def _wkb(blob: Any) -> bytes | None:
    """The well-known binary after the header of a GeoPackage's geometry (2.1.3 of the standard)."""
    if blob is None:
        return None
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
        raise ValueError("no GeoPackage geometry")
    flags = blob[3]
    envelope = (flags >> 1) & 7
    if envelope not in ENVELOPES:
        raise ValueError("no GeoPackage geometry")
    return blob[8 + ENVELOPES[envelope] :]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.hex() if isinstance(value, bytes) else repr(value)
