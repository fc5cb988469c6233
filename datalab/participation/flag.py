"""Flags: a reader says that something in a dataset looks wrong; its steward answers.

What is typed is screened. Nobody but the steward and whoever sent it reads a flag before it was
answered; then text and answer stand on the page of the dataset, unsigned. One that is refused
stands nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select

from datalab.errors import FlagRefused, ReceiptReused, UnknownFlag
from datalab.i18n import Language, Phrase
from datalab.participation import author, journal, mail
from datalab.participation.author import short_id
from datalab.participation.journal import Change, Edit
from datalab.participation.mail import TEMPLATES, Template
from datalab.participation.screening import screen
from datalab.participation.tables.flag import FLAG

State = Literal["open", "answered", "fixed", "refused"]
STATES: tuple[State, ...] = ("open", "answered", "fixed", "refused")
STATE_NAMES: dict[str, Phrase] = {
    "open": Phrase("Open"),
    "answered": Phrase("Answered"),
    "fixed": Phrase("Mended"),
    "refused": Phrase("Refused"),
}
LONGEST = 2_000  # characters of a text
LONGEST_VALUE = 200  # of a value that names a row
MOST_KEYS = 8
MOST_OPEN = 200  # of one dataset: beyond it is a flood, and no steward reads it
TEMPLATES["flag.answered"] = Template(
    Phrase("Answer about “{dataset}”"),
    Phrase(
        "Hello,\n\nYou flagged something in the dataset “{dataset}”. Its steward answers "
        "({state}):\n\n{answer}\n\nEverything about it is here:\n{link}"
    ),
)


@dataclass(frozen=True)
class Raised:
    """What somebody sends. ``row`` names it by its key or its number; empty for a whole column."""

    receipt: str
    dataset: str
    text: str
    column: str = ""
    row: Mapping[str, Any] = field(default_factory=dict)
    snapshot: int | None = None
    author_id: str | None = None
    account: str | None = None
    way: Literal["page", "notebook"] = "page"


@dataclass(frozen=True)
class Flag:
    """``concerns`` are what screening found in ``text``; ``expectation`` the test it became."""

    id: str
    dataset: str
    snapshot: int | None
    column: str
    row: dict[str, Any]
    text: str
    said: str
    concerns: list[dict[str, Any]]
    author_id: str | None
    account: str | None
    way: str
    state: State
    answer: str
    answered_by: str | None
    expectation: dict[str, Any] | None
    flagged_at: float
    answered_at: float | None
    version: int

    @property
    def scope(self) -> str:
        return f"flag:{self.id}"


def check(raised: Raised, columns: Iterable[str]) -> None:
    """Let pass what says something about a dataset with ``columns``.

    Raises
    ------
    FlagRefused
        which names the field and says what to do.
    """
    text = raised.text.strip()
    if len(text) < 3:
        raise FlagRefused(field="text", reason=Phrase("say in a few words what looks wrong"))
    if len(text) > LONGEST:
        reason = Phrase("it is too long: {most} characters at most", most=LONGEST)
        raise FlagRefused(field="text", reason=reason)
    known = set(columns)
    if raised.column and raised.column not in known:
        reason = Phrase("there is no column '{column}'", column=raised.column[:60])
        raise FlagRefused(field="column", reason=reason)
    for name, value in raised.row.items():
        plain = value is None or isinstance(value, str | int | float | bool)
        if name not in known | {"row"} or not plain or len(str(value)) > LONGEST_VALUE:
            reason = Phrase("a row is named by its number or by its key")
            raise FlagRefused(field="row", reason=reason)
    if len(raised.row) > MOST_KEYS:
        raise FlagRefused(field="row", reason=Phrase("a row is named by its number or by its key"))


def submit(connection: Connection, raised: Raised, now: float, language: Language = "fr") -> Flag:
    """Record a flag that was checked; the same receipt twice gives the same flag.

    Raises
    ------
    FlagRefused
        where the dataset has more open flags than anybody could read.
    ReceiptReused
        where the receipt is that of another flag.
    """
    text = raised.text.replace("\r\n", "\n").strip()
    if (before := _by_receipt(connection, raised.receipt)) is not None:
        sent = (raised.dataset, raised.column, dict(raised.row), text)
        # The text is erased with whoever wrote it.
        if before.text and sent != (before.dataset, before.column, before.row, before.text):
            raise ReceiptReused
        return before
    if count(connection, raised.dataset, "open") >= MOST_OPEN:
        reason = Phrase("many are waiting to be read already; come back in a few days")
        raise FlagRefused(field="text", reason=reason)
    screened = screen(text, language)
    values = {
        "id": short_id(),
        "receipt": raised.receipt,
        "dataset": raised.dataset,
        "snapshot": raised.snapshot,
        "column_name": raised.column,
        "place": dict(raised.row),
        "text": text,
        "said": screened.said,
        "concerns": screened.concerns,
        "author_id": raised.author_id,
        "account": raised.account,
        "way": raised.way,
        "state": "open",
        "answer": "",
        "flagged_at": now,
    }
    who = raised.account or (f"author:{raised.author_id}" if raised.author_id else "reader")
    edit = Edit.insert(FLAG, values)
    _record(connection, str(values["id"]), "flag.raise", edit, who, now)
    return get(connection, str(values["id"]))


def answer(
    connection: Connection,
    flag: Flag,
    *,
    state: str,
    text: str,
    actor: str,
    seen: int,
    now: float,
    title: str,
    expectation: Mapping[str, Any] | None = None,
) -> Flag:
    """Answer a flag, and write to who left an address.

    Parameters
    ----------
    title
        of the dataset, for the letter.
    expectation
        the test that it became, if any.

    Raises
    ------
    FlagRefused, Stale
    """
    text = text.replace("\r\n", "\n").strip()
    if state not in STATES:
        raise FlagRefused(field="state", reason=Phrase("choose one of the states"))
    if state != "open" and len(text) < 3:
        reason = Phrase("write a sentence: whoever flagged it reads it")
        raise FlagRefused(field="answer", reason=reason)
    if len(text) > LONGEST:
        reason = Phrase("it is too long: {most} characters at most", most=LONGEST)
        raise FlagRefused(field="answer", reason=reason)
    values: dict[str, Any] = {
        "state": state,
        "answer": text,
        "answered_by": actor,
        "answered_at": now,
    }
    if expectation is not None:
        values["expectation"] = dict(expectation)
    _record(
        connection, flag.id, "flag.answer", Edit.update(FLAG, flag.id, values, seen), actor, now
    )
    if flag.author_id and state != "open":
        facts = {
            "dataset": title,
            "state": _said(connection, flag.author_id, state),
            "answer": text,
        }
        mail.send(connection, flag.author_id, "flag.answered", facts, now)
    return get(connection, flag.id)


def _said(connection: Connection, author_id: str, state: str) -> str:
    """A state in the language in which somebody wrote."""
    found = author.get(connection, author_id)
    language: Language = "en" if found is not None and found.language == "en" else "fr"
    return STATE_NAMES[state].in_(language)


def get(connection: Connection, id: str) -> Flag:
    """
    Raises
    ------
    UnknownFlag
    """
    row = connection.execute(select(FLAG).where(FLAG.c.id == id)).mappings().first()
    if row is None:
        raise UnknownFlag(id=id[:60])
    return _flag(row)


def listed(
    connection: Connection,
    *,
    datasets: Iterable[str] | None = None,
    states: Iterable[str] = STATES,
    limit: int = 200,
) -> list[Flag]:
    """Flags, open ones first, then the newest; of some datasets where they are named."""
    asked = select(FLAG).where(FLAG.c.state.in_(list(states)))
    if datasets is not None:
        asked = asked.where(FLAG.c.dataset.in_(list(datasets)))
    asked = asked.order_by((FLAG.c.state != "open"), FLAG.c.flagged_at.desc(), FLAG.c.id)
    return [_flag(row) for row in connection.execute(asked.limit(limit)).mappings()]


def told(connection: Connection, dataset: str, limit: int = 20) -> list[Flag]:
    """What everybody may read about a dataset: flags that were answered, the newest first."""
    asked = select(FLAG).where(FLAG.c.dataset == dataset, FLAG.c.state.in_(["answered", "fixed"]))
    asked = asked.order_by(FLAG.c.answered_at.desc(), FLAG.c.id).limit(limit)
    return [_flag(row) for row in connection.execute(asked).mappings()]


def of(
    connection: Connection,
    *,
    author_ids: Iterable[str] = (),
    account: str | None = None,
    dataset: str | None = None,
) -> list[Flag]:
    """The flags of somebody, the newest first."""
    mine: list[ColumnElement[bool]] = [FLAG.c.author_id.in_(list(author_ids))]
    if account is not None:
        mine.append(FLAG.c.account == account)
    asked = select(FLAG).where(or_(*mine))
    if dataset is not None:
        asked = asked.where(FLAG.c.dataset == dataset)
    asked = asked.order_by(FLAG.c.flagged_at.desc(), FLAG.c.id).limit(200)
    return [_flag(row) for row in connection.execute(asked).mappings()]


def count(connection: Connection, dataset: str, state: str) -> int:
    asked = select(func.count()).select_from(FLAG)
    asked = asked.where(FLAG.c.dataset == dataset, FLAG.c.state == state)
    return int(connection.execute(asked).scalar_one())


def _by_receipt(connection: Connection, receipt: str) -> Flag | None:
    row = connection.execute(select(FLAG).where(FLAG.c.receipt == receipt)).mappings().first()
    return _flag(row) if row is not None else None


def _flag(row: RowMapping) -> Flag:
    names = {"column": "column_name", "row": "place"}
    return Flag(**{name: row[names.get(name, name)] for name in Flag.__dataclass_fields__})


def _record(
    connection: Connection, id: str, kind: str, edit: Edit, actor: str, now: float
) -> Change:
    return journal.record(
        connection, scope=f"flag:{id}", at=now, actor=actor, kind=kind, edits=[edit]
    )
