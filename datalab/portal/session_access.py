"""Which person may see, and run, which co-design session: every page of one asks here."""

from __future__ import annotations

from starlette.requests import Request

from datalab.errors import InvalidManifest, NotAFacilitator, UnknownProject, UnknownSession
from datalab.participation import session as sessions
from datalab.participation.session import Session
from datalab.portal.person import Person, person_of, signed_in


def read(request: Request, id: str) -> Session:
    """
    Raises
    ------
    UnknownSession
    """
    with request.app.state.participation.reading() as connection:
        return sessions.get(connection, id)


def may_run(request: Request, session: Session, person: Person | None) -> bool:
    """Whether this person facilitates the session: named, or an owner of its project.

    A demonstration is there to be tried: whoever may build something here runs it.
    """
    if person is None:
        return False
    if session.demonstration and person.may("create:project"):
        return True
    return sessions.runs(session, person.name, _owns(request, session, person))


def session_for(request: Request, id: str) -> tuple[Person, Session]:
    """The person who asks and the session, where they run it.

    Raises
    ------
    SignInNeeded, UnknownSession, NotAFacilitator
    """
    person = signed_in(request)
    session = session_seen(request, id)
    if not may_run(request, session, person):
        raise NotAFacilitator
    return person, session


def session_seen(request: Request, id: str) -> Session:
    """A session that who asks may see: a draft is its facilitators' own.

    Raises
    ------
    UnknownSession
    """
    session = read(request, id)
    if session.state == "draft" and not may_run(request, session, person_of(request)):
        raise UnknownSession(session=id[:40])
    return session


def _owns(request: Request, session: Session, person: Person) -> bool:
    if session.project is None:
        return False
    try:
        project = request.app.state.projects.get(session.project)
    except (UnknownProject, InvalidManifest):
        return False
    role = project.manifest.role_of(person.name, person.account.created_at)
    return bool(role == "owner" and project.manifest.status != "deleted")
