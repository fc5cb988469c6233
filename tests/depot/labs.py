"""Two labs that share an object store and nothing else: one publishes, one elsewhere reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from datalab.depot.keeping import step
from datalab.lake.reader import open_lakes
from datalab.settings import Settings
from tests.depot.bucket import Bucket
from tests.test_refresh import CSV, Place

LONGER = CSV + "platane,21\n"
CLOSED: dict[str, Any] = {"access": "restricted", "audience": ["students"]}


def told(bucket: Bucket, **more: Any) -> dict[str, Any]:
    given = {name.removeprefix("DATALAB_").lower(): text for name, text in bucket.settings.items()}
    return {**given, **more}


class Labs:
    """One lab that publishes, and one elsewhere that reads; they share the bucket alone."""

    def __init__(self, root: Path, bucket: Bucket) -> None:
        self.place = Place(root / "here")
        self.bucket = bucket
        self.there = Settings(
            home=root / "there" / "home",
            catalog=root / "there" / "catalog",
            depot_reader=True,
            **told(bucket),
        )
        self.set()

    def set(self, **more: Any) -> None:
        self.here = self.place.settings = Settings(
            home=self.place.home, catalog=self.place.catalog, **told(self.bucket, **more)
        )

    def publish(self, text: str | None = None, **changes: Any) -> None:
        self.place.write("trees", text, **changes)
        states = {record.state for record in self.place.refresh().values()}
        assert states <= {"published", "unchanged"}

    def bring(self) -> None:
        step(self.here)
        step(self.there)

    def command(self, *words: str) -> subprocess.Popen[str]:
        """On the lab that publishes."""
        environment = {**os.environ, **self.bucket.settings, "DATALAB_LANGUAGE": "fr"}
        return subprocess.Popen(
            [sys.executable, "-m", "datalab.cli", *words, "--home", str(self.here.home)],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def rows(self, name: str = "trees") -> list[tuple[Any, ...]]:
        with open_lakes(self.there.lake, threads=1) as connection:
            return connection.execute(f"FROM {name}").fetchall()


def files(lake: Path) -> dict[str, bytes]:
    return {
        path.relative_to(lake).as_posix(): path.read_bytes()
        for path in lake.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
