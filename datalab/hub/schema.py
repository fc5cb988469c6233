"""The tables of JupyterHub's own database, by its own models and migrations."""

from __future__ import annotations

from jupyterhub import orm
from sqlalchemy import Engine

METADATA = orm.Base.metadata


def bring_up_to_date(engine: Engine) -> None:
    """Make the hub's tables where there are none.

    Raises
    ------
    jupyterhub.dbutil.DatabaseSchemaMismatch
        where they are those of another JupyterHub.
    """
    orm.new_session_factory(engine.url.render_as_string(hide_password=False)).kw["bind"].dispose()
