"""The fixtures of a running lab are shared by all tests: see ``tests/conftest.py``."""

from __future__ import annotations

from tests.hub.fixtures import end

__all__ = ["end"]
