"""What pages and their JSON say of a session to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection
from starlette.requests import Request

from datalab.errors import InvalidManifest, UnknownProject
from datalab.i18n import Language
from datalab.participation import agenda, decision, material, vote
from datalab.participation import session as sessions
from datalab.participation.contribution import contributions
from datalab.participation.session import Session
from datalab.portal.page import PAGE_ONLY


@dataclass(frozen=True)
class SessionCard:
    """One line of a list. Instants are ISO 8601 (UTC), None where not said."""

    id: str
    title: str
    question: str
    place: str
    state: str
    state_label: str
    project: str | None
    project_title: str
    starts_at: str | None
    ends_at: str | None
    demonstration: bool
    href: str


@dataclass(frozen=True)
class PhaseLine:
    kind: str
    kind_label: str
    title: str
    instruction: str
    minutes: int
    running: bool
    done: bool


@dataclass(frozen=True)
class MaterialLine:
    kind: str
    title: str
    href: str


@dataclass(frozen=True)
class IdeaLine:
    """A contribution that everybody may read; ``dots`` None while the vote runs."""

    id: str
    text: str
    comments: int
    dots: int | None


@dataclass(frozen=True)
class DecisionLine:
    text: str
    owner: str
    due: str | None
    state: str
    state_label: str
    news: str


@dataclass(frozen=True)
class SessionView:
    language: Language
    session: SessionCard
    code: str | None
    capacity: int
    present: int
    minutes: int
    agenda: list[PhaseLine]
    materials: list[MaterialLine]
    contributions: int
    ideas: list[IdeaLine]
    decisions: list[DecisionLine]
    runs: bool = field(metadata=PAGE_ONLY)
    join: str | None = None


def card_of(request: Request, session: Session, language: Language) -> SessionCard:
    prefix = request.app.state.prefix
    return SessionCard(
        id=session.id,
        title=session.title,
        question=session.question,
        place=session.place,
        state=session.state,
        state_label=sessions.STATES[session.state].in_(language),
        project=session.project,
        project_title=project_title(request, session.project, language),
        starts_at=iso(session.starts_at),
        ends_at=iso(session.ends_at),
        demonstration=session.demonstration,
        href=f"{prefix}/sessions/{session.id}/",
    )


def view_of(
    request: Request, connection: Connection, session: Session, runs: bool, language: Language
) -> SessionView:
    """A session as everybody sees it: nothing that waits, nothing of who said what."""
    prefix = request.app.state.prefix
    phases = agenda.phases(connection, session)
    shown = contributions(connection, session, states=("accepted",))
    ideas = [one for one in shown if one.kind == "idea"]
    counted = vote.counts_shown(session) and session.dots > 0
    dots = vote.counts(connection, session) if counted else {}
    open_now = session.state == "open"
    return SessionView(
        language=language,
        session=card_of(request, session, language),
        code=session.code if open_now else None,
        capacity=session.capacity,
        present=sessions.present(connection, session),
        minutes=_minutes(session, phases),
        agenda=[
            PhaseLine(
                p.kind,
                agenda.KINDS[p.kind].in_(language),
                p.title,
                p.instruction,
                round(p.seconds / 60),
                p.running,
                p.ended_at is not None,
            )
            for p in phases
        ],
        materials=[
            MaterialLine(m.kind, m.title, href_of(prefix, m.kind, m.reference))
            for m in material.materials(connection, session)
        ],
        contributions=len(shown),
        ideas=sorted(
            (
                IdeaLine(
                    one.id,
                    one.said,
                    sum(other.parent_id == one.id for other in shown),
                    dots.get(one.id, 0) if counted else None,
                )
                for one in ideas
            ),
            key=lambda line: -(line.dots or 0),
        ),
        decisions=[
            DecisionLine(
                one.text,
                one.owner,
                one.due,
                one.state,
                decision.STATES[one.state].in_(language),
                one.news,
            )
            for one in decision.decisions(connection, session)
        ],
        runs=runs,
        join=f"{prefix}/join/{session.code}" if open_now else None,
    )


def project_title(request: Request, slug: str | None, language: Language) -> str:
    """The title of a project that everybody may see; its address where it is gone."""
    if slug is None:
        return ""
    try:
        project = request.app.state.projects.get(slug)
    except (UnknownProject, InvalidManifest):
        return slug
    return str(project.manifest.title.in_(language))


def href_of(prefix: str, kind: str, reference: str) -> str:
    """Where a material is found in the lab."""
    if kind == "page":
        return f"{prefix}/pages/{reference}"
    return f"{prefix}/datasets/{reference}" + ("#map" if kind == "map" else "")


def iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()


def _minutes(session: Session, phases: Sequence[agenda.Phase]) -> int:
    """How long it lasts: as announced, by its agenda where no end is said."""
    if session.starts_at is not None and session.ends_at is not None:
        return round((session.ends_at - session.starts_at) / 60)
    return round(sum(p.seconds for p in phases) / 60)
