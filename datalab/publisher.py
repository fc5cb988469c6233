"""Who writes to the lake of this lab: with its key, and where its settings say."""

from __future__ import annotations

from datalab.isolation.private import secret
from datalab.lake.masked import key_in
from datalab.lake.writer import Writer
from datalab.settings import Settings


def publisher(settings: Settings, owner: str, wait: float = 0) -> Writer:
    """
    Parameters
    ----------
    owner
        who is writing, for whoever finds the lake busy.
    wait
        seconds to wait for another writer of this home.
    """
    key = key_in(settings.secrets, secret)
    return Writer(settings.lake, settings.writer, owner, wait, key, settings.worked_in)
