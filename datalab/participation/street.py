"""The street that a typed address names, so that two ways of writing it are known as one.

No gazetteer is asked: words are compared, without their accents, house numbers, postal codes and
little words, and with the usual abbreviations written out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ALIKE = 0.84  # of two names' letters: "Jaures" and "Jaurès" 1.0, "Libertée" and "Liberté" 0.93
SHORT = 4  # letters: shorter words must be the same, "Foch" is no "Fock"
# As addresses abbreviate them: norm AFNOR NF Z10-011 and what people write.
WRITTEN_OUT = {
    "r": "rue",
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "blvd": "boulevard",
    "boul": "boulevard",
    "pl": "place",
    "all": "allee",
    "ch": "chemin",
    "che": "chemin",
    "chem": "chemin",
    "imp": "impasse",
    "rte": "route",
    "sq": "square",
    "crs": "cours",
    "fg": "faubourg",
    "fbg": "faubourg",
    "pass": "passage",
    "res": "residence",
    "rd": "rond",
    "st": "saint",
    "ste": "sainte",
    "gal": "general",
    "gen": "general",
    "mal": "marechal",
    "dr": "docteur",
    "pdt": "president",
    "cdt": "commandant",
    "col": "colonel",
    "prof": "professeur",
}
KINDS = _set(
    "rue avenue boulevard place allee chemin impasse route square cours faubourg passage quai"
    " ruelle esplanade promenade sentier parvis mail rond residence lotissement voie pont"
)
LITTLE = _set("de du des la le les l d a au aux et en sur sous")
WHERE = _set("devant derriere pres cote face angle entre vers hauteur niveau coin numero no n")
NUMBER = re.compile(r"\b\d+\s*(?:bis|ter|quater|[a-d])?\b")


@dataclass(frozen=True)
class Street:
    """``kind`` is "" where no word says what it is (a park, a landmark)."""

    kind: str
    name: tuple[str, ...]


def street_of(address: str, commune: str = "") -> Street | None:
    """The street of ``address``, None where nothing is left that names one.

    ``commune`` is the name of the commune, which says nothing more about the street.
    """
    parts = [_words(part) for part in re.split(r"[,;\n(]", address)]
    town = _words(commune)
    cleaned = [_without(part, town) for part in parts]
    for words in cleaned:
        kinds = [place for place, word in enumerate(words) if word in KINDS]
        if kinds and (name := _named(words[kinds[0] + 1 :])):
            return Street(words[kinds[0]], name)
    name = tuple(word for words in cleaned for word in words if word not in LITTLE | WHERE)
    return Street("", name) if any(len(word) >= SHORT for word in name) else None


def resembles(one: Street, other: Street) -> float:
    """How much two streets may be one, from 0 (not) to 1 (the same words)."""
    if one.kind and other.kind and one.kind != other.kind:
        return 0.0
    few, many = sorted((one.name, other.name), key=len)
    if not (one.kind and other.kind):
        few, many = tuple(sorted(few)), tuple(sorted(many))
    # "rue Jaurès" is "rue Jean Jaurès"; "rue du Parc" is no "rue du Parc des Sports".
    whole = few == many[-len(few) :] and any(len(word) >= SHORT for word in few)
    if whole and (few == many or len(few[-1]) > SHORT):
        return 1.0 if few == many else 0.9
    if any(len(word) < SHORT and word not in many for word in few):
        return 0.0
    ratio = SequenceMatcher(None, " ".join(few), " ".join(many), autojunk=False).ratio()
    return ratio if ratio >= ALIKE else 0.0


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    found = re.findall(r"[a-z]+", NUMBER.sub(" ", bare))
    return [WRITTEN_OUT.get(word, word) for word in found]


def _without(words: list[str], town: list[str]) -> list[str]:
    """``words`` without the name of the commune at their end: "rue de Dijon" keeps its own."""
    if town and words[-len(town) :] == town:
        before = words[: -len(town)]
        if not before or _named([word for word in before if word not in KINDS]):
            return before
    return words


def _named(words: list[str]) -> tuple[str, ...]:
    """The name up to where a landmark begins."""
    end = next((place for place, word in enumerate(words) if word in WHERE), len(words))
    return tuple(word for word in words[:end] if word not in LITTLE)
