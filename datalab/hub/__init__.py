"""The hub: who signs in, how a notebook server starts, what it may see, who may do what.

The room takes plain values and imports no other room. ``deploy/jupyterhub_config.py`` calls
:func:`configure`; everything else is reached through it.
"""

from __future__ import annotations

from typing import Any

__all__ = ["configure"]


def configure(c: Any) -> None:
    """Configure JupyterHub for the lab; ``c`` is the object of a ``jupyterhub_config.py``."""
    from datalab.hub.configuration import configure as apply

    apply(c)
