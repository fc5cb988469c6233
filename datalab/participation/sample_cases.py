"""Cases that nobody reported, for trying the control room: drawn by a seed, and saying so.

They are put in only by ``datalab control demo``, into a lab that holds no other case, and taken
away whole. Each text begins with :data:`LABEL`, and each row carries :data:`MARK`, which no door
of the lab gives to a report from outside. The shares of the categories follow those of Paris's
DansMaRue (Conseil de Paris, QE 2014-19: cleanliness 77 %, roads 18 %, parks 4 %, half of the
cleanliness graffiti); delays are assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from sqlalchemy import Connection, delete, func, select

from datalab.errors import ControlRefused
from datalab.i18n import Phrase
from datalab.participation import handling, marks, request
from datalab.participation.categories import seed as seed_services
from datalab.participation.report import Report, review
from datalab.participation.request_state import DAY, HOUR
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.request import NOTE, REQUEST

MARK = "demonstration"  # in place of the id of an API key
LABEL = "[Exemple synthétique]"
AGENT = "lab"
CENTRE = (47.322, 5.041)
SPREAD = (0.022, 0.034)  # degrees
TEXTS: dict[str, tuple[int, tuple[str, ...]]] = {
    "graffiti": (38, ("Inscription sur le mur de l’école.", "Affiches collées sur l’abribus.")),
    "waste": (39, ("Dépôt de gravats au coin de la rue.", "Bac qui déborde depuis trois jours.")),
    "road": (14, ("Nid-de-poule devant le numéro 12.", "Trottoir affaissé près de l’arrêt.")),
    "lighting": (5, ("Lampadaire éteint le soir.", "Lampe qui clignote toute la nuit.")),
    "green-space": (4, ("Branche tombée dans l’allée.", "Haie qui cache le panneau.")),
}
ANSWERS = ("Merci, une équipe passe cette semaine.", "Merci, c’est transmis au service concerné.")
Commune = Callable[[float, float], str | None]


def fill(
    connection: Connection, *, count: int, days: float, seed: int, now: float, commune: Commune
) -> int:
    """Put in ``count`` cases of the last ``days``; the same seed draws the same ones.

    Raises
    ------
    ControlRefused
        where the lab holds real cases, or sample ones already.
    """
    if connection.execute(select(func.count()).select_from(REQUEST)).scalar_one():
        raise ControlRefused(
            reason=Phrase("the lab holds cases already, and sample ones are never mixed with them")
        )
    seed_services(connection)
    chance = Random(seed)  # noqa: S311 - to be repeated, nothing is secret
    for number in range(count):
        _case(connection, number, chance, days, now, commune)
    return count


def _case(
    connection: Connection, number: int, chance: Random, days: float, now: float, commune: Commune
) -> None:
    codes = list(TEXTS)
    code = chance.choices(codes, [TEXTS[one][0] for one in codes])[0]
    latitude = round(chance.gauss(CENTRE[0], SPREAD[0]), 6)
    longitude = round(chance.gauss(CENTRE[1], SPREAD[1]), 6)
    at = now - chance.uniform(0, days) * DAY
    answered = at + chance.lognormvariate(2.5, 1.0) * HOUR
    closed = answered + chance.lognormvariate(3.8, 1.1) * HOUR
    text, answer = chance.choice(TEXTS[code][1]), chance.choice(ANSWERS)
    served, ends, again = chance.random() < 0.9, chance.random() < 0.85, chance.random() < 0.05
    told = Report(
        service_code=code,
        receipt=f"{MARK}-{number:06d}-{chance.randrange(10**9):09d}",
        channel=chance.choice(("web", "web", "web", "phone")),
        description=f"{LABEL} {text}",
        latitude=min(47.49, max(47.16, latitude)),
        longitude=min(5.29, max(4.81, longitude)),
        commune=commune(latitude, longitude),
        api_key_id=MARK,
    )
    id = request.submit(connection, review(told), at).key
    by: dict[str, Any] = {"actor": AGENT, "seen": None}
    if served and answered < now:
        handling.answer(connection, id, answer, None, now=answered, **by)
        if ends and closed < now:
            handling.answer(connection, id, "C’est fait.", "fixed", now=closed, **by)
            if again and closed + DAY < now:
                request.change_state(connection, id, "received", now=closed + DAY, **by)


def present(connection: Connection) -> bool:
    """Whether there are sample cases, which pages then say."""
    asked = select(REQUEST.c.id).where(REQUEST.c.api_key_id == MARK).limit(1)
    return connection.execute(asked).first() is not None


def clear(connection: Connection, now: float) -> int:
    """Take the sample cases away, with their notes and their history; how many they were."""
    asked = select(REQUEST.c.id).where(REQUEST.c.api_key_id == MARK)
    ids = list(connection.execute(asked).scalars())
    for start in range(0, len(ids), 200):
        some = ids[start : start + 200]
        connection.execute(delete(NOTE).where(NOTE.c.request_id.in_(some)))
        connection.execute(delete(CHANGE).where(CHANGE.c.scope.in_(f"request:{id}" for id in some)))
        connection.execute(delete(REQUEST).where(REQUEST.c.id.in_(some)))
    marks.bump(connection, "service-requests", now)
    return len(ids)
