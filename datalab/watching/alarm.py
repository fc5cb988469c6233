"""Telling whoever runs a lab that something is wrong, and that it is over.

Each incident is told once, by mail and to a webhook, told again each day while it lasts, and said
to be over. The heartbeat is the dead-man switch: an address outside the lab is asked each minute
as long as the lab is looked after, so that its silence is what raises the alarm there.
"""

from __future__ import annotations

import json
import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from datalab.deployment import status
from datalab.i18n import DEFAULT, Language, translate
from datalab.isolation.private import write_private
from datalab.logline import last_failures
from datalab.participation.letter import POLICY, MailServer
from datalab.participation.store import Store
from datalab.settings import Settings
from datalab.watching.incident import Incident, incidents
from datalab.watching.state import look

LOG = logging.getLogger("datalab.keeper")
FILE = "alarms.json"
PATIENCE = 10.0  # seconds
AGAIN = 86_400.0
HOUR = 3600.0
BEAT = 60.0
MOST_FAILURES = 50


@dataclass
class Told:
    """What is known to be wrong: by code, since when, told when, in which words."""

    at: float = 0.0
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, run: Path) -> Told:
        """What was written last; nothing where there is no file, or no good one."""
        try:
            document = json.loads((run / FILE).read_text())
            known = {str(code): dict(one) for code, one in document["known"].items()}
            return cls(float(document["at"]), known)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self, run: Path) -> None:
        write_private(run / FILE, json.dumps({"at": self.at, "known": self.known}))


def failures_since(logs: Path, since: float) -> list[dict[str, Any]]:
    """Errors of all parts after ``since``, newest first."""
    from datetime import datetime

    found = last_failures(logs, MOST_FAILURES)
    return [one for one in found if datetime.fromisoformat(one["at"]).timestamp() >= since]


class Alarm:
    """Looks at one lab, turn by turn. ``turn`` is the work of a task of the keeper."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.participation)
        self._beaten = 0.0

    def turn(self, now: float) -> list[Incident]:
        """Look, tell, beat; returns what is wrong."""
        settings = self.settings
        state = look(settings, self.store, now)
        silent = [part.name for part in status.look(settings).parts if part.answers is False]
        failures = failures_since(settings.logs, now - HOUR)
        found = incidents(state, failures=failures, silent=silent)
        self.tell(found, now)
        if now - self._beaten >= BEAT and beat(settings):
            self._beaten = now
        return found

    def tell(self, found: Sequence[Incident], now: float) -> None:
        """Tell what is new, what lasts and what is over; remember what was told.

        Where nobody could be told it is tried again at the next turn.
        """
        told = Told.read(self.settings.run)
        language = DEFAULT
        present = {one.code: one for one in found}
        new = [one for one in found if now - told.known.get(one.code, {}).get("told", 0.0) >= AGAIN]
        over = [about for code, about in told.known.items() if code not in present]
        ended = [str(about.get("said", "")) for about in over if about.get("told")]
        done = not (new or ended) or announce(self.settings, new, ended, language)
        known = {}
        for code, one in present.items():
            before = told.known.get(code, {})
            since, when = before.get("since", now), before.get("told", 0.0)
            if done and one in new:
                when = now
            said = one.said.in_(language)
            known[code] = {"since": since, "told": when, "said": said, "level": one.level}
        if not done:
            known |= {code: about for code, about in told.known.items() if code not in present}
        Told(now, known).write(self.settings.run)


def announce(
    settings: Settings, new: Sequence[Incident], ended: Sequence[str], language: Language
) -> bool:
    """Whether everybody who is to be told was told; nobody is where nothing is set."""
    ways = [way(settings, new, ended, language) for way in (_by_mail, _by_webhook)]
    return all(ways)


def text_of(new: Sequence[Incident], ended: Sequence[str], language: Language) -> str:
    """The message: what is wrong with its next step, then what is over."""
    lines = [f"• {one.said.in_(language)}\n  {one.step.in_(language)}" for one in new]
    if ended:
        lines += ["", translate("Over:", language), *(f"• {said}" for said in ended)]
    return "\n".join(lines).strip()


def _by_mail(
    settings: Settings, new: Sequence[Incident], ended: Sequence[str], language: Language
) -> bool:
    server = MailServer.of(settings.smtp.get_secret_value())
    named = [one.strip() for one in settings.alert_mail.split(",") if one.strip()]
    if server is None or not named:
        return True
    message = EmailMessage(policy=POLICY)
    message["From"], message["To"] = settings.mail_from, ", ".join(named)
    message["Subject"] = (
        translate("Data lab: {count} incidents", language, count=len(new))
        if new
        else translate("Data lab: all is well again", language)
    )
    message["Auto-Submitted"] = "auto-generated"
    closing = (
        settings.public_url
        and f"\n\n{settings.public_url.rstrip('/')}/services/datalab/operations/"
    )
    message.set_content(text_of(new, ended, language) + closing + "\n", cte="quoted-printable")
    try:
        line = server.open()
        try:
            line.send_message(message)
        finally:
            line.close()
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("the alert waits for the mail server: %s", type(error).__name__)
        return False
    return True


def _by_webhook(
    settings: Settings, new: Sequence[Incident], ended: Sequence[str], language: Language
) -> bool:
    address = settings.alert_webhook.get_secret_value()
    if not address:
        return True
    document = {
        "text": text_of(new, ended, language),  # what chat servers show
        "incidents": [
            {"code": one.code, "level": one.level, "message": one.said.in_(language)} for one in new
        ],
        "resolved": list(ended),
    }
    return _asked("POST", address, document)


def beat(settings: Settings) -> bool:
    """Say to the outside that the lab is looked after; True where that is not asked for."""
    address = settings.heartbeat_url.get_secret_value()
    return not address or _asked("GET", address)


def _asked(method: str, address: str, document: Any = None) -> bool:
    try:
        answer = httpx.request(method, address, json=document, timeout=PATIENCE)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Never the address: it is a key.
        LOG.warning("an alert could not be passed on: %s", type(error).__name__)
        return False
    return True
