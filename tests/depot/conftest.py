from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.depot.bucket import Bucket


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    made = Bucket(tmp_path / "bucket")
    made.start()
    yield made
    made.stop()
