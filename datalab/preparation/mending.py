"""Values of which only the writing is wrong: what town halls type, as a schema asks for it.

Nothing is guessed: 03/04/2026 is the third of April, as in France, and what could be two things
stays as it is, to be rejected with its reason.
"""

from __future__ import annotations

import datetime
import re

from datalab.catalog.schema import SchemaField
from datalab.inspection.naming import plain

SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f\u200b\ufeff]+")
_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})(?: 00:00(?::00(?:\.0+)?)?)?")
_ISO = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?:[ T]00:00(?::00(?:\.0+)?)?Z?)?")
_SPELT = re.compile(r"(\d{1,2})(?:er)? ([a-z]+)\.? (\d{4})")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *(("janvier", "janv"), ("fevrier", "fevr", "fev"), ("mars",), ("avril", "avr")),
            *(("mai",), ("juin",), ("juillet", "juil"), ("aout",), ("septembre", "sept")),
            *(("octobre", "oct"), ("novembre", "nov"), ("decembre", "dec")),
        ),
        1,
    )
    for name in names
}
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:[ .]?\d{3})*(?:,\d+)?|[+-]?\d+(?:[.,]\d+)?")
_YES = {"oui", "o", "yes", "vrai", "true", "1", "x"}
_NO = {"non", "n", "no", "faux", "false", "0"}


def mend(field: SchemaField, text: str) -> tuple[str, str]:
    """``text`` as ``field`` asks for it, and what was changed: "" where nothing was.

    What was changed is spaces, date, number, number-percent, identifier, yes-no or code-list.
    """
    tidy = SPACES.sub(" ", text).strip()
    made, what = _mended(field, tidy)
    if made != tidy:
        return made, what
    return (tidy, "spaces") if tidy != text else (text, "")


def _mended(field: SchemaField, text: str) -> tuple[str, str]:
    if not text:
        return text, ""
    if field.check is not None:
        return _identifier(text), "identifier"
    if field.constraints.enum is not None:
        return _listed(text, [str(one) for one in field.constraints.enum]), "code-list"
    if field.type == "date" and field.format == "default":
        return day(text) or text, "date"
    if field.type in ("number", "integer", "year"):
        if field.type == "number" and field.constraints.maximum == 1 and text.endswith("%"):
            share = number(text[:-1].strip())
            return (_hundredth(share), "number-percent") if share else (text, "")
        made = number(text)
        if made and field.type != "number" and re.fullmatch(r"[+-]?\d+\.0+", made):
            made = made.partition(".")[0]
        return made or text, "number"
    if field.type == "boolean":
        known = plain(text)
        if known in _YES:
            return field.true_values[0], "yes-no"
        if known in _NO:
            return field.false_values[0], "yes-no"
        return text, ""
    pattern = field.constraints.pattern or ""
    if "[0-9]{4}\\-[0-9]{2}" in pattern:  # a day, or two with a stroke between them
        ends = re.split(r" (?:au|a|-) | ?/ ?(?=\d{4}-)", plain(text)) if not day(text) else [text]
        days = [day(one.strip()) for one in ends]
        return ("/".join(str(one) for one in days), "date") if all(days) else (text, "")
    return text, ""


def day(text: str) -> str | None:
    """A day as ISO 8601 writes it, or None."""
    if found := _ISO.fullmatch(text):
        year, month, date = map(int, found.groups())
    elif found := _DAY.fullmatch(text):
        date, month, year = map(int, found.groups())
    elif (found := _SPELT.fullmatch(plain(text))) and found[2] in _MONTHS:
        date, month, year = int(found[1]), _MONTHS[found[2]], int(found[3])
    else:
        return None
    try:
        return datetime.date(year, month, date).isoformat()
    except ValueError:
        return None


def number(text: str) -> str | None:
    """A number with a point for decimals, or None. 1.234 is left alone: it could be two things."""
    bare = re.sub(r" ?(€|eur|euros?)$", "", text.strip(), flags=re.IGNORECASE).strip()
    if not _NUMBER.fullmatch(bare) or len(bare) > 40:
        return None
    if re.fullmatch(r"[+-]?\d{1,3}\.\d{3}", bare):
        return bare
    if "," in bare:
        whole, _, part = bare.partition(",")
        return f"{re.sub('[ .]', '', whole)}.{part}"
    if bare.count(".") > 1:
        return bare.replace(".", "")
    return bare.replace(" ", "")


def _hundredth(percent: str) -> str:
    from decimal import Decimal

    return format((Decimal(percent) / 100).normalize(), "f")


def _identifier(text: str) -> str:
    """A SIRET or SIREN without what people put between its digits."""
    bare = re.sub(r"[ .\-]", "", re.sub(r"\.0+$", "", text))
    return bare if bare.isdigit() and bare.isascii() else text


def _listed(text: str, allowed: list[str]) -> str:
    """The value of the list that is ``text`` but for accents and capitals, where one alone is."""
    if text in allowed:
        return text
    near = [one for one in allowed if plain(one) == plain(text)]
    return near[0] if len(near) == 1 else text
