"""A portal with accounts of every group, and browsers in which they are signed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.rights import GROUPS
from datalab.people.visits import Visits
from datalab.portal.app import create_app
from datalab.portal.person import COOKIE, HUB_COOKIE
from datalab.settings import Settings
from tests.portal.conftest import PREFIX

ORIGIN = "http://lab.test"
PAGE = {"Accept": "text/html", "Accept-Language": "en"}
TOKEN = re.compile(r'name="_token" value="([0-9a-f]*)"')


def now() -> float:
    return datetime.now(UTC).timestamp()


@dataclass
class Browser:
    """One browser; ``token`` is what the portal puts into the forms of its pages."""

    client: TestClient
    token: str = ""

    def get(self, path: str, **headers: str) -> Any:
        path = path.removeprefix(f"{PREFIX}/")
        return self.client.get(path, headers={**PAGE, **headers}, follow_redirects=False)

    def post(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> Any:
        """Send a form as the browser of a person does; an empty header is left out."""
        sent = {**PAGE, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **headers}
        return self.client.post(
            path,
            data={"_token": self.token, **(fields or {})},
            headers={name: value for name, value in sent.items() if value},
            follow_redirects=False,
        )

    def follow(self, answer: Any) -> Any:
        return self.get(ORIGIN + answer.headers["location"])


class Desk:
    """The portal of one home, without a hub: who is signed in is written down by hand."""

    def __init__(self, home: Path) -> None:
        (home / "hub").mkdir(parents=True)
        (home / "secrets").mkdir()
        (home / "accounts").mkdir()
        self.settings = Settings(home=home, projects=home / "shipped")
        self.app = create_app(self.settings)
        self.store = self.app.state.store
        for group in GROUPS:
            self.add(group.removesuffix("s"), group)

    def add(self, name: str, *groups: str, **more: Any) -> Account:
        return accounts.add(self.store, now(), "tests", name, groups, name.title(), **more)

    @property
    def visits(self) -> Visits:
        return Visits(self.settings.people.with_name("visits.sqlite"))

    def browser(self) -> Browser:
        """Somebody who is not signed in."""
        client = TestClient(self.app, base_url=f"{ORIGIN}{PREFIX}/", raise_server_exceptions=False)
        return Browser(client)

    def browser_of(self, name: str, hub_session: str = "hub-session") -> Browser:
        """Somebody signed in, as the sign-in through a hub leaves them."""
        made = self.browser()
        account = accounts.get(self.store, name)
        token = self.visits.open(account, hub_session, now())
        made.client.cookies.set(COOKIE, token, path=f"{PREFIX}/")
        made.client.cookies.set(HUB_COOKIE, hub_session, path="/")
        found = TOKEN.search(made.get("me/").text)
        assert found
        made.token = found[1]
        return made
