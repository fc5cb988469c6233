"""What a notebook server does not have to import.

Measured on JupyterHub 6.1.1 and jsonschema 4: of about 1.2 CPU seconds, half went into modules
that a single-user server never uses. The hub's own database classes come in through the check of
scopes and the request log, which need one function and one class of them; a grammar of 0.8 s is
compiled for one format of JSON Schema, which jsonschema does without where it is not installed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from datalab.isolation import doorway

# Absent for good: jsonschema asks for it and goes on without.
ABSENT = "rfc3987_syntax"
# Replaced while the server is imported, then forgotten: whoever asks later gets the real ones.
# Whatever else is asked of such a stand-in is an error, so that no check can pass by accident.
HIDDEN: dict[str, dict[str, object]] = {
    "sqlalchemy": {},
    # Named in an ``except`` around requests of the hub to its database.
    "sqlalchemy.exc": {"SQLAlchemyError": type("SQLAlchemyError", (Exception,), {})},
    "jupyterhub.orm": {},
    "jupyterhub.roles": {},
    "jupyterhub.handlers": {},
    # The request log asks whether a handler is the hub's health check: here none is.
    "jupyterhub.handlers.pages": {"HealthCheckHandler": type("HealthCheckHandler", (), {})},
    # Counts requests for a page of measures that this server does not have.
    "jupyterhub.metrics": {"prometheus_log_method": lambda handler: None},
}


def run_server() -> None:
    """Become the single-user server; its arguments are those of the process."""
    main = singleuser_main()
    doorway.adopt()
    main()


def singleuser_main() -> Callable[[], Any]:
    """``main`` of the single-user server, imported without what it does not use.

    Should a later JupyterHub need at import what is hidden here, it is imported in full.
    """
    sys.modules[ABSENT] = None  # type: ignore[assignment]
    before = set(sys.modules)
    stand_ins = {name: ModuleType(name) for name in HIDDEN if name not in before}
    for name, module in stand_ins.items():
        vars(module).update(HIDDEN[name])
    sys.modules.update(stand_ins)
    try:
        server = importlib.import_module("jupyterhub.singleuser")
    except (ImportError, AttributeError, TypeError):
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in {"jupyterhub", "sqlalchemy"}:
                del sys.modules[name]
        server = importlib.import_module("jupyterhub.singleuser")
    else:
        for name in stand_ins:
            del sys.modules[name]
    main: Callable[[], Any] = server.main
    return main
