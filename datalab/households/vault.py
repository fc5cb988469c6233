"""The key of households: in its own file beside its own database, newest line first.

Who takes the database alone reads no name, no meter and no voucher's code. The key is not among the
lab's other secrets: whoever holds those does not hold this one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from datalab.isolation.private import write_private

FILE = "key"
LETTERS = "BCDFGHJKMNPQRTVWXZ23456789"  # of codes that people type: none looks like another


class Vault:
    """Encrypts and decrypts with the keys in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def sealed(self, document: Any) -> bytes:
        """A JSON document that only this key opens."""
        return self._keys().encrypt(json.dumps(document, separators=(",", ":")).encode())

    def opened(self, cipher: bytes) -> Any:
        """What :meth:`sealed` was given; None where no key opens it any more."""
        try:
            return json.loads(self._keys().decrypt(cipher))
        except InvalidToken:
            return None

    def turn(self) -> None:
        """A new key in front: what is sealed from now on is sealed with it."""
        write_private(self.path, "\n".join([Fernet.generate_key().decode(), *self._lines()]) + "\n")

    def _keys(self) -> MultiFernet:
        return MultiFernet([Fernet(line) for line in self._lines()])

    def _lines(self) -> list[str]:
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self.path, Fernet.generate_key().decode() + "\n")
        return self.path.read_text().split()


def new_secret() -> str:
    """192 bits, as they stand in a private link."""
    return secrets.token_urlsafe(24)


def digest(secret: str) -> str:
    """All that the database keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_id() -> str:
    return secrets.token_hex(8)


def typed(code: str) -> str:
    """A code as it was meant: without spaces and dashes, in capitals."""
    return "".join(letter for letter in code[:60].upper() if letter.isalnum())
