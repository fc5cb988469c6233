"""Decisions of workshops that validated the findings of a commune, by the number of the finding.

A workshop is one of the template ``diagnosis`` whose title or place names the commune; once it is
closed its minutes are public, and a decision that begins with "F2" answers the second finding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import Connection, select

from datalab.i18n import Language
from datalab.participation.decision import STATES
from datalab.participation.tables.session import DECISION, SESSION

TEMPLATE = "diagnosis"
NUMBERED = re.compile(r"\s*F\s?(\d{1,2})\b", re.ASCII | re.IGNORECASE)
MOST = 200  # decisions looked at, the newest first


def decisions_of(
    connection: Connection, commune: str, language: Language
) -> Mapping[int, list[str]]:
    """What was decided, in one line each: its words, who takes it on, what became of it."""
    asked = (
        select(SESSION.c.title, SESSION.c.place, DECISION.c.text, DECISION.c.owner)
        .add_columns(DECISION.c.state)
        .join(SESSION, SESSION.c.id == DECISION.c.session_id)
        .where(SESSION.c.template == TEMPLATE)
        .where(SESSION.c.state == "closed")
        .where(SESSION.c.demonstration.is_(False))
        .order_by(DECISION.c.created_at.desc(), DECISION.c.id)
        .limit(MOST)
    )
    # A whole name: Dijon is no part of Fontaine-lès-Dijon here.
    named = re.compile(rf"(?<![\w-]){re.escape(commune)}(?![\w-])", re.IGNORECASE)
    found: dict[int, list[str]] = {}
    for title, place, text, owner, state in connection.execute(asked):
        number = NUMBERED.match(text)
        if number is None or not (named.search(title) or named.search(place)):
            continue
        told = STATES[state].in_(language) if state in STATES else ""
        line = " · ".join(part for part in (text, owner, told) if part)
        found.setdefault(int(number.group(1)), []).append(line)
    return found
