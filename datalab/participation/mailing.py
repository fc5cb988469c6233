"""Letters to members of the lab: what happened, who hears of it, and the note that it was told.

A mailing is told as a whole: where the mail server goes away in the middle, it is sent again with
the next look. An address that the server refuses holds nobody else up. Logs name accounts, never
their addresses.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from datalab.i18n import Language
from datalab.participation.letter import POLICY, MailServer, one_line
from datalab.settings import Settings

LOG = logging.getLogger("datalab.keeper")
UNREACHABLE = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,  # an accent in an address, where the server knows ASCII only
    ValueError,  # no address at all
)


class Member(Protocol):
    """Who gets a letter: an account of the lab."""

    @property
    def name(self) -> str: ...

    @property
    def email(self) -> str | None: ...

    @property
    def language(self) -> Language: ...


@dataclass(frozen=True)
class Letter:
    """What one member reads, in the language in which they read the lab."""

    to: Member
    subject: str
    body: str

    def message(self, sender: str) -> EmailMessage:
        made = EmailMessage(policy=POLICY)
        made["From"], made["To"] = sender, self.to.email or ""
        made["Subject"] = one_line(self.subject)
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(self.body.rstrip() + "\n", cte="quoted-printable")
        made["Content-Language"] = self.to.language  # after the content, which takes it away
        return made


@dataclass(frozen=True)
class Mailing:
    """The letters of one event, written when there is a way to send them, and what notes it."""

    letters: Callable[[], Iterable[Letter]]
    note: Callable[[], None]


def send(settings: Settings, mailings: Sequence[Mailing], about: str) -> None:
    """Send every mailing and note it; what could not be sent waits for the next look.

    Parameters
    ----------
    settings : Settings
        ``smtp`` and ``mail_from``; without a mail server nothing is sent and nothing noted.
    mailings : sequence of Mailing
        In the order in which they go.
    about : str
        What the log says that they are about, such as ``"access"``.
    """
    server = MailServer.of(settings.smtp.get_secret_value()) if mailings else None
    if server is None:
        return
    try:
        line = server.open()
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("letters about %s wait: %s", about, type(error).__name__)
        return
    try:
        for mailing in mailings:
            for letter in mailing.letters():
                try:
                    line.send_message(letter.message(settings.mail_from))
                except UNREACHABLE:
                    LOG.warning("no letter about %s to %s", about, letter.to.name)
            mailing.note()
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("letters about %s wait: %s", about, type(error).__name__)
    finally:
        line.close()
