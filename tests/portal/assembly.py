"""A session on a desk, and the phones of those who take part in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from datalab.participation import agenda, contribution, session
from datalab.participation.contribution import Contribution
from datalab.participation.session import Session
from tests.portal.desk import TOKEN, Browser, Desk, now

HIDDEN = re.compile(r'<input type="hidden" name="_shown" value="([^"]*)"')
WHO = "facilitator"


def receipt() -> str:
    return str(uuid4())


@dataclass
class Phone:
    """One browser without an account; ``here`` is its page in the session."""

    browser: Browser
    session: Session
    shown: str

    @property
    def here(self) -> str:
        return f"sessions/{self.session.id}/take-part"

    def join(self, pseudonym: str = "", **more: str) -> Any:
        page = self.browser.get(f"join/{self.session.code}")
        found = TOKEN.search(page.text)
        self.browser.token = found[1] if found else self.browser.token
        fields = {"_shown": self.shown, "receipt": receipt(), "pseudonym": pseudonym, **more}
        return self.browser.post(f"join/{self.session.code}", fields)

    def say(self, text: str, key: str = "", **more: Any) -> Any:
        return self.send("", text=text, receipt=key or receipt(), **more)

    def give(self, idea: str, dots: int) -> Any:
        return self.send("/vote", give=f"{idea} {dots}")

    def send(self, path: str, **fields: Any) -> Any:
        """As the page's script does."""
        sent = {"receipt": receipt(), **fields}
        return self.browser.post(f"{self.here}{path}", sent, Accept="application/json")

    def page(self, **headers: str) -> str:
        text: str = self.browser.get(self.here, **headers).text
        return text


@dataclass
class Assembly:
    """An open session of ``desk``."""

    desk: Desk
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = {"title": "Rue de la Liberté", "question": "Que faire de la rue ?", **self.about}
        state = values.pop("state", "open")

        def work(connection: Connection) -> Session:
            made = session.create(
                connection, now=now(), actor=WHO, receipt=receipt(), place="Mairie", **values
            )
            for kind, title in (("diverge", "Dire ses idées"), ("converge", "Choisir")):
                agenda.add(
                    connection,
                    made,
                    kind=kind,
                    title=title,
                    seconds=600,
                    receipt=receipt(),
                    now=now(),
                    actor=WHO,
                )
            if state != "draft":
                made = session.open(connection, made, now=now(), actor=WHO)
            return made

        self.id = self.do(work).id

    @property
    def session(self) -> Session:
        found: Session = self.do(lambda connection: session.get(connection, self.id))
        return found

    def do(self, work: Any) -> Any:
        return self.desk.app.state.participation.write(work)

    def phone(self, joined: bool = True) -> Phone:
        trap = str(self.desk.app.state.trap.field(now() - 30, "fr"))
        found = HIDDEN.search(trap)
        assert found
        made = Phone(self.desk.browser(), self.session, found[1])
        if joined:
            answer = made.join()
            assert answer.status_code == 303, answer.text
        return made

    def said(self) -> list[Contribution]:
        return list(self.do(lambda c: contribution.contributions(c, session.get(c, self.id))))

    def accept(self, one: Contribution, wording: str | None = None) -> None:
        def work(connection: Connection) -> None:
            found = session.get(connection, self.id)
            contribution.accept(connection, found, one, now=now(), actor=WHO, wording=wording)

        self.do(work)

    def change(self, does: Any, **values: Any) -> None:
        """``session.close``, ``vote.open_vote`` …"""
        self.do(lambda c: does(c, session.get(c, self.id), now=now(), actor=WHO, **values))
