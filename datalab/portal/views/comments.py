"""Comments on the cells of a notebook: read, written and heard live, by pages and JupyterLab."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import CommentRefused, DatalabError, InvalidParameter
from datalab.i18n import Phrase, translate
from datalab.portal import streams
from datalab.portal.conversation import Conversation, commenter, conversation, pass_for
from datalab.portal.form import form_of, json_of
from datalab.portal.lab_words import WORDS
from datalab.portal.language import language_of, now
from datalab.portal.live_door import lab_address
from datalab.portal.notice import notice
from datalab.portal.page import plain, render
from datalab.portal.person import Person
from datalab.portal.project_access import project_for
from datalab.projects.comments import LONGEST_PATH, Comments
from datalab.projects.project import Project

router = APIRouter()
LARGEST = 20_000  # bytes of a posted comment
LOOK = 10  # ticks between two looks at the database, for what another process wrote
ASK = 15  # ticks between two questions whether the person is still in the project


@router.get("/projects/{slug}/comments.json", include_in_schema=False)
def json(request: Request, slug: str, notebook: str) -> Response:
    person, project = commenter(request, slug)
    return _document(_conversation(request, project, person, notebook))


@router.get("/projects/{slug}/comments/parts", include_in_schema=False)
def parts(request: Request, slug: str, notebook: str) -> Response:
    """The threads of all cells, for a page that is open to put in their places."""
    person, project = commenter(request, slug)
    told = _conversation(request, project, person, notebook)
    context = {"slug": slug, "notebook": notebook, "talk": told, "threads": told.threads()}
    return render(request, "comments_parts.html", context)


@router.post("/projects/{slug}/comments.json", include_in_schema=False)
async def post_json(request: Request, slug: str) -> Response:
    person, project = commenter(request, slug)
    document = await json_of(request, LARGEST, pass_for(person, slug))
    if not isinstance(document, dict):
        raise InvalidParameter(name="comment", value="", reason=Phrase("an object is needed"))
    await run_in_threadpool(change, request, person, project, document)
    notebook = _notebook(document)
    told = await run_in_threadpool(_conversation, request, project, person, notebook)
    return _document(told)


@router.post("/projects/{slug}/comments", include_in_schema=False)
async def post(request: Request, slug: str) -> Response:
    """The same from a form, for browsers without scripts: back to where it was written."""
    person, project = project_for(request, slug, "project:comment")
    fields = dict(await form_of(request, LARGEST))
    notebook = _notebook(fields)
    page = f"{request.app.state.prefix}/projects/{slug}/guided/{quote(notebook)}"
    try:
        await run_in_threadpool(change, request, person, project, fields)
    except DatalabError as error:
        if "text" not in fields:
            raise
        from datalab.portal.views.guided import refused_comment

        return await run_in_threadpool(
            refused_comment, request, person, project, notebook, fields, error
        )
    response = RedirectResponse(f"{page}#talk-{quote(str(fields.get('cell', '')))}", 303)
    said = _said(str(fields.get("action", "")))
    notice(response, translate(said, language_of(request)), path=f"{request.app.state.prefix}/")
    return response


@router.get("/projects/{slug}/comments/stream", include_in_schema=False)
def stream(request: Request, slug: str, notebook: str) -> Response:
    """``changed`` each time something was said, with the number of the last change as its id."""
    person, project = commenter(request, slug)
    sent = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    known = Comments.of(project)
    after = int(sent) if sent.isdecimal() and len(sent) < 16 else known.last()

    async def events() -> AsyncIterator[str]:
        nonlocal after
        marks: dict[str, int] = request.app.state.comment_marks
        mark = -1
        yield "retry: 3000\n\n"
        async for tick in streams.ticks():
            if tick % ASK == ASK - 1 and not await run_in_threadpool(_still, request, slug):
                yield streams.event("gone", {})
                return
            if tick % streams.HEARTBEAT == 0:
                yield ": \n\n"
            if marks.get(slug, 0) != mark or tick % LOOK == 0:
                mark = marks.get(slug, 0)
                last = await run_in_threadpool(known.last)
                if last > after and await run_in_threadpool(known.changed, notebook, after):
                    yield streams.event("changed", {"last": last}, last)
                after = max(after, last)

    answer: Response = request.app.state.streams.answer(person.name, events)
    return answer


@router.get("/lab/words.json", include_in_schema=False)
def words(request: Request) -> Response:
    """The sentences of the lab's part of JupyterLab, in the language asked for."""
    language = language_of(request)
    said = {word.template: word.in_(language) for word in WORDS}
    return JSONResponse(said, headers={"Cache-Control": "max-age=300"})


@router.get("/projects/{slug}/comments/enter", include_in_schema=False)
def enter(request: Request, slug: str, notebook: str = "") -> Response:
    """To the live notebook, with a pass for the comments of this project and nothing else."""
    person, project = project_for(request, slug, "project:edit")
    lab = lab_address(request, project, notebook[:LONGEST_PATH] or None)
    address = f"{lab}#datalab-pass={pass_for(person, slug)}"
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


def change(request: Request, person: Person, project: Project, fields: Mapping[str, Any]) -> None:
    """One act on a comment: ``add``, ``edit``, ``delete`` or ``mark``.

    Raises
    ------
    CommentRefused, TooManyComments, UnknownComment, InvalidParameter
    """
    moment = now().timestamp()
    role = project.manifest.role_of(person.name, person.account.created_at)
    kept = Comments.of(project)
    action, comment = str(fields.get("action", "")), str(fields.get("comment", ""))
    text = fields.get("text", "")
    if not isinstance(text, str):
        raise CommentRefused(reason=Phrase("nothing was written"))
    if action == "add":
        parent = str(fields["parent"]) if fields.get("parent") else None
        cell = str(fields.get("cell", ""))
        kept.add(moment, person.name, role, _notebook(fields), cell, text, parent)
    elif action == "edit":
        kept.edit(moment, person.name, comment, text)
    elif action == "delete":
        kept.delete(moment, person.name, role, comment)
    elif action == "mark" and fields.get("state") in {"open", "answered", "resolved"}:
        kept.mark(role, comment, fields["state"])
    else:
        reason = Phrase("it is too long or not written as expected")
        raise InvalidParameter(name="action", value=action[:40], reason=reason)
    marks: dict[str, int] = request.app.state.comment_marks
    marks[project.slug] = marks.get(project.slug, 0) + 1


def _document(told: Conversation) -> Response:
    return JSONResponse(plain(told), headers={"Cache-Control": "no-store"})


def _said(action: str) -> str:
    """What the page says once the act is done."""
    said: dict[str, str] = {
        "add": Phrase("Your comment is saved."),
        "edit": Phrase("Your comment is changed."),
        "delete": Phrase("The comment is deleted."),
    }
    found = said.get(action, Phrase("The comment is marked."))
    return found.template if isinstance(found, Phrase) else found


def _notebook(fields: Mapping[str, Any]) -> str:
    return str(fields.get("notebook", ""))[: LONGEST_PATH + 1]


def _conversation(
    request: Request, project: Project, person: Person, notebook: str
) -> Conversation:
    moment, language = now().timestamp(), language_of(request)
    store = request.app.state.store
    return conversation(store, project, person, notebook, moment, language)


def _still(request: Request, slug: str) -> bool:
    """Whether who listens may still do so: read anew, since a stream outlives a removal."""
    request.scope["state"].pop("person", None)
    try:
        commenter(request, slug)
    except DatalabError:
        return False
    return True
