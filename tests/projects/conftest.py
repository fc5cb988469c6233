"""What the tests of projects share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import shop as shops
from tests.projects.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shops.shop(tmp_path / "home")
