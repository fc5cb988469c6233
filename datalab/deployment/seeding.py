"""What a first start writes into the store: the personas, each one once for ever."""

from __future__ import annotations

from datalab.hub.personas import PERSONAS
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.store import Store

ORIGIN = "persona"
ACTOR = "lab"


def seed(store: Store, now: float) -> None:
    """Add the personas that were never added. One that an operator removed stays away."""
    for older in store.path.parent.glob("links.sqlite*"):
        # Links had a file of their own once; each start prints new ones anyway.
        older.unlink()
    with store.writing() as database:
        rows = database.execute(
            "SELECT subject FROM audit WHERE action = 'account.add' AND actor = ?", (ACTOR,)
        )
        before = {row["subject"] for row in rows}
        taken = {row["name"] for row in database.execute("SELECT name FROM accounts")}
        for persona in PERSONAS.values():
            if persona.name not in before | taken:
                account = Account(
                    name=persona.name,
                    display=persona.display,
                    kind="person",
                    groups=(persona.group,),
                    origin=ORIGIN,
                    email=None,
                    has_password=False,
                    created_at=now,
                    created_by=ACTOR,
                    expires_at=None,
                    disabled_at=None,
                )
                accounts.insert(database, now, account)
