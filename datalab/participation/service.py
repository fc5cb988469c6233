"""Services (Open311): what can be reported here, what is asked for it, how fast it is answered.

A new lab starts with the ones of :mod:`datalab.participation.categories`; agents change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select

from datalab.errors import UnknownService
from datalab.i18n import DEFAULT, Language, translate
from datalab.participation import journal
from datalab.participation.batch import once
from datalab.participation.journal import Change, Edit
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.request import SERVICE

Datatype = Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
SCOPE = "services"


@dataclass(frozen=True)
class Attribute:
    """One more question about a service, as GeoReport v2 defines it.

    ``variable`` ones are answered; the others only tell something. ``values`` are the choices of
    a list, by their key. Texts are by language.
    """

    code: str
    datatype: Datatype
    description: Mapping[str, str]
    hint: Mapping[str, str]
    required: bool = False
    variable: bool = True
    values: tuple[tuple[str, Mapping[str, str]], ...] = ()


@dataclass(frozen=True)
class Service:
    """``answer_hours`` and ``closure_hours`` are the service level, in hours that pass.

    ``decimals``, of degrees, is how exactly its places leave the lab.
    """

    code: str
    position: int
    names: Mapping[str, str]
    descriptions: Mapping[str, str]
    words: Mapping[str, list[str]]
    group: str
    attributes: tuple[Attribute, ...]
    answer_hours: float
    closure_hours: float
    decimals: int
    active: bool
    version: int

    def name(self, language: Language = DEFAULT) -> str:
        return said(self.names, language)

    def description(self, language: Language = DEFAULT) -> str:
        return said(self.descriptions, language)

    def keywords(self, language: Language = DEFAULT) -> list[str]:
        return self.words.get(language) or self.words.get(DEFAULT) or []

    def grouped(self, language: Language = DEFAULT) -> str:
        return translate(self.group, language) if self.group else ""


def said(texts: Mapping[str, str], language: Language) -> str:
    """The text of a language, or of the first one that there is."""
    return texts.get(language) or texts.get(DEFAULT) or next(iter(texts.values()), "")


def services(connection: Connection, *, every: bool = False) -> list[Service]:
    """In the order in which they are offered; those no longer offered too with ``every``."""
    asked = select(SERVICE).order_by(SERVICE.c.position, SERVICE.c.code)
    if not every:
        asked = asked.where(SERVICE.c.active)
    return [service_of(row) for row in connection.execute(asked).mappings()]


def get(connection: Connection, code: str) -> Service:
    """The service ``code``, offered or not.

    Raises
    ------
    UnknownService
    """

    def ask() -> Service | None:
        row = connection.execute(_ONE, {"of": code.replace("\0", "?")}).mappings().first()
        return None if row is None else service_of(row)

    found = once(connection, ("service", code), ask)
    if found is None:
        raise UnknownService(code=code[:60])
    return found


_ONE = select(SERVICE).where(SERVICE.c.code == bindparam("of"))


def changed_at(connection: Connection) -> float | None:
    """When agents last changed a service."""
    asked = select(CHANGE.c.at).where(CHANGE.c.scope == SCOPE).order_by(CHANGE.c.id.desc())
    return connection.execute(asked.limit(1)).scalar()


def change(
    connection: Connection,
    code: str,
    values: Mapping[str, Any],
    *,
    actor: str,
    seen: int,
    now: float,
) -> Change:
    """Change columns of a service: texts, levels, decimals, whether it is offered.

    Raises
    ------
    Stale
    """
    edit = Edit.update(SERVICE, code, dict(values), seen=seen)
    return journal.record(
        connection, scope=SCOPE, at=now, actor=actor, kind="service.change", edits=[edit]
    )


def service_of(row: Mapping[Any, Any]) -> Service:
    return Service(
        code=row["code"],
        position=row["position"],
        names=row["name"],
        descriptions=row["description"],
        words=row["keywords"],
        group=row["grouping"],
        attributes=tuple(_attribute(one) for one in row["attributes"]),
        answer_hours=row["answer_hours"],
        closure_hours=row["closure_hours"],
        decimals=row["decimals"],
        active=row["active"],
        version=row["version"],
    )


def _attribute(document: Mapping[str, Any]) -> Attribute:
    values = tuple((one["key"], one["name"]) for one in document.get("values", ()))
    return Attribute(**{**document, "values": values})
