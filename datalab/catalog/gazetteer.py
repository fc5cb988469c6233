"""Names of communes in a query: who types one looks for data by commune.

No value of a row is in the index. The names come from whoever asks, who has them of a dataset that
everybody may read.
"""

from __future__ import annotations

from collections.abc import Collection

from datalab.catalog.dataset import Dataset
from datalab.catalog.suggestion import fold

COMMUNE = "commune"
COMMUNE_COLUMNS = {"insee_code", "code_insee", "commune", "commune_code", "code_commune"}
MOST_WORDS = 5  # of a name


def by_commune(dataset: Dataset) -> bool:
    """Whether the rows of ``dataset`` say in which commune they lie."""
    drawn = dataset.map is not None and dataset.map.boundaries is not None
    return drawn or not COMMUNE_COLUMNS.isdisjoint(dataset.columns)


def place_in(words: list[str], places: Collection[str]) -> tuple[str | None, list[str]]:
    """The commune that stands among ``words``, the longest, and the words that are left."""
    folded = [fold(word) for word in words]
    for size in range(min(len(words), MOST_WORDS), 0, -1):
        for begin in range(len(words) - size + 1):
            name = " ".join(folded[begin : begin + size])
            if name in places:
                return name, words[:begin] + words[begin + size :]
    return None, words
