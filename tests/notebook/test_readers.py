"""Every kind of table holds the same numbers, with types that mean the same."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from datalab.errors import NoPlaces, QueryRefused
from datalab.notebook.lab import Lab
from tests.notebook.conftest import COMMUNES, STOPS

POPULATIONS = [row[2] for row in COMMUNES]


def test_every_reader_gives_the_same_numbers(lab: Lab) -> None:
    communes = lab.dataset("communes")
    assert communes.df()["population"].tolist() == POPULATIONS
    assert communes.arrow()["population"].to_pylist() == POPULATIONS
    assert communes.polars()["population"].to_list() == POPULATIONS
    assert communes.gdf()["population"].tolist() == POPULATIONS
    assert communes.dask().compute()["population"].tolist() == POPULATIONS
    assert [row[0] for row in communes.relation(["population"]).fetchall()] == POPULATIONS
    assert len(communes) == len(COMMUNES)


def test_integers_stay_integers_also_with_gaps(lab: Lab) -> None:
    kinds = lab.dataset("kinds").df()
    assert kinds["whole"].dtype == "int64"
    assert kinds["whole"].iloc[0] == 9_007_199_254_740_993
    assert kinds["gap"].dtype == pd.Int32Dtype()
    assert kinds["gap"].iloc[0] == 1
    assert kinds["gap"].isna().tolist() == [False, True]
    assert kinds["flag"].dtype == pd.BooleanDtype()


def test_decimals_dates_and_texts_are_ready_to_compute_with(lab: Lab) -> None:
    kinds = lab.dataset("kinds").df()
    assert kinds["money"].sum() == pytest.approx(3.35)
    assert kinds["day"].dt.year.tolist() == [2024, 2024]
    assert str(kinds["instant"].dtype).endswith("UTC]")
    assert kinds["instant"].dt.hour.tolist() == [10, 10]
    assert kinds["share"].isna().tolist() == [False, True]
    assert kinds["word"].iloc[0] == "un"


def test_a_sum_of_integers_is_an_integer(lab: Lab) -> None:
    total = lab.sql("SELECT sum(population) AS total FROM communes")
    assert total.df()["total"].dtype == "int64"
    assert total.arrow()["total"].type == pa.int64()
    assert total.df()["total"].tolist() == [sum(POPULATIONS)]


def test_a_sum_too_large_for_64_bits_is_not_cut(lab: Lab) -> None:
    large = lab.sql("SELECT sum(9000000000000000000::HUGEINT) AS s FROM range(10)").df()
    assert int(large["s"].iloc[0]) == 90_000_000_000_000_000_000


def test_columns_of_the_same_name_survive(lab: Lab) -> None:
    twice = lab.sql("SELECT a.name, b.name FROM communes a JOIN communes b USING (insee_code)")
    assert twice.df().shape == (len(COMMUNES), 2)


def test_a_part_can_be_read(lab: Lab) -> None:
    part = lab.dataset("communes").df(columns=["name"], limit=2)
    assert part.shape == (2, 1)


def test_boundaries_are_shapes_in_longitude_and_latitude(lab: Lab) -> None:
    shapes = lab.dataset("commune-boundaries").gdf()
    assert shapes.crs.to_string() == "EPSG:4326"
    assert shapes.geometry.geom_type.unique().tolist() == ["Polygon"]
    assert shapes.total_bounds.tolist() == pytest.approx([5.0, 47.3, 5.3, 47.5])


def test_a_table_takes_the_boundaries_it_names(lab: Lab) -> None:
    joined = lab.dataset("communes").gdf().set_index("insee_code")
    own = lab.dataset("commune-boundaries").gdf().set_index("insee_code")
    assert joined.geometry.geom_equals(own.geometry.reindex(joined.index)).all()


def test_coordinates_become_points_and_a_missing_one_no_point(lab: Lab) -> None:
    stops = lab.dataset("stops").gdf()
    assert len(stops) == STOPS + 1
    assert stops.geometry.isna().sum() == 1
    assert stops.geometry.iloc[0].coords[0] == (5.0, 47.3)


def test_geometries_are_text_in_pandas_and_wkb_in_arrow(lab: Lab) -> None:
    boundaries = lab.dataset("commune-boundaries")
    assert boundaries.df()["geometry"].iloc[0].startswith("POLYGON")
    assert isinstance(boundaries.arrow()["geometry"][0].as_py(), bytes)
    assert isinstance(boundaries.polars()["geometry"][0], bytes)
    assert "POLYGON" in repr(lab.sql("FROM commune_boundaries"))


def test_sql_gives_shapes_too(lab: Lab) -> None:
    far = lab.sql("SELECT ST_Centroid(geometry) AS middle, name FROM commune_boundaries").gdf()
    assert far.geometry.geom_type.unique().tolist() == ["Point"]
    with pytest.raises(QueryRefused, match="géométrie"):
        lab.sql("SELECT 1").gdf()


def test_a_table_without_places_says_what_to_do(lab: Lab) -> None:
    with pytest.raises(NoPlaces, match=r"lab\.sql\(\)"):
        lab.dataset("kinds").gdf()


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_dask_reads_every_row_once_however_it_is_cut(lab: Lab, partitions: int) -> None:
    stops = lab.dataset("stops")
    pieces = stops.dask(partitions=partitions)
    assert pieces.npartitions == partitions
    whole = stops.df()
    read = pieces.compute().reset_index(drop=True).astype({"name": whole["name"].dtype})
    pd.testing.assert_frame_equal(read, whole)


def test_every_piece_of_dask_has_the_same_types(lab: Lab) -> None:
    pieces = lab.dataset("kinds").dask(partitions=2)
    declared = pieces._meta.dtypes
    for piece in pieces.to_delayed():
        assert piece.compute().dtypes.astype(str).tolist() == declared.astype(str).tolist()
    assert declared["gap"] == pd.Int32Dtype()


def test_dask_reads_in_other_processes(lab: Lab) -> None:
    total = lab.dataset("stops").dask(partitions=2)["lines"].sum()
    assert int(total.compute(scheduler="processes", num_workers=1)) == int(
        lab.dataset("stops").df()["lines"].sum()
    )
