"""What a reader may have of a dataset. Every door asks here; a doubt means no.

There are two answers. *Metadata* (title, columns, licence, state, what is expected) of every
dataset in the index is public. *Rows* and everything that holds a value of them (preview, map,
examples of failing rows, rejected rows, observed aggregates, downloads) leave only to a reader who
may read the lake that holds them, and only where they hold nothing personal and may be passed on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from datalab.errors import AccessRefused, DownloadRefused
from datalab.i18n import Language, translate
from datalab.people.audience import RESTRICTED, Audience, dataset_of, mask_of
from datalab.people.rights import may
from datalab.portal.library import MEMBERS, OPEN, Holding, Shelf
from datalab.portal.reader import ANONYMOUS, Reader

Barrier = Literal["members", "restricted", "personal", "redistribution"]


def barrier(holding: Holding, reader: Reader = ANONYMOUS) -> Barrier | None:
    """What keeps the rows from ``reader``, or None where they may have them."""
    dataset, lake = holding.dataset, holding.entry.lake
    if (RESTRICTED + dataset_of(lake) if lake.startswith(RESTRICTED) else lake) != dataset.lake:
        return "restricted"  # it lies elsewhere than it says
    if lake != OPEN and lake not in lakes_of(holding, reader):
        return "members" if dataset.access == "members" else "restricted"
    if dataset.personal_data == "personal" or any(
        column.personal for column in dataset.columns.values()
    ):
        return "personal"
    if dataset.redistribution is not True:
        return "redistribution"
    return None


def lakes_of(holding: Holding, reader: Reader) -> tuple[str, ...]:
    """Lakes in which ``reader`` may read this dataset, the widest version first."""
    access = holding.dataset.access
    if access == "open":
        return (OPEN,)
    if reader.name is None or reader.only not in (None, holding.id):
        return ()
    member = may(reader.groups, "read:members")
    if access == "members":
        return (MEMBERS,) if member else ()
    said = holding.whole.entry.dataset if holding.whole else holding.entry.dataset
    audience = Audience.of(holding.id, said)
    return audience.read_by(reader.name, reader.groups, reader.grants, member=member)


def version_for(shelf: Shelf, holding: Holding, reader: Reader = ANONYMOUS) -> Holding:
    """The dataset as ``reader`` has it: whole, or the widest of its masks that is theirs.

    Who may read nothing of it gets the whole one back, and :func:`barrier` keeps its rows.
    """
    if holding.dataset.access != "restricted" or holding.whole is not None:
        return holding
    for lake in lakes_of(holding, reader):
        if lake == holding.entry.lake:
            return holding
        masked = shelf.masked.get(holding.id, {}).get(lake)
        if masked is not None and _is_of_now(masked, holding):
            return replace(masked, whole=holding)
    return holding


def _is_of_now(masked: Holding, whole: Holding) -> bool:
    """Whether a masked table was made by the mask that the dataset has now."""
    name = mask_of(masked.entry.lake)
    return [m for m in whole.dataset.masks if m.name == name] == masked.dataset.masks


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


def require_rows(holding: Holding, language: Language, reader: Reader = ANONYMOUS) -> None:
    """Let through only what ``reader`` may have; a restricted read is written in the audit.

    Raises
    ------
    DownloadRefused
        where the licence does not allow passing the data on.
    AccessRefused
        where the dataset is reserved.
    """
    reason = barrier(holding, reader)
    if reason == "redistribution":
        raise DownloadRefused(dataset=holding.id, barrier=reason)
    if reason is not None:
        raise AccessRefused(dataset=holding.id, reason=explain(reason, language), barrier=reason)
    if holding.entry.lake.startswith(RESTRICTED):
        if reader.witness is None:
            said = explain("restricted", language)
            raise AccessRefused(dataset=holding.id, reason=said, barrier="restricted")
        reader.witness(holding.entry.lake)
    if reader.takes is not None:
        reader.takes(holding.id)
