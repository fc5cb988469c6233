"""Live notebooks: what runs inside a project's server so that nothing typed is lost.

Owns the words *room* (one open document), *channel* (one person's connection to it), *store* (the
write-ahead log of every change) and *presence*. A server extension of Jupyter Server: it takes
the place of parts of jupyter-collaboration, each named with its reason in
:mod:`datalab.live.replacements`, and adds four addresses below ``/user/<account>/datalab/``.

The promise, and where it is kept:

* A change is on disk before anybody else is shown it (``room``), so what a second person saw
  survives ``kill -9``.
* A room is opened from the log, never from a file that the log knows to be older (``room``).
* A browser that comes back finds the document it left, or is told to reload; it never merges two
  different histories of one notebook, which is what doubles cells (``channel``).
* Whoever is no longer a member is out within seconds, typing or not (``access``).
"""

from __future__ import annotations

from typing import Any

__all__ = ["_jupyter_server_extension_points"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Jupyter Server's own name for what this package offers."""
    return [{"module": "datalab.live"}]


def _link_jupyter_server_extension(server: Any) -> None:
    """Called before any extension is loaded: the moment to take the place of parts."""
    from datalab.live.replacements import replace

    replace(server)


def _load_jupyter_server_extension(server: Any) -> None:
    """Called once the server can take addresses."""
    from datalab.live.extension import load

    load(server)
