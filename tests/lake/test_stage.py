"""A file becomes exactly what its YAML says, or is refused with the reason."""

from __future__ import annotations

import bz2
import datetime
import gzip
import io
import json
import lzma
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from datalab.errors import SourceTooLarge, TooManyRejects, UnreadableFile
from datalab.lake.stage import stage
from tests.lake.datasets import dataset, rows, staged

LENIENT = {"max_reject_ratio": 1}


def outcome(
    kind: str, values: list[str], folder: Path, **csv: Any
) -> tuple[list[Any], list[tuple[int, str]]]:
    """Values that were read, and (line, value) of those that were not."""
    described = dataset(
        {"v": kind, "x": "varchar"}, source={"csv": {"delimiter": "|", **csv}}, **LENIENT
    )
    result = staged(described, "v|x\n" + "".join(f"{value}|-\n" for value in values), folder)
    assert result.rows + result.rejected == len(values)
    return (
        [row[0] for row in rows(result, "SELECT v FROM data")],
        [(reject.line, reject.value) for reject in result.rejects],
    )


@pytest.mark.parametrize(
    "text", ["1.5", "2E3", "1.0", "1_000", "0x10", "1e0", "99999999999", "true", "１"]
)
def test_a_whole_number_is_written_as_one(tmp_path: Path, text: str) -> None:
    assert outcome("integer", ["7", text], tmp_path) == ([7], [(3, text)])


def test_whole_numbers_may_have_sign_spaces_and_leading_zeros(tmp_path: Path) -> None:
    read, refused = outcome("integer", [" 3 ", "+4", "007", "-0", ""], tmp_path)
    assert (read, refused) == ([3, 4, 7, 0, None], [])


@pytest.mark.parametrize(
    "text", ["inf", "-Infinity", "nan", "1_0.5", "1,5", "1.2.3", "1e999", "0x1p3"]
)
def test_a_double_is_a_finite_number(tmp_path: Path, text: str) -> None:
    assert outcome("double", ["1.5", text, "1e3"], tmp_path) == ([1.5, 1000.0], [(3, text)])


def test_a_french_number_is_never_read_as_an_english_one(tmp_path: Path) -> None:
    read, refused = outcome(
        "double",
        ["1.200", "1,5", "1.200,5", "12.5", "1.2", "1.5"],
        tmp_path,
        decimal=",",
        thousands=".",
    )
    assert read == [1200.0, 1.5, 1200.5]
    assert refused == [(5, "12.5"), (6, "1.2"), (7, "1.5")]


def test_a_point_is_refused_where_the_comma_is_declared(tmp_path: Path) -> None:
    assert outcome("double", ["1,5", "1.5"], tmp_path, decimal=",") == ([1.5], [(3, "1.5")])


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f"])
def test_all_spaces_of_french_typography_group_thousands(tmp_path: Path, space: str) -> None:
    text = f"258{space}630"
    assert outcome("integer", [text, "1 2"], tmp_path, thousands=" ") == ([258630], [(3, "1 2")])


def test_a_decimal_is_not_rounded(tmp_path: Path) -> None:
    read, refused = outcome("decimal(10,2)", ["1.5", "1.500", "1.555", "1e2", "inf"], tmp_path)
    assert read == [Decimal("1.50"), Decimal("1.50")]
    assert [value for _, value in refused] == ["1.555", "1e2", "inf"]


def test_dates_are_written_as_declared(tmp_path: Path) -> None:
    read, refused = outcome(
        "date", ["2020-02-29", "2021-02-29", "01/02/2020", "epoch", "infinity"], tmp_path
    )
    assert read == [datetime.date(2020, 2, 29)]
    assert len(refused) == 4
    read, refused = outcome(
        "date",
        ["01/02/2020", "2020-02-01", "31/02/2020", "01/02/20"],
        tmp_path,
        date_format="%d/%m/%Y",
    )
    assert read == [datetime.date(2020, 2, 1)]
    assert len(refused) == 3


