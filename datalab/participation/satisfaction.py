"""How satisfied whoever reported is with what was done: 1 to 5, once it is closed.

The figure goes into the indicators of the control room; the words beside it are read by agents
and never leave the lab.
"""

from __future__ import annotations

from sqlalchemy import Connection

from datalab.errors import RequestClosed, UnknownRequest
from datalab.i18n import Phrase
from datalab.participation import journal, request
from datalab.participation.journal import Change, Edit
from datalab.participation.tables.request import REQUEST

LOWEST, HIGHEST = 1, 5
LONGEST = 1_000  # characters
SCORES: dict[int, Phrase] = {
    1: Phrase("Not at all satisfied"),
    2: Phrase("Rather not satisfied"),
    3: Phrase("So-so"),
    4: Phrase("Rather satisfied"),
    5: Phrase("Very satisfied"),
}


def rate(
    connection: Connection, id: str, *, author_id: str, score: int, words: str = "", now: float
) -> Change:
    """Say, or say anew, how satisfied the reporter is.

    Raises
    ------
    UnknownRequest
        where somebody else reported it.
    RequestClosed
        where it is still open, or ``score`` is none.
    """
    found = request.get(connection, id)
    if found.author_id is None or found.author_id != author_id:
        raise UnknownRequest(id=id[:60])
    if found.status == "open":
        raise RequestClosed(id=id, reason=Phrase("it is not closed yet"))
    if score not in SCORES:
        raise RequestClosed(id=id, reason=Phrase("a number from 1 to 5 is needed"))
    values = {"satisfaction": score, "satisfaction_words": words.strip()[:LONGEST]}
    return journal.record(
        connection,
        scope=f"request:{id}",
        at=now,
        actor=f"author:{author_id}",
        kind="request.rate",
        edits=[Edit.update(REQUEST, id, values)],
    )
