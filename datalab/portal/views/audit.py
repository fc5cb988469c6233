"""The audit log, for operators: what happened, by whom, to whom; and the same as a file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from starlette.requests import Request

from datalab.i18n import Language, Phrase, translate
from datalab.people import audit
from datalab.people.audit import Entry
from datalab.people.store import Store
from datalab.portal.figures import DIJON
from datalab.portal.language import language_of, now
from datalab.portal.lines import END, FORMULA, MARK
from datalab.portal.page import render
from datalab.portal.person import require

router = APIRouter(include_in_schema=False)
PER_PAGE = 50
PIECE = 1000
LONGEST_WHO = 80
COLUMNS = ("number", "at", "actor", "action", "subject", "detail")
NOUNS = {
    "signin": Phrase("sign-ins"),
    "account": Phrase("accounts"),
    "password": Phrase("passwords"),
    "invitation": Phrase("invitations"),
    "project": Phrase("projects"),
    "server": Phrase("notebook servers and what they read"),
    "publication": Phrase("publications"),
    "access": Phrase("restricted datasets"),
    "token": Phrase("tokens of programs"),
    "audit": Phrase("the log itself"),
}
SENTENCES = {
    "account.add": Phrase("account added"),
    "account.groups": Phrase("groups changed"),
    "account.rename": Phrase("name changed"),
    "account.disable": Phrase("account closed"),
    "account.enable": Phrase("account opened again"),
    "account.remove": Phrase("account removed"),
    "account.password": Phrase("password changed"),
    "signin.ok": Phrase("signed in"),
    "signin.refused": Phrase("sign-in refused"),
    "signin.link": Phrase("sign-in link made"),
    "signin.end": Phrase("signed out everywhere"),
    "invitation.issue": Phrase("invitation made"),
    "invitation.use": Phrase("invitation used"),
    "invitation.withdraw": Phrase("invitation withdrawn"),
    "project.create": Phrase("project created"),
    "project.member": Phrase("members of a project changed"),
    "project.archive": Phrase("project archived"),
    "project.restore": Phrase("project restored"),
    "project.delete": Phrase("project deleted"),
    "project.purge": Phrase("project gone for good"),
    "project.describe": Phrase("project described anew"),
    "project.run": Phrase("notebooks of a project run"),
    "guided.run": Phrase("notebook run in its guided view"),
    "version.restore": Phrase("earlier version taken back"),
    "server.start": Phrase("notebook server started"),
    "server.stop": Phrase("notebook server stopped"),
    "publication.publish": Phrase("page published"),
    "publication.withdraw": Phrase("page withdrawn"),
    "publication.restore": Phrase("page shown again"),
    "access.ask": Phrase("access asked for"),
    "access.grant": Phrase("access granted"),
    "access.refuse": Phrase("request refused"),
    "access.revoke": Phrase("access taken back"),
    "access.withdraw": Phrase("withdrawn by who asked"),
    "access.end": Phrase("access over"),
    "access.read": Phrase("restricted dataset read"),
    "access.declared": Phrase("restricted dataset read, as a notebook says"),
    "proposal.send": Phrase("dataset proposed"),
    "proposal.refuse": Phrase("proposed dataset sent back"),
    "proposal.accept": Phrase("proposed dataset accepted"),
    "token.make": Phrase("token made"),
    "token.revoke": Phrase("token revoked"),
    "audit.export": Phrase("log exported"),
}
WORDS = {
    "account": Phrase("account"),
    "after": Phrase("after"),
    "before": Phrase("before"),
    "dataset": Phrase("dataset"),
    "day": Phrase("day"),
    "door": Phrase("door"),
    "purpose": Phrase("purpose"),
    "token": Phrase("token"),
    "until": Phrase("until"),
    "via": Phrase("as"),
    "from": Phrase("from the network"),
    "group": Phrase("group"),
    "groups": Phrase("groups"),
    "guests": Phrase("guests sent out"),
    "invitation": Phrase("invitation"),
    "lakes": Phrase("datasets of class"),
    "origin": Phrase("made by"),
    "places": Phrase("places"),
    "project": Phrase("project"),
    "projects": Phrase("projects"),
    "reason": Phrase("reason"),
    "way": Phrase("by"),
}
WAYS = {
    "link": Phrase("a personal link"),
    "password": Phrase("a password"),
    "password link": Phrase("a link to set a password"),
    "invitation": Phrase("an invitation"),
    "oidc": Phrase("the sign-in of the organisation"),
}


@dataclass(frozen=True)
class Question:
    """What of the log is asked for: days in Dijon's time, both included."""

    who: str = ""
    what: str = ""
    first: str = ""
    last: str = ""

    def filters(self) -> dict[str, Any]:
        """As :func:`datalab.people.audit.entries` takes them; a day that is none is left out."""
        asked: dict[str, Any] = {"actor": self.who or None, "noun": self.what or None}
        if since := _midnight(self.first):
            asked["since"] = since.timestamp()
        if last := _midnight(self.last):
            asked["until"] = (last + timedelta(days=1)).timestamp()
        return asked