def test_an_offset_is_never_dropped_nor_invented(tmp_path: Path) -> None:
    naive, refused = outcome(
        "timestamp", ["2020-01-02 03:04:05", "2020-01-02T03:04:05+02"], tmp_path
    )
    assert naive == [datetime.datetime(2020, 1, 2, 3, 4, 5)]
    assert refused == [(3, "2020-01-02T03:04:05+02")]
    aware, refused = outcome(
        "timestamptz", ["2020-01-02T03:04:05+02", "2020-01-02 03:04:05"], tmp_path
    )
    assert [value.hour for value in aware] == [1]
    assert refused == [(3, "2020-01-02 03:04:05")]


def test_true_and_false_in_both_languages(tmp_path: Path) -> None:
    assert outcome("boolean", ["oui", "Non", "1", "peut-être"], tmp_path) == (
        [True, False, True],
        [(5, "peut-être")],
    )


def test_codes_keep_their_zeros(tmp_path: Path) -> None:
    assert outcome("varchar", ["01004", "2A004"], tmp_path)[0] == ["01004", "2A004"]


def test_metres_are_not_longitudes(tmp_path: Path) -> None:
    texts = ["POINT(5.04 47.32)", "POINT(854000 6690000)", "nowhere"]
    read, refused = outcome("geometry", texts, tmp_path)
    assert len(read) == 1
    assert [line for line, _ in refused] == [3, 4]


def test_a_reordered_header_maps_by_name(tmp_path: Path) -> None:
    described = dataset({"code": "varchar", "count": "integer"})
    assert rows(staged(described, "count,code\n3,21231\n", tmp_path)) == [("21231", 3)]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("code_insee,population", "code_insee"),
        ("insee_code", "population"),
        ("insee_code,population,extra", "extra"),
        ("insee_code,population,population", "population"),
        ("", "vide"),
    ],
)
def test_another_header_is_named(tmp_path: Path, header: str, said: str) -> None:
    described = dataset({"insee_code": "varchar", "population": "integer"})
    with pytest.raises(UnreadableFile, match=said):
        staged(described, f"{header}\n" if header else "", tmp_path)


def test_ragged_lines_and_open_quotes_are_kept_with_their_line(tmp_path: Path) -> None:
    described = dataset({"a": "varchar", "b": "integer"}, **LENIENT)
    result = staged(described, 'a,b\nx,1\nalone\nx,1,2\n"p\nq",4\nlast,z\n', tmp_path)
    assert rows(result) == [("x", 1), ("p\nq", 4)]
    assert [(r.line, r.column, r.value) for r in result.rejects] == [
        (3, "", "alone"),
        (4, "", "x,1,2"),
        (7, "b", "z"),
    ]
    assert result.rejected == 3
    assert rows(result, "SELECT count(*) FROM rejects") == [(3,)]


def test_lines_swallowed_by_an_open_quote_are_all_counted(tmp_path: Path) -> None:
    described = dataset({"a": "varchar", "b": "integer"}, max_reject_ratio=0.5)
    with pytest.raises(TooManyRejects) as caught:
        staged(described, 'a,b\nx,1\n"y,2\n' + "z,3\n" * 50, tmp_path)
    assert caught.value.facts["rejected"] == 51


def test_a_row_with_two_wrong_values_is_one_row(tmp_path: Path) -> None:
    described = dataset({"a": "integer", "b": "integer"}, **LENIENT)
    result = staged(described, "a,b\nx,y\n1,2\n", tmp_path)
    assert (result.rows, result.rejected, len(result.rejects)) == (1, 1, 2)


def test_one_rejected_row_is_too_many_by_default(tmp_path: Path) -> None:
    described = dataset({"a": "integer"})
    with pytest.raises(TooManyRejects) as caught:
        staged(described, "a\n1\nx\n", tmp_path)
    assert [(r.line, r.column, r.value) for r in caught.value.rejects] == [(3, "a", "x")]
    assert "ligne 3" in caught.value.message("fr")
    assert "not a whole number" in caught.value.message("en")
    assert "pas un nombre entier" in caught.value.message("fr")


