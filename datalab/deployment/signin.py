"""Sign-in links for people: printed at the terminal, kept in ``signin.json`` (mode 0600)."""

from __future__ import annotations

import json
import time

from datalab.errors import UnknownPersona
from datalab.hub.personas import PERSONAS
from datalab.hub.plan import Plan
from datalab.isolation.private import write_private
from datalab.people.links import Links
from datalab.settings import Settings


def issue(settings: Settings, plan: Plan, persona: str) -> str:
    """A new sign-in link for one persona, also written to ``signin.json``.

    Raises
    ------
    UnknownPersona
        with the ones there are.
    """
    if persona not in PERSONAS:
        raise UnknownPersona(persona=persona, known=", ".join(PERSONAS))
    link = _link(settings, plan, persona)
    _write(settings, plan, {**_known(settings, plan), persona: link})
    return link


def issue_all(settings: Settings, plan: Plan) -> dict[str, str]:
    """One new link per persona."""
    links = {persona: _link(settings, plan, persona) for persona in PERSONAS}
    _write(settings, plan, links)
    return links


def _link(settings: Settings, plan: Plan, persona: str) -> str:
    store = Links(settings.home / "hub" / "links.sqlite")
    token = store.issue(persona, time.time(), settings.signin_hours * 3600)
    return f"{plan.url}/hub/signin?token={token}"


def _known(settings: Settings, plan: Plan) -> dict[str, str]:
    try:
        document = json.loads((settings.home / "signin.json").read_text())
    except (OSError, ValueError):
        return {}
    return dict(document.get("links", {})) if document.get("url") == plan.url else {}


def _write(settings: Settings, plan: Plan, links: dict[str, str]) -> None:
    document = {"url": plan.url, "links": links}
    write_private(settings.home / "signin.json", json.dumps(document, indent=1))
