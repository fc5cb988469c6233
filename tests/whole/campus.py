"""The lab as many processes: ``python -m tests.whole.campus FOLDER`` starts all of it from nothing.

PostgreSQL for hub, participation and households, an object store for the lakes, a Dask Gateway, two
workers of the portal, and a second lab that reads the lakes from the store.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from tests.compute.service import Addresses, Campus, serving
from tests.depot.bucket import Bucket
from tests.hub.fixtures import end
from tests.hub.lab import Lab, bring_downloads, eventually, part_of_the_catalog, tiny_catalog
from tests.participation.databases import Cluster, cluster
from tests.participation.datasets import DATASETS


@dataclass(frozen=True)
class Whole:
    """``lab`` is worked in; ``reader`` only reads what it publishes, from ``bucket``."""

    lab: Lab
    reader: Lab
    bucket: Bucket
    databases: Cluster
    campus: Campus
    stores: dict[str, str]  # settings that name its databases

    @property
    def participation(self) -> str:
        return self.stores["DATALAB_PARTICIPATION_DATABASE"]


def empty_stores(databases: Cluster) -> dict[str, str]:
    """New databases for hub, participation, households and the lake, as settings."""
    names = ("HUB", "PARTICIPATION", "HOUSEHOLDS", "LAKE")
    return {f"DATALAB_{name}_DATABASE": databases.database() for name in names}


@contextmanager
def whole(folder: Path, more: Mapping[str, str] | None = None) -> Iterator[Whole]:
    """All of it; ``more`` are settings of the lab that is worked in.

    Raises
    ------
    FileNotFoundError
        where PostgreSQL is not installed.
    """
    with ExitStack() as stack:
        databases = stack.enter_context(cluster())
        bucket = Bucket(folder / "bucket")
        stack.callback(bucket.stop)
        bucket.start()
        addresses = Addresses()
        stores = empty_stores(databases)
        told = {**stores, **bucket.settings, **addresses.settings, "DATALAB_PORTAL_WORKERS": "2"}
        catalog = part_of_the_catalog(tiny_catalog(folder / "catalog"), DATASETS)
        lab = Lab(folder / "lab", catalog, environment={**told, **(more or {})})
        bring_downloads(lab.home)
        stack.callback(end, lab)
        lab.start()
        campus = stack.enter_context(serving(lab, addresses, folder))
        eventually(lambda: "open/manifest.json" in bucket.objects(), "the first publication")
        (folder / "nothing").mkdir()
        reading = {**bucket.settings, "DATALAB_DEPOT_READER": "true"}
        reader = Lab(folder / "reader", folder / "nothing", environment=reading)
        stack.callback(end, reader)
        reader.start()
        yield Whole(lab, reader, bucket, databases, campus, stores)


if __name__ == "__main__":
    place = Path(sys.argv[1]).resolve() if sys.argv[1:] else Path(tempfile.mkdtemp())
    place.mkdir(parents=True, exist_ok=True, mode=0o755)
    with whole(place) as running:
        print(running.lab.output.read_text())
        print(f"It only reads: {running.reader.url}")
        print("Ctrl-C stops all of it.", flush=True)
        try:
            Event().wait()
        except KeyboardInterrupt:
            print("Stopping…")
