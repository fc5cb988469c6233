"""From a DuckDB relation to pandas, Arrow, polars and geopandas, with types that mean the same.

Integers stay integers: a column with gaps becomes ``Int64`` (not float), a sum of integers
(DuckDB's HUGEINT) becomes ``int64``. Decimals become floats, dates become datetimes, geometries
become WKT in pandas, WKB in Arrow and polars, shapes in geopandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from datalab.lake.connection import identifier
from datalab.notebook.table import is_geometry

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import polars as pl
    import pyarrow as pa

CRS = "EPSG:4326"


def geometries(relation: duckdb.DuckDBPyRelation) -> list[str]:
    """Names of the geometry columns."""
    kinds = zip(relation.columns, relation.types, strict=True)
    return [name for name, kind in kinds if is_geometry(kind)]


def _written(relation: duckdb.DuckDBPyRelation, function: str) -> duckdb.DuckDBPyRelation:
    """``relation`` with its geometries passed through ``function``."""
    found = set(geometries(relation))
    if not found:
        return relation
    parts = [
        f"{function}({identifier(name)}) AS {identifier(name)}"
        if name in found
        else identifier(name)
        for name in relation.columns
    ]
    return relation.project(", ".join(parts))


def to_arrow(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """An Arrow table; HUGEINT as int64 where it fits, geometries as WKB."""
    import pyarrow as pa

    table = _written(relation, "ST_AsWKB").to_arrow_table()
    for position, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.scale == 0:
            try:
                column = table.column(position).cast(pa.int64())
            except pa.ArrowInvalid:
                continue
            table = table.set_column(position, field.name, column)
    return table


def to_pandas(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """A pandas table; see the module for its types."""
    return _frame(to_arrow(_written(relation, "ST_AsText")))


def _frame(table: pa.Table) -> pd.DataFrame:
    import pandas as pd

    columns = {str(i): _series(table.column(i)) for i in range(table.num_columns)}
    frame = pd.DataFrame(columns, copy=False)
    frame.columns = pd.Index(table.column_names)
    return frame


def _series(column: pa.ChunkedArray) -> pd.Series[Any]:
    import pandas as pd
    import pyarrow as pa

    kind, missing = column.type, column.null_count > 0
    if pa.types.is_decimal(kind) and kind.scale > 0:
        column, kind = column.cast(pa.float64()), pa.float64()
    nullable: dict[Any, Any] = {}
    if missing and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        nullable = {
            pa.int8(): pd.Int8Dtype(),
            pa.int16(): pd.Int16Dtype(),
            pa.int32(): pd.Int32Dtype(),
            pa.int64(): pd.Int64Dtype(),
            pa.uint8(): pd.UInt8Dtype(),
            pa.uint16(): pd.UInt16Dtype(),
            pa.uint32(): pd.UInt32Dtype(),
            pa.uint64(): pd.UInt64Dtype(),
            pa.bool_(): pd.BooleanDtype(),
        }
    series: pd.Series[Any] = column.to_pandas(
        types_mapper=nullable.get, date_as_object=False, timestamp_as_object=False
    )
    return series


def to_polars(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """A polars table; geometries as WKB."""
    import polars as pl

    frame = pl.from_arrow(to_arrow(relation))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never becomes a Series
    return frame


def to_geopandas(
    relation: duckdb.DuckDBPyRelation, geometry: str | None = None
) -> gpd.GeoDataFrame:
    """A geopandas table in EPSG:4326.

    Parameters
    ----------
    geometry
        the column of the shapes; the first geometry column where not given.

    Raises
    ------
    ValueError
        where there is no geometry column.
    """
    import geopandas as gpd

    found = geometries(relation)
    if geometry is None:
        if not found:
            raise ValueError("no geometry column")
        geometry = found[0]
    kind = str(relation.types[relation.columns.index(geometry)])
    table = to_arrow(relation)
    shapes = gpd.GeoSeries.from_wkb(table.column(geometry).to_pandas(), crs=_crs(kind))
    values = _frame(table.drop_columns([geometry]))
    values[geometry] = shapes
    frame = gpd.GeoDataFrame(values, geometry=geometry)
    return frame if frame.crs == CRS else frame.to_crs(CRS)


def _crs(kind: str) -> str:
    """The system that DuckDB states in ``GEOMETRY('EPSG:2154')``; the lake's otherwise."""
    inside = kind.partition("(")[2].strip("'\") ")
    return inside if inside and inside.upper() != "OGC:CRS84" else CRS
