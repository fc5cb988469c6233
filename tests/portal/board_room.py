"""A session on a real port, and the browsers of those who run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalab.participation import agenda, contribution, grouping, session
from datalab.participation.contribution import Contribution
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.template import TEMPLATES, fill
from tests.participation.room import accepted
from tests.portal.desk import now
from tests.portal.test_people_pages import House

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Room:
    """A session run by ana and ben, anew for each test."""

    def __init__(self, house: House, name: str) -> None:
        self.house = house
        self.store: Store = house.desk.app.state.participation
        moment = now()
        with self.store.writing() as connection:
            made = session.create(
                connection,
                title=f"Rue apaisée, {name}",
                question="Comment rendre notre rue plus calme ?",
                receipt=name,
                facilitators=["ben"],
                now=moment,
                actor="ana",
                starts_at=moment,
                place="MJC de la Fontaine d’Ouche",
            )
            template = TEMPLATES["workshop"]
            fill(connection, made, template, language="fr", now=moment, actor="ana")
            made = session.open(connection, made, now=moment, actor="ana")
            for title in ("Circulation", "Verdure"):
                grouping.make(connection, made, title=title, receipt=title, now=moment, actor="ana")
        self.session: Session = made
        self.errors: list[str] = []

    def accepted(self, text: str, who: str | None = None) -> Contribution:
        return accepted(self.store, self.session, text, who, now=now())

    def at(self, path: str = "board") -> str:
        return self.house.at(f"sessions/{self.session.id}/{path}")

    def page(self, browser: Browser, name: str, **options: Any) -> Page:
        laptop = {"viewport": {"width": 1800, "height": 1000}}
        page = self.house.page(browser, name, **{**laptop, **options})
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.at())
        return page

    def lane(self, title: str) -> list[str]:
        with self.store.reading() as connection:
            groups = {c.title: c.id for c in grouping.clusters(connection, self.session)}
            shown = contribution.contributions(connection, self.session, states=("accepted",))
        return [one.said for one in shown if one.cluster_id == groups.get(title)]

    def titles(self) -> list[str]:
        with self.store.reading() as connection:
            return [one.title for one in grouping.clusters(connection, self.session)]

    def phase(self) -> str | None:
        with self.store.reading() as connection:
            running = agenda.running(connection, session.get(connection, self.session.id))
        return running.title if running else None


def lane(page: Page, title: str) -> Any:
    return page.locator("[data-lanes] > section", has=page.locator("h2", has_text=title))


def card(page: Page, text: str) -> Any:
    return page.locator("[data-card]", has_text=text)
