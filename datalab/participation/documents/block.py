"""What a document is made of: headings, paragraphs, lists and tables, in one language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from datalab.i18n import Language

# A text that turns its neighbours around says in print what nobody wrote.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Heading:
    """``level`` 1 is the title of the document."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """``kind`` note is small print, lead the first sentence, quote what somebody said."""

    text: str
    kind: Literal["plain", "lead", "note", "quote"] = "plain"


@dataclass(frozen=True)
class Item:
    """One line of a list, with lines below it."""

    text: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Items:
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Table:
    """``caption`` says what it shows; the first cell of each row names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Items | Table


@dataclass(frozen=True)
class Document:
    """``mark`` is a word across every page ("" for none); ``at`` is when it was final.

    ``at`` is in seconds since the epoch: the same document is the same file, byte for byte.
    """

    title: str
    subject: str
    language: Language
    mark: str
    at: float
    blocks: tuple[Block, ...]

    def texts(self) -> Iterator[str]:
        """Every text in it, in order."""
        for block in self.blocks:
            match block:
                case Heading() | Paragraph():
                    yield block.text
                case Items():
                    for item in block.items:
                        yield item.text
                        yield from item.details
                case Table():
                    yield block.caption
                    yield from block.head
                    for row in block.rows:
                        yield from row


def printable(text: str) -> str:
    """``text`` without what no document can hold (XML 1.0, section 2.2) or nobody can see."""
    kept = [
        letter
        for letter in TURNING.sub("", text)
        if letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cs", "Cn", "Co"}
    ]
    return "".join(kept)


def lines(text: str) -> Sequence[str]:
    return text.split("\n")
