"""The session to try things in begins anew, at the press of a button."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import UnknownSession
from datalab.i18n import translate
from datalab.participation import demonstration
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.session_access import session_for

router = APIRouter(include_in_schema=False)


@router.post("/sessions/{id}/reset")
async def reset(request: Request, id: str) -> Response:
    await form_of(request)
    return await run_in_threadpool(_reset, request, id)


def _reset(request: Request, id: str) -> Response:
    person, session = session_for(request, id)
    if not session.demonstration:
        raise UnknownSession(session=id[:40])
    state = request.app.state
    moment = now().timestamp()
    demonstration.begin_anew(state.participation, state.settings, moment, person.name)
    said = translate("The demonstration has begun anew.", language_of(request))
    return onward(f"{state.prefix}/sessions/{session.id}/", said)
