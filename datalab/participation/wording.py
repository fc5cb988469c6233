"""What people write, as it is kept: bounded, without what no reader sees; receipts of forms."""

from __future__ import annotations

import hashlib
from unicodedata import category

from datalab.errors import FieldRefused
from datalab.i18n import Phrase
from datalab.participation.author import LETTERS

LONGEST_RECEIPT = 100


def said(name: str, typed: str, most: int, *, needed: bool = True) -> str:
    """Text as it is kept: no blanks around it, none of the characters that no reader sees.

    Raises
    ------
    FieldRefused
        where nothing is left of it, or it is longer than ``most`` characters.
    """
    text = "".join(
        letter
        for letter in typed.replace("\r\n", "\n")
        if letter in "\n\t" or not ("\ud800" <= letter <= "\udfff" or category(letter) == "Cc")
    ).strip()
    if needed and not text:
        raise FieldRefused(name, Phrase("Write something here."))
    if len(text) > most:
        reason = Phrase(
            "{count} characters at most, and these are {more} more.",
            count=most,
            more=len(text) - most,
        )
        raise FieldRefused(name, reason)
    return text


def id_of(receipt: str, kind: str) -> str:
    """The id of what a form with this receipt makes: the same form sent twice makes it once.

    Raises
    ------
    FieldRefused
    """
    check_receipt(receipt)
    number = int.from_bytes(hashlib.sha256(f"{kind}\0{receipt}".encode()).digest(), "big")
    letters = []
    for _ in range(10):
        number, place = divmod(number, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(letters)


def check_receipt(receipt: str) -> None:
    """
    Raises
    ------
    FieldRefused
        where no page of the lab made this receipt.
    """
    if not 1 <= len(receipt) <= LONGEST_RECEIPT or not is_plain(receipt):
        raise FieldRefused("receipt", Phrase("Reload the page and send it again."))


def is_plain(text: str) -> bool:
    """Whether every character can be kept and shown: no NUL, no half of a pair (UTF-16)."""
    return text.isprintable()
