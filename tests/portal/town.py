"""A portal on a real port, and phones of people without an account who look at it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from sqlalchemy import select

from datalab.participation.tables.request import REQUEST
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk, now

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE: dict[str, Any] = {
    "locale": "fr-FR",
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}


class Town:
    """A portal on a real port."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.pages: list[Page] = []
        self.desk, self.root = desk, f"http://127.0.0.1:{port}{PREFIX}/"

    def phone(self, browser: Browser, **options: Any) -> Page:
        page = browser.new_context(**{**PHONE, **options}).new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        self.pages.append(page)
        return page

    def rows(self) -> list[Any]:
        with self.desk.app.state.participation.reading() as connection:
            asked = select(REQUEST).order_by(REQUEST.c.requested_at)
            return list(connection.execute(asked).mappings())

    def change(self, work: Callable[..., Any], *arguments: Any, **more: Any) -> None:
        with self.desk.app.state.participation.writing() as connection:
            work(connection, *arguments, actor="agent", seen=None, now=now(), **more)


@contextmanager
def served(desk: Desk) -> Iterator[Town]:
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    made = Town(desk, server.servers[0].sockets[0].getsockname()[1])
    yield made
    for page in made.pages:  # a page that listens would keep the server waiting
        page.context.close()
    server.should_exit = True
    thread.join(10)
