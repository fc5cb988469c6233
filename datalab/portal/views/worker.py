"""The portal as an app on a phone: what it opens without a network, its name and its icons."""

from __future__ import annotations

import hashlib
import json
from html import escape
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.i18n import Language, translate
from datalab.portal.language import language_of
from datalab.portal.page import STATIC, version_of

router = APIRouter(include_in_schema=False)
SCRIPT = STATIC / "worker.js"
ICONS = (
    ("icon-192.png", 192, "any"),
    ("icon-512.png", 512, "any"),
    ("icon-mask.png", 512, "maskable"),
)


@router.get("/worker.js")
def worker(request: Request) -> Response:
    """The service worker, with its version and its few sentences on top."""
    language, prefix = language_of(request), request.app.state.prefix
    code = SCRIPT.read_text(encoding="utf-8")
    words = {"OFFLINE": offline_page(language), "NEWS": news(language)}
    # Escaped as JSON, which is a subset of the language of scripts.
    head = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in words.items())
    version = hashlib.sha256((head + code).encode()).hexdigest()[:12]
    return Response(
        f'const VERSION = "{version}";\n{head}{code}',
        media_type="text/javascript",
        headers={
            "Cache-Control": "no-cache",
            "Vary": "Accept-Language, Cookie",
            "Service-Worker-Allowed": f"{prefix}/",
        },
    )


def offline_page(language: Language) -> str:
    """A page for what was never seen here; it may load nothing, so it is plain."""
    title = translate("No network", language)
    text = translate(
        "This page was never opened on this device, and there is no network now. "
        "What you wrote on other pages is kept.",
        language,
    )
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(text)}</p>"
        f'<p><a href="">{escape(translate("Try again", language))}</a></p></html>'
    )


def news(language: Language) -> dict[str, str]:
    """What a notification says: never more than that there is something to read."""
    return {
        "title": translate("Data lab of Dijon Métropole", language),
        "body": translate("There is news of what you sent.", language),
    }


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    """What makes it an app that can be installed."""
    language, prefix = language_of(request), request.app.state.prefix
    document: dict[str, Any] = {
        "id": f"{prefix}/cases/",
        "name": translate("Data lab of Dijon Métropole", language),
        "short_name": translate("Data lab", language),
        "description": translate("Report a problem, take part, see what became of it.", language),
        "lang": language,
        "dir": "ltr",
        "start_url": f"{prefix}/cases/",
        "scope": f"{prefix}/",
        "display": "standalone",
        "background_color": "#fbf8f1",
        "theme_color": "#7b1e2b",
        "icons": [icon(prefix, *about) for about in ICONS],
        "shortcuts": [
            {"name": translate(name, language), "url": f"{prefix}/{path}"}
            for name, path in (
                ("Report a problem", "cases/new"),
                ("Take part in a session", "join/"),
            )
        ],
    }
    return Response(
        json.dumps(document, ensure_ascii=False),
        media_type="application/manifest+json",
        headers={"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"},
    )


def icon(prefix: str, name: str, side: int, purpose: str) -> dict[str, str]:
    return {
        "src": f"{prefix}/static/{name}?v={version_of(name)}",
        "sizes": f"{side}x{side}",
        "type": "image/png",
        "purpose": purpose,
    }
