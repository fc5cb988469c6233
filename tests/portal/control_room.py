"""Cases in the control room of a desk, for tests."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import update

from datalab.participation import request
from datalab.participation.author import make
from datalab.participation.categories import seed
from datalab.participation.report import Report, review
from datalab.participation.request import Request
from datalab.participation.store import Store
from datalab.participation.tables.request import REQUEST
from tests.portal.desk import Desk, now

DAY = 86_400.0


def reported(desk: Desk, what: str = "Lampe éteinte", days: float = 0.01, **more: Any) -> str:
    """The number of a new case, reported some days ago; ``more`` are columns as they are now."""
    store: Store = desk.app.state.participation
    with store.writing() as connection:
        seed(connection)
        author = make(connection, kind="reporter", now=now(), expires_at=now() + DAY, consent="")
        told = Report(
            service_code=more.pop("service_code", "lighting"),
            receipt=f"{author.id}-receipt",
            channel="web",
            description=what,
            latitude=47.32,
            longitude=5.04,
            commune="21231",
            author_id=author.id,
        )
        id = request.submit(connection, review(told), now() - days * DAY).key
        if more:
            connection.execute(update(REQUEST).where(REQUEST.c.id == id).values(**more))
    return id


def case(desk: Desk, id: str) -> Request:
    with desk.app.state.participation.reading() as connection:
        return request.get(connection, id)


def listed(page: Any) -> list[str]:
    """Numbers of the cases on a page, in their order."""
    return re.findall(r'data-case="([^"]+)"', page.text)
