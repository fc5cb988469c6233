"""A file beside its YAML, and nothing outside the catalog."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from datalab.connectors import registry
from datalab.errors import SourceMissing, SourceRefused, SourceTooLarge
from tests.connectors.conftest import DatasetFor


def test_a_file_is_read_where_it_lies(dataset_for: DatasetFor, cache: Path) -> None:
    dataset = dataset_for(connector="file", path="communes.csv")
    (dataset.file.parent / "communes.csv").write_bytes(b"code\n21231\n")
    fetched = registry.fetch(dataset, cache=cache, max_bytes=100)
    assert fetched.path == dataset.file.parent / "communes.csv"
    assert fetched.sha256 == hashlib.sha256(b"code\n21231\n").hexdigest()
    assert fetched.url == "catalog/territory/communes.csv"
    assert not cache.exists()


def test_a_file_of_another_theme_is_still_in_the_catalog(
    dataset_for: DatasetFor, cache: Path
) -> None:
    dataset = dataset_for(connector="file", path="../shared.csv")
    (dataset.file.parent.parent / "shared.csv").write_bytes(b"code\n")
    assert registry.fetch(dataset, cache=cache, max_bytes=100).url == "catalog/shared.csv"


@pytest.mark.parametrize(
    "path", ["../../secret", "/etc/hostname", "a/../../../secret", "..\\x", "\0"]
)
def test_a_path_out_of_the_catalog_is_refused(
    path: str, dataset_for: DatasetFor, cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("hush")
    with pytest.raises(SourceRefused):
        registry.fetch(dataset_for(connector="file", path=path), cache=cache, max_bytes=100)


@pytest.mark.parametrize("where", ["link", "folder/secret"])
def test_a_link_out_of_the_catalog_is_refused(
    where: str, dataset_for: DatasetFor, cache: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("hush")
    dataset = dataset_for(connector="file", path=where)
    (dataset.file.parent / "link").symlink_to(outside / "secret")
    (dataset.file.parent / "folder").symlink_to(outside)
    with pytest.raises(SourceRefused):
        registry.fetch(dataset, cache=cache, max_bytes=100)


def test_a_loop_of_links_is_an_error_with_a_name(dataset_for: DatasetFor, cache: Path) -> None:
    dataset = dataset_for(connector="file", path="loop")
    (dataset.file.parent / "loop").symlink_to("loop")
    with pytest.raises((SourceRefused, SourceMissing)):
        registry.fetch(dataset, cache=cache, max_bytes=100)


def test_a_missing_file_and_a_folder_are_missing_sources(
    dataset_for: DatasetFor, cache: Path
) -> None:
    for path in ("no.csv", "."):
        with pytest.raises(SourceMissing):
            registry.fetch(dataset_for(connector="file", path=path), cache=cache, max_bytes=100)


def test_a_file_above_the_limit_is_refused(dataset_for: DatasetFor, cache: Path) -> None:
    dataset = dataset_for(connector="file", path="communes.csv")
    (dataset.file.parent / "communes.csv").write_bytes(b"x" * 101)
    with pytest.raises(SourceTooLarge, match="100"):
        registry.fetch(dataset, cache=cache, max_bytes=100)