def test_a_tolerated_share_is_left_out_and_kept_aside(tmp_path: Path) -> None:
    described = dataset({"a": "integer"}, max_reject_ratio=0.25)
    assert staged(described, "a\n1\nx\n3\n4\n", tmp_path).rejected == 1
    with pytest.raises(TooManyRejects):
        staged(described, "a\n1\nx\n3\ny\n", tmp_path)


EXPRESS: dict[str, Any] = {"express": 0}
SHAPE = {"a": "varchar", "n": "integer", "t": "timestamp", "d": "double"}
LINE = "x,1,2020-01-02 03:04:05,0.5\n"


@pytest.mark.parametrize(
    "text",
    [
        LINE * 3,
        LINE * 3 + LINE.rstrip("\n"),
        LINE.replace("\n", "\r\n") * 3,
        LINE.replace("x", '"x\ny"') * 3,
        LINE + "\n" + LINE,
        "".join(f"{n},{n},2020-01-02T03:04:05,1e3\n" for n in range(5000)),
        "",
    ],
)
def test_a_large_clean_file_gives_the_same_table_as_a_small_one(tmp_path: Path, text: str) -> None:
    described, header = dataset(SHAPE), "a,n,t,d\n"
    header = header.replace("\n", "\r\n") if "\r" in text else header
    large = staged(described, header + text, tmp_path, **EXPRESS)
    small = staged(described, header + text, tmp_path)
    assert large.parquet is not None
    assert rows(large) == rows(small)
    assert rows(large, "DESCRIBE data") == rows(small, "DESCRIBE data")
    assert (large.rows, large.rejected) == (small.rows, 0)


@pytest.mark.parametrize(
    "text",
    [
        LINE + LINE.replace("1,", "1.5,"),
        LINE + "x,1\n",
        LINE + '"x,1\n' + LINE,
        LINE + LINE.replace("x", '"x\ny"') + LINE.replace("0.5", "inf"),
        (LINE + LINE.replace("x", '"p\nq"') + LINE.replace("0.5", "nan")).replace("5\n", "5\r"),
        LINE + LINE.replace("2020-01-02 03:04:05", "2020-01-02 03:04+02"),
        LINE + LINE.replace("2020", " 202"),
    ],
)
def test_a_large_dirty_file_loses_nothing_silently(tmp_path: Path, text: str) -> None:
    described = dataset(SHAPE, **LENIENT)
    header = "a,n,t,d\r" if "\r" in text else "a,n,t,d\n"
    large = staged(described, header + text, tmp_path, **EXPRESS)
    small = staged(described, header + text, tmp_path)
    assert large.parquet is None
    assert rows(large) == rows(small)
    assert (large.rows, large.rejected) == (small.rows, small.rejected)
    assert large.rejected > 0
    assert large.rejects == small.rejects


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig", "iso-8859-15"])
def test_old_encodings_are_decoded(tmp_path: Path, encoding: str) -> None:
    described = dataset({"nom": "varchar"}, source={"csv": {"encoding": encoding}})
    result = staged(described, "nom\nChenôve à 5 €\n".encode(encoding), tmp_path)
    assert rows(result) == [("Chenôve à 5 €",)]


def test_a_byte_order_mark_is_not_part_of_a_name(tmp_path: Path) -> None:
    assert rows(staged(dataset({"nom": "varchar"}), "\ufeffnom\nDijon\n", tmp_path)) == [("Dijon",)]


def test_bytes_of_another_encoding_are_not_guessed(tmp_path: Path) -> None:
    described = dataset({"nom": "varchar"})
    with pytest.raises((UnreadableFile, TooManyRejects)):
        staged(described, "nom\nChenôve\n".encode("cp1252"), tmp_path)


@pytest.mark.parametrize(
    "text", ["a,b\nx,1\nz,2\r\nu,3\n", "a,b\r\nx,1\r\nz,2\nu,3\r\n", "a,b\rx,1\rz,2\ru,3\r"]
)
def test_line_ends_may_differ(tmp_path: Path, text: str) -> None:
    described = dataset({"a": "varchar", "b": "integer"})
    assert rows(staged(described, text, tmp_path)) == [("x", 1), ("z", 2), ("u", 3)]