@dataclass(frozen=True)
class Line:
    """An entry as people read it."""

    entry: Entry
    said: str
    detail: str


def _midnight(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=DIJON)


def line_of(entry: Entry, language: Language) -> Line:
    sentence = SENTENCES.get(entry.action)
    said = sentence.in_(language) if sentence else entry.action
    parts = [
        translate(
            "{name}: {value}",
            language,
            name=_word(key, language),
            value=_value(key, value, language),
        )
        for key, value in sorted(entry.detail.items())
        if value is not None
    ]
    return Line(entry, said, " · ".join(parts))


def _word(key: str, language: Language) -> str:
    return WORDS[key].in_(language) if key in WORDS else key


def _value(key: str, value: Any, language: Language) -> str:
    known = WAYS.get(value) if key == "way" and isinstance(value, str) else None
    return known.in_(language) if known else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value) or "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _asked(who: str, what: str, first: str, last: str) -> Question:
    known = what if re.fullmatch(r"[a-z]{1,30}", what) else ""
    return Question(" ".join(who.split())[:LONGEST_WHO], known, first[:10], last[:10])


@router.get("/audit")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/audit/")
def listing(
    request: Request,
    who: str = "",
    what: str = "",
    first: str = "",
    last: str = "",
    before: int = 0,
) -> Response:
    require(request, "read:audit")
    store, language = request.app.state.store, language_of(request)
    question = _asked(who, what, first, last)
    before = max(0, min(before, 2**53))
    found = audit.entries(store, **question.filters(), limit=PER_PAGE + 1, before=before)
    shown = found[:PER_PAGE]
    context = {
        "lines": [line_of(entry, language) for entry in shown],
        "asked": question,
        "nouns": [(noun, said.in_(language)) for noun, said in NOUNS.items()],
        "older": shown[-1].number if len(found) > PER_PAGE else None,
        "newest": not before,
        "broken": audit.first_broken(store),
    }
    return render(request, "audit.html", context)


@router.get("/audit.csv")
def file(
    request: Request, who: str = "", what: str = "", first: str = "", last: str = ""
) -> Response:
    """For a French spreadsheet: semicolons, a byte order mark, nothing that it would evaluate."""
    person = require(request, "read:audit")
    store: Store = request.app.state.store
    question = _asked(who, what, first, last)
    asked = {key: value for key, value in vars(question).items() if value}
    audit.record(store, now().timestamp(), person.name, "audit.export", "", **asked)
    day = now().astimezone(DIJON).date().isoformat()
    name = f"{translate('audit-log', language_of(request))}-{day}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_csv(store, question), headers=headers, media_type="text/csv")


def _csv(store: Store, question: Question) -> Iterator[str]:
    yield MARK + ";".join(COLUMNS) + END
    before = 0
    while True:
        found = audit.entries(store, **question.filters(), limit=PIECE, before=before)
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";", lineterminator=END)
        for entry in found:
            at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
            detail = json.dumps(entry.detail, ensure_ascii=False, sort_keys=True)
            texts = [harmless(t) for t in (entry.actor, entry.action, entry.subject, detail)]
            writer.writerow([entry.number, at, *texts])
        yield text.getvalue()
        if len(found) < PIECE:
            return
        before = found[-1].number


def harmless(text: str) -> str:
    """``text`` as a spreadsheet shows it, never as a formula (OWASP, "CSV injection")."""
    return f"'{text}" if re.match(FORMULA, text) else text
