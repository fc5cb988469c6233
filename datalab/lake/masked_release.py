"""Releases as readers of a mask have them: the rows of then, under the mask of now.

A release older than its mask is masked when the mask is published, before what stands in front.
Where its table does not fit the mask of now, it is not there.
"""

from __future__ import annotations

from datalab.catalog.dataset import Dataset, Mask
from datalab.catalog.variant import seen_whole
from datalab.lake import metadata
from datalab.lake.index import Entry
from datalab.lake.layout import LakeFolder
from datalab.lake.metadata import Commit
from datalab.lake.release import read_releases, run_of


def to_mask(
    place: LakeFolder, entry: Entry, dataset: Dataset, mask: Mask, known: Entry | None
) -> list[Commit]:
    """The commits of releases that the masked table lacks and can have, the oldest first."""
    there = {one["run_id"] for one in known.snapshots} if known else set()
    there.add((entry.good or {}).get("run_id"))
    named = {one.snapshot for one in read_releases(place) if one.dataset == dataset.id}
    if all(run_of(entry, number) in there for number in named):
        return []
    return [
        one
        for one in reversed(metadata.commits(place.catalog))
        if one.facts.get("dataset") == dataset.id
        and one.snapshot in named
        and one.facts.get("run_id") not in there
        and fits(one, dataset, mask)
    ]


def fits(commit: Commit, dataset: Dataset, mask: Mask) -> bool:
    """Whether the table of then has every column that the mask shows, of the type it speaks of,
    and shows nothing as it was that was said to be personal then and is not now."""
    then = commit.facts["description"]["columns"]
    whole = seen_whole(dataset, mask)
    for name, column in dataset.columns.items():
        rule = mask.rules.get(name)
        if rule is not None and rule.kind == "hide":
            continue
        before = then.get(name)
        if before is None or before["type"] != column.type:
            return False
        if name in whole and before.get("personal") and not column.personal:
            return False
    return True