def test_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    described = dataset({"a": "integer"}, source={"csv": {"skip": 2}})
    assert rows(staged(described, "Export du 3 mai\n\na\n5\n", tmp_path)) == [(5,)]


def test_rows_keep_the_order_of_the_file(tmp_path: Path) -> None:
    described = dataset({"n": "integer"})
    text = "n\n" + "".join(f"{n}\n" for n in range(300_000))
    result = staged(described, text, tmp_path)
    assert rows(result, "SELECT count(*) FROM data WHERE n <> rowid") == [(0,)]


@pytest.mark.parametrize(
    ("kind", "pack"),
    [
        ("gzip", gzip.compress),
        ("bz2", bz2.compress),
        ("xz", lzma.compress),
        ("lzma", lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE)),
    ],
)
def test_packed_files_are_unpacked(tmp_path: Path, kind: str, pack: Any) -> None:
    described = dataset({"a": "integer"}, source={"compression": kind})
    assert rows(staged(described, pack(b"a\n1\n"), tmp_path)) == [(1,)]
    with pytest.raises(UnreadableFile):
        staged(described, pack(b"a\n1\n")[:-4] if kind != "lzma" else b"no", tmp_path)


def test_a_small_archive_cannot_fill_the_disk(tmp_path: Path) -> None:
    described = dataset({"a": "integer"}, source={"compression": "gzip"})
    (tmp_path / "f").write_bytes(gzip.compress(b"0" * 5_000_000))
    with pytest.raises(SourceTooLarge):
        stage(described, tmp_path / "f", tmp_path / "s", max_bytes=1_000_000)


def test_json_numbers_keep_their_text(tmp_path: Path) -> None:
    described = dataset(
        {"id": "varchar", "n": "integer"},
        source={"format": "json", "records": "data.rows"},
        **LENIENT,
    )
    listed = '[{"id": 12345678901234567890, "n": 1}, {"id": "b", "n": 1.5}, {"id": "c"}]'
    document = f'{{"data": {{"rows": {listed}}}}}'
    result = staged(described, document, tmp_path)
    assert rows(result) == [("12345678901234567890", 1), ("c", None)]
    assert [(r.line, r.value) for r in result.rejects] == [(2, "1.5")]


def test_geojson_features_become_rows(tmp_path: Path) -> None:
    described = dataset({"nom": "varchar", "geometry": "geometry"}, source={"format": "geojson"})
    feature = {
        "type": "Feature",
        "properties": {"nom": "Dijon"},
        "geometry": {"type": "Point", "coordinates": [5.04, 47.32]},
    }
    document: dict[str, Any] = {"type": "FeatureCollection", "features": [feature]}
    result = staged(described, json.dumps(document), tmp_path)
    assert rows(result, "SELECT nom, geometry::VARCHAR FROM data")[0][0] == "Dijon"
    document["crs"] = {"properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    with pytest.raises(UnreadableFile, match="2154"):
        staged(described, json.dumps(document), tmp_path)


def test_a_parquet_file_keeps_its_types_and_refuses_what_is_lost(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"a": pa.array([1.0, 2.5, None]), "b": pa.array([0.5, float("nan"), 1.0])})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    described = dataset({"a": "integer", "b": "double"}, source={"format": "parquet"}, **LENIENT)
    result = staged(described, buffer.getvalue(), tmp_path)
    assert rows(result) == [(1, 0.5), (None, 1.0)]
    assert [(r.line, r.column) for r in result.rejects] == [(2, "a"), (2, "b")]


