"""A mail server of the tests' own: it takes letters and keeps them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Office:
    """A mail server that keeps what it is given; ``answers`` are what it says first."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answers: list[str] = []
        self.signed_in: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        made = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(made, EmailMessage)
        assert envelope.rcpt_tos == [made["To"]]
        self.letters.append(made)
        return "250 OK"

    def wait(self, text: str, seconds: float = 60) -> str:
        """The text of the newest letter that holds ``text``, as soon as there is one."""
        end = time.monotonic() + seconds
        while True:
            for one in reversed(self.letters):
                body = one.get_body(("plain",))
                if body is not None and text in body.get_content():
                    return str(body.get_content())
            assert time.monotonic() < end, [str(one["Subject"]) for one in self.letters]
            time.sleep(0.2)

    def authenticate(self, server: Any, session: Any, envelope: Any, how: str, data: Any) -> Any:
        assert isinstance(data, LoginPassword)
        self.signed_in.append(data.login)
        return AuthResult(success=data.password == b"s3cret/")


class Door(Controller):
    def factory(self) -> SMTP:
        office = self.handler
        return SMTP(office, authenticator=office.authenticate, auth_require_tls=False)


@contextmanager
def opened() -> Iterator[tuple[Office, int]]:
    """An office, and the port of its door."""
    made = Office()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    door = Door(made, hostname="127.0.0.1", port=port)
    door.start()
    yield made, port
    door.stop()
