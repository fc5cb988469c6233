"""Shapefiles in a zip: geometries by pyshp, attributes as text, longitude and latitude out.

pyshp and not GDAL: it is Python, so a hostile file cannot write outside its own objects, and it
opens nothing but the bytes that it is given (GDAL follows paths and addresses inside files).
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.errors import nearest
from datalab.lake.dbf import open_dbf, rows_of
from datalab.lake.members import Members
from datalab.lake.placed import placed, with_geometry
from datalab.lake.projection import batches, code_of, to_wkb
from datalab.lake.raw import Raw, Reject, unreadable
from datalab.lake.tabular import from_rows

BARE = b"\x00\x00\x27\x0a"  # how a .shp begins
NOT_A_SHAPE = "its shape cannot be read"


def read_shapefile(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The records of the shapefile ``source.layer`` in a zip, or of the only one.

    A record gives its attributes and, where the catalog declares them, ``geometry`` (WGS 84) and
    for points ``longitude`` and ``latitude``.

    Raises
    ------
    UnreadableFile
        where a part is missing, the reference system is not told, or the columns are others.
    SourceTooLarge
        where it unpacks to more than the dataset allows.
    """
    with file.open("rb") as opened:
        if opened.read(4) == BARE:
            raise unreadable(
                dataset,
                "it is the .shp alone; a shapefile is a zip with its .shp, .shx, .dbf and .prj.",
            )
    with Members(dataset, file) as members:
        shp = _chosen(dataset, members)
        parts = {suffix: _part(dataset, members, shp, suffix) for suffix in (".shx", ".dbf")}
        prj, cpg = members.beside(shp, ".prj"), members.beside(shp, ".cpg")
        described = members.read(prj).decode("utf-8", "replace") if prj else None
        page = members.read(cpg, 100).decode("ascii", "replace") if cpg else None
        paths = {
            suffix: members.take(name, folder / f"shape{suffix}")
            for suffix, name in {".shp": shp, **parts}.items()
        }
    table = open_dbf(dataset, paths[".dbf"], page)
    shapes = max(0, paths[".shx"].stat().st_size - 100) // 8
    if shapes != table.records:
        raise unreadable(
            dataset,
            "its .shx names {shapes} shapes and its .dbf holds {records} records; they do not "
            "belong together.",
            shapes=shapes,
            records=table.records,
        )
    code = code_of(dataset, described)
    names = [field.name for field in table.fields]
    columns, kept = with_geometry(dataset, names)
    rejects: list[Reject] = []

    def rows() -> Iterator[tuple[int, list[str | None]]]:
        records = enumerate(rows_of(dataset, table), start=1)
        for batch in batches(zip(records, _shapes(dataset, paths), strict=True)):
            good = []
            for (number, values), shape in batch:
                if values is None:
                    continue
                if isinstance(shape, Exception):
                    rejects.append(Reject(number, "geometry", str(shape)[:200], NOT_A_SHAPE))
                else:
                    good.append((number, values, shape))
            codes = to_wkb([shape for _, _, shape in good], code)
            for (number, values, _), wkb in zip(good, codes, strict=True):
                yield number, placed(columns, kept, values, wkb)

    return from_rows(columns, rows(), connection, rejects)


def _shapes(dataset: Dataset, paths: dict[str, Path]) -> Iterator[Any]:
    """The geometry of each record, None where there is none, or why it cannot be read."""
    import shapefile  # type: ignore[import-untyped]
    from shapely.geometry import shape as to_shapely

    # It warns of lengths that do not fit on standard error; what cannot be read is told as such.
    warnings.filterwarnings("ignore", module="shapefile")
    try:
        with (
            paths[".shp"].open("rb") as shp,
            paths[".shx"].open("rb") as shx,
            shapefile.Reader(shp=shp, shx=shx) as reader,
        ):
            for number in range(len(reader)):
                try:
                    found = reader.shape(number)
                    plain = found is None or found.shapeType == shapefile.NULL
                    yield None if plain else to_shapely(found.__geo_interface__)
                except (*_DAMAGED, shapefile.ShapefileException) as error:
                    yield error
    except (*_DAMAGED, shapefile.ShapefileException) as error:
        raise unreadable(
            dataset, "its shapes (.shp) cannot be read: {error}.", error=error
        ) from error


_DAMAGED = (
    struct.error,
    OSError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    EOFError,
)


def _chosen(dataset: Dataset, members: Members) -> str:
    found = members.ending(".shp")
    stems = {PurePosixPath(name).stem: name for name in found}
    wanted = dataset.source.layer
    if wanted is not None:
        if wanted in stems:
            return stems[wanted]
        raise unreadable(
            dataset,
            "it holds no shapefile '{layer}'; it holds: {known}. Nearest: {close}.",
            layer=wanted,
            known=", ".join(stems) or "–",
            close=nearest(wanted, stems) or "–",
        )
    if len(found) == 1:
        return found[0]
    if not found:
        raise unreadable(
            dataset,
            "there is no .shp in the archive; it holds: {known}.",
            known=", ".join(members.names[:8]) or "–",
        )
    raise unreadable(
        dataset,
        "it holds several shapefiles ({known}); say which one in 'layer'.",
        known=", ".join(stems),
    )


def _part(dataset: Dataset, members: Members, shp: str, suffix: str) -> str:
    found = members.beside(shp, suffix)
    if found is None:
        raise unreadable(
            dataset,
            "'{name}' is missing in the archive; a shapefile is .shp, .shx and .dbf together.",
            name=PurePosixPath(shp).with_suffix(suffix).name,
        )
    return found
