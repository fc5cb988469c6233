"""The application: its routes under one prefix, its headers, its errors."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request

from datalab import __version__
from datalab.portal import failure
from datalab.portal.asset import LongLived
from datalab.portal.headers import HeadAsGet, SafeHeaders
from datalab.portal.library import Library
from datalab.portal.page import STATIC
from datalab.portal.views import dataset, datasets, doors, home
from datalab.settings import Settings

PREFIX = "/services/datalab"
ABOUT = (
    "Quality-checked datasets of Dijon Métropole. Everything here is public and read without "
    "signing in. Numbers are JSON numbers; decimals of more than 15 digits are strings; dates are "
    "ISO 8601; geometry is GeoJSON in longitude and latitude; what is absent is null. An error is "
    'always {"error": {"code", "status", "message", "details"}}.'
)


def create_app(settings: Settings, prefix: str = PREFIX) -> FastAPI:
    """The portal over the published lake of ``settings``, under ``prefix``."""
    prefix = "/" + prefix.strip("/")
    app = FastAPI(
        title="Data lab of Dijon Métropole",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # its pages load scripts of a third party
        redoc_url=None,
        openapi_url=None,
    )
    app.state.prefix = prefix
    app.state.hub = prefix.removesuffix("/services/datalab") + "/hub"
    app.state.library = Library(settings.lake)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=3)
    app.add_middleware(SafeHeaders)
    app.add_middleware(HeadAsGet)
    failure.install(app)
    for module in (home, datasets, doors, dataset):  # doors before dataset: ``<id>.json`` first
        app.include_router(module.router, prefix=prefix)

    @app.get(f"{prefix}/health", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(f"{prefix}/api/openapi.json", include_in_schema=False)
    def openapi() -> Response:
        return JSONResponse(app.openapi(), headers={"Access-Control-Allow-Origin": "*"})

    @app.get("/", include_in_schema=False)
    @app.get(prefix, include_in_schema=False)
    def enter(request: Request) -> Response:
        return RedirectResponse(f"{prefix}/", status_code=307)

    app.mount(f"{prefix}/static", LongLived(directory=STATIC))
    app.mount(
        f"{prefix}/assets", LongLived(directory=settings.assets, check_dir=False, shared=True)
    )
    return app
