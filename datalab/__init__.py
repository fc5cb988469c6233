"""The data lab: a JupyterHub over a quality-checked DuckDB catalog.

In a notebook::

    import datalab
    lab = datalab.connect()
    lab.dataset("communes").df()

Importing the package costs nothing: everything is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalab.notebook.lab import Lab, connect

__version__ = "0.1.0"
__all__ = ["Lab", "__version__", "connect"]


def __getattr__(name: str) -> object:
    if name in {"Lab", "connect"}:
        from datalab.notebook import lab

        return getattr(lab, name)
    raise AttributeError(f"module 'datalab' has no attribute {name!r}")
