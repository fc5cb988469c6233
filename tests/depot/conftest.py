from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.depot.bucket import Bucket
from tests.depot.labs import Labs


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    made = Bucket(tmp_path / "bucket")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def labs(tmp_path: Path, bucket: Bucket) -> Labs:
    made = Labs(tmp_path, bucket)
    made.place.refresh()
    return made
