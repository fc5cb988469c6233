"""The live board: the page, what changed since, the stream that says that something did."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import DatalabError
from datalab.i18n import translate
from datalab.participation import agenda, contribution, decision, grouping, journal, picture, vote
from datalab.participation.journal import Change
from datalab.participation.screening import left_in
from datalab.participation.session import STATES, Session
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.people import accounts
from datalab.portal import streams
from datalab.portal.board_view import LOOSE, BoardView, board_of, pieces, proposed
from datalab.portal.code import svg_of
from datalab.portal.language import language_of, now
from datalab.portal.own import root_of
from datalab.portal.page import document, render
from datalab.portal.session_access import session_for

router = APIRouter(include_in_schema=False)
MOST_ASKED = 50  # cards that a page asks for by name
MOST_CHANGES = 1_000  # beyond which the whole board is sent anew


@router.get("/sessions/{id}/board")
def html(request: Request, id: str) -> Response:
    return render(request, "board.html", context_of(request, read(request, id)))


@router.get("/sessions/{id}/board.json")
def json(request: Request, id: str) -> Response:
    return document(request, read(request, id))


@router.get("/sessions/{id}/board/diff")
def diff(request: Request, id: str, since: int = 0, card: str = "") -> Response:
    """Every part of the board but the cards, and the cards that changed after ``since``."""
    session = session_for(request, id)[1]
    with request.app.state.participation.reading() as connection:
        # Before the changes are: one that comes from now on is told of again.
        last = journal.newest(connection)
        changes = journal.since(connection, min(max(0, since), 2**62), session.scope)
        voted = vote.voted(connection, session) if counted(changes, session) else set()
    whole = len(changes) > MOST_CHANGES
    touched = touched_by(changes) | voted | set(card.split(",")[:MOST_ASKED]) - {""}
    view = read(request, id, None if whole else touched)
    context = {
        **context_of(request, view),
        "last": last,
        "gone": sorted(touched - {card.id for card in view.cards}),
        "whole": whole,
    }
    return render(request, "board_diff.html", context)


@router.get("/sessions/{id}/board/events")
def events(request: Request, id: str) -> Response:
    """``changed`` with the number of each change as its id."""
    person, session = session_for(request, id)
    sent = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    after = int(sent) if sent.isdecimal() and len(sent) < 16 else None

    async def told() -> AsyncIterator[str]:
        yield "retry: 1500\n\n"
        changes = request.app.state.feed.changes(session.scope, after)
        async with contextlib.aclosing(changes):
            async for change in changes:
                if change is not None:
                    yield streams.event("changed", {"kind": change.kind}, change.id)
                elif await run_in_threadpool(_still, request, id):
                    yield ": \n\n"
                else:
                    yield streams.event("gone", {})
                    return

    answer: Response = request.app.state.streams.answer(person.name, told)
    return answer


@router.get("/sessions/{id}/board/cards/{card}")
def card_page(request: Request, id: str, card: str) -> Response:
    return card_panel(request, id, card)


@router.get("/sessions/{id}/board/groups/{group}")
def group_page(request: Request, id: str, group: str) -> Response:
    return group_panel(request, id, group)


@router.get("/sessions/{id}/board/decisions/{one}")
def decision_page(request: Request, id: str, one: str, about: str = "") -> Response:
    return decision_panel(request, id, one, about=about)


@router.get("/sessions/{id}/board/code")
def code_page(request: Request, id: str) -> Response:
    """The code and its QR, to be shown."""
    session = session_for(request, id)[1]
    context = {**_panel(request, session), "address": address_of(request, session.code)}
    context["qr"] = svg_of(context["address"])
    return render(request, "board_code.html", context)


def read(request: Request, id: str, only: Iterable[str] | None = None) -> BoardView:
    person, session = session_for(request, id)
    chosen = None if only is None else set(only)
    language, moment = language_of(request), now().timestamp()
    with request.app.state.participation.reading() as connection:
        return board_of(connection, session, person.name, language, moment, chosen)


def context_of(request: Request, view: BoardView) -> dict[str, Any]:
    names = {
        name: found.display if (found := accounts.find(request.app.state.store, name)) else name
        for name in {done.actor for done in view.history}
    }
    language = language_of(request)
    return {
        "view": view,
        "session": view.session,
        "state_label": STATES[view.session.state].in_(language),
        "kinds": agenda.KINDS,
        "decision_states": decision.STATES,
        "names": names,
        "receipt": secrets.token_hex(16),
        "address": address_of(request, view.session.code),
    }


def address_of(request: Request, code: str) -> str:
    """Where the code leads, as a phone reads it."""
    return f"{root_of(request)}{request.app.state.prefix}/join/{code}"


def touched_by(changes: Iterable[Change]) -> set[str]:
    """Contributions whose cards look different after these changes."""
    found: set[str] = set()
    for change in changes:
        for row in change.rows:
            if row["table"] != CONTRIBUTION.name:
                continue
            found.add(row["id"])
            for side in (row["before"] or {}, row["after"] or {}):
                found |= {side[n] for n in ("merged_into", "parent_id") if side.get(n)}
    return found


def counted(changes: Iterable[Change], session: Session) -> bool:
    """Whether counts may look different, or appear, after these changes."""
    kinds = {change.kind for change in changes}
    if kinds & {"vote.open", "vote.close", "session.edit", "session.open", "session.close"}:
        return True
    return "vote.cast" in kinds and vote.counts_shown(session)


def card_panel(
    request: Request, id: str, card: str, wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    """One contribution with all that can be done with it."""
    person, session = session_for(request, id)
    language = language_of(request)
    with request.app.state.participation.reading() as connection:
        one = contribution.get(connection, session, card)
        described = picture.description(connection, one.picture_id)
        board = board_of(connection, session, person.name, language, now().timestamp(), {card})
        ideas = contribution.contributions(connection, session, states=("accepted",))
        context = {
            **_panel(request, session),
            "one": one,
            "state": contribution.STATES[one.state].in_(language),
            "card": next(iter(board.cards), None),
            "pieces": pieces(one, language),
            "proposed": proposed(one, language),
            "described": described,
            "left": left_in(described, language),
            "merged": grouping.merged(connection, session, one.id),
            "into": next((i for i in ideas if i.id == one.merged_into), None),
            "others": [i for i in ideas if i.kind == "idea" and i.id != one.id],
            "comments": [i for i in ideas if i.parent_id == one.id],
            "lanes": [
                (LOOSE, translate("Not sorted yet", language)),
                *((lane.id, lane.title) for lane in board.lanes[1:]),
            ],
            "lane": one.cluster_id or LOOSE,
            "wrong": wrong or {},
        }
    return render(request, "board_contribution.html", context, status=status)


def group_panel(
    request: Request, id: str, group: str, wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    session = session_for(request, id)[1]
    with request.app.state.participation.reading() as connection:
        order = grouping.clusters(connection, session)
        one = grouping.get(connection, session, group)
    place = [cluster.id for cluster in order].index(one.id)
    context = {
        **_panel(request, session),
        "one": one,
        "first": place == 0,
        "last": place == len(order) - 1,
        "wrong": wrong or {},
    }
    return render(request, "board_group.html", context, status=status)


def decision_panel(
    request: Request,
    id: str,
    which: str,
    wrong: dict[str, str] | None = None,
    status: int = 200,
    about: str = "",
) -> Response:
    """A decision to be written (``new``) or changed."""
    session = session_for(request, id)[1]
    language = language_of(request)
    with request.app.state.participation.reading() as connection:
        one = None if which == "new" else decision.get(connection, session, which)
        ideas = [
            idea
            for idea in contribution.contributions(connection, session, states=("accepted",))
            if idea.kind == "idea"
        ]
    context = {
        **_panel(request, session),
        "one": one,
        "ideas": ideas,
        "chosen": set(one.answers) if one else {about},
        "states": [(name, said.in_(language)) for name, said in decision.STATES.items()],
        "wrong": wrong or {},
    }
    return render(request, "board_decision.html", context, status=status)


def _panel(request: Request, session: Any) -> dict[str, Any]:
    label = STATES[session.state].in_(language_of(request))
    return {"session": session, "state_label": label, "receipt": secrets.token_hex(16)}


def _still(request: Request, id: str) -> bool:
    """Whether who listens may still do so: read anew, since a stream outlives a removal."""
    request.scope["state"].pop("person", None)
    try:
        session_for(request, id)
    except DatalabError:
        return False
    return True
