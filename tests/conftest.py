"""What every test may use: a real browser, and the tiers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.record import seen

# One lab runs for all tests of a session, whichever folder they lie in.
from tests.hub.fixtures import new_lab, open_folder, running_lab, small_catalog
from tests.participation.databases import empty_database, postgresql

__all__ = [
    "empty_database",
    "new_lab",
    "open_folder",
    "postgresql",
    "running_lab",
    "seen",
    "small_catalog",
]

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHECKOUT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE = 60_000  # ms that a page may take on a busy machine
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what drives a browser, and deselect the long tier unless it is asked for.

    Playwright's loop runs from its first test to the last of the process, so that ``asyncio.run``
    fails in tests beside it: none may be among those that run without browsers.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    if os.environ.get("DATALAB_TEST_LONG"):
        return
    long = [item for item in items if "long" in item.keywords]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if "long" not in item.keywords]


def patient(make: Callable[..., Any]) -> Callable[..., Any]:
    """``make`` a context or page that waits as long as a busy machine may take."""

    def made(*given: Any, **options: Any) -> Any:
        one = make(*given, **options)
        one.set_default_timeout(PATIENCE)
        return one

    return made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium of the system."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for name in ("new_context", "new_page"):
            setattr(launched, name, patient(getattr(launched, name)))
        yield launched
        launched.close()
