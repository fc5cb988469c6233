"""Whether a column may be about persons, from the words of its header and from its values.

Precise rather than wide: each kind asks for a form that other data do not have (a key that holds,
a prefix that only persons' phones have), or for a header that names a person. A list of communes,
of streets or of schools is about places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from datalab.inspection.found import Suspicion
from datalab.inspection.naming import plain, words

_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[a-zA-Z]{2,}")
_PHONE = re.compile(r"(?:\+33|0033)?[ .-]?\(?0?\)?[ .-]?[1-9](?:[ .-]?\d{2}){4}")
# Of another country: a sign of its code, or the form of North America.
_ABROAD = re.compile(r"(?:\+|00)[1-9][\d .()-]{6,18}\d|\(?[2-9]\d{2}\)?[ .-]?\d{3}[ .-]?\d{4}")
# Forms that nothing but a phone has: a plus and a code (ITU-T E.164), the groups of North America.
_ABROAD_FOR_SURE = re.compile(
    r"\+[1-9](?=(?:\D*\d){7,14}$)[\d .()-]+"
    r"|(?:\+?1[ .-])?(?:\([2-9]\d{2}\) ?[2-9]\d{2}-|[2-9]\d{2}([.-])[2-9]\d{2}\1)\d{4}"
)
_MACHINE = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|(?=.*:.*:)[0-9a-fA-F:]{3,39}")
_NIR = re.compile(r"[123478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{6}\d{2}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_PLATE = re.compile(r"[A-HJ-NP-TV-Z]{2}-?\d{3}-?[A-HJ-NP-TV-Z]{2}")
_STREET = re.compile(
    r"\d{1,4}\s*(?:bis|ter|quater|[a-d])?,?\s+(?:rue|avenue|av|boulevard|bd|bld|impasse|chemin|allee"
    r"|place|pl|route|rte|quai|square|cours|passage|lotissement|residence|hameau|street|st|road|rd)"
    r"\b.*"
)
_TITLED = re.compile(r"(?:m|mr|mme|mlle|monsieur|madame|dr|me)\.? +[a-z' -]{2,}")

# Words of a header, without accents. All words of one of the sets have to be there.
_HEADERS: dict[str, tuple[set[str], ...]] = {
    "email": ({"email"}, {"mail"}, {"courriel"}, {"mel"}, {"e", "mail"}),
    "phone": ({"telephone"}, {"tel"}, {"phone"}, {"mobile"}, {"portable"}, {"gsm"}),
    "nir": ({"nir"}, {"securite", "sociale"}, {"numero", "secu"}, {"social", "security"}),
    "iban": ({"iban"}, {"rib"}, {"bank", "account"}),
    "plate": ({"immatriculation"}, {"plaque"}, {"license", "plate"}, {"licence", "plate"}),
    "birth": (
        *({"naissance"}, {"ne", "le"}, {"nee", "le"}, {"birth"}, {"birthdate"}, {"birthday"}),
        *({"ddn"}, {"dob"}, {"date", "naiss"}),
    ),
    "machine": ({"ip"}, {"ipv4"}, {"ipv6"}, {"mac", "address"}, {"adresse", "mac"}, {"imei"}),
    "name": (
        *({"prenom"}, {"prenoms"}, {"nom", "famille"}, {"nom", "usage"}, {"nom", "naissance"}),
        *({"nom", "prenom"}, {"nom", "patronymique"}, {"civilite"}, {"firstname"}, {"surname"}),
        *({"first", "name"}, {"last", "name"}, {"lastname"}, {"full", "name"}, {"fullname"}),
        *({"given", "name"}, {"family", "name"}, {"titulaire"}, {"patronyme"}),
        *({"nom", "habitant"}, {"nom", "eleve"}, {"nom", "demandeur"}, {"nom", "proprietaire"}),
        *({"nom", "contact"}, {"contact", "name"}, {"nom", "agent"}, {"nom", "usager"}),
        *({"nom", "marital"}, {"nom", "jeune", "fille"}, {"nom", "epouse"}, {"nom", "salarie"}),
        *({"nom", "adherent"}, {"nom", "licencie"}, {"nom", "benevole"}, {"nom", "enfant"}),
        *({"nom", "parent"}, {"nom", "locataire"}, {"nom", "electeur"}, {"nom", "patient"}),
        *({"nom", "allocataire"}, {"nom", "redevable"}, {"nom", "representant"}),
    ),
    "address": (
        *({"adresse", "domicile"}, {"adresse", "personnelle"}, {"domicile"}, {"home", "address"}),
        *({"adresse", "habitant"}, {"adresse", "postale", "demandeur"}),
    ),
}
# SCDL: who receives a grant is an association as a rule, and first names given are counted. There
# the values decide.
_BY_VALUES = ({"beneficiaire", "nom"},)
_LISTED = {"ENFANT_PRENOM"}
# A number of something, or a count, is no person whatever else the header says.
_COUNTED = {"nb", "nombre", "taux", "part", "total", "count", "number", "pop", "rang", "pct"}
# Births are counted too: NAISD24, naissances_2022.
_EXCEPT = {"naissances", "births", "lieu", "commune", "structure", "organisme", "service"}
# Names of columns that are first names only beside a person, not in a list of first names given.
_FIRST_NAMES = {
    *("marie", "jean", "pierre", "michel", "anne", "philippe", "nathalie", "isabelle", "nicolas"),
    *("catherine", "christine", "francois", "laurent", "sophie", "julien", "thomas", "camille"),
    *("lucas", "hugo", "emma", "lea", "manon", "chloe", "louis", "paul", "jacques", "alain"),
    *("claire", "julie", "martine", "sylvie", "patrick", "eric", "david", "olivier", "sebastien"),
    *("mohamed", "fatima", "ali", "karim", "sarah", "ines", "jade", "gabriel", "raphael", "arthur"),
    *("alice", "louise", "rose", "anna", "antoine", "alexandre", "maxime", "guillaume", "vincent"),
    *("bernard", "christophe", "stephane", "valerie", "veronique", "sandrine", "monique"),
    *("john", "mary", "james", "robert", "michael", "william", "linda", "elizabeth", "peter"),
    *("simone", "jeanne", "francoise", "daniel", "gerard", "dominique", "brigitte", "helene"),
}
# Words of places that bear the name of a person.
_PLACES = {
    *(
        "rue",
        "place",
        "avenue",
        "boulevard",
        "allee",
        "impasse",
        "chemin",
        "quai",
        "square",
        "cours",
    ),
    *("ecole", "college", "lycee", "stade", "parc", "espace", "centre", "salle", "gymnase"),
    *("saint", "sainte", "st", "ste", "de", "du", "des", "la", "le", "les", "sur", "en", "et"),
    *(
        "cours",
        "pont",
        "maison",
        "hopital",
        "eglise",
        "gare",
        "arret",
        "station",
        "jardin",
        "street",
        "residence",
    ),
}
_NUMBERS = ("phone", "nir", "iban", "plate")  # a "phone number" counts nothing
_GIVEN = {"prenom", "prenoms", "firstname", "first", "given", "civilite"}
_BARE = {"nom", "noms", "name", "last", "first", "patronyme"}
STUDIED = 600  # different values
_WHOLE = 0.5  # share of the values that have to say so
_SOME = 0.05  # … where the header says that persons may be among others


def suspicion_of(name: str, label: str, kind: str, values: Sequence[str]) -> Suspicion | None:
    """Why the column may be about persons, or None."""
    named = [*words(name), *words(label)]
    by_header = None if name in _LISTED else _by_header(named)
    counted = _COUNTED & set(named)
    if counted and not (counted == {"number"} and by_header in _NUMBERS):
        by_header = None
    if kind in ("double", "boolean", "geometry", "time"):
        return None
    if kind in ("integer", "bigint") and by_header not in ("nir", "phone", "birth"):
        return None
    if kind in ("date", "timestamp", "timestamptz"):
        return Suspicion("birth", "header", 1.0) if by_header == "birth" else None
    filled = [value.strip() for value in values if value.strip()]
    filled = list(dict.fromkeys(filled))[:STUDIED]
    best: tuple[str, float] | None = None
    for what, test in _TESTS.items():
        share = sum(map(test, filled)) / len(filled) if filled else 0.0
        if share > (best[1] if best else 0.0):
            best = (what, share)
    if best is not None and best[1] >= _WHOLE:
        by: Literal["values", "both"] = "both" if by_header == best[0] else "values"
        if best[0] == "phone" and _of_a_service(filled):
            return None
        return Suspicion(best[0], by, round(best[1], 2), _masked(filled, _TESTS[best[0]]))
    if by_header is None and best and best[0] == "name" and best[1] >= _SOME:
        by_header = "name" if any(one <= set(named) for one in _BY_VALUES) else None
    if by_header is None or not filled:
        return None
    tests = {**_TESTS, "machine": _is_machine, "phone": _is_some_phone}
    share = sum(map(tests[by_header], filled)) / len(filled) if by_header in tests else 0.0
    if by_header in ("email", "phone", "iban", "nir", "plate", "machine") and share < 0.1:
        return None  # an address of a web page below "contact", a model of phone, …
    return Suspicion(by_header, "header", round(share, 2), _masked(filled, lambda value: True))


def beside_persons(headers: Sequence[str], suspicions: Sequence[Suspicion | None]) -> set[int]:
    """The columns that are called no more than "name", where the others are about one person.

    ``Nom`` alone is as often the name of a school; beside ``Prénom`` it is not.
    """
    named = [set(words(header)) for header in headers]
    alone = {next(iter(one)) for one in named if len(one) == 1}
    about = {"first", "last"} <= alone or any(
        suspicion is not None
        and (suspicion.kind in ("birth", "nir") or (suspicion.kind == "name" and _GIVEN & one))
        for one, suspicion in zip(named, suspicions, strict=True)
    )
    return {n for n, one in enumerate(named) if about and len(one) == 1 and one <= _BARE}


def surnames(headers: Sequence[str]) -> dict[int, int | None]:
    """The columns of names of persons by their headers alone, since no value of them says so.

    Returns
    -------
    dict
        place of the column: None, or the place of the first name without which a value below
        ``Nom`` may be that of an association.
    """
    named = [set(words(header)) for header in headers]
    given = next((n for n, one in enumerate(named) if one and one <= _GIVEN - {"civilite"}), None)
    found: dict[int, int | None] = {}
    for n, (header, one) in enumerate(zip(headers, named, strict=True)):
        if header not in _LISTED and not one & _COUNTED and _by_header(list(one)) == "name":
            found[n] = None
        elif given is not None and len(one) == 1 and one <= _BARE:
            found[n] = given
    return found


def named_person(values: Sequence[str]) -> Suspicion:
    return Suspicion("name", "header", 0.0, _masked(values, lambda value: True))


def _by_header(named: Sequence[str]) -> str | None:
    there = set(named)
    for what, sets in _HEADERS.items():
        if any(one <= there for one in sets):
            if what == "birth" and there & _EXCEPT:
                continue
            return what
    return None


def is_person(value: str) -> bool:
    """``Dupont Marie``: two or three words, one of them a first name; or a title before a name."""
    text = plain(value)
    if _TITLED.fullmatch(text):
        return True
    parts = re.split(r"[\s,]+", text)
    if _PLACES & set(parts):
        return False
    return (
        2 <= len(parts) <= 3
        and any(part in _FIRST_NAMES for part in parts)
        and all(re.fullmatch(r"[a-z'-]{2,}", part) for part in parts)
    )


def is_nir(value: str) -> bool:
    digits = re.sub(r"[ .]", "", value).upper()
    if not _NIR.fullmatch(digits):
        return False
    # Corsica: 2A counts as 19 and 2B as 18 (INSEE).
    number = digits[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(digits[13:])


def is_iban(value: str) -> bool:
    text = value.replace(" ", "").upper()
    if not _IBAN.fullmatch(text):
        return False
    turned = "".join(str(int(letter, 36)) for letter in text[4:] + text[:4])
    return int(turned) % 97 == 1


def _is_machine(value: str) -> bool:
    return bool(_MACHINE.fullmatch(value))


def _is_some_phone(value: str) -> bool:
    return _is_phone(value) or bool(_ABROAD.fullmatch(value))


def _is_phone(value: str) -> bool:
    if _ABROAD_FOR_SURE.fullmatch(value):
        return True
    return bool(_PHONE.fullmatch(value)) and (" " in value or "." in value or value[0] in "+0")


_TESTS: dict[str, Callable[[str], bool]] = {
    "email": lambda value: bool(_EMAIL.fullmatch(value)),
    "nir": is_nir,
    "iban": is_iban,
    "phone": _is_phone,
    "plate": lambda value: bool(_PLATE.fullmatch(value)) and value.isupper(),
    "name": is_person,
    "address": lambda value: bool(_STREET.match(plain(value))),
}


def _of_a_service(values: Sequence[str]) -> bool:
    """Numbers that only offices have: short ones and 08…"""
    digits = [re.sub(r"\D", "", value) for value in values]
    return sum(d.startswith("08") or len(d) < 6 for d in digits) > 0.5 * len(digits)


def _masked(values: Sequence[str], test: Callable[[str], bool]) -> list[str]:
    """Three examples of which only the first letter of each word is shown, and no digit."""
    found = [value for value in values if test(value)][:3]
    return [re.sub(r"(?<=\w)\w|\d", "•", value)[:40] for value in found]
