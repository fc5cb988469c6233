"""Where the rows of a dataset are: shapes of its own, points, or the boundaries it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from datalab.errors import NoPlaces, SeveralValuesPerPlace, UnknownDataset
from datalab.lake.connection import identifier
from datalab.notebook.frame import CRS, geometries, to_geopandas, to_pandas

if TYPE_CHECKING:
    import geopandas as gpd

    from datalab.notebook.dataset import Dataset

SHAPE = "geometry"
BACKGROUND = "commune-boundaries"


def hint_of(dataset: Dataset) -> dict[str, Any]:
    """The ``map`` part of the description; its geometry column where it has one and no hint."""
    hint = dataset.entry.dataset.get("map") or {}
    if hint:
        return dict(hint)
    for name, column in dataset.entry.dataset["columns"].items():
        if column["type"] == "geometry":
            return {"geometry": name}
    return {}


def to_places(dataset: Dataset, where: str | None = None) -> gpd.GeoDataFrame:
    """The rows of ``dataset`` with a place each, EPSG:4326; a row without a place has None.

    Raises
    ------
    NoPlaces
        where the description names no geometry, coordinates or boundaries.
    """
    hint = hint_of(dataset)
    relation = dataset.relation(where=where)
    if hint.get("geometry") in geometries(relation):
        return to_geopandas(relation, hint["geometry"])
    if hint.get("longitude") and hint.get("latitude"):
        return _points(relation, hint["longitude"], hint["latitude"])
    if hint.get("boundaries"):
        return to_geopandas(_joined(dataset, relation, hint), SHAPE)
    raise NoPlaces(dataset=dataset.id).in_language(dataset.language)


def _points(relation: duckdb.DuckDBPyRelation, longitude: str, latitude: str) -> gpd.GeoDataFrame:
    import geopandas as gpd

    frame = to_pandas(relation)
    points = gpd.points_from_xy(frame[longitude], frame[latitude], crs=CRS)
    # A missing coordinate is no place; an empty point would be drawn at nowhere.
    shapes = gpd.GeoSeries(points, index=frame.index)
    shapes[frame[longitude].isna() | frame[latitude].isna()] = None
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=CRS)


def _joined(
    dataset: Dataset, relation: duckdb.DuckDBPyRelation, hint: dict[str, Any]
) -> duckdb.DuckDBPyRelation:
    """Each row with the boundary of its place; several polygons of one place become one shape."""
    boundaries = boundaries_of(dataset)
    if boundaries is None:
        raise UnknownDataset(hint["boundaries"], dataset.lab.entries).in_language(dataset.language)
    shapes = boundaries.relation()
    geometry = hint_of(boundaries).get("geometry")
    if geometry not in geometries(shapes):
        raise NoPlaces(dataset=boundaries.id).in_language(dataset.language)
    key, on = identifier(hint["key"]), identifier(hint["on"])
    shape = shapes.project(f"{key} AS place_key, {identifier(geometry)} AS {SHAPE}")
    whole = shape.aggregate(f"place_key, ST_Union_Agg({SHAPE}) AS {SHAPE}", "place_key")
    names = ", ".join(f"rows_.{identifier(name)}" for name in relation.columns if name != SHAPE)
    joined = relation.set_alias("rows_").join(
        whole.set_alias("places_"), f"rows_.{on} = places_.place_key", how="left"
    )
    return joined.project(f"{names}, places_.{SHAPE} AS {SHAPE}")


def boundaries_of(dataset: Dataset) -> Dataset | None:
    """The dataset of boundaries that ``dataset`` names, where this lab has it."""
    name = hint_of(dataset).get("boundaries")
    return readable(dataset, name) if name else None


def readable(dataset: Dataset, name: str) -> Dataset | None:
    """Another dataset of the same lab, or None where it is unknown or unpublished."""
    entry = dataset.lab.entries.get(name)
    if entry is None or entry.good is None:
        return None
    return dataset.lab.dataset(name)


def background(dataset: Dataset) -> gpd.GeoDataFrame | None:
    """The communes, to see where one is: the lab has no street map of a third party."""
    communes = readable(dataset, BACKGROUND)
    if communes is None or communes.id == dataset.id:
        return None
    try:
        return to_places(communes)
    except NoPlaces:
        return None


def labels(dataset: Dataset, frame: gpd.GeoDataFrame) -> list[str]:
    """The name of each place: the column named in the description, else the first text."""
    hint, described = hint_of(dataset), dataset.entry.dataset
    label = hint.get("label")
    if label not in frame.columns or label == hint.get("on"):
        label = hint.get("on")
        boundaries = boundaries_of(dataset)
        named = hint_of(boundaries).get("label") if boundaries else None
        if boundaries is not None and named and label in frame.columns:
            names = boundaries.df(columns=[hint["key"], named])
            known = dict(zip(names[hint["key"]], names[named], strict=True))
            return [str(known.get(value, value)) for value in frame[label]]
    if label not in frame.columns:
        texts = [n for n, c in described["columns"].items() if c["type"] == "varchar"]
        label = next((name for name in texts if name in frame.columns), None)
    if label is None:
        return [str(position + 1) for position in range(len(frame))]
    return ["" if value is None else str(value) for value in frame[label]]


def one_row_per_place(dataset: Dataset, frame: gpd.GeoDataFrame, column: str | None) -> None:
    """A boundary drawn twice would show only the last of its values."""
    hint = hint_of(dataset)
    on = hint.get("on")
    frame = frame[frame.geometry.notna()]  # what has no place is not drawn, nor worth proposing
    if on is None or on not in frame.columns or not frame[on].duplicated().any():
        return
    twice = frame.loc[frame[on].duplicated(), on].iloc[0]
    rows = frame[frame[on] == twice]
    differing = [
        name for name in dataset.entry.dataset.get("key") or []
        if name != on and name in rows.columns and rows[name].nunique() > 1
    ]  # fmt: skip
    chosen = differing[0] if differing else next(
        (n for n in rows.columns if n not in {on, column, "geometry"} and rows[n].nunique() > 1), on
    )  # fmt: skip
    value = frame[chosen].dropna().max() if chosen != on else twice
    shown = value if isinstance(value, int | float) or hasattr(value, "dtype") else f"'{value}'"
    raise SeveralValuesPerPlace(
        dataset=dataset.id,
        example=str(twice),
        column=column or "…",
        where=f"{chosen} = {shown}",
    ).in_language(dataset.language)
