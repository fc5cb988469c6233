"""A portal with data that is closed in every way, and readers of every kind."""

from __future__ import annotations

import shutil
from pathlib import Path

from starlette.testclient import TestClient

from datalab.people import accounts, grants, tokens
from datalab.people.grant import Grant
from datalab.refresh import refresh
from tests.portal.conftest import PREFIX, Workshop, described
from tests.portal.desk import ORIGIN, Desk, now

# What a masked reader must never see, and what nobody outside may.
HIDDEN = ("CANARIE-NOM", "CANARIE-NAISSANCE", "1987-03-14", "2124Z", "987123", "CANARIE-ELEVE")
CLOSED = (*HIDDEN, "CANARIE-QUARTIER", "CANARIE-MEMBRE", "CANARIE-RECENT", "CANARIE-REJET")
DAY = 86_400.0
COLUMNS = {
    "id": "integer",
    "name": "varchar",
    "born": "date",
    "postcode": "varchar",
    "income": "integer",
    "pupil": "varchar",
    "district": "varchar",
    "longitude": "double",
    "latitude": "double",
}
ROWS = (
    "id,name,born,postcode,income,pupil,district,longitude,latitude\n"
    "1,CANARIE-NOM,1987-03-14,2124Z,987123,CANARIE-ELEVE,CANARIE-QUARTIER,5.04173,47.32173\n"
    "2,Autre,1990-12-01,21000,31999,CANARIE-ELEVE,centre,5.052,47.332\n"
)
MASKS = [
    {
        "for": "students",
        "columns": {
            "name": "hide",
            "born": "year",
            "postcode": "first 2",
            "income": "round 5000",
            "pupil": "pseudonym",
        },
    },
    {
        "for": "others",
        "columns": {
            **dict.fromkeys(("name", "born", "postcode", "income", "pupil"), "hide"),
            "longitude": "hide",
            "latitude": "hide",
        },
    },
]


class Closed:
    """``desk`` is the portal; datasets ``residents`` (restricted, with masks), ``sealed`` (without)
    and ``budgets`` (for members)."""

    def __init__(self, root: Path) -> None:
        self.desk = Desk(root / "home")
        # The portal's own settings, with a catalog to publish from.
        self.workshop = Workshop.__new__(Workshop)
        self.workshop.settings = self.desk.settings.model_copy(update={"catalog": root / "catalog"})
        self.workshop.theme = root / "catalog" / "territory"
        self.workshop.theme.mkdir(parents=True)
        told = [
            {
                "type": "expect_column_values_to_be_in_set",
                "column": "name",
                "value_set": ["x"],
                "severity": "warning",
            },
            {
                "type": "expect_column_max_to_be_between",
                "column": "income",
                "max_value": 1,
                "severity": "warning",
            },
        ]
        facts = {
            "key": ["id"],
            "access": "restricted",
            "personal_data": "pseudonymous",
            "map": {"longitude": "longitude", "latitude": "latitude", "label": "name"},
            "expectations": told,
            "max_reject_ratio": 0.5,
            "steward": "espaces",
        }
        self.residents = described("residents", COLUMNS, audience=["agents"], masks=MASKS, **facts)
        self.workshop.write(self.residents, f"{ROWS}CANARIE-REJET,a,b,c,d,e,f,g,h\n")
        self.workshop.write(described("sealed", COLUMNS, audience=["agents"], **facts), ROWS)
        members = {"code": "varchar", "amount": "integer"}
        self.workshop.write(
            described("budgets", members, access="members"), "code,amount\nCANARIE-MEMBRE,5\n"
        )
        self.workshop.write(described("places", {"n": "integer"}), "n\n1\n")
        assert set(self.publish().values()) == {"published"}

    def publish(self, *names: str) -> dict[str, str]:
        records = refresh(list(names) or None, self.workshop.settings, "essai")
        return {record.dataset: record.state for record in records}

    def change(self, **more: object) -> None:
        """Describe ``residents`` anew and publish it."""
        self.residents = {**self.residents, **more}
        self.workshop.write(self.residents, f"{ROWS}CANARIE-REJET,a,b,c,d,e,f,g,h\n")
        self.publish("residents")

    def keep_back(self) -> None:
        """Later data of ``residents`` that must not be published, with a value of their own."""
        broken = [{"type": "expect_column_values_to_be_unique", "column": "pupil"}]
        document = {**self.residents, "expectations": broken}
        self.workshop.write(document, ROWS.replace("Autre", "CANARIE-RECENT"))
        assert self.publish("residents") == {"residents": "kept"}

    def token(self, account: str) -> str:
        _, words = tokens.make(self.desk.store, now(), account, "essai", now() + DAY)
        return words

    def client(self, token: str = "") -> TestClient:
        """A program, with a token or without."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        base = f"{ORIGIN}{PREFIX}/"
        return TestClient(
            self.desk.app, base_url=base, headers=headers, raise_server_exceptions=False
        )

    def grant(self, account: str, version: str = "residents", days: float = 1) -> Grant:
        until = now() + days * DAY
        return grants.give(self.desk.store, now(), "steward", account, version, until, "essai")

    def disable(self, account: str) -> None:
        accounts.disable(self.desk.store, now(), "operator", account)

    def lose(self, lake: str) -> None:
        shutil.rmtree(self.desk.settings.lake / lake)
