"""One letter, and the mail server it goes to.

Whatever somebody typed ends up in the body or, on one line, in the subject: a header cannot be
added by it. Every letter says how to get no more of them, in a line and in the header that mail
programs make a button of (RFC 8058).
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select, update
from sqlalchemy.engine import RowMapping

from datalab.i18n import Language, translate
from datalab.participation import case_words, session_news  # noqa: F401 - who writes letters
from datalab.participation.contact import Contact, Vault
from datalab.participation.mail import TEMPLATES
from datalab.participation.store import Store
from datalab.participation.tables.author import AUTHOR, MESSAGE
from datalab.settings import Settings

AT_ONCE = 50  # letters of one turn
DELAYS = (60.0, 300.0, 1800.0, 7200.0, 28_800.0, 86_400.0)  # seconds before each other try
GIVEN_UP = 10.0**11  # due in another age: the sweep takes it away
PATIENCE = 20  # seconds for the mail server
LONGEST_SUBJECT = 150
LONGEST_FACT = 2_000
POLICY = SMTP.clone(max_line_length=900)  # an address in a header is never cut in two


@dataclass(frozen=True)
class MailServer:
    """``smtp://`` uses STARTTLS where it is offered, ``smtps://`` is encrypted from the start."""

    host: str
    port: int
    encrypted: bool
    user: str
    password: str

    @classmethod
    def of(cls, address: str) -> MailServer | None:
        """The server of ``smtp[s]://user:password@host:port``, None for ""."""
        if not address:
            return None
        parts = urlsplit(address)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("DATALAB_SMTP is not smtp[s]://user:password@host:port")
        encrypted = parts.scheme == "smtps"
        return cls(
            parts.hostname,
            parts.port or (465 if encrypted else 587),
            encrypted,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    def open(self) -> smtplib.SMTP:
        """A connection that is signed in.

        Raises
        ------
        OSError, smtplib.SMTPException
            and never sends a password in the clear, except to this machine.
        """
        context = ssl.create_default_context()
        if self.encrypted:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=PATIENCE, context=context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=PATIENCE)
        try:
            server.ehlo()
            if not self.encrypted and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
                secure = True
            else:
                secure = self.encrypted
            if self.user:
                if not secure and self.host not in {"localhost", "127.0.0.1", "::1"}:
                    raise smtplib.SMTPNotSupportedError("the mail server offers no encryption")
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def possible(settings: Settings) -> bool:
    """Whether this lab sends letters at all: forms ask for an address only then."""
    return bool(settings.smtp.get_secret_value() and settings.mail_from)


def deliver(store: Store, settings: Settings, root: str, now: float) -> int:
    """Send what is due; returns how many letters went.

    ``root`` is the address of the portal for people (``https://host/services/datalab``). A letter
    counts as tried before it goes: a crash in between delays it and loses none.
    """
    server = MailServer.of(settings.smtp.get_secret_value())
    if server is None or not settings.mail_from:
        return 0
    with store.reading() as connection:
        waiting = _waiting(connection, now)
    if not waiting:
        return 0
    vault, sent = Vault(settings.secrets), 0
    try:
        line = server.open()
    except (OSError, smtplib.SMTPException) as error:
        for row in waiting:
            _later(store, row, now, _said(error))
        return 0
    try:
        for row in waiting:
            with store.reading() as connection:
                contact = vault.contact(connection, row["author_id"])
            if contact is None:
                _note(store, row, now, GIVEN_UP, "no address any more")
                continue
            _later(store, row, now, "")
            problem = _sent(line, letter(dict(row), contact, settings.mail_from, root, now))
            if problem is None:
                sent += 1
                _mark(store, row, now)
            elif problem.startswith("5"):
                _note(store, row, now, GIVEN_UP, problem)
            else:
                _later(store, row, now, problem)
    finally:
        line.close()
    return sent


def letter(
    row: Mapping[str, Any], contact: Contact, sender: str, root: str, now: float
) -> EmailMessage:
    """The message of one row of the queue, with its author's ``language``."""
    language: Language = row["language"] if row["language"] in ("fr", "en") else "fr"
    template = TEMPLATES[row["template"]]
    link = f"{root}/mine/{contact.secret}" if contact.secret else f"{root}/"
    facts = {name: _fact(value) for name, value in row["facts"].items()} | {"link": link}
    stop = f"{link}/stop" if contact.secret else link
    made = EmailMessage(policy=POLICY)
    made["From"], made["To"] = sender, contact.email
    made["Subject"] = one_line(translate(template.subject.template, language, **facts))
    made["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    made["Message-ID"] = make_msgid(idstring=row["id"], domain=_domain(sender))
    made["Auto-Submitted"] = "auto-generated"
    if contact.secret:
        made["List-Unsubscribe"] = f"<{stop}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    body = translate(template.body.template, language, **facts)
    last = translate(
        "You get this letter because you left your address. No more letters, and forget my "
        "address: {stop}",
        language,
        stop=stop,
    )
    made.set_content(f"{body}\n\n-- \n{last}\n", cte="quoted-printable")
    return made


def one_line(text: str) -> str:
    """``text`` without what could end a header, cut to a subject's length."""
    return re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text).strip()[:LONGEST_SUBJECT]


def _fact(value: Any) -> str:
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", " ", str(value))[:LONGEST_FACT]


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip("<> ") or "localhost"


def _waiting(connection: Any, now: float) -> list[RowMapping]:
    asked = (
        select(MESSAGE, AUTHOR.c.language)
        .join(AUTHOR, AUTHOR.c.id == MESSAGE.c.author_id)
        .where(MESSAGE.c.sent_at.is_(None), MESSAGE.c.due_at <= now)
        .order_by(MESSAGE.c.due_at)
        .limit(AT_ONCE)
    )
    return list(connection.execute(asked).mappings())


def _sent(line: smtplib.SMTP, message: EmailMessage) -> str | None:
    """None where the server took it, else what it said, code first."""
    try:
        line.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return _said(error)
    return None


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return f"{code} {words.decode(errors='replace')}"[:200]
    if isinstance(error, smtplib.SMTPResponseException):
        raw: object = error.smtp_error
        told = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
        # A refused password is no fault of the letter.
        first = "4" if isinstance(error, smtplib.SMTPAuthenticationError) else ""
        return f"{first}{error.smtp_code} {told}"[:200]
    return f"{type(error).__name__}: {error}"[:200]


def _mark(store: Store, row: RowMapping, now: float) -> None:
    with store.writing() as connection:
        connection.execute(
            update(MESSAGE).where(MESSAGE.c.id == row["id"]).values(sent_at=now, problem="")
        )


def _later(store: Store, row: RowMapping, now: float, problem: str) -> None:
    if row["tries"] >= len(DELAYS):
        _note(store, row, now, GIVEN_UP, problem)
    else:
        _note(store, row, now, now + DELAYS[row["tries"]], problem)


def _note(store: Store, row: RowMapping, now: float, due: float, problem: str) -> None:
    with store.writing() as connection:
        connection.execute(
            update(MESSAGE)
            .where(MESSAGE.c.id == row["id"])
            .values(tries=row["tries"] + 1, due_at=due, problem=problem)
        )
