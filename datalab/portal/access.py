"""What an anonymous reader may have of a dataset. Every door asks here; a doubt means no.

There are two answers. *Metadata* (title, columns, licence, state, what is expected) of every
dataset in the index is public. *Rows* and everything that holds a value of them (preview, map,
examples of failing rows, rejected rows, observed aggregates, downloads) leave only where the
dataset is open, holds nothing personal and may be passed on.
"""

from __future__ import annotations

from typing import Literal

from datalab.errors import AccessRefused, DownloadRefused
from datalab.i18n import Language, translate
from datalab.portal.library import OPEN, Holding

Barrier = Literal["members", "restricted", "personal", "redistribution"]


def barrier(holding: Holding) -> Barrier | None:
    """What keeps the rows in, or None where they may leave."""
    dataset = holding.dataset
    if dataset.access != "open" or holding.entry.lake != OPEN:
        return "members" if dataset.access == holding.entry.lake == "members" else "restricted"
    if dataset.personal_data == "personal" or any(
        column.personal for column in dataset.columns.values()
    ):
        return "personal"
    if dataset.redistribution is not True:
        return "redistribution"
    return None


def explain(reason: Barrier, language: Language) -> str:
    """The sentence a reader gets instead of the rows."""
    if reason == "members":
        return translate(
            "only members of the lab can read it. Sign in and open it in a notebook.", language
        )
    if reason == "restricted":
        return translate(
            "only the people named by its steward can read it. Ask the steward for access.",
            language,
        )
    if reason == "personal":
        return translate("it holds personal data, which never leaves the lab.", language)
    return translate(
        "its licence does not allow passing it on. You can read it in a notebook of the lab.",
        language,
    )


def require_rows(holding: Holding, language: Language) -> None:
    """Let through only what may leave.

    Raises
    ------
    DownloadRefused
        where the licence does not allow passing the data on.
    AccessRefused
        where the dataset is reserved.
    """
    reason = barrier(holding)
    if reason == "redistribution":
        raise DownloadRefused(dataset=holding.id)
    if reason is not None:
        raise AccessRefused(dataset=holding.id, reason=explain(reason, language))
