"""Contacts: an address that somebody left, encrypted, apart from what they said, for a time.

The keys lie in one file of the lab's secrets, outside the database, newest first: who takes the
database alone reads no address. With an address goes the secret of its owner's private link, so
that a letter can carry it; the database keeps only the digest of that.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, Table, delete, insert, select, update

from datalab.errors import ContactRefused
from datalab.isolation.private import write_private
from datalab.participation.tables.author import CONTACT, PUSH

FILE = "contact_keys"
DAY = 86_400
LONGEST = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
ADDRESS = re.compile(
    r"[^\s@<>(),;:\\\"\[\]\x00-\x1f\x7f]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}"
)


@dataclass(frozen=True)
class Contact:
    """``secret`` is that of the private link, "" where it was not given."""

    email: str
    secret: str = ""


class Vault:
    """Encrypts and decrypts with the keys in ``folder`` (``settings.secrets``)."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def keep(
        self,
        connection: Connection,
        author_id: str,
        email: str,
        now: float,
        days: float,
        secret: str = "",
    ) -> None:
        """Remember an address for ``days`` days, in place of any other of the author.

        ``secret`` is that of their private link: without it letters cannot lead back there.

        Raises
        ------
        ContactRefused
            where ``email`` is no address.
        """
        plain = json.dumps({"email": email_of(email), "secret": secret}).encode()
        values = {
            "cipher": self.encrypt(plain),
            "created_at": now,
            "expires_at": now + days * DAY,
        }
        changed = connection.execute(
            update(CONTACT).where(CONTACT.c.author_id == author_id).values(**values)
        )
        if not changed.rowcount:
            connection.execute(insert(CONTACT).values(author_id=author_id, **values))

    def contact(self, connection: Connection, author_id: str) -> Contact | None:
        """What an author left, None for nothing or for what no key opens any more."""
        asked = select(CONTACT.c.cipher).where(CONTACT.c.author_id == author_id)
        cipher = connection.execute(asked).scalar()
        if cipher is None:
            return None
        plain = self.decrypt(cipher)
        return None if plain is None else Contact(**json.loads(plain))

    def reveal(self, connection: Connection, author_id: str) -> str | None:
        """The address of an author."""
        found = self.contact(connection, author_id)
        return found.email if found else None

    def forget(self, connection: Connection, author_id: str) -> bool:
        """Forget an address; whether there was one."""
        done = connection.execute(delete(CONTACT).where(CONTACT.c.author_id == author_id))
        return bool(done.rowcount)

    def encrypt(self, plain: bytes) -> bytes:
        return self._keys().encrypt(plain)

    def decrypt(self, cipher: bytes) -> bytes | None:
        try:
            return self._keys().decrypt(bytes(cipher))
        except InvalidToken:
            return None

    def add_key(self) -> None:
        """A new key in front; what older ones encrypted can still be read."""
        lines = [Fernet.generate_key().decode(), *self._lines()]
        write_private(self.path, "\n".join(lines) + "\n")

    def renew(self, connection: Connection) -> int:
        """Encrypt everything anew with the newest key; returns how many rows.

        After it is committed, and everything that was under way before the key came, the older
        keys can be retired.
        """
        return sum(self._anew(connection, table) for table in (CONTACT, PUSH))

    def retire(self) -> None:
        """Drop every key but the newest."""
        write_private(self.path, self._lines()[0] + "\n")

    def _anew(self, connection: Connection, table: Table) -> int:
        keys, count = self._keys(), 0
        key, cipher = next(iter(table.primary_key.columns)), table.c["cipher"]
        for id, held in connection.execute(select(key, cipher)).all():
            try:
                fresh = keys.rotate(bytes(held))
            except InvalidToken:
                continue
            connection.execute(update(table).where(key == id).values(cipher=fresh))
            count += 1
        return count

    def _keys(self) -> MultiFernet:
        return MultiFernet([Fernet(line) for line in self._lines()])

    def _lines(self) -> list[str]:
        try:
            lines = self.path.read_text().split()
        except FileNotFoundError:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self.path, Fernet.generate_key().decode() + "\n")
            lines = self.path.read_text().split()
        return lines


def email_of(text: str) -> str:
    """An e-mail address as typed, without the spaces around it.

    Raises
    ------
    ContactRefused
    """
    email = text.strip()
    if len(email) > LONGEST or not ADDRESS.fullmatch(email):
        raise ContactRefused(value=email[:80])
    return email
