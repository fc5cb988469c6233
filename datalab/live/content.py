"""What a document holds, as its file does: read from a copy, recognised, merged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import nbformat
from jupyter_server.utils import ensure_async
from jupyter_ydoc import ydocs
from pycrdt import Doc
from tornado.web import HTTPError


def document_of(kind: str, doc: Doc[Any]) -> Any:
    """The shared document of that type (``notebook``, ``file``, …) over ``doc``."""
    return ydocs.get(kind, ydocs["file"])(doc)


async def content_of(kind: str, update: bytes, state: bytes) -> tuple[Any, bytes | None]:
    """The content as of ``update``, read from a copy that nobody types into.

    The second value is a change that reading made (of two cells with one identifier, the second
    gets another), None where it made none.
    """
    copy: Doc[Any] = Doc()
    copy.apply_update(update)
    content = await document_of(kind, copy).aget()
    return content, None if copy.get_state() == state else copy.get_update(state)


def digest_of(kind: str, content: Any) -> str:
    """SHA-256 of the bytes that the contents manager is going to write."""
    if kind == "notebook":
        text = nbformat.writes(nbformat.from_dict(content), version=nbformat.NO_CONVERT)
        text += "" if text.endswith("\n") else "\n"
    else:
        text = str(content)
    return hashlib.sha256(text.encode()).hexdigest()


async def change_to(kind: str, changes: Iterable[bytes], content: Any) -> bytes:
    """The change that makes ``content`` of the document that ``changes`` give."""
    base: Doc[Any] = Doc()
    for change in changes:
        base.apply_update(change)
    before = base.get_state()
    await document_of(kind, base).aset(content)
    return base.get_update(before)


async def about(manager: Any, path: str, **asked: bool) -> dict[str, Any] | None:
    """What a contents manager says of a file without reading it; None where there is none."""
    try:
        found: dict[str, Any] = await ensure_async(manager.get(path, content=False, **asked))
    except HTTPError as error:
        if error.status_code != 404:
            raise
        return None
    return found


async def stamp_of(manager: Any, path: str) -> tuple[Any, Any] | None:
    """Time and size of a file, which change when somebody writes it; None where there is none."""
    found = await about(manager, path)
    return None if found is None else (found["last_modified"], found["size"])


async def read_file(loader: Any, form: str, kind: str, *, known: bool) -> dict[str, Any]:
    """The file's model with its SHA-256; where it is damaged but its log ``known``, no content.

    A server that dies while it writes leaves half a file (Jupyter Server writes in place).

    Raises
    ------
    tornado.web.HTTPError
        404 where there is none, 400 where it is damaged and nothing else is known of it.
    """
    manager = loader._contents_manager
    async with loader._lock:
        try:
            model: dict[str, Any] = await ensure_async(
                manager.get(loader.path, format=form, type=kind, content=True, require_hash=True)
            )
        except HTTPError as error:
            if error.status_code != 400 or not known:
                raise
            found = await ensure_async(manager.get(loader.path, content=False, require_hash=True))
            return {"hash": found["hash"], "content": None}
        if kind == "file" and isinstance(model["content"], str):
            model["content"] = model["content"].replace("\r\n", "\n")
        loader.last_modified = model["last_modified"]
    return model
