"""JupyterHub's settings for the lab, one function per subject.

What varies comes from :class:`datalab.settings.Settings` and from the plan that the supervisor
wrote (ports chosen for this home). Secrets are files of ``$DATALAB_HOME/secrets``.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from datalab.hub import roles
from datalab.hub.plan import Plan
from datalab.hub.view import Views
from datalab.isolation import groups
from datalab.isolation.homes import FOLDER, Homes
from datalab.isolation.limits import Limits
from datalab.isolation.private import secret
from datalab.isolation.sandbox import Walls, probe
from datalab.people.follow import wanted_groups
from datalab.people.openid import Rules
from datalab.people.store import Store
from datalab.projects.project import Projects
from datalab.settings import Settings

TEMPLATES = Path(__file__).with_name("templates")


def configure(c: Any) -> None:
    """Everything, for this home and this plan."""
    settings = Settings()
    plan = Plan.read(settings.run)
    walls = probe(settings.home)
    update_network(c, settings, plan)
    update_storage(c, settings)
    update_people(c, settings)
    update_servers(c, settings, walls, plan)
    update_portal(c, settings, plan)
    update_pages(c)
    update_watching(c, settings)


def update_network(c: Any, settings: Settings, plan: Plan) -> None:
    """The proxy runs beside the hub, so that people keep working while the hub restarts."""
    c.JupyterHub.bind_url = f"http://{plan.bind_host}:{plan.port}"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{plan.hub_port}"
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{plan.proxy_port}"
    c.ConfigurableHTTPProxy.auth_token = secret(settings.secrets, "proxy_token")
    # The supervisor asks for the routes of a proxy that it started again; should that fail, this
    # is when the hub looks by itself.
    c.JupyterHub.last_activity_interval = 20
    c.JupyterHub.service_check_interval = 0


def update_storage(c: Any, settings: Settings) -> None:
    c.JupyterHub.db_url = settings.hub
    c.JupyterHub.cookie_secret_file = str(settings.secrets / "cookie_secret")
    # A hub that stops leaves servers and proxy alone: the supervisor decides what ends.
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False


def update_people(c: Any, settings: Settings) -> None:
    from datalab.hub.authenticator import LabAuthenticator

    store = Store(settings.people)
    c.JupyterHub.authenticator_class = LabAuthenticator
    if settings.oidc_issuer:
        update_openid(c, settings)
    c.Accounts.store_path = str(settings.people)
    c.Accounts.projects_path = str(settings.shared)
    c.Accounts.shipped_path = str(settings.projects)
    c.Accounts.welcome = welcome_notebook(settings.projects / "welcome")
    # Whoever was proved to be an open account of the store may enter.
    c.Authenticator.allow_all = True
    # An account that is disabled is out within seconds, with a token as with a cookie.
    c.Authenticator.auth_refresh_age = 1
    c.Authenticator.auth_refresh_strict = True
    # Groups are ours over REST as well (projects): the hub refuses that where sign-in owns them.
    c.Authenticator.manage_groups = False
    c.Authenticator.delete_invalid_users = False
    c.JupyterHub.load_roles = roles.roles()
    c.JupyterHub.custom_scopes = roles.custom_scopes()
    wanted = wanted_groups(store, time.time())
    c.JupyterHub.load_groups = {group: {"users": names} for group, names in wanted.items()}
    c.JupyterHub.admin_access = False
    # What stands before the lab (a TLS proxy of this machine) tells where a request comes from.
    c.JupyterHub.trusted_downstream_ips = ["127.0.0.1", "::1"]


def update_openid(c: Any, settings: Settings) -> None:
    """Sign-in links and invitations go on: who runs the lab gets in without the provider."""
    from datalab.hub.openid import OpenidAuthenticator

    c.JupyterHub.authenticator_class = OpenidAuthenticator
    c.OpenidAuthenticator.rules = openid_rules(settings)
    c.OpenidAuthenticator.client_id = settings.oidc_client_id
    c.OpenidAuthenticator.client_secret = settings.oidc_client_secret.get_secret_value()
    c.OpenidAuthenticator.scope = settings.oidc_scopes.split()
    c.OpenidAuthenticator.provider = settings.oidc_name


def openid_rules(settings: Settings) -> Rules:
    """Who of the OpenID provider is who here.

    Raises
    ------
    UnknownGroup
    """
    return Rules.of(
        settings.oidc_issuer.rstrip("/"),
        settings.oidc_name,
        settings.oidc_groups_claim,
        settings.oidc_groups,
        settings.oidc_default_group,
    )


def update_servers(c: Any, settings: Settings, walls: Walls, plan: Plan) -> None:
    from datalab.hub.spawner import LabSpawner
    from datalab.hub.tokens import forget_earlier_tokens

    c.JupyterHub.spawner_class = LabSpawner
    c.JupyterHub.concurrent_spawn_limit = 0
    # Waiting for one's turn counts as starting.
    c.Spawner.start_timeout = 1800
    c.Spawner.http_timeout = 60
    # A server that crashed is seen within seconds, so that opening it again starts it.
    c.Spawner.poll_interval = 5
    c.Spawner.pre_spawn_hook = forget_earlier_tokens
    c.Spawner.env_keep = []
    c.Spawner.mem_limit = settings.server_memory or None
    c.Spawner.cpu_limit = float(processors())
    c.Spawner.default_url = "/lab"
    c.Spawner.environment = {
        "DATALAB_IDLE_MINUTES": str(settings.idle_minutes),
        "DATALAB_IDLE_WARNING_MINUTES": str(settings.idle_warning_minutes),
    }
    c.Spawner.server_token_scopes = roles.SERVER_TOKEN_SCOPES
    if settings.gateway:
        update_gateway(c, settings)
    c.LabSpawner.walls = walls
    c.LabSpawner.homes = Homes(settings.home / "accounts", walls.mode in {"root", "setuid"})
    c.LabSpawner.lake_path = str(settings.lake)
    c.LabSpawner.views = Views(
        walls,
        c.LabSpawner.homes,
        Store(settings.people),
        Projects(settings.shared, settings.projects),
        settings.lake,
    )
    c.LabSpawner.welcome_path = str(settings.projects / "welcome")
    c.LabSpawner.records_path = str(settings.run / "servers")
    c.LabSpawner.logs_path = str(settings.logs)
    c.LabSpawner.limits = Limits.of(settings)
    c.LabSpawner.groups = groups.probe(settings.home)
    c.LabSpawner.ways_path = str(settings.run / "ways")
    c.LabSpawner.hub_port = plan.hub_port
    c.LabSpawner.at_once = settings.concurrent_spawns or processors() + 1


def update_gateway(c: Any, settings: Settings) -> None:
    """The compute service knows people by the tokens of their servers."""
    c.Spawner.environment |= {
        # Dask's own names: ``dask_gateway.Gateway()`` works in a notebook without an argument.
        "DASK_GATEWAY__ADDRESS": settings.gateway,
        "DASK_GATEWAY__PROXY_ADDRESS": f"tls://{settings.schedulers}",
        "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
        "DATALAB_PROCESSOR_HOUR_EUROS": str(settings.processor_hour_euros),
    }
    c.Spawner.server_token_scopes = [*roles.SERVER_TOKEN_SCOPES, roles.GATEWAY_ACCESS]
    c.JupyterHub.extra_user_scopes = {roles.GATEWAY_ACCESS}


def update_portal(c: Any, settings: Settings, plan: Plan) -> None:
    """The portal runs under the supervisor; the hub knows its address and its token."""
    c.JupyterHub.services = [
        {
            "name": roles.PORTAL,
            "url": f"http://127.0.0.1:{plan.portal_port}",
            "api_token": secret(settings.secrets, "portal_token"),
            "oauth_client_allowed_scopes": roles.PORTAL_CLIENT_SCOPES,
            "oauth_no_confirm": True,
        },
        {"name": roles.SUPERVISOR, "api_token": secret(settings.secrets, "supervisor_token")},
        {"name": roles.KEEPER, "api_token": secret(settings.secrets, "keeper_token")},
        {"name": roles.METRICS, "api_token": secret(settings.secrets, "metrics_token")},
    ]
    if settings.gateway:
        token = secret(settings.secrets, "gateway_token")
        c.JupyterHub.services.append({"name": roles.GATEWAY, "api_token": token})
    c.JupyterHub.default_url = f"/services/{roles.PORTAL}/"


def update_pages(c: Any) -> None:
    from datalab.hub.pages import template_variables

    c.JupyterHub.template_paths = [str(TEMPLATES)]
    c.JupyterHub.template_vars = template_variables()


def update_watching(c: Any, settings: Settings) -> None:
    """Figures for who holds the token of them; a log without names, addresses and keys."""
    from datalab.hub.watching import log_request

    c.JupyterHub.authenticate_prometheus = True
    c.JupyterHub.tornado_settings = {"log_function": log_request}
    lines = {"()": "datalab.logline.Lines"}
    kept = {"()": "datalab.logline.Failures", "folder": str(settings.logs), "part": "hub"}
    c.JupyterHub.logging_config = {
        "formatters": {"lines": lines},
        "handlers": {"console": {"formatter": "lines"}, "failures": kept},
        "loggers": {"JupyterHub": {"handlers": ["console", "failures"]}},
    }


def welcome_notebook(project: Path) -> str:
    """Path, inside a home, of the notebook that a person sees first."""
    notebooks = sorted(path.name for path in project.glob("*.ipynb"))
    french = [name for name in notebooks if not name.endswith((".en.ipynb", "-en.ipynb"))]
    first = next(iter([n for n in french if n.startswith(FOLDER)] or french), None)
    return f"{FOLDER}/{first}" if first else ""


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
