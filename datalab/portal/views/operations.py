"""How the lab is, for who runs it: a page with the few figures that matter, and ``/metrics``.

The figures are read with the token ``secrets/metrics_token`` (by Prometheus, which reads the hub's
with it too) or by an operator who is signed in. The proxy stands in front of everybody, so that no
address counts as near: without the token there is nothing.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import State
from starlette.requests import Request

from datalab.i18n import Language, Phrase, translate
from datalab.isolation.private import secret
from datalab.portal import colleagues
from datalab.portal.language import language_of, now
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.portal.quota import SCHEME
from datalab.portal.timing import Timings, quantile
from datalab.watching import alarm, figures, incident
from datalab.watching import state as watching

router = APIRouter(include_in_schema=False)
SHORT = 5.0  # seconds that one look serves: two scrapers cost no more than one
LATELY = 300.0
SHOWN = 10
PARTS = {
    "supervisor": Phrase("the supervisor"),
    "proxy": Phrase("the proxy"),
    "hub": Phrase("the hub"),
    "portal": Phrase("the portal"),
    "refresher": Phrase("the refresher"),
    "refresh": Phrase("a refresh by command"),
    "keeper": Phrase("the keeper"),
    "depot": Phrase("the way to the object store"),
    "web": Phrase("the way to the web"),
}


@dataclass(frozen=True)
class Failure:
    """An error as the page tells it; ``at`` in seconds since the epoch."""

    at: float
    part: str
    said: str
    kind: str
    count: int = 1


def look(state: State) -> watching.State:
    """The state of the lab, a few seconds old at most."""
    kept = getattr(state, "watched", None)
    if kept is None or time.monotonic() - kept[0] > SHORT:
        found = watching.look(state.settings, state.participation, now().timestamp())
        kept = state.watched = (time.monotonic(), found)
    found = kept[1]
    return found


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Everything that Prometheus is to know of portal, refresher, participation and machine."""
    state = request.app.state
    given = SCHEME.fullmatch(request.headers.get("authorization", ""))
    token = secret(state.settings.secrets, "metrics_token")
    if given is None or not hmac.compare_digest(given[1].encode(), token.encode()):
        require(request, "operate")
    body = generate_latest(state.timings.registry)
    if request.query_params.get("of") != colleagues.OWN:
        if ports := colleagues.others(state.settings, state.worker):
            told = colleagues.told(ports, request.url.path, token)
            body = colleagues.together({state.worker: body.decode(), **told})
        registry = CollectorRegistry()
        figures.register(registry, lambda: look(state))
        body += generate_latest(registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


@router.get("/operations")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/operations/")
def show(request: Request) -> Response:
    require(request, "operate")
    state, language = request.app.state, language_of(request)
    seen = look(state)
    beat = alarm.Told.read(state.settings.run).at
    lines = alarm.failures_since(state.settings.logs, 0.0)
    recent = [one for one in lines if _at(one) > seen.at - 3600]
    found = incident.incidents(seen, failures=recent, beat=beat or None)
    context = {
        "incidents": [(one.level, one.said.in_(language), one.step.in_(language)) for one in found],
        "seen": seen,
        "pace": _pace(state.timings),
        "workers": state.settings.portal_workers,
        "failures": _failures(lines, language),
        "parts": [(_called(p.name, language), p.runs) for p in seen.parts],
        "states": _states(seen),
        "told": _told(state, language),
        "beat": beat,
    }
    return render(request, "operations.html", context)


def _called(part: str, language: Language) -> str:
    """A part in words; its number, where there are several of a kind."""
    kind, _, number = part.partition("-")
    name = PARTS[kind].in_(language) if kind in PARTS else kind
    return f"{name} {number}".strip()


def _at(line: dict[str, Any]) -> float:
    return datetime.fromisoformat(line["at"]).timestamp()


def _pace(timings: Timings) -> dict[str, float]:
    """Answers of the last minutes: how many a minute, how quick, how many failed."""
    lately = timings.within(LATELY)
    seconds = [took for took, _ in lately]
    return {
        "minute": len(lately) / LATELY * 60,
        "typical": quantile(seconds, 0.5) * 1000,
        "slow": quantile(seconds, 0.95) * 1000,
        "failed": sum(1 for _, status in lately if status >= 500),
    }


def _states(seen: watching.State) -> dict[str, int]:
    counts = {"good": 0, "kept": 0, "failed": 0, "waiting": 0}
    for one in seen.datasets:
        name = one.state if one.state in counts else "good"
        counts[name] += 1
    return {**counts, "stale": sum(one.stale for one in seen.datasets)}


def _failures(lines: list[dict[str, Any]], language: Language) -> list[Failure]:
    """The last errors, newest first; the same one again is counted."""
    found: list[Failure] = []
    for line in lines:
        part = str(line.get("part") or "")
        error = line.get("error") or {}
        said = str(error.get("message") or line.get("message") or "")
        name = _called(part, language)
        kind = str(error.get("type") or "")
        same = [n for n, f in enumerate(found) if (f.part, f.said, f.kind) == (name, said, kind)]
        if same:
            before = found[same[0]]
            found[same[0]] = Failure(before.at, name, said, kind, before.count + 1)
        elif len(found) < SHOWN:
            found.append(Failure(_at(line), name, said, kind))
    return found


def _told(state: State, language: Language) -> list[str]:
    """Who hears of an incident."""
    settings, found = state.settings, []
    if settings.alert_mail and settings.smtp.get_secret_value():
        found.append(translate("a letter to {address}", language, address=settings.alert_mail))
    if settings.alert_webhook.get_secret_value():
        found.append(translate("a message to the webhook", language))
    if settings.heartbeat_url.get_secret_value():
        found.append(translate("a heartbeat each minute to the watchdog outside", language))
    return found
