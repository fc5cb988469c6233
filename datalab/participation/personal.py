"""Personal data in a text: numbers by their form and their check digits, names by what precedes.

Rather one too few among ordinary words than a text full of holes: a date is no phone number, a
street that bears a name is no person, a number without its check digits is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SPACE = r"[\s\u00a0\u202f]"
GAP = r"[\s\u00a0\u202f.\-]?"
CAPITAL = r"[A-ZÀ-ÖØ-Þ]"
NAME = rf"{CAPITAL}[\w'’\-]+"
LETTERS = "A-HJ-NP-TV-Z"  # of a French plate: no I, O, U

EMAIL = re.compile(
    r"[\w.+%\-]{1,64}(?:@|"
    rf"{SPACE}?[\[(]{SPACE}?(?:at|arobase){SPACE}?[\])]{SPACE}?|{SPACE}(?:at|arobase){SPACE})"
    r"[^\W_](?:[\w\-]{0,61})"
    rf"(?:(?:\.|{SPACE}?[\[(]{SPACE}?(?:dot|point){SPACE}?[\])]{SPACE}?|{SPACE}(?:dot|point){SPACE})"
    r"[\w\-]{1,63}){0,4}"
    rf"(?:\.|{SPACE}?[\[(]{SPACE}?(?:dot|point){SPACE}?[\])]{SPACE}?|{SPACE}(?:dot|point){SPACE})"
    r"[^\W\d_]{2,24}\b",
    re.IGNORECASE,
)
PHONE = re.compile(
    rf"(?<![\d.,])(?:(?:\+|00)33{GAP}(?:\(0\){GAP})?|0){SPACE}?[1-9]"
    rf"(?:(?:{SPACE}?\d\d){{4}}|{GAP}\d\d(?P<gap>[.\-])\d\d(?P=gap)\d\d(?P=gap)\d\d)(?!\d)"
    rf"|(?<!\d)\+\d{{1,3}}{GAP}(?:\(\d\){GAP})?\d(?:{GAP}\d){{6,11}}(?!\d)"
)
IBAN = re.compile(rf"\b[A-Z]{{2}}\d{{2}}(?:{SPACE}?[A-Z0-9]){{11,30}}\b", re.IGNORECASE)
CARD = re.compile(r"(?<![\d])\d{4}([ \-]?)\d{4}\1\d{4}\1\d{3,4}(?!\d)")
NIR = re.compile(
    rf"(?<!\d)[12]{GAP}\d\d{GAP}\d\d{GAP}(?:\d\d|2[AB]){GAP}\d{{3}}{GAP}\d{{3}}{GAP}\d\d(?!\d)",
    re.IGNORECASE,
)
PLATE = re.compile(
    rf"\b(?:[{LETTERS}]{{2}}-?\d{{3}}-?[{LETTERS}]{{2}}|[{LETTERS}]{{2}} \d{{3}} [{LETTERS}]{{2}}"
    rf"|(?i:[{LETTERS}]{{2}}-\d{{3}}-[{LETTERS}]{{2}}))\b"
)
OLD_PLATE = re.compile(rf"\b\d{{2,4}}[ \-]?[{LETTERS}]{{2,3}}[ \-]?(?:\d\d|2[AB])\b", re.IGNORECASE)
VEHICLE = re.compile(r"immatricul|plaque|voiture|v[ée]hicule|scooter|moto\b|camion|fourgon", re.I)
NEAR = 60  # characters between a vehicle and its plate
TITLE = re.compile(
    rf"\b(?:M\.|Mr\.?|MM\.|Mme\.?|Mlle\.?|Monsieur|Madame|Mademoiselle|Mrs\.?|Ms\.?|Dr\.?|Docteur)"
    rf"{SPACE}+(?P<name>(?:(?:de|du|des|van|von|ben|el){SPACE}|d['’])*{NAME}(?:{SPACE}{NAME}){{0,2}})"
)
CALLED = re.compile(
    rf"\b(?:(?i:je m['’]appelle|mon nom est|my name is|nomm[ée]e?|sign[ée]{SPACE}?:?)|"
    rf"(?i:voisine?|neighbou?r|locataire|g[ée]rante?){SPACE}(?=(?:{NAME}){SPACE}(?:{NAME})))"
    rf"{SPACE}*(?P<name>{NAME}(?:{SPACE}{NAME}){{0,2}})"
)
# Who holds an office is no private person; a place that bears a name is none at all.
OFFICE = re.compile(
    r"(?:Le |La |L['’])?(?:Maire|Mairesse|Préfète?|Président|Ministre|Direct|Conseil|Député|Adjoint"
    r"|Responsable|Gardien|Proviseur|Recteur|Sénat|Mayor|Météo|Propre|Tout|Untel|Bricolage)"
)
PLACE_BEFORE = re.compile(
    r"\b(?:rue|r\.|avenue|av\.?|boulevard|bd|blvd|place|pl\.|impasse|all[ée]e|chemin|quai|square"
    r"|[ée]cole|coll[èe]ge|lyc[ée]e|pont|passage|cours|faubourg|route|parc|jardin|stade|gymnase"
    r"|arr[êe]t|station|r[ée]sidence|salle|h[ôo]pital|clinique|centre|esplanade|promenade|rond-point"
    r"|street|road|statue|buste|fontaine|monument|musée|maison|crèche|villa|tram)"
    r"(?:\s+(?:de|du|des|la|le|à|au|dit|de l['’]|d['’]))*\s*$",
    re.IGNORECASE,
)
HOME = re.compile(
    r"(?i:\b(?:j['’]habite|nous habitons|on habite|habitant|domicilié\w*|mon adresse|mon domicile"
    r"|chez moi|chez nous|chez lui|chez elle|i live|my address)\b[^.!?\n\d]{0,30}?)"
    r"(?P<name>\d{1,4}\s?(?:bis|ter|[ABC]\b)?,?\s+(?i:rue|avenue|av\.?|boulevard|bd|place|impasse"
    r"|all[ée]e|chemin|quai|square|route|cours|faubourg|passage|street|road)\b[^.,;:!?\n]{1,40})"
)
BIRTH = re.compile(
    r"(?i:\bn[ée]{1,2}(?:\(e\)|\.e)?\s+le|\bborn(?:\s+on)?|\bdate de naissance)\s*:?\s*"
    r"(?P<name>\d{1,2}(?:er)?[\s/.\-](?:\d{1,2}|[a-zûéà]{3,9})[\s/.\-]\d{2,4})"
)
SECRET = re.compile(
    r"(?P<a>(?<=//)[^\s/@:]{1,80}:[^\s/@]{1,80}(?=@))"
    r"|(?:[?&](?:token|key|api_?key|password|pwd|secret|code)=)(?P<b>[^\s&#]{4,})"
    r"|/mine/(?P<c>[\w\-]{16,})"
    r"|(?i:\b(?:mot de passe|password|code d['’]accès|digicode)\s*(?:est|is|:|=)\s*)(?P<d>\S{3,40})"
)


@dataclass(frozen=True)
class Found:
    """Something personal, at ``start`` to ``end`` of a text."""

    what: str
    start: int
    end: int


def find(text: str) -> list[Found]:
    """What is personal in ``text``, in order, none over another."""
    kept: list[Found] = []
    for found in sorted(_all(text), key=lambda f: (f.start, -f.end)):
        if not kept or found.start >= kept[-1].end:
            kept.append(found)
    return kept


def _all(text: str) -> Iterator[Found]:
    for match in SECRET.finditer(text):
        name = str(match.lastgroup)
        yield Found("secret", match.start(name), match.end(name))
    for what, pattern in (("email", EMAIL), ("phone", PHONE), ("plate", PLATE)):
        for match in pattern.finditer(text):
            yield Found(what, match.start(), match.end())
    for match in OLD_PLATE.finditer(text):
        if VEHICLE.search(text, max(0, match.start() - NEAR), match.start()):
            yield Found("plate", match.start(), match.end())
    for match in IBAN.finditer(text):
        if end := _iban_end(match):
            yield Found("iban", match.start(), end)
    for match in CARD.finditer(text):
        if luhn(match[0]):
            yield Found("card", match.start(), match.end())
    for match in NIR.finditer(text):
        if nir(match[0]):
            yield Found("nir", match.start(), match.end())
    for match in (*HOME.finditer(text), *BIRTH.finditer(text)):
        what = "address" if match.re is HOME else "birth"
        yield Found(what, match.start("name"), match.end("name"))
    yield from _names(text)


def _names(text: str) -> Iterator[Found]:
    for match in (*TITLE.finditer(text), *CALLED.finditer(text)):
        before = text[max(0, match.start() - 30) : match.start()]
        if not OFFICE.match(match["name"]) and not PLACE_BEFORE.search(before):
            yield Found("name", match.start("name"), match.end("name"))


def _iban_end(match: re.Match[str]) -> int:
    """Where the account number in ``match`` ends, 0 where there is none: words may follow it."""
    end = match.end()
    while end - match.start() >= 15:
        if match.string[end - 1].isalnum() and iban(match.string[match.start() : end]):
            return end
        end -= 1
    return 0


def iban(text: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616, modulo 97)."""
    letters = re.sub(r"\W", "", text).upper()
    if not 15 <= len(letters) <= 34 or not letters.isascii():
        return False
    return int("".join(str(int(sign, 36)) for sign in letters[4:] + letters[:4])) % 97 == 1


def luhn(text: str) -> bool:
    """Whether the last digit of a card number is right (ISO/IEC 7812-1)."""
    digits = [int(sign) for sign in reversed(text) if sign.isdigit()]
    total = sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return total % 10 == 0 and len(set(digits)) > 1


def nir(text: str) -> bool:
    """Whether the key of a French social security number is right (97 less the rest by 97)."""
    letters = re.sub(r"\W", "", text).upper()
    number = letters[:-2].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(letters[-2:])
