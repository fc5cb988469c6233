"""How a column writes its numbers: decimal mark, thousands, signs of money or per cent.

``1.200`` and ``2,666`` can be read in two ways. What proves a way in one column of a file (a
second group, another number of decimals) counts for the whole file; where nothing proves one,
that is said and the column stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SPACED = " \u00a0\u202f\u2009"
_PLAIN = re.compile(r"[+-]?\d+")
_CODE = re.compile(r"\d+(?:[A-Z]|e)\d+")
_POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_EXPONENT = re.compile(r"[+-]?\d+[eE][+-]\d+")
_AFFIX = re.compile(r"([€£$])|(%|€|£|\$)")
_BESIDE = (
    re.compile(r"^([+-]?)([€£$])[ \u00a0\u202f\u2009]*(?=\d)"),
    re.compile(r"(?<=\d)[ \u00a0\u202f\u2009]*(%|€|£|\$|°C|kWh|MWh|m²|km|kg)$"),
)


@dataclass(frozen=True)
class Proof:
    """What the columns of a file prove about its point and its comma."""

    point: int = 0
    comma: int = 0
    point_groups: int = 0
    comma_groups: int = 0

    def __add__(self, other: Proof) -> Proof:
        return Proof(
            self.point + other.point,
            self.comma + other.comma,
            self.point_groups + other.point_groups,
            self.comma_groups + other.comma_groups,
        )


@dataclass(frozen=True)
class Numbered:
    """``share`` of the values are numbers written this way.

    ``doubtful`` where nothing proves what the mark between three digits is.
    """

    whole: bool
    share: float
    decimal: str = "."
    thousands: str | None = None
    affix: str | None = None
    doubtful: bool = False
    largest: int = 0


def without_affix(values: Sequence[str]) -> tuple[list[str], str | None]:
    """The values without the sign that most of them bear (%, €), and that sign."""
    signs: dict[str, int] = {}
    for value in values[:500]:
        for pattern in _BESIDE:
            found = pattern.search(value)
            if found:
                sign = found[found.lastindex or 0]
                signs[sign] = signs.get(sign, 0) + 1
    if not signs:
        return list(values), None
    sign = max(signs, key=lambda key: signs[key])
    if signs[sign] < 0.5 * min(500, len(values)):
        return list(values), None
    bared = []
    for value in values:
        for pattern in _BESIDE:
            found = pattern.search(value)
            if found and found[found.lastindex or 0] == sign:
                value = pattern.sub(r"\1" if found.lastindex == 2 else "", value)
                break
        bared.append(value.strip(SPACED))
    return bared, sign


def _groups(mark: str) -> re.Pattern[str]:
    inside = f"[{SPACED}]" if mark == " " else re.escape(mark)
    decimal = {" ": "([.,]\\d+)?", ".": "(,\\d+)?", ",": "(\\.\\d+)?"}[mark]
    return re.compile(rf"[+-]?\d{{1,3}}({inside}\d{{3}})+{decimal}")


_GROUPS = {mark: _groups(mark) for mark in (" ", ".", ",")}


def proof_of(values: Sequence[str]) -> Proof:
    """What ``values`` of one column prove; each counts once per column."""
    values, _ = without_affix(values)
    point = comma = point_groups = comma_groups = 0
    for value in values:
        if "." not in value and "," not in value:
            continue
        if "." in value and "," in value:
            if _GROUPS["."].fullmatch(value):
                point_groups = comma = 1
            elif _GROUPS[","].fullmatch(value):
                comma_groups = point = 1
        elif _POINT.fullmatch(value):
            left, _, right = value.lstrip("+-").partition(".")
            if len(right) != 3 or left in ("0", "") or len(left) > 3:
                point = 1
        elif _COMMA.fullmatch(value):
            left, _, right = value.lstrip("+-").partition(",")
            if len(right) != 3 or left in ("0", "") or len(left) > 3:
                comma = 1
        elif _GROUPS["."].fullmatch(value):
            point_groups = 1
        elif _GROUPS[","].fullmatch(value):
            comma_groups = 1
    return Proof(point, comma, point_groups, comma_groups)


def numbered(values: Sequence[str], file: Proof, delimiter: str | None) -> Numbered | None:
    """The one way in which most of ``values`` are numbers, or None where they are none.

    Parameters
    ----------
    file
        what the columns of the file prove together.
    delimiter
        of the file: a semicolon speaks for the decimal comma.
    """
    bared, affix = without_affix(values)
    total = len(bared)
    whole = [value for value in bared if _PLAIN.fullmatch(value)]
    if len(whole) == total:
        return Numbered(True, 1.0, affix=affix, largest=_largest(whole))
    pointed = [v for v in bared if _POINT.fullmatch(v)]
    comma = [v for v in bared if _COMMA.fullmatch(v)]
    grouped = {mark: [v for v in bared if p.fullmatch(v)] for mark, p in _GROUPS.items()}
    exponents = [v for v in bared if _EXPONENT.fullmatch(v)]
    if any(_CODE.fullmatch(v) for v in bared):
        return None  # 2A004 is a commune and 2E3 a plot of land, not 2000
    own = proof_of(values)
    if grouped[" "]:
        # 1 414 beside 566,216: two marks of thousands, or a decimal? What is not proven is refused.
        loose = {"." for _ in pointed} | {"," for _ in comma}
        decimal = "," if own.comma or any("," in v for v in grouped[" "]) else "."
        if not own.comma and not own.point and loose == {"."}:
            decimal = ","
        rest = [v for v in bared if v not in set(grouped[" "])]
        fits = len(grouped[" "]) + sum(
            bool(_PLAIN.fullmatch(v) or (_COMMA if decimal == "," else _POINT).fullmatch(v))
            for v in rest
        )
        proven = comma if decimal == "," else pointed
        whole_only = not any(m in v for v in grouped[" "] for m in ".,") and not proven
        return Numbered(whole_only, fits / total, decimal, " ", affix)
    mark, other = _mark(pointed, comma, grouped)
    if mark is None:
        if not whole and not exponents:
            return None
        fits = len(whole) + len(exponents)
        return Numbered(not exponents, fits / total, affix=affix, largest=_largest(whole))
    singles, groups = (pointed, grouped["."]) if mark == "." else (comma, grouped[","])
    both = [v for v in bared if "." in v and "," in v]
    as_groups = len({*groups, *whole}) and sum(
        bool(_PLAIN.fullmatch(v) or _GROUPS[mark].fullmatch(v) or _other(v, other)) for v in bared
    )
    as_decimal = len(whole) + len(singles) + len(exponents)
    as_decimal += sum(bool(_GROUPS[other].fullmatch(v)) for v in both)
    proves_decimal = own.point if mark == "." else own.comma
    proves_groups = own.point_groups if mark == "." else own.comma_groups
    if proves_groups and (not proves_decimal or as_groups >= as_decimal):
        thousands, doubtful = True, False
    elif proves_decimal:
        thousands, doubtful = False, False
    else:
        thousands, doubtful = _by_the_rest(mark, whole, singles, file, delimiter)
    if thousands:
        fractions = any(other in v for v in bared)
        return Numbered(not fractions, as_groups / total, other, mark, affix, doubtful)
    used = any(other in v for v in both)
    return Numbered(False, as_decimal / total, mark, other if used else None, affix, doubtful)


def _other(value: str, decimal: str) -> bool:
    return bool((_POINT if decimal == "." else _COMMA).fullmatch(value))


def _mark(
    pointed: list[str], comma: list[str], grouped: dict[str, list[str]]
) -> tuple[str | None, str]:
    points = len({*pointed, *grouped["."]})
    commas = len({*comma, *grouped[","]})
    if not points and not commas:
        return None, "."
    return (".", ",") if points >= commas else (",", ".")


def _by_the_rest(
    mark: str, whole: list[str], singles: list[str], file: Proof, delimiter: str | None
) -> tuple[bool, bool]:
    """Thousands or decimals where the column proves nothing: (thousands, doubtful)."""
    decimals = file.point if mark == "." else file.comma
    groups = file.point_groups if mark == "." else file.comma_groups
    other_decimals = file.comma if mark == "." else file.point
    if groups and not decimals:
        return True, False
    if decimals and not groups:
        return False, False
    if other_decimals and not decimals:
        return True, False
    if mark == "," and delimiter == "," and not file.comma:
        return True, False  # quoted in a file of commas, as English programs write thousands
    small = [v for v in whole if abs(int(v)) < 1000]
    if whole and len(small) == len(whole) and len(singles) >= 2:
        return True, False  # 379, 575, 1.613: what is below a thousand has no mark
    return False, True


def _largest(whole: Sequence[str]) -> int:
    return max((abs(int(value)) for value in whole if len(value) < 30), default=0)
