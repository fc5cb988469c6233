"""Names for columns and datasets that SQL, Python and people can all write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# What a DBF table exported as CSV leaves behind a name: NOM,C,254 or VLEGALE,N,19,8.
DBF = re.compile(r"^(.{1,11}),([CNDLFMI])(,\d+){0,2}$")
LONGEST = 60
_CAMEL = re.compile(r"(?<=[A-Za-zà-ÿ][a-zà-ÿ])(?=[A-Z])")  # but not in kWh


def plain(text: str) -> str:
    """``text`` in small letters without the accents of Latin script."""
    if text.isascii():
        return text.lower()
    folded = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("ß", "ss")
    letters = unicodedata.normalize("NFD", folded)
    kept = "".join(
        letter
        for letter in letters
        if not (unicodedata.category(letter) == "Mn" and ord(letter) < 0x370)
    )
    return unicodedata.normalize("NFC", kept).lower()


def words(name: str) -> list[str]:
    """The words of a header: ``codePostal``, ``code_postal`` and ``Code postal`` alike."""
    found = DBF.match(name)
    name = found[1] if found else name
    split = _CAMEL.sub(" ", name)
    return [word for word in re.split(r"[\W_]+", plain(split)) if word]


def snake(name: str, position: int) -> str:
    """A name of a column: ``Gasto total 2011`` becomes ``gasto_total_2011``."""
    found = DBF.match(name)
    name = found[1] if found else name
    name = _CAMEL.sub("_", name)
    marked = name.replace("%", " pct ").replace("€", " eur ").replace("²", "2").replace("³", "3")
    made = re.sub(r"[\W_]+", "_", plain(marked)).strip("_")[:LONGEST].strip("_")
    if not made:
        return f"column_{position}"
    return f"_{made}" if made[0].isdigit() else made


def distinct(names: Sequence[str]) -> list[str]:
    """The same names, those that come again with a number."""
    taken: set[str] = set()
    found = []
    for name in names:
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken.add(candidate)
        found.append(candidate)
    return found


def slug(name: str) -> str:
    """An id for a dataset, from the name of its file.

    >>> slug("VilleMTP_MTP_Comptage (1).csv")
    'villemtp-mtp-comptage-1'
    """
    stem = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
    stem = re.sub(r"(\.[A-Za-z0-9]{1,8}){1,2}$", "", stem) or stem
    letters = plain(stem).encode("ascii", "ignore").decode()
    made = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:50].strip("-")
    if not made:
        return "fichier"
    return made if made[0].isalpha() else f"fichier-{made}"
