"""The six letters that people type to come in: of a session, or of a campaign."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, select

from datalab.participation.tables.session import SESSION
from datalab.participation.tables.survey import CAMPAIGN

LETTERS = "BCDFGHJKMNPQRTVWXZ"  # no vowels: neither words nor letters read for a digit
LENGTH = 6
# Signs that no code has, for the letter that they are taken for.
ALIKE = str.maketrans(
    {"0": "Q", "O": "Q", "8": "B", "2": "Z", "U": "V", "Y": "V", "I": "J", "1": "J"}
)


def new(connection: Connection) -> str:
    """Six letters that lead nowhere yet: both kinds are typed into the same field."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        used = (select(table.c.id).where(table.c.code == code) for table in (SESSION, CAMPAIGN))
        if all(connection.execute(asked).first() is None for asked in used):
            return code


def typed(text: str) -> str:
    """Letters and digits as they were typed: small, in groups, with dashes between."""
    return "".join(letter for letter in text[:40].upper() if letter.isalnum())


def meant(text: str) -> str:
    """The six letters that were meant, with a 0 for a Q."""
    return typed(text).translate(ALIKE)
