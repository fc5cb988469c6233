"""The hub in a cluster: each notebook server is a pod, which sees what its account may read.

The chart of zero-to-jupyterhub makes the hub; this adds people, roles, services and, for every pod,
its volumes: the lakes of its account read-only, one folder of the claim each, and of projects the
work alone. What a pod is not given it cannot name.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalab.hub import roles
from datalab.hub.configuration import update_pages, update_people, update_watching
from datalab.hub.plan import Plan
from datalab.hub.view import View, Views
from datalab.isolation.homes import Homes
from datalab.isolation.private import secret
from datalab.isolation.sandbox import Walls
from datalab.people.store import Store
from datalab.projects.project import Projects
from datalab.settings import Settings

HUB, HUB_PORT = "hub", 8081  # the service that the chart makes
PROXY, PROXY_PORT = "proxy-public", 80
PORTAL = "http://datalab-portal:8010"
LAKE_CLAIM, STATE_CLAIM = "datalab-lake", "datalab-state"
LAKE = "/lake"


@dataclass(frozen=True)
class Mounts:
    """Volumes of a pod and where they appear in it, as Kubernetes writes them."""

    volumes: list[dict[str, Any]]
    mounts: list[dict[str, Any]]


def configure(c: Any) -> None:
    """Everything that the chart does not know; called from ``hub.extraConfig``."""
    settings = Settings()
    Plan(PROXY, PROXY_PORT, HUB_PORT, 0, 0, HUB).write(settings.run)
    update_people(c, settings)
    update_pages(c)
    update_watching(c, settings)
    # Those that other programs hold come from a Secret; the rest are files that the parts share.
    folder = settings.secrets
    services = {roles.PORTAL: "portal_token", roles.KEEPER: "keeper_token"}
    services |= {roles.METRICS: "metrics_token", roles.GATEWAY: "gateway_token"}
    c.JupyterHub.services = [
        {
            "name": name,
            "api_token": os.environ.get(f"DATALAB_{file.upper()}") or secret(folder, file),
        }
        for name, file in services.items()
    ]
    c.JupyterHub.services[0] |= {
        "url": PORTAL,
        "oauth_client_allowed_scopes": roles.PORTAL_CLIENT_SCOPES,
        "oauth_no_confirm": True,
    }
    c.JupyterHub.default_url = f"/services/{roles.PORTAL}/"
    c.Spawner.server_token_scopes = [*roles.SERVER_TOKEN_SCOPES, roles.GATEWAY_ACCESS]
    c.JupyterHub.extra_user_scopes = {roles.GATEWAY_ACCESS}
    c.Spawner.pre_spawn_hook = Preparing(settings)


class Preparing:
    """The hook before each start: what the account may read now becomes what its pod is given."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # A pod is a room of its own, as bubblewrap makes one elsewhere.
        self.views = Views(
            Walls("root", None, ""),
            Homes(settings.home / "accounts", False),
            Store(settings.people),
            Projects(settings.shared, settings.projects),
            settings.lake,
        )

    def __call__(self, spawner: Any) -> None:
        view = self.views.started(spawner.user.name, time.time(), spawner.user.name)
        given = mounts_of(view, self.settings)
        known = {volume["name"] for volume in given.volumes}
        mine = [one for one in spawner.volumes if one["name"] not in known]
        spawner.volumes = [*mine, *given.volumes]
        kept = [one for one in spawner.volume_mounts if one["name"] not in known]
        if view.work is not None:  # a project's server lives in its work, not in a home
            kept = [one for one in kept if one.get("mountPath") != "/home/jovyan"]
        spawner.volume_mounts = [*kept, *given.mounts]
        spawner.environment = {**spawner.environment, "DATALAB_LAKE": LAKE, **view.environment}
        spawner.args = [*spawner.args, *view.arguments]


def mounts_of(view: View, settings: Settings) -> Mounts:
    """What a pod with this view is given."""
    mounts = [
        {"name": "lake", "mountPath": f"{LAKE}/{name}", "subPath": _within(path, settings.lake)}
        | {"readOnly": True}
        for name, path in sorted(view.lakes.items())
    ]
    if view.work is not None:
        work = _within(view.work, settings.home)
        mounts.append({"name": "state", "mountPath": "/home/jovyan", "subPath": work})
    for path, inside, writable in view.shown:
        shown = {"name": "state", "mountPath": inside, "subPath": _within(path, settings.home)}
        mounts.append(shown | ({} if writable else {"readOnly": True}))
    claims = {"lake": LAKE_CLAIM, "state": STATE_CLAIM}
    used = {mount["name"] for mount in mounts}
    volumes = [
        {"name": name, "persistentVolumeClaim": {"claimName": claim}}
        for name, claim in claims.items()
        if name in used
    ]
    return Mounts(volumes, mounts)


def _within(path: Path, folder: Path) -> str:
    """``path`` as a folder of a claim.

    Raises
    ------
    ValueError
        where it lies elsewhere: it would be another folder of the claim.
    """
    found = path.resolve().relative_to(folder.resolve())
    if found == Path("."):
        raise ValueError("a whole claim is never shown")
    return str(found)
