"""The type of a column, from a sample of its values, its name and the rest of the file.

Nothing is given away: a code with a leading zero, ``2A004`` or ``2E3`` stays text, and a column of
which too few values fit a type stays text as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from datalab.inspection.mark import split
from datalab.inspection.moment import dated
from datalab.inspection.naming import words
from datalab.inspection.number import Numbered, Proof, numbered
from datalab.inspection.shape import bare

LARGEST_INT, LARGEST_BIG = 2**31 - 1, 2**63 - 1
_PAIRS = (
    ({"oui"}, {"non"}),
    ({"o"}, {"n"}),
    ({"yes"}, {"no"}),
    ({"y"}, {"n"}),
    ({"true"}, {"false"}),
    ({"vrai"}, {"faux"}),
    ({"t"}, {"f"}),
    ({"v"}, {"f"}),
)
_CODES = {
    *("insee", "siren", "siret", "iris", "code", "cp", "postal", "postcode", "zip", "zipcode"),
    *(
        "codes",
        "postaux",
        "codgeo",
        "depcom",
        "codinsee",
        "codeinsee",
        "naf",
        "ape",
        "rna",
        "nuts",
        "uic",
        "tel",
    ),
    *("telephone", "phone", "fax", "mobile", "portable", "nir", "matricule", "iban", "dep"),
    *("departement", "region", "reg", "epci", "com", "arrondissement", "cadastre", "parcelle"),
}
_GEOMETRY = re.compile(
    r"\s*(?:(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*Z?\s*\(|\{\s*\"type\"\s*:\s*\"(?:Multi)?"
    r"(?:Point|LineString|Polygon)\"|0[01]0[0-9A-Fa-f]{16,})"
)


@dataclass(frozen=True)
class Kind:
    """A type with how its values are written and why.

    ``why`` is an English msgid with ``facts``; ``caution`` another one that should be told.
    """

    type: str
    confidence: float
    why: str
    facts: dict[str, object] = field(default_factory=dict)
    writing: dict[str, str] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    caution: str | None = None


def kind_of(
    name: str, label: str, values: Sequence[str], file: Proof, delimiter: str | None
) -> Kind:
    """The type of the column ``name`` of which ``values`` are a sample, nulls left out."""
    core, marks = split(bare(value) for value in values)
    if not core:
        return Kind("varchar", 0.3 if marks else 0.0, "it holds no value" if not marks else _WORDS)
    if all(_GEOMETRY.match(value) for value in core[:50]) and (
        len(core) > 1 or "geom" in name.lower() or "shape" in name.lower()
    ):
        return Kind("geometry", 0.9, "its values are geometries")
    boolean = _boolean(core)
    if boolean is not None:
        return Kind("boolean", boolean, "its values say yes or no", marks=marks)
    moment = dated(core)
    if moment is not None and _enough(moment.share, core):
        writing = {"format": moment.format} if moment.format else {}
        return Kind(
            moment.type,
            0.6 if moment.ambiguous else round(moment.share, 2),
            "its values are written {format}",
            {"format": moment.format or "ISO 8601"},
            writing,
            marks,
            "day and month could be the other way round" if moment.ambiguous else None,
        )
    code = _code(name, label, core) or _twins(name, core)
    if code is not None:
        return Kind("varchar", 0.95, code)
    number = numbered(core, file, delimiter)
    if number is None or not _enough(number.share, core):
        return Kind("varchar", 1.0 if number is None else 0.7, _WORDS)
    return _numeric(number, core, marks)


_WORDS = "its values are text"


def _numeric(number: Numbered, core: Sequence[str], marks: dict[str, int]) -> Kind:
    writing = {"decimal": number.decimal} if not number.whole and number.decimal != "." else {}
    if number.thousands:
        writing["thousands"] = number.thousands
        if number.decimal == "," or number.thousands == ".":
            writing["decimal"] = ","
    if number.affix:
        writing["affix"] = number.affix
    if number.doubtful:
        return Kind(
            "varchar",
            0.4,
            _WORDS,
            caution="{example} could be a thousand or a decimal: nothing in the file says which",
            facts={"example": next((v for v in core if "." in v or "," in v), core[0])},
        )
    if not number.whole:
        return Kind("double", round(number.share, 2), "its values are numbers", {}, writing, marks)
    largest = number.largest or max(
        (int(re.sub(r"\D", "", v) or 0) for v in core if len(v) < 40), default=0
    )
    if largest > LARGEST_BIG:
        return Kind("varchar", 0.9, "its numbers are too long to count with")
    kind = "integer" if largest <= LARGEST_INT // 4 else "bigint"
    return Kind(kind, round(number.share, 2), "its values are whole numbers", {}, writing, marks)


def _enough(share: float, core: Sequence[str]) -> bool:
    """Whether the values that do not fit are few enough to be mistakes."""
    if len(core) < 8:
        return share == 1
    return share >= (0.85 if len(core) < 50 else 0.9)


def _boolean(core: Sequence[str]) -> float | None:
    found = Counter(value.lower() for value in core)
    for yes, no in _PAIRS:
        if set(found) <= yes | no:
            letters = max(len(word) for word in found) == 1
            if set(found) == yes | no:
                return 0.95 if letters else 1.0
            return None if letters or len(core) < 2 else 0.8
    return None


def _code(name: str, label: str, core: Sequence[str]) -> str | None:
    """Why digits are a code and no number, or None."""
    if any(re.fullmatch(r"[+-]?0\d+", value) for value in core):
        return "some begin with a zero that a number would lose"
    digits = [value for value in core if value.isdigit()]
    if len(digits) < 0.9 * len(core):
        return None
    named = _CODES & {*words(name), *words(label)}
    lengths = {len(value) for value in digits}
    if named and len(lengths) <= 2:
        return "its name says that it is a code"
    if lengths == {14} and all(luhn(value) for value in digits):
        return "its values are SIRET numbers"
    if lengths == {9} and len(digits) > 2 and all(luhn(value) for value in digits):
        return "its values are SIREN numbers"
    if lengths == {10} and all(value.startswith("0") for value in digits):
        return "its values are phone numbers"
    return None


def _twins(name: str, core: Sequence[str]) -> str | None:
    """248.1 and 248.10 are two trees, but one number."""
    if not name.lower().startswith(("id", "num", "ref", "code", "no")):
        return None
    texts = {value for value in core if re.fullmatch(r"\d+\.\d+", value)}
    if len({float(value) for value in texts}) < len(texts):
        return "as numbers, some of its identifiers would be one"
    return None


def luhn(digits: str) -> bool:
    """Whether the last digit is the key of the others (ISO/IEC 7812-1, as SIREN and SIRET)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        number = int(digit)
        if position % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0


def steady(values: Sequence[int]) -> bool:
    """Whether numbers only ever grow by one: a column that counts rows."""
    return all(after - before == 1 for before, after in pairwise(values))
