"""What takes long the first time, done when the portal starts and not while somebody waits.

The pattern of words that hurt takes most of a second to compile, and each template some
milliseconds: the first phones of an evening waited for them together.
"""

from __future__ import annotations

import contextlib
import threading

from datalab.errors import DatalabError
from datalab.participation import screening
from datalab.participation.store import Store
from datalab.portal.page import environment

TEMPLATES = (
    *("home.html", "datasets.html", "dataset.html", "participate.html", "join.html"),
    *("session.html", "take_part.html", "cases_home.html", "cases_new.html", "case.html"),
    *("control.html", "error.html"),
)


def begin(store: Store) -> None:
    """Begin in a thread of its own; nobody waits for its end."""
    threading.Thread(target=warm, args=(store,), name="warming", daemon=True).start()


def warm(store: Store) -> None:
    """Do once what the first readers would wait for."""
    screening.screen("première")
    for name in TEMPLATES:
        environment().get_template(name)
    # A database that is away says so to whoever asks for something.
    with contextlib.suppress(DatalabError), store.reading():
        pass
