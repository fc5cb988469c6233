"""The words of the catalog: what a person may be about to type, or may have meant.

Keywords and names of columns are kept with the number of datasets that have them; of values of
rows nothing is known here.
"""

from __future__ import annotations

import bisect
import difflib
import heapq
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from datalab.catalog.dataset import Dataset
from datalab.i18n import LANGUAGES

WORD = re.compile(r"\w+")
MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
MOST_FREQUENT = 40
MOST_CANDIDATES = 400  # terms with one beginning that are looked at
LIKE = 0.72  # how alike two words must be, see difflib
LENGTHS = 2  # letters that a slip of the hand may add or take away
Kind = Literal["keyword", "column"]
Term = tuple[Kind, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Suggested:
    """``count`` datasets have ``text`` as a keyword or as a column."""

    kind: Kind
    text: str
    count: int


class Vocabulary:
    """Changed by one thread at a time while others read."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[frozenset[Term], frozenset[str]]] = {}
        self._terms: Counter[Term] = Counter()
        self._words: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._starts: list[tuple[str, Term]] | None = None
        self._lengths: dict[tuple[str, int], list[str]] | None = None
        self._frequent: list[str] | None = None

    def add(self, dataset: Dataset) -> None:
        """Learn the words of ``dataset``, in the place of what was known of it."""
        self.remove(dataset.id)
        terms: set[Term] = {("keyword", word) for word in dataset.keywords}
        terms |= {("column", name) for name in dataset.columns}
        said = [dataset.title.in_(language) for language in LANGUAGES]
        said += [*dataset.keywords, *dataset.columns]
        words = frozenset(
            word for one in WORD.findall(fold(" ".join(said))) for word in one.split("_") if word
        )
        with self._lock:
            self._of[dataset.id] = frozenset(terms), words
            self._terms.update(terms)
            self._words.update(words)
            self._starts = self._lengths = self._frequent = None

    def remove(self, dataset: str) -> None:
        """Forget the words of the dataset with this id."""
        with self._lock:
            terms, words = self._of.pop(dataset, (frozenset(), frozenset()))
            _forget(self._terms, terms)
            _forget(self._words, words)
            if terms or words:
                self._starts = self._lengths = self._frequent = None

    def starting(self, typed: str, limit: int) -> list[Suggested]:
        """Keywords and columns with a word that begins as ``typed``, the most frequent first."""
        start = " ".join(WORD.findall(fold(typed).replace("_", " ")))
        if not start:
            return []
        starts = self._sorted()
        place, found = bisect.bisect_left(starts, (start,)), dict[Term, None]()
        while place < len(starts) and len(found) < MOST_CANDIDATES:
            suffix, term = starts[place]
            if not suffix.startswith(start):
                break
            found[term] = None
            place += 1
        best = sorted(found, key=lambda term: (-self._terms[term], term[1]))[:limit]
        return [Suggested(kind, text, self._terms[kind, text]) for kind, text in best]

    def frequent(self) -> list[str]:
        """The keywords of most datasets, for a list that cannot ask as one types."""
        with self._lock:
            if self._frequent is None:
                known = (
                    (count, text)
                    for (kind, text), count in self._terms.items()
                    if kind == "keyword"
                )
                best = heapq.nsmallest(MOST_FREQUENT, ((-count, text) for count, text in known))
                self._frequent = [text for _, text in best]
            return self._frequent

    def meant(self, query: str, also: Iterable[str] = ()) -> str | None:
        """``query`` with each unknown word replaced by the most alike known one, if there is any.

        ``also`` are names beyond the catalog, such as places.
        """
        more = {word for name in also for word in WORD.findall(fold(name))}
        words, changed = [], False
        for word in WORD.findall(query[:200])[:12]:
            folded = fold(word)
            if folded in self._words or folded in more or len(folded) < 3:
                words.append(word)
                continue
            near = [known for known in more if known[:1] == folded[:1]]
            for length in range(len(folded) - LENGTHS, len(folded) + LENGTHS + 1):
                near += self._by_length().get((folded[0], length), [])
            alike = difflib.get_close_matches(folded, near, n=3, cutoff=LIKE)
            if alike:
                words.append(
                    max(alike, key=lambda known: (_alike(folded, known), self._words[known]))
                )
                changed = True
        return " ".join(words) if changed else None

    def _sorted(self) -> list[tuple[str, Term]]:
        with self._lock:
            if self._starts is None:
                made = []
                for term in self._terms:
                    words = [w for one in WORD.findall(fold(term[1])) for w in one.split("_") if w]
                    made += [(" ".join(words[place:]), term) for place in range(len(words))]
                self._starts = sorted(made)
            return self._starts

    def _by_length(self) -> dict[tuple[str, int], list[str]]:
        with self._lock:
            if self._lengths is None:
                self._lengths = {}
                for word in self._words:
                    self._lengths.setdefault((word[0], len(word)), []).append(word)
            return self._lengths


def _forget(counter: Counter[T], known: Iterable[T]) -> None:
    for one in known:
        counter[one] -= 1
        if counter[one] <= 0:
            del counter[one]


def _alike(left: str, right: str) -> float:
    return round(difflib.SequenceMatcher(None, left, right).ratio(), 2)


def fold(text: str) -> str:
    """``text`` in lower case without accents, for sorting and comparing."""
    if text.isascii():
        return text.lower()
    return MARKS.sub("", unicodedata.normalize("NFD", text.lower()))
