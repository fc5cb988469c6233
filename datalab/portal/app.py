"""The application: its routes under one prefix, its headers, its errors."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request

from datalab import __version__
from datalab.errors import HubUnreachable
from datalab.households.store import Store as Households
from datalab.hub.plan import Plan
from datalab.i18n import Phrase
from datalab.isolation.homes import Homes
from datalab.isolation.private import secret
from datalab.lineage.store import Lineage
from datalab.participation.spam import Trap
from datalab.participation.store import Store as Participation
from datalab.participation.use import Uses
from datalab.people.hub_api import HubApi
from datalab.people.store import Store
from datalab.portal import failure, sections, warming
from datalab.portal.asset import LongLived
from datalab.portal.changes import Histories
from datalab.portal.commune import Communes
from datalab.portal.cross_origin import CrossOrigin
from datalab.portal.download import MEDIA
from datalab.portal.feed import Feed
from datalab.portal.headers import HeadAsGet, SafeHeaders
from datalab.portal.kept import KeptFiles
from datalab.portal.language import now
from datalab.portal.library import Library
from datalab.portal.limits import Limits
from datalab.portal.lookup import Direct, Lookups
from datalab.portal.oauth import Client
from datalab.portal.openapi import document
from datalab.portal.page import STATIC
from datalab.portal.presence import Presences
from datalab.portal.query import Queries
from datalab.portal.quota import Metered, Quotas
from datalab.portal.reader import Reads
from datalab.portal.rerun import Reruns
from datalab.portal.routers import ROUTERS
from datalab.portal.scene import Scenes
from datalab.portal.sharing import Sharing
from datalab.portal.streams import Streams
from datalab.portal.telling import Telling
from datalab.portal.tiles import Tiles
from datalab.portal.timing import Timed, Timings
from datalab.portal.turns import Turns
from datalab.portal.views.machine import ground
from datalab.portal.warm import WarmTables
from datalab.portal.words import RowWords
from datalab.projects.project import Projects
from datalab.projects.server import ProjectServers
from datalab.settings import Settings

PREFIX = "/services/datalab"
# Packed already; and the parts of a Parquet file are asked by the places of its bytes.
PACKED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, MEDIA["parquet"], MEDIA["arrow"], MEDIA["xlsx"])
ABOUT = (
    "Quality-checked datasets of Dijon Métropole. Everything here is public and read without "
    "signing in. Numbers are JSON numbers; decimals of more than 15 digits are strings; dates are "
    "ISO 8601; geometry is GeoJSON in longitude and latitude; what is absent is null. An error is "
    'always {"error": {"code", "status", "message", "details"}}.'
)


def create_app(
    settings: Settings, prefix: str = PREFIX, environment: Mapping[str, str] | None = None
) -> FastAPI:
    """The portal over the published lake of ``settings``, under ``prefix``.

    ``environment`` holds JupyterHub's variables; without them nobody can sign in.
    """
    prefix = "/" + prefix.strip("/")
    app = FastAPI(
        title="Data lab of Dijon Métropole",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # its pages load scripts of a third party
        redoc_url=None,
        openapi_url=None,
        lifespan=_living,
    )
    app.state.prefix = prefix
    app.state.hub = prefix.removesuffix("/services/datalab") + "/hub"
    app.state.library = Library(settings.lake)
    app.state.kept_files = KeptFiles(settings.cache / "exits")
    app.state.warm = WarmTables(settings.cache / "warm")
    app.state.lookups = Lookups(settings.lookup_bytes)
    app.state.row_words = RowWords(settings.cache / "words")
    app.state.turns, app.state.tiles = Turns(), Tiles()
    app.state.queries = Queries(
        settings.lake, settings.cache / "loans", lambda: ground(app.state).walls
    )
    app.state.communes = Communes(app.state.library)
    app.state.settings = settings
    app.state.store = Store(settings.people)
    app.state.projects = Projects(settings.shared, settings.projects)
    # Homes are made by the hub; where it is root, each has a uid of its own.
    app.state.homes = Homes(settings.home / "accounts", os.geteuid() == 0)
    app.state.hub_api = lambda: hub_api(settings)
    app.state.servers = lambda: ProjectServers(hub_api(settings), lambda: hub_url(settings))
    app.state.reruns = Reruns()
    app.state.histories = Histories()
    app.state.streams = Streams()
    app.state.participation = Participation(settings.participation)
    app.state.households = Households(settings.households)
    app.state.feed = Feed(app.state.participation)
    app.state.sharing = Sharing(lambda: app.state.participation.rushed)
    app.state.uses = Uses(app.state.participation, lambda: now().date().isoformat())
    app.state.scenes = Scenes(app.state.participation)
    app.state.telling = Telling(app.state.feed)
    app.state.limits = Limits()
    app.state.timings = Timings()
    app.state.worker = (environment or {}).get("DATALAB_PORTAL_WORKER", "portal")
    app.state.trap = Trap(settings.secrets)
    app.state.indicators = {}  # the last ones that were computed
    app.state.control_looks = {}  # by case, who looked at it and when
    app.state.comment_marks = {}  # changes by project, for those who listen
    app.state.presences = Presences(lambda: hub_api(settings), lambda: hub_url(settings))
    app.state.client = client_of(settings, prefix, environment or {})
    quotas = app.state.quotas = Quotas(app.state.store, settings)
    app.state.reads = Reads(app.state.store, Lineage(settings.lineage))
    direct = {"library": app.state.library, "lookups": app.state.lookups, "prefix": prefix}
    app.add_middleware(Direct, **direct)  # the innermost: quotas were counted before
    app.add_middleware(Metered, quotas=quotas, limits=app.state.limits, prefix=prefix)
    app.add_middleware(
        GZipMiddleware, minimum_size=1000, compresslevel=3, exclude_content_types=PACKED
    )
    app.add_middleware(CrossOrigin, prefix=prefix)
    app.add_middleware(SafeHeaders)
    app.add_middleware(HeadAsGet)
    areas = sections.words(ROUTERS) | {"health", "static", "assets"}
    app.add_middleware(Timed, timings=app.state.timings, prefix=prefix, areas=areas)
    failure.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=prefix)

    @app.get(f"{prefix}/health", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(f"{prefix}/api/openapi.json", include_in_schema=False)
    def openapi() -> Response:
        described = app.state.described = getattr(app.state, "described", None) or document(app)
        return JSONResponse(described, headers={"Access-Control-Allow-Origin": "*"})

    @app.get("/", include_in_schema=False)
    @app.get(prefix, include_in_schema=False)
    def enter(request: Request) -> Response:
        return RedirectResponse(f"{prefix}/", status_code=307)

    app.mount(f"{prefix}/static", LongLived(directory=STATIC))
    app.mount(
        f"{prefix}/assets", LongLived(directory=settings.assets, check_dir=False, shared=True)
    )
    sections.divide(app, prefix)
    return app


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    """Write down on leaving what was counted and not yet written."""
    warming.begin(app.state.participation)
    yield
    await app.state.queries.end()
    await run_in_threadpool(app.state.quotas.write, now().timestamp())
    await run_in_threadpool(app.state.uses.close)
    await run_in_threadpool(app.state.participation.close)
    await run_in_threadpool(app.state.households.close)


def client_of(settings: Settings, prefix: str, environment: Mapping[str, str]) -> Client | None:
    """The portal as a client of the hub, None without one."""
    if "JUPYTERHUB_API_TOKEN" not in environment:
        return None
    return Client.of(environment, prefix, secret(settings.secrets, "portal_state"))


def hub_url(settings: Settings) -> str:
    """Where the proxy of this home listens for people."""
    return Plan.read(settings.run).url


def hub_api(settings: Settings) -> HubApi:
    """The hub of this home, with the rights of the keeper.

    Raises
    ------
    HubUnreachable
        where no hub was ever started here.
    """
    try:
        plan = Plan.read(settings.run)
    except (OSError, ValueError, TypeError):
        raise HubUnreachable(reason=Phrase("the portal runs without a hub")) from None
    token = secret(settings.secrets, "keeper_token")
    return HubApi(plan.hub_api, token)
