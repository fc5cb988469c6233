"""Who may do what in the hub: every role of the lab, in one place.

A scope is the hub's word for one right. People get theirs through the group of their persona;
services get theirs by name. Roles are read at start; membership of groups is live.
"""

from __future__ import annotations

from typing import Any

from datalab.hub.personas import GROUPS

PORTAL = "datalab"
SUPERVISOR = "datalab-supervisor"
KEEPER = "datalab-keeper"

PORTAL_ACCESS = f"access:services!service={PORTAL}"

# What the portal may learn about a person who signs in there.
PORTAL_CLIENT_SCOPES = [PORTAL_ACCESS, "read:users!user", "read:users:groups!user"]

# What a notebook server may do with its own token: say that it is in use, and no more.
SERVER_TOKEN_SCOPES = ["users:activity!user", "access:servers!server"]


def roles() -> list[dict[str, Any]]:
    """The roles as ``JupyterHub.load_roles`` takes them."""
    return [
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
                "list:services",
            ],
        },
        {
            "name": "datalab-people",
            "description": "Everybody with an account: the portal, and their own server.",
            "groups": list(GROUPS),
            "scopes": ["self", PORTAL_ACCESS],
        },
        {
            "name": "datalab-operators",
            "description": "Operators: accounts, groups and servers of all, from the admin page.",
            "groups": ["operators"],
            "scopes": ["admin-ui", "admin:users", "admin:groups", "admin:servers", "list:services"],
        },
    ]
