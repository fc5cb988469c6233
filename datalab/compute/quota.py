"""How much one person may take of the lab's compute service, by group."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

GIB = 2**30
# Groups of a person add nothing to each other: the most generous one counts.
USUAL = "students=4:4,entrepreneurs=4:4,agents=4:4,stewards=8:8,operators=8:8,*=2:2"


@dataclass(frozen=True)
class Quota:
    """``workers`` of one processor each, ``memory`` in GiB of all, ``clusters`` at once."""

    workers: int
    memory: float
    clusters: int = 1

    @property
    def worker_memory(self) -> int:
        """Bytes of one worker."""
        return int(self.memory * GIB / self.workers)


def quotas(text: str) -> dict[str, Quota]:
    """``group=workers:GiB[:clusters]``, commas between; ``*`` is everybody else.

    Raises
    ------
    ValueError
        naming the part that cannot be read.
    """
    found = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        read = re.fullmatch(
            r"(\*|[a-z][a-z0-9-]*)=([1-9]\d{0,3}):(\d{1,4}(?:\.\d+)?)(?::([1-9]\d?))?", part
        )
        if read is None or not float(read[3]) > 0:
            raise ValueError(
                f"DATALAB_CLUSTER_QUOTAS: '{part}' is not group=workers:GiB[:clusters], "
                "for instance students=4:8"
            )
        found[read[1]] = Quota(int(read[2]), float(read[3]), int(read[4] or 1))
    return found


def quota_of(groups: Iterable[str], known: dict[str, Quota]) -> Quota | None:
    """The most generous quota of somebody's groups; None who has none."""
    mine = [known[group] for group in groups if group in known]
    if not mine:
        return known.get("*")
    return max(mine, key=lambda quota: (quota.workers, quota.memory, quota.clusters))
