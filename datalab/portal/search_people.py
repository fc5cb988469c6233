"""Finding somebody to work with: by the name people read, never the whole list.

Only who may create projects searches, with three letters at least, and gets a few names: enough
to recognise somebody, too little to copy the register. No address, no group is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from datalab.people.accounts import accounts
from datalab.people.store import Store
from datalab.portal.person import Person

SHORTEST = 3
MOST = 8
LONGEST = 80


@dataclass(frozen=True)
class Found:
    name: str
    display: str


def may_search(person: Person) -> bool:
    return person.may("create:project")


def people_like(store: Store, text: str, now: float, without: Iterable[str] = ()) -> list[Found]:
    """People who may sign in and one of whose words begins with each word of ``text``."""
    wanted = text[:LONGEST].casefold().split()
    if sum(map(len, wanted)) < SHORTEST:
        return []
    absent = set(without)
    found = []
    for account in accounts(store):
        if account.kind != "person" or account.name in absent or not account.may_enter(now):
            continue
        words = [*account.display.casefold().replace("-", " ").split(), account.name]
        if all(any(word.startswith(piece) for word in words) for piece in wanted):
            found.append(Found(account.name, account.display))
    return sorted(found, key=lambda one: one.display.casefold())[:MOST]
