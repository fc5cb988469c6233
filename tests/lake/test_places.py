"""Shapefiles, GeoPackages and GeoJSON become rows with longitude and latitude, or say why not."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import shapefile  # type: ignore[import-untyped]
from pyproj import CRS

from datalab.catalog.dataset import Dataset
from datalab.errors import SourceTooLarge, UnreadableFile
from datalab.lake.connection import connect
from datalab.lake.stage import Staged
from tests.lake.datasets import dataset, staged

LAMBERT = CRS.from_epsg(2154).to_wkt("WKT1_ESRI")
DIJON = (855_000, 6_695_000)  # in Lambert-93: 5.0529 E, 47.3372 N
COLUMNS = {"nom": "varchar", "watts": "decimal(10,2)", "pose": "date", "longitude": "double"}


def lamps(folder: Path, encoding: str = "cp1252") -> dict[str, bytes]:
    """The parts of a small shapefile of points."""
    stem = folder / "lamps"
    with shapefile.Writer(str(stem), shapeType=shapefile.POINT, encoding=encoding) as writer:
        writer.field("nom", "C", 20)
        writer.field("watts", "N", 8, 2)
        writer.field("pose", "D")
        for name, watts, day in (("Réverbère", 70.5, "20200131"), ("Œil", None, None)):
            writer.point(*DIJON)
            writer.record(name, watts, day)
    parts = {s: stem.with_suffix(s).read_bytes() for s in (".shp", ".shx", ".dbf")}
    return {**parts, ".prj": LAMBERT.encode(), ".cpg": b"1252"}


def zipped(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def shaped(**facts: Any) -> Dataset:
    source = {"format": "shapefile", **facts.pop("source", {})}
    return dataset(facts.pop("columns", COLUMNS), source=source, **facts)


def read(result: Staged, what: str = "* EXCLUDE longitude, round(longitude, 4)") -> list[Any]:
    with connect(str(result.path), read_only=True) as connection:
        return connection.execute(f"SELECT {what} FROM data").fetchall()


def in_folder(parts: Mapping[str, bytes]) -> bytes:
    return zipped({f"lampes/lamps{suffix}": content for suffix, content in parts.items()})


def test_a_shapefile_becomes_rows_in_longitude_and_latitude(tmp_path: Path) -> None:
    described = shaped(columns={**COLUMNS, "latitude": "double", "geometry": "geometry"})
    result = staged(described, in_folder(lamps(tmp_path)), tmp_path)
    place = "round(longitude, 4), round(latitude, 4), round(ST_Y(geometry), 4)"
    first, second = read(result, f"nom, watts::VARCHAR, pose::VARCHAR, {place}")
    assert first == ("Réverbère", "70.50", "2020-01-31", 5.0529, 47.3372, 47.3372)
    assert second[:3] == ("Œil", None, None)


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_a_part_that_is_missing_is_named(tmp_path: Path, part: str) -> None:
    parts = lamps(tmp_path)
    del parts[part]
    with pytest.raises(UnreadableFile, match=f"lamps\\{part}"):
        staged(shaped(), in_folder(parts), tmp_path)


def test_coordinates_without_a_system_are_refused_until_the_catalog_says_it(tmp_path: Path) -> None:
    parts = lamps(tmp_path)
    del parts[".prj"]
    with pytest.raises(UnreadableFile, match="EPSG:2154"):
        staged(shaped(), in_folder(parts), tmp_path)
    result = staged(shaped(source={"crs": "EPSG:2154"}), in_folder(parts), tmp_path)
    assert read(result)[0][-1] == 5.0529
    with pytest.raises(UnreadableFile, match=r"2154.*3947"):
        staged(shaped(source={"crs": "EPSG:3947"}), in_folder(lamps(tmp_path)), tmp_path)


def test_degrees_that_are_called_metres_are_rejected(tmp_path: Path) -> None:
    document = {
        "type": "FeatureCollection",
        "crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::2154"}},
        "features": [
            {"properties": {"n": n}, "geometry": {"type": "Point", "coordinates": place}}
            for n, place in ((1, [5.04, 47.32]), (2, list(DIJON)))
        ],
    }
    columns = {"n": "integer", "geometry": "geometry"}
    source = {"format": "geojson", "crs": "EPSG:2154"}
    described = dataset(columns, source=source, max_reject_ratio=0.5)
    result = staged(described, json.dumps(document), tmp_path)
    assert read(result, "n, round(ST_X(geometry), 4)") == [(2, 5.0529)]
    assert [(reject.line, reject.column) for reject in result.rejects] == [(1, "geometry")]


@pytest.mark.parametrize("page", [b"UTF-8", b"65001", None])
def test_the_encoding_is_the_one_told_and_never_guessed(tmp_path: Path, page: bytes | None) -> None:
    parts = lamps(tmp_path, "utf-8")
    parts[".cpg"] = page or b""
    if page is None:
        del parts[".cpg"]
    assert read(staged(shaped(), in_folder(parts), tmp_path))[0][0] == "Réverbère"
    latin = lamps(tmp_path) | {".cpg": b"UTF-8"}
    with pytest.raises(UnreadableFile, match="encod"):
        staged(shaped(), in_folder(latin), tmp_path)
    with pytest.raises(UnreadableFile, match="klingon"):
        staged(shaped(), in_folder(lamps(tmp_path) | {".cpg": b"klingon"}), tmp_path)


def test_attributes_are_read_as_they_are_written(tmp_path: Path) -> None:
    parts = lamps(tmp_path)
    head, width = struct.unpack("<HH", parts[".dbf"][8:12])
    table = bytearray(parts[".dbf"])
    table[head] = 0  # what one city writes where a space belongs
    table[head + width] = ord("*")  # deleted by its publisher
    result = staged(shaped(), in_folder(parts | {".dbf": bytes(table)}), tmp_path)
    assert [row[0] for row in read(result)] == ["Réverbère"]
    table[head + 21 : head + 29] = b"  7O.50 "
    described = shaped(max_reject_ratio=1)
    result = staged(described, in_folder(parts | {".dbf": bytes(table)}), tmp_path)
    assert [reject.value for reject in result.rejects] == ["7O.50"]


def test_a_table_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    parts = lamps(tmp_path)
    for cut in (".dbf", ".shp", ".shx"):
        broken = parts | {cut: parts[cut][: len(parts[cut]) // 2]}
        with pytest.raises(UnreadableFile):
            staged(shaped(max_reject_ratio=0), in_folder(broken), tmp_path)


def test_one_of_several_shapefiles_is_chosen_by_name(tmp_path: Path) -> None:
    parts = lamps(tmp_path)
    both = zipped({f"{name}{s}": c for name in ("nord", "sud") for s, c in parts.items()})
    with pytest.raises(UnreadableFile, match="nord, sud"):
        staged(shaped(), both, tmp_path)
    assert staged(shaped(source={"layer": "sud"}), both, tmp_path).rows == 2


def test_what_is_not_a_safe_archive_is_refused(tmp_path: Path) -> None:
    parts = lamps(tmp_path)
    with pytest.raises(UnreadableFile, match="seul"):
        staged(shaped(), parts[".shp"], tmp_path)
    with pytest.raises(UnreadableFile, match="zip"):
        staged(shaped(), b"PK\x03\x04nothing", tmp_path)
    with pytest.raises(UnreadableFile, match="hors de l’archive"):
        staged(shaped(), zipped({"../../lamps.shp": b"x"}), tmp_path)
    link = zipfile.ZipInfo("lamps.shp")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnreadableFile, match="lien"):
        staged(shaped(), packed.getvalue(), tmp_path)


def test_a_bomb_is_not_unpacked_whatever_it_says_of_its_size(tmp_path: Path) -> None:
    bomb = bytearray(in_folder(lamps(tmp_path) | {".dbf": bytes(40_000_000)}))
    with pytest.raises(SourceTooLarge):
        staged(shaped(), bytes(bomb), tmp_path, max_bytes=1_000_000)
    size = struct.pack("<I", 40_000_000)
    while (at := bomb.find(size)) >= 0:  # the archive says that it is small
        bomb[at : at + 4] = struct.pack("<I", 10)
    with pytest.raises((SourceTooLarge, UnreadableFile)):
        staged(shaped(), bytes(bomb), tmp_path, max_bytes=1_000_000)
    assert not [path for path in tmp_path.rglob("*") if path.stat().st_size > 2_000_000]


def geopackage(path: Path, *, view: bool = False, system: int = 2154) -> bytes:
    """A GeoPackage with the layer ``lampes``, written by hand after the standard."""
    point = struct.pack("<BIdd", 1, 1, *DIJON)
    blob = b"GP\x00\x01" + struct.pack("<i", system) + point
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE gpkg_contents(table_name TEXT, data_type TEXT, srs_id INTEGER);"
            "CREATE TABLE gpkg_geometry_columns(table_name TEXT, column_name TEXT, srs_id INT);"
            "CREATE TABLE gpkg_spatial_ref_sys(srs_id INT, organization TEXT, "
            "organization_coordsys_id INT, definition TEXT);"
            f"INSERT INTO gpkg_contents VALUES ('lampes', 'features', {system});"
            f"INSERT INTO gpkg_geometry_columns VALUES ('lampes', 'geom', {system});"
            f"INSERT INTO gpkg_spatial_ref_sys VALUES ({system}, 'EPSG', {system}, 'undefined');"
        )
        table = "secret" if view else "lampes"
        database.execute(f"CREATE TABLE {table}(fid INTEGER PRIMARY KEY, geom BLOB, nom TEXT)")
        database.execute(f"INSERT INTO {table} VALUES (7, ?, 'Réverbère'), (8, NULL, NULL)", [blob])
        if view:
            database.execute("CREATE VIEW lampes AS SELECT * FROM secret")
    database.close()
    return path.read_bytes()


def packaged(**facts: Any) -> Dataset:
    columns = {"nom": "varchar", "longitude": "double", "geometry": "geometry"}
    return dataset(columns, source={"format": "gpkg", **facts})


def test_a_geopackage_becomes_rows_also_from_a_zip(tmp_path: Path) -> None:
    content = geopackage(tmp_path / "a.gpkg")
    wanted = [("Réverbère", 5.0529, 47.3372), (None, None, None)]
    what = "nom, round(longitude, 4), round(ST_Y(geometry), 4)"
    assert read(staged(packaged(), content, tmp_path), what) == wanted
    assert read(staged(packaged(), zipped({"x/a.gpkg": content}), tmp_path), what) == wanted
    described = dataset({"fid": "integer", "nom": "varchar"}, source={"format": "gpkg"})
    assert read(staged(described, content, tmp_path), "fid") == [(7,), (8,)]


def test_only_a_plain_table_of_a_geopackage_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="simple table"):
        staged(packaged(), geopackage(tmp_path / "a.gpkg", view=True), tmp_path)
    with pytest.raises(UnreadableFile, match="lampes"):
        staged(packaged(layer="arbres"), geopackage(tmp_path / "b.gpkg"), tmp_path)
    with pytest.raises(UnreadableFile, match="GeoPackage"):
        staged(packaged(), b"SQLite format 3\0" + bytes(4096), tmp_path)
    with pytest.raises(UnreadableFile, match="EPSG:1234"):
        staged(packaged(), geopackage(tmp_path / "c.gpkg", system=1234), tmp_path)


def test_what_is_nested_is_read_by_its_declared_parts(tmp_path: Path) -> None:
    document = {
        "type": "FeatureCollection",
        "features": [
            {"properties": {"adresse": {"rue": "Foch", "ville": {"nom": "Dijon"}}, "n": 1}},
            {"properties": {"adresse": None, "n": 2}},
        ],
    }
    described = dataset(
        {
            "rue": {"type": "varchar", "source": "adresse.rue"},
            "ville": {"type": "varchar", "source": "adresse.ville.nom"},
            "n": "integer",
        },
        source={"format": "geojson"},
    )
    result = staged(described, json.dumps(document), tmp_path)
    assert read(result, "*") == [("Foch", "Dijon", 1), (None, None, 2)]
    whole = dataset({"adresse": "varchar", "n": "integer"}, source={"format": "geojson"})
    assert json.loads(read(staged(whole, json.dumps(document), tmp_path), "adresse")[0][0])
