"""Waiting for what a page becomes, under the policy that pages of the lab have.

Playwright's own ``wait_for_function`` asks a second time from inside the page with ``eval``, which
the content security policy refuses: it passes only where the first answer is yes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page


def until(page: Page | Frame, expression: str, arg: Any = None, seconds: float = 60) -> None:
    """Ask until ``expression`` (JavaScript; may be a promise) is true.

    Raises
    ------
    AssertionError
        where it is not within ``seconds``; the last answer is told.
    """
    deadline = time.monotonic() + seconds
    while not (said := page.evaluate(expression, arg)):
        assert time.monotonic() < deadline, f"{expression} is {said!r} after {seconds} s"
        page.wait_for_timeout(100)
