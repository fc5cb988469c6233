"""The personas of the lab: the accounts that a first start offers, and where each one lands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Landing = Literal["notebook", "portal", "admin"]


@dataclass(frozen=True)
class Persona:
    """``name`` is the account, ``group`` the hub group that carries its rights."""

    name: str
    group: str
    display: str
    landing: Landing


PERSONAS: dict[str, Persona] = {
    persona.name: persona
    for persona in (
        Persona("student", "students", "Étudiante", "notebook"),
        Persona("citizen", "citizens", "Citoyen", "notebook"),
        Persona("entrepreneur", "entrepreneurs", "Entrepreneuse", "notebook"),
        Persona("steward", "stewards", "Responsable de données", "portal"),
        Persona("facilitator", "facilitators", "Animateur", "portal"),
        Persona("agent", "agents", "Agente", "portal"),
        Persona("operator", "operators", "Exploitant", "admin"),
    )
}
GROUPS: tuple[str, ...] = tuple(persona.group for persona in PERSONAS.values())
