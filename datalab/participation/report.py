"""A report as it is sent: what it must say, and what a reader of machines makes of its words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from datalab.errors import ReportRefused
from datalab.i18n import DEFAULT, Language, Phrase
from datalab.participation.screening import Screened, screen

# Controls but tabs and line ends, halves of surrogates, what Unicode calls no character.
UNHOLDABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
Channel = Literal["web", "open311", "paper", "phone"]
LONGEST = 4_000  # characters of a description (GeoReport v2)
LONGEST_ADDRESS = 300
LONGEST_ANSWERS = 12_000  # characters of all attributes
LONGEST_WORD = 60  # of an address id or a zip code
# Dijon Métropole and an hour's walk around it: what lies beyond is a mistake of a device.
SOUTH, NORTH, WEST, EAST = 47.15, 47.50, 4.80, 5.30


@dataclass(frozen=True)
class Report:
    """What somebody says is wrong, and where.

    ``receipt`` is the idempotency key; ``commune`` the INSEE code of the point; ``attributes``
    went through :func:`datalab.participation.attribute.checked`; ``picture_id`` was kept before.
    """

    service_code: str
    receipt: str
    channel: Channel
    description: str = ""
    latitude: float | None = None
    longitude: float | None = None
    commune: str | None = None
    address: str = ""
    address_id: str = ""
    zipcode: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    picture_id: str | None = None
    equipment: Mapping[str, str] | None = None
    author_id: str | None = None
    api_key_id: str | None = None
    digest: str | None = None  # see :func:`datalab.participation.request_receipt.digest_of`


@dataclass(frozen=True)
class Reviewed:
    """A report that can be recorded. ``clean`` ones with no picture need nobody's eyes first."""

    report: Report
    said: str
    address: str
    concerns: tuple[Mapping[str, Any], ...]

    @property
    def clean(self) -> bool:
        return not self.concerns and self.report.picture_id is None


def review(report: Report, language: Language = DEFAULT) -> Reviewed:
    """Whether it says what it must, and what of its words everybody may read.

    Raises
    ------
    ReportRefused
        with every problem that was found.
    """
    report = replace(report, description=clean(report.description), address=_line(report.address))
    problems = _problems(report)
    if problems:
        raise ReportRefused(problems)
    told, place = _screened(report.description, language), _screened(report.address, language)
    words = "\n".join(value for value in report.attributes.values() if isinstance(value, str))
    concerns = (
        *({**one, "field": "description"} for one in told.concerns),
        *({**one, "field": "address"} for one in place.concerns),
        *({**one, "field": "attributes"} for one in _screened(words, language).concerns),
    )
    return Reviewed(report, told.said, place.said, concerns)


def _screened(text: str, language: Language) -> Screened:
    return screen(text, language) if text else Screened("")


def clean(text: str) -> str:
    """Line ends of one kind, no character that XML or PostgreSQL cannot hold."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNHOLDABLE.sub("", unified).strip()


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _problems(report: Report) -> list[tuple[str, Phrase]]:
    found: list[tuple[str, Phrase]] = []
    if len(report.description) > LONGEST:
        reason = Phrase("the description is longer than {limit} characters", limit=LONGEST)
        found.append(("description", reason))
    if len(report.address) > LONGEST_ADDRESS:
        reason = Phrase("the address is longer than {limit} characters", limit=LONGEST_ADDRESS)
        found.append(("address_string", reason))
    for name, value in (("address_id", report.address_id), ("zipcode", report.zipcode)):
        if len(value) > LONGEST_WORD:
            reason = Phrase("'{name}' is longer than {limit} characters", name=name, limit=60)
            found.append((name, reason))
    if sum(len(str(value)) for value in report.attributes.values()) > LONGEST_ANSWERS:
        reason = Phrase("the answers are longer than {limit} characters", limit=LONGEST_ANSWERS)
        found.append(("attribute", reason))
    return found + _place_problems(report)


def _place_problems(report: Report) -> list[tuple[str, Phrase]]:
    latitude, longitude = report.latitude, report.longitude
    if (latitude is None) != (longitude is None):
        name = "lat" if latitude is None else "long"
        return [(name, Phrase("a place needs both a latitude and a longitude"))]
    if latitude is None or longitude is None:
        if report.address or report.address_id:
            return []
        return [("address_string", Phrase("a place on the map or an address is needed"))]
    inside = SOUTH <= latitude <= NORTH and WEST <= longitude <= EAST
    if not (math.isfinite(latitude) and math.isfinite(longitude) and inside):
        return [("lat", Phrase("this place is not in Dijon Métropole"))]
    return []
