"""Connector ``file``: a file that lies beside its YAML, inside the catalog."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pydantic import ConfigDict, Field

from datalab.catalog import dataset as catalog
from datalab.connectors.fetched import Fetched, Progress, sha256_of
from datalab.errors import SourceMissing, SourceRefused, SourceTooLarge, nearest
from datalab.i18n import Phrase


class Source(catalog.Source):
    """A file beside the YAML: CSV, JSON, GeoJSON, Parquet, XLSX or HDF."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1, description="path of the file, from the folder of the YAML")

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        reason = _refusal(self.path, file)
        if reason is not None:
            return [("path", reason, None)]
        if (file.parent / self.path).is_file():
            return []
        beside = [p.name for p in file.parent.iterdir() if p.is_file() and p != file]
        message = Phrase("there is no file '{path}' beside this one", path=self.path)
        return [("path", message, nearest(self.path, beside))]


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
) -> Fetched:
    """The file where it lies; nothing is copied.

    Raises
    ------
    SourceRefused
        where the path, or a link on the way, leaves the catalog.
    SourceMissing, SourceTooLarge
    """
    source = Source.model_validate(dataset.source.model_dump())
    name, yaml = source.path, dataset.file.name
    reason = _refusal(name, dataset.file)
    if reason is not None:
        raise SourceRefused(url=name, reason=reason, file=yaml)
    path = (dataset.file.parent / name).resolve()
    if not path.is_file():
        raise SourceMissing(url=name, reason=Phrase("no such file lies beside it"), file=yaml)
    try:
        stat = path.stat()
        if stat.st_size > max_bytes:
            raise SourceTooLarge(url=name, limit=max_bytes)
        sha256 = sha256_of(path)
    except PermissionError:
        reason = Phrase("the lab may not read it")
        raise SourceMissing(url=name, reason=reason, file=yaml) from None
    if progress is not None:
        progress(stat.st_size, stat.st_size)
    changed = datetime.fromtimestamp(stat.st_mtime, UTC)
    shown = path.relative_to(_root(dataset.file)).as_posix()
    return Fetched(path, f"catalog/{shown}", sha256, stat.st_size, changed)


def _root(yaml: Path) -> Path:
    """The catalog's root: a dataset lies in ``<root>/<theme>/<dataset>.yaml``."""
    return yaml.resolve().parent.parent


def _refusal(path: str, yaml: Path) -> Phrase | None:
    """Why ``path`` may not be read, after every link on the way is followed."""
    if PurePosixPath(path).is_absolute() or "\\" in path or "\0" in path:
        return Phrase("a path that starts beside the YAML is expected here")
    try:
        inside = (yaml.parent / path).resolve().is_relative_to(_root(yaml))
    except (OSError, RuntimeError):  # a loop of links
        inside = False
    return None if inside else Phrase("the path leads out of the catalog")
