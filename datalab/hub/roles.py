"""Who may do what in the hub: every role and custom scope of the lab, in one place.

A scope is the hub's word for one right. People get theirs through their groups, as the table of
:mod:`datalab.people.rights` says: one role per right, which carries the scope
``custom:datalab:<right>`` and, where the hub itself guards the right, the hub's own scopes.
Services get theirs by name. Roles are read at start; membership of groups is live.
"""

from __future__ import annotations

from typing import Any

from datalab.people.rights import MEANING, RIGHTS, Right

PORTAL = "datalab"
SUPERVISOR = "datalab-supervisor"
KEEPER = "datalab-keeper"
GATEWAY = "dask-gateway"
METRICS = "datalab-metrics"

PORTAL_ACCESS = f"access:services!service={PORTAL}"

GATEWAY_ACCESS = f"access:services!service={GATEWAY}"

# What the portal may learn about a person who signs in there.
PORTAL_CLIENT_SCOPES = [PORTAL_ACCESS, "read:users!user", "read:users:groups!user"]

# What a notebook server may do with its own token: say that it is in use, and no more.
SERVER_TOKEN_SCOPES = ["users:activity!user", "access:servers!server"]

# Rights that the hub guards itself. Every hub user has ``self`` from the hub's own role ``user``;
# somebody in no group (a disabled account) is refused before scopes are looked at.
HUB_SCOPES: dict[Right, list[str]] = {
    "use:server": ["self", PORTAL_ACCESS],
    "manage:people": ["admin-ui", "admin:users", "admin:groups"],
    "operate": ["admin-ui", "admin:servers", "list:services", "read:hub"],
}


def scope(right: Right) -> str:
    """The custom scope of a right."""
    return f"custom:datalab:{right}"


def custom_scopes() -> dict[str, dict[str, str]]:
    """The scopes as ``JupyterHub.custom_scopes`` takes them."""
    return {scope(right): {"description": MEANING[right].template} for right in RIGHTS}


def roles() -> list[dict[str, Any]]:
    """The roles as ``JupyterHub.load_roles`` takes them."""
    services = [
        {
            "name": "datalab-portal",
            "description": "The portal: knows people and groups, starts nothing, shares nothing.",
            "services": [PORTAL],
            "scopes": ["list:users", "read:users:name", "read:users:groups", "read:groups"],
        },
        {
            "name": "datalab-supervisor",
            "description": "The supervisor: asks for the routes of a proxy that began anew.",
            "services": [SUPERVISOR],
            "scopes": ["proxy"],
        },
        {
            "name": "datalab-keeper",
            "description": "The keeper: makes the hub follow accounts and projects of the lab.",
            "services": [KEEPER],
            "scopes": [
                "admin:users",
                "admin:groups",
                "admin:servers",
                "access:servers",
                "shares",
                "tokens",
                "list:services",
            ],
        },
        {
            "name": "datalab-metrics",
            "description": "Whatever watches the lab: reads the hub's figures, and nothing else.",
            "services": [METRICS],
            "scopes": ["read:metrics"],
        },
    ]
    return services + [
        {
            "name": f"datalab-{right.replace(':', '-')}",
            "description": f"May {MEANING[right].template}.",
            "groups": list(groups),
            "scopes": [scope(right), *HUB_SCOPES.get(right, [])],
        }
        for right, groups in RIGHTS.items()
    ]
