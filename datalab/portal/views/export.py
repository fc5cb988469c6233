"""A whole project as one archive, for those who may see it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask
from starlette.requests import Request

from datalab.portal.language import language_of
from datalab.portal.packing import about_of, data_of
from datalab.portal.project_access import project_for
from datalab.projects.crate import export

router = APIRouter(include_in_schema=False)


@router.get("/projects/{slug}/export.zip")
def archive(request: Request, slug: str, data: bool = False) -> Response:
    """The RO-Crate; ``data`` adds the rows of the datasets that anybody may have."""
    _, project = project_for(request, slug, "project:view")
    state, language = request.app.state, language_of(request)
    base = f"{request.url.scheme}://{request.url.netloc}{state.prefix}"
    handle = tempfile.NamedTemporaryFile(suffix=".zip", delete=False)  # noqa: SIM115
    handle.close()
    path = Path(handle.name)
    try:
        listed = data_of(project, state.library.shelf(), base, language, data)
        export(project, listed, about_of(project, state.store, base, language), path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path,
        media_type="application/zip",
        filename=f"{slug}.zip",
        headers={"Content-Security-Policy": "sandbox; default-src 'none'"},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
