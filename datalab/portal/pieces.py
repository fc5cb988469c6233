"""The pieces of a session's scene as HTML: for phones, and larger for the screen of the room."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from datalab.i18n import Language, translate
from datalab.participation import agenda, contribution, decision
from datalab.portal import figures
from datalab.portal.boundaries import boundaries
from datalab.portal.evidence import link_of
from datalab.portal.library import Shelf
from datalab.portal.page import environment
from datalab.portal.scene import Draw, Facts

NEWEST_ON_SCREEN = 12


def drawn(shelf: Shelf, prefix: str, language: Language) -> Draw:
    """How the scene of a phone is drawn."""

    def draw(facts: Facts) -> dict[str, str]:
        module = _module("session_pieces.html", shelf, prefix, language)
        made = {
            "phase": module.phase(facts),
            "count": module.count(facts),
            "materials": module.materials(facts),
            "decisions": module.decisions(facts),
        }
        made |= {f"idea-{idea.one.id}": module.idea(idea, facts) for idea in facts.ideas}
        return {key: str(value).strip() for key, value in made.items()}

    return draw


def drawn_large(shelf: Shelf, prefix: str, language: Language) -> Draw:
    """How the scene of the room's screen is drawn: the newest ideas, or the strongest."""

    def draw(facts: Facts) -> dict[str, str]:
        module = _module("screen_pieces.html", shelf, prefix, language)
        voted = any(idea.dots for idea in facts.ideas)
        shown = facts.ideas if voted else facts.ideas[::-1]
        made = {
            "phase": module.phase(facts),
            "count": module.count(facts),
            "decisions": module.decisions(facts),
            "rest": module.rest(facts, max(0, len(shown) - NEWEST_ON_SCREEN)),
        }
        for idea in shown[:NEWEST_ON_SCREEN]:
            made[f"idea-{idea.one.id}"] = module.idea(idea, facts)
        return {key: str(value).strip() for key, value in made.items()}

    return draw


def _module(template: str, shelf: Shelf, prefix: str, language: Language) -> Any:
    known = boundaries(shelf)
    names = known.names if known else {}

    def t(message: str, **facts: object) -> str:
        return translate(message, language, **facts)

    words: dict[str, Any] = {
        "t": t,
        "prefix": prefix,
        "language": language,
        "number": lambda value, **how: figures.number(value, language, **how),
        "day": lambda value: figures.day(value, language),
        "clock_of": lambda at: figures.instant(datetime.fromtimestamp(at, UTC), language),
        "commune_of": lambda code: names.get(code or "", ""),
        "evidence_link": lambda evidence: link_of(evidence, prefix),
        "kind_of": lambda kind: agenda.KINDS[kind].in_(language),
        "state_of": lambda state: decision.STATES[state].in_(language),
        "said_state": lambda state: contribution.STATES[state].in_(language),
        "Markup": Markup,
    }
    return environment().get_template(template).make_module(words)
