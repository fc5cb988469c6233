"""Who reads which version of one restricted dataset: the whole table, or one of its masks.

A dataset's index says whom its steward named: ``audience`` for the whole table, ``masks`` for what
others read in its place, the widest first. Who is named nowhere reads nothing. Who is named several
times reads the narrowest, unless the dataset says ``overlap: widest``. What a steward granted to an
account is added to that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

RESTRICTED = "restricted-"
MARK = "--"  # between a dataset and one of its masks, in the name of a lake and of a grant
OTHERS = "others"  # members of the lab that no other mask names
ACCOUNT = "account:"  # before the name of an account; what has none is a group


@dataclass(frozen=True)
class Audience:
    """``masked`` names the masks with their groups and accounts, the widest first."""

    dataset: str
    whole: frozenset[str]
    masked: tuple[tuple[str, frozenset[str]], ...] = ()
    widest: bool = False

    @classmethod
    def of(cls, dataset: str, described: Mapping[str, Any]) -> Audience:
        """As a dataset's entry in the index says; what cannot be understood names nobody."""
        masks = described.get("masks")
        masked = [
            (str(mask["name"]), _names(mask.get("for")))
            for mask in (masks if isinstance(masks, list) else [])
            if isinstance(mask, Mapping) and isinstance(mask.get("name"), str)
        ]
        widest = described.get("overlap") == "widest"
        return cls(dataset, _names(described.get("audience")), tuple(masked), widest)

    @property
    def versions(self) -> tuple[str, ...]:
        """The dataset, then ``<dataset>--<mask>``, the widest first."""
        return (self.dataset, *(f"{self.dataset}{MARK}{name}" for name, _ in self.masked))

    def read_by(
        self,
        account: str,
        groups: Collection[str],
        grants: Collection[str],
        *,
        member: bool,
    ) -> tuple[str, ...]:
        """Lakes that an account may read of this dataset, the widest first.

        Who reads the whole table may read every mask of it; nobody else reads a mask that was
        not made for them. ``member`` says whether the account is a member of the lab.
        """
        names = {*groups, account, f"{ACCOUNT}{account}"} - {"", ACCOUNT}
        ranks = [0] if self.whole & names else []
        ranks += [n for n, (_, of) in enumerate(self.masked, start=1) if of & names]
        if not ranks and member:
            ranks = [n for n, (_, of) in enumerate(self.masked, start=1) if OTHERS in of]
        if ranks and not self.widest:
            ranks = [max(ranks)]
        ranks += [n for n, version in enumerate(self.versions) if version in grants]
        if 0 in ranks:
            ranks = list(range(len(self.versions)))
        return tuple(f"{RESTRICTED}{self.versions[n]}" for n in sorted({*ranks}))


def dataset_of(lake: str) -> str:
    """``restricted-x--students`` to ``x``."""
    return lake.removeprefix(RESTRICTED).partition(MARK)[0]


def mask_of(lake: str) -> str | None:
    """``restricted-x--students`` to ``students``; None for a lake that is whole."""
    return lake.partition(MARK)[2] or None


def best(lakes: Collection[str], audiences: Mapping[str, Audience]) -> frozenset[str]:
    """Of the versions of one dataset among ``lakes`` the widest alone; all other lakes as well."""
    kept = {lake for lake in lakes if not lake.startswith(RESTRICTED)}
    for audience in audiences.values():
        for version in audience.versions:
            if f"{RESTRICTED}{version}" in lakes:
                kept.add(f"{RESTRICTED}{version}")
                break
    return frozenset(kept)


def _names(value: object) -> frozenset[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        return frozenset()
    return frozenset(name for name in listed if isinstance(name, str) and name)
