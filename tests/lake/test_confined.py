"""Other people's SQL reads the published lakes, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.errors import LakeEmpty, QueryRefused
from datalab.lake.confined import query
from datalab.lake.reader import open_lakes
from datalab.lake.writer import Writer
from tests.lake.datasets import dataset, record, staged


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("lab")
    described = dataset({"species": "varchar", "height": "integer"})
    result = staged(described, "species,height\ntilleul,12\nérable,3\n", root)
    with Writer(root / "lake", root / "writer", "test") as writer:
        writer.publish(described, result, record(described, result))
    yield root / "lake"
    shutil.rmtree(root)


def test_a_select_is_answered(lake: Path) -> None:
    answer = query(lake, "SELECT species, height FROM street_trees ORDER BY height")
    assert answer.to_pylist() == [
        {"species": "érable", "height": 3},
        {"species": "tilleul", "height": 12},
    ]


def test_an_answer_is_cut_at_the_rows_asked_for(lake: Path) -> None:
    assert query(lake, "FROM range(100000)", rows=5).num_rows == 5


def test_the_sandbox_of_the_data_is_not_the_working_directory(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.chdir(tmp_path)
    connection = open_lakes(lake, locked=True)
    with pytest.raises(Exception, match="disabled by configuration"):
        connection.execute("FROM read_text('secret.txt')")
    with pytest.raises(Exception, match="disabled by configuration"):
        connection.execute("COPY (SELECT 1) TO 'written.csv'")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "",
        "DROP TABLE open.territory.street_trees",
        "INSERT INTO open.territory.street_trees VALUES ('x', 1)",
        "COPY (SELECT 1) TO '{file}'",
        "ATTACH '/tmp/x.db'",
        "SET threads = 1",
        "FROM read_text('/etc/passwd')",
        "FROM read_text('{file}/../../../index.json')",
        "FROM read_text('{index}')",
        "FROM glob('/*')",
        "FROM ST_Read('/etc/passwd')",
        "FROM ST_Read('/vsicurl/http://127.0.0.1:9/x')",
        "FROM ducklake_expire_snapshots('open', versions => [0])",
        "FROM ducklake_delete_orphaned_files('open', cleanup_all => true)",
        "SELECT * FROM nowhere",
    ],
)
def test_anything_else_is_refused_in_a_sentence(lake: Path, sql: str) -> None:
    (file,) = (lake / "open" / "data").rglob("*.parquet")
    content = file.read_bytes()
    with pytest.raises(QueryRefused):
        query(lake, sql.format(file=file, index=lake / "open" / "index.json"))
    assert file.read_bytes() == content


def test_a_query_without_end_is_killed(lake: Path) -> None:
    with pytest.raises(QueryRefused, match="secondes"):
        query(lake, "SELECT count(*) FROM range(100000000000) a, range(1000000) b", seconds=2)


def test_a_query_cannot_take_all_memory(lake: Path) -> None:
    with pytest.raises(QueryRefused):
        query(lake, "SELECT repeat('x', 4000000000) FROM range(9)", seconds=20, memory=200_000_000)


def test_an_empty_lake_is_said(tmp_path: Path) -> None:
    with pytest.raises(LakeEmpty):
        query(tmp_path, "SELECT 1")
