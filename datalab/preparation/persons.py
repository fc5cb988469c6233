"""Natural persons in a file that is to be public: what is looked for, and what becomes of it.

CRPA, articles L. 311-6 and L. 312-1-2: what touches private life is published only once nobody can
be recognised, unless a law or the person allows it; article D. 312-1-3 lists what may be published
as it is (members of the council, staff directories…). A search by patterns finds what is written
in a usual way and nothing else: a person has to read the file again before it is published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from datalab.inspection.naming import plain
from datalab.inspection.personal import is_iban, is_nir, is_person

Kind = Literal["name", "email", "phone", "nir", "iban", "address", "few"]
KINDS: tuple[Kind, ...] = ("name", "email", "phone", "nir", "iban", "address", "few")
NEVER: tuple[Kind, ...] = ("nir", "iban", "few")  # no reason makes these public
FEW = 5  # a first name given fewer times in a year may point to one child
MASKS: dict[str, str] = {
    "name": "[nom masqué]",
    "email": "[courriel masqué]",
    "phone": "[téléphone masqué]",
    "nir": "[numéro masqué]",
    "iban": "[compte masqué]",
    "address": "[adresse masquée]",
}
# Who receives a grant is looked at as a whole: a row about a person is withheld.
WHOLE = {"nomBeneficiaire"}
COUNTS = {"NOMBRE_OCCURRENCES"}
CONTACTS = {"EQUIP_TEL": "phone", "EQUIP_EMAIL": "email"}  # of a place, where they look like one's
GIVEN = {"ENFANT_PRENOM"}  # first names that are counted, of nobody

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PHONE = re.compile(r"(?<![\d.,])(?:(?:\+|00)33[ .-]?(?:\(0\))?|0)[1-9](?:[ .-]?\d{2}){4}(?!\d)")
_NIR = re.compile(r"(?<!\d)[1278] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\d)")
_IBAN = re.compile(r"\bFR\d{2}(?: ?[A-Z0-9]{4}){5} ?[A-Z0-9]{3}\b")
_CAPITAL = r"(?:[A-ZÀ-ÖØ-Þ][\w’'-]*)"
_TITLED = re.compile(
    rf"\b(?:M\.|MM\.|Mr|Mme|Mmes|Mlle|Monsieur|Madame|Mademoiselle|Dr|Me)\s+"
    rf"(?:(?:et|Et)\s+(?:Mme|Madame)\s+)?{_CAPITAL}(?:\s+(?:de\s+|d’|d'|du\s+|le\s+|la\s+)?{_CAPITAL}){{0,3}}"
)
_PAIR = re.compile(rf"{_CAPITAL}\s+{_CAPITAL}(?:-{_CAPITAL})?")
_OFFICE = re.compile(
    r"\b(?:M\.|Mme|Monsieur|Madame)\s+(?:le|la|l’|l')\s*(?:Maire|Préfet|Préfète|Président|Adjoint)\w*",
    re.IGNORECASE,
)
_HOME = re.compile(
    r"(?:domicili\w+|demeurant|résidant|habitant|domicile)(?:\s+(?:au|à|:))?\s*:?\s*"
    r"(\d{1,4}(?:\s*(?:bis|ter))?,?\s+[^,;.()]{3,60})",
    re.IGNORECASE,
)
_OF_PLACES = re.compile(
    r"(?:rue|place|avenue|boulevard|allée|impasse|chemin|quai|square|cours|école|collège|lycée|"
    r"groupe scolaire|stade|parc|espace|centre|salle|gymnase|crèche|bibliothèque|médiathèque|maison"
    r"|résidence|théâtre|musée|fondation|association|prix|hôpital|église|pont)\s+(?:[\w’'-]+\s+){0,2}$",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"^(?:contact|mairie|accueil|info|infos|secretariat|bibliotheque|mediatheque|ecole|urbanisme|culture"
    r"|sport|sports|ville|direction|service|dpo|ccas|creche|etat-civil|communication|musee)\b"
)


@dataclass(frozen=True)
class Found:
    """One place in a text: from ``start`` to ``end``."""

    kind: Kind
    start: int
    end: int


def found_in(field: str, text: str) -> list[Found]:
    """What tells of a person in one value of ``field``, from left to right, never overlapping."""
    if field in WHOLE:
        return [Found("name", 0, len(text))] if is_person(text) else list(_inside(text))
    if field in COUNTS:
        few = text.isascii() and text.isdecimal() and len(text) < 9 and int(text) < FEW
        return [Found("few", 0, len(text))] if few else []
    if field in GIVEN:
        return []
    if field in CONTACTS:
        return _contact(CONTACTS[field], text)
    return _apart(_inside(text))


def masked(text: str, found: list[Found]) -> str:
    """``text`` with each place replaced by a word that says what was there."""
    for one in reversed(found):
        text = f"{text[: one.start]}{MASKS[one.kind]}{text[one.end :]}"
    return text


def hidden(text: str) -> str:
    """An example that names nobody: first letters only."""
    return re.sub(r"(?<=\w)\w|\d", "•", text)[:40]


def _contact(kind: str, text: str) -> list[Found]:
    if kind == "email":
        local = plain(text).partition("@")[0]
        if "@" not in text or _SERVICE.match(local) or "." not in local:
            return []
        return [Found("email", 0, len(text))]
    digits = re.sub(r"\D", "", text)
    mobile = re.match(r"(?:33|0033)?0?[67]\d{8}$", digits)
    return [Found("phone", 0, len(text))] if mobile else []


def _inside(text: str) -> Iterator[Found]:
    tests: list[tuple[Kind, re.Pattern[str], Callable[[str], bool]]] = [
        ("email", _EMAIL, lambda value: True),
        ("iban", _IBAN, is_iban),
        ("nir", _NIR, is_nir),
        ("phone", _PHONE, lambda value: True),
        ("name", _TITLED, lambda value: not _OFFICE.match(value)),
    ]
    for kind, pattern, holds in tests:
        for match in pattern.finditer(text):
            if holds(match[0]):
                yield Found(kind, *match.span())
    for match in _HOME.finditer(text):
        yield Found("address", *match.span(1))
    for match in _PAIR.finditer(text):
        pair = match[0]
        if is_person(pair) and not _OF_PLACES.search(text[: match.start()]):
            yield Found("name", *match.span())


def _apart(found: Iterator[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept
