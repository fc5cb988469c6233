"""The personas of the lab: the accounts that a first start offers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Persona:
    """``name`` is the account, ``group`` the group that carries its rights."""

    name: str
    group: str
    display: str


PERSONAS: dict[str, Persona] = {
    persona.name: persona
    for persona in (
        Persona("student", "students", "Étudiante"),
        Persona("citizen", "citizens", "Citoyen"),
        Persona("entrepreneur", "entrepreneurs", "Entrepreneuse"),
        Persona("steward", "stewards", "Responsable de données"),
        Persona("facilitator", "facilitators", "Animateur"),
        Persona("agent", "agents", "Agente"),
        Persona("operator", "operators", "Exploitant"),
    )
}
