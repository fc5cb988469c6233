"""Requests, grants and reads of restricted datasets, as the pages of access list them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from datalab.catalog.dataset import Dataset
from datalab.i18n import Phrase
from datalab.people import accounts, audit
from datalab.people.audience import Audience
from datalab.people.grant import STATES, Grant
from datalab.people.rights import may
from datalab.portal.admission import day_of, version_in_words
from datalab.portal.language import language_of, now

MOST_READS = 50  # shown to the steward
# Reads that pass no door of the portal: what a server shows, it may read at any time.
DOORS = {
    "server.start": Phrase("notebook server that shows it"),
    "project.run": Phrase("notebooks of a project run"),
    "guided.run": Phrase("notebook run in its guided view"),
    "access.declared": Phrase("a notebook, as it says itself"),
}


@dataclass(frozen=True)
class Row:
    """A request or a grant as people read it."""

    grant: Grant
    title: str
    who: str
    version: str
    state: str
    until: str
    holds: bool
    by: str


@dataclass(frozen=True)
class Read:
    """One restricted read, as the audit has it."""

    at: float
    who: str
    door: str


def named_accounts(request: Request, dataset: Dataset) -> list[str]:
    """Accounts that read something of a dataset because its file names them or their group."""
    audience, moment = Audience.of(dataset.id, dataset.as_json()), now().timestamp()
    return [
        one.name
        for one in accounts.accounts(request.app.state.store)
        if one.may_enter(moment)
        and audience.read_by(one.name, one.groups, (), member=may(one.groups, "read:members"))
    ]


def rows_of(request: Request, found: list[Grant]) -> list[Row]:
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    holdings = state.library.shelf().holdings
    rows = []
    for one in found:
        holding = holdings.get(one.dataset)
        dataset = holding.dataset if holding else None
        over = one.state == "granted" and not one.holds(moment)
        rows.append(
            Row(
                grant=one,
                title=dataset.title.in_(language) if dataset else one.dataset,
                who=_display(request, one.account),
                version=version_in_words(dataset, one.version, language),
                state=STATES["ended" if over else one.state].in_(language),
                until=day_of(one.until - 1),
                holds=one.holds(moment),
                by=_display(request, one.decided_by) if one.decided_by else "",
            )
        )
    return rows


def _display(request: Request, name: str) -> str:
    account = accounts.find(request.app.state.store, name)
    return account.display if account else name


def reads_of(request: Request, dataset: str) -> list[Read]:
    """The last reads of one dataset, of the same ten minutes once."""
    found = []
    for entry in audit.reads(request.app.state.store, dataset, MOST_READS):
        said, door = DOORS.get(entry.action), str(entry.detail.get("door") or "")
        words = said.in_(language_of(request)) if said else door.replace("{dataset}", dataset)
        found.append(Read(entry.at, _display(request, entry.actor), words))
    return found