def workbook(fill: Any) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    fill(book.active)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_worksheet_gives_values(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        sheet.append([])
        sheet.append(["code", "n", "jour"])
        sheet.append(["01004", 3.0, datetime.date(2026, 1, 2)])
        sheet.append([])
        sheet.append(["2A004", 4, datetime.date(2026, 1, 3)])
        sheet.append(["x", "=1+1", None])
        sheet.append(["y", "#DIV/0!", None])

    described = dataset(
        {"code": "varchar", "n": "integer", "jour": "date"}, source={"format": "xlsx"}, **LENIENT
    )
    result = staged(described, workbook(fill), tmp_path)
    assert [row[:2] for row in rows(result)] == [("01004", 3), ("2A004", 4)]
    assert [(r.line, r.value) for r in result.rejects] == [(6, "=1+1"), (7, "#DIV/0!")]
    assert result.rejected == 2


def test_merged_cells_are_refused(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        for row in (["code", "n"], ["a", 1], ["b", 2]):
            sheet.append(row)
        sheet.merge_cells("A2:A3")

    described = dataset({"code": "varchar", "n": "integer"}, source={"format": "xlsx"})
    with pytest.raises(UnreadableFile, match="fusionnées"):
        staged(described, workbook(fill), tmp_path)


def frame(path: Path, **hostile: Any) -> bytes:
    import h5py
    import numpy as np

    with h5py.File(path, "w") as store:
        group = store.create_group("data")
        group.attrs.update({"pandas_type": np.bytes_(b"frame"), "nblocks": 1, "ndim": 2})
        group["axis0"] = np.array([b"kwh", b"n"])
        group["axis1"] = np.array([10, 11])
        group["block0_items"] = np.array([b"kwh", b"n"])
        if "link" in hostile:
            group["block0_values"] = h5py.ExternalLink(str(hostile["link"]), "/data/block0_values")
        elif "pickled" in hostile:
            group.create_dataset("block0_values", (1,), dtype=h5py.vlen_dtype(np.uint8))
        else:
            group["block0_values"] = np.array([[1.5, 1.0], [np.nan, 2.0]])
    return path.read_bytes()


def test_a_fixed_pandas_frame_is_read_without_pandas(tmp_path: Path) -> None:
    described = dataset(
        {"index": "integer", "kwh": "double", "n": "smallint"}, source={"format": "hdf"}
    )
    result = staged(described, frame(tmp_path / "f.hdf"), tmp_path)
    assert rows(result) == [(10, 1.5, 1), (11, None, 2)]


def test_a_frame_cannot_run_code_or_read_other_files(tmp_path: Path) -> None:
    described = dataset({"kwh": "double", "n": "double"}, source={"format": "hdf"})
    frame(tmp_path / "secret.hdf")
    with pytest.raises(UnreadableFile, match="autre fichier"):
        staged(described, frame(tmp_path / "a.hdf", link=tmp_path / "secret.hdf"), tmp_path)
    with pytest.raises(UnreadableFile, match="sérialisé"):
        staged(described, frame(tmp_path / "b.hdf", pickled=True), tmp_path)


def shaped(transform: str) -> Any:
    return dataset(
        {"total": "bigint", "nom": "varchar"},
        source={"columns": {"a": "varchar", "b": "integer"}},
        transform=transform,
    )


def test_a_transform_gives_the_declared_columns(tmp_path: Path) -> None:
    described = shaped("SELECT b * 2 AS total, upper(a) AS nom FROM source ORDER BY 1 DESC")
    assert rows(staged(described, "a,b\nx,1\ny,4\n", tmp_path)) == [(8, "Y"), (2, "X")]


@pytest.mark.parametrize(
    "transform",
    [
        "SELECT 1 AS total, 'x' AS nom; SELECT 2",
        "SELECT 'x' AS nom, 1 AS total",
        "COPY (SELECT 1) TO '/tmp/stolen.csv'",
        "SELECT 1 AS total, content AS nom FROM read_text('/etc/passwd')",
        "SELECT 1 AS total, filename AS nom FROM glob('/*')",
        "ATTACH '/tmp/other.db'",
        "SELECT 1.5 AS total, 'x' AS nom",
        "SELECT b AS total, a AS nom FROM nowhere",
        "SELECT 1 AS total, name AS nom FROM ST_Read('/etc/passwd')",
    ],
)
def test_a_hostile_transform_is_refused(tmp_path: Path, transform: str) -> None:
    with pytest.raises(UnreadableFile):
        staged(shaped(transform), "a,b\nx,1\n", tmp_path)
