"""A portal with communes and people without an account: what tests of reports share."""

from __future__ import annotations

import html
import io
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import func, select

from datalab.participation import request
from tests.portal.conftest import Workshop
from tests.portal.desk import Browser, Desk, now

MINE = re.compile(r"/mine/([\w-]+)/#case-")
HIDDEN = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')
INSIDE = {"latitude": "47.3503", "longitude": "5.0502"}  # in the first square of the workshop
REPORT = {
    "service": "lighting",
    "description": "Le lampadaire du parc est éteint.",
    "attribute-failure": "out",
    "consent": "yes",
    **INSIDE,
}


def street(home: Path, workshop: Workshop) -> Desk:
    """A desk whose lake holds the communes of the workshop."""
    shutil.copytree(workshop.settings.lake, home / "lake")
    return Desk(home)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form of a report, as a browser without scripts sends them."""
    form = page[page.index("data-steps") :]
    return {name: html.unescape(value) for name, value in HIDDEN.findall(form)}


def report(
    browser: Browser, fields: Mapping[str, Any] | None = None, photo: bytes | None = None
) -> Any:
    """Fill in the form and send it, as somebody without scripts; returns the answer."""
    page = browser.get("cases/new")
    given = {**hidden(page.text), **a_minute_ago(browser), **REPORT, **(fields or {})}
    return send(browser, given, photo)


def a_minute_ago(browser: Browser) -> dict[str, str]:
    """The moment at which the form was shown: nobody fills it in faster than in two seconds."""
    app: Any = browser.client.app
    field = app.state.trap.field(now() - 60, "en")
    return dict(HIDDEN.findall(str(field)))


def send(
    browser: Browser, fields: Mapping[str, Any], photo: bytes | None = None, **headers: str
) -> Any:
    files = {"photo": ("photo.jpg", photo, "image/jpeg")} if photo is not None else None
    asked = {"Accept": "text/html", "Accept-Language": "en", "Origin": "http://lab.test"}
    return browser.client.post(
        "cases/new",
        data=dict(fields),
        files=files,
        headers={**asked, "Sec-Fetch-Site": "same-origin", **headers},
        follow_redirects=False,
    )


def picture(width: int = 64, height: int = 48) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), (120, 30, 40)).save(kept, "JPEG")
    return kept.getvalue()


def number_of(answer: Any) -> str:
    """The number of the report that was just sent."""
    return str(answer.headers["location"]).rpartition("/")[2]


def accept(desk: Desk, id: str) -> None:
    with desk.app.state.participation.writing() as connection:
        request.moderate(connection, id, True, actor="agent", seen=None, now=now())


def counted(desk: Desk, table: Any) -> int:
    with desk.app.state.participation.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def closed(desk: Desk, id: str, note: str = "C’est fait.") -> None:
    with desk.app.state.participation.writing() as connection:
        request.change_state(
            connection, id, "fixed", actor="agent", seen=None, now=now(), note=note
        )


def secret_of(browser: Browser) -> str:
    """The private link that this browser holds."""
    found = MINE.search(browser.get("cases/").text)
    assert found
    return found[1]


def token_of(browser: Browser) -> str:
    return hidden(browser.get("cases/new").text)["_token"]
