"""The search index of the catalog: words of a person to dataset ids, in French and in English.

A person's query is never parsed as a query language: it is cut into words, and each word is looked
up in the stems of both languages, as a prefix, and with a typo or two. So quotes, brackets or a
lone ``AND`` are only text. The index lives in memory; when some datasets changed, it changes these
alone. Descriptions are all it holds: column names and declared code lists, never a value of a row.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import tantivy
from tantivy import Filter, Occur, Order, Query, TextAnalyzerBuilder, Tokenizer

from datalab.catalog import facet
from datalab.catalog.dataset import Dataset, Text
from datalab.catalog.facet import Chosen, Counts, Filed, filed
from datalab.catalog.gazetteer import COMMUNE, by_commune, place_in
from datalab.catalog.suggestion import Vocabulary
from datalab.catalog.suggestion import fold as fold
from datalab.catalog.vocabulary import THEMES
from datalab.i18n import LANGUAGES, Language

LONGEST_QUERY = 300
MOST_WORDS = 12
MOST_WORDS_FOR_TYPOS = 5
LIMIT = 100
WORD = re.compile(r"\w+")

# A title says what a dataset is; a description also says what it is not.
TITLE_BOOST, ID_BOOST, EXACT_ID_BOOST = 4.0, 6.0, 50.0
OWN_LANGUAGE_BOOST, PREFIX_BOOST, TYPO_BOOST = 1.5, 0.6, 0.2


def _analyzer(language: Language | None) -> Any:
    """Lowercase, then fold accents, then stem: French stems are wrong in any other order.

    Stop words go before folding because tantivy's lists carry accents.
    """
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(60))
    builder = builder.filter(Filter.lowercase())
    if language is not None:
        name = {"fr": "french", "en": "english"}[language]
        builder = builder.filter(Filter.stopword(name)).filter(Filter.ascii_fold())
        return builder.filter(Filter.stemmer(name)).build()
    return builder.filter(Filter.ascii_fold()).build()


def _words_of(dataset: Dataset, language: Language) -> str:
    """Everything but title and id that a person may remember of a dataset."""

    def said(text: Text | None) -> str:
        return text.in_(language) if text is not None else ""

    theme = THEMES.get(dataset.theme)
    parts = [said(dataset.description), *dataset.keywords, dataset.publisher, dataset.steward]
    parts.append(said(theme.title) if theme else dataset.theme)
    for name, column in dataset.columns.items():
        parts += [name.replace("_", " "), said(column.description), column.unit or ""]
        for code, meaning in (column.values or {}).items():
            parts += [code, said(meaning)]
    return "\n".join(parts)


How = Literal["everything", "all", "typos", "some", "nothing"]
LADDER: tuple[tuple[Any, bool, How], ...] = (
    (Occur.Must, False, "all"),
    (Occur.Must, True, "typos"),
    (Occur.Should, False, "some"),
    (Occur.Should, True, "some"),
)


@dataclass(frozen=True)
class Found:
    """``ids`` are one page of ``total``, best first, with ``scores``; ``how`` says which words of
    the query they hold; ``counts`` what each value of each facet would give."""

    total: int
    ids: list[str]
    scores: list[float]
    how: How
    counts: Counts = field(default_factory=dict)


class SearchIndex:
    """An index over datasets, from which many threads may read while one changes it.

    Examples
    --------
    >>> SearchIndex(datasets).search("energie", "fr")
    [('electricity-france', 7.2), ...]
    """

    def __init__(
        self, datasets: Iterable[Dataset], filing: Mapping[str, Filed] | None = None
    ) -> None:
        self._ids: set[str] = set()
        self._lock = threading.Lock()
        self._analyzers = {language: _analyzer(language) for language in LANGUAGES}
        self._plain = _analyzer(None)
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw")
        for language in LANGUAGES:
            schema.add_text_field(f"title_{language}", tokenizer_name=language)
            schema.add_text_field(f"text_{language}", tokenizer_name=language)
            schema.add_text_field(f"start_{language}", tokenizer_name="plain")
            schema.add_text_field(f"order_{language}", tokenizer_name="raw", fast=True)
        schema.add_text_field("name", tokenizer_name="plain")
        schema.add_text_field("plain", tokenizer_name="plain")
        schema.add_text_field("place", tokenizer_name="raw")
        facet.add_fields(schema)
        self._schema = schema.build()
        self._index = tantivy.Index(self._schema)
        for language in LANGUAGES:
            self._index.register_tokenizer(language, self._analyzers[language])
        self._index.register_tokenizer("plain", self._plain)
        self.vocabulary = Vocabulary()
        self.change(datasets, (), filing)

    def change(
        self,
        datasets: Iterable[Dataset],
        gone: Collection[str],
        filing: Mapping[str, Filed] | None = None,
    ) -> None:
        """Put ``datasets`` in the place of what is known of them, and take ``gone`` out.

        Of 100,000 descriptions one is changed in some ten milliseconds.
        """
        with self._lock:
            writer = self._index.writer(heap_size=15_000_000, num_threads=1)
            for name in gone:
                writer.delete_documents_by_term("id", name)
                self._ids.discard(name)
                self.vocabulary.remove(name)
            for dataset in datasets:
                if dataset.id in self._ids:
                    writer.delete_documents_by_term("id", dataset.id)
                self._ids.add(dataset.id)
                self.vocabulary.add(dataset)
                known = (filing or {}).get(dataset.id) or filed(dataset)
                writer.add_document(self._document(dataset, known))
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()

    def _document(self, dataset: Dataset, known: Filed) -> Any:
        name = f"{dataset.id} {dataset.sql_name}".replace("_", " ").replace("-", " ")
        fields: dict[str, list[Any]] = {"id": [dataset.id], "name": [name], "plain": [name]}
        if by_commune(dataset):
            fields["place"] = [COMMUNE]
        for language in LANGUAGES:
            title, text = dataset.title.in_(language), _words_of(dataset, language)
            fields[f"title_{language}"] = [title]
            fields[f"text_{language}"] = [text]
            fields[f"start_{language}"] = [title]
            fields[f"order_{language}"] = [fold(title)]
            fields["plain"] += [title, text]
        return tantivy.Document(**fields, **facet.fields_of(known))

    def find(
        self,
        query: str,
        language: Language = "fr",
        chosen: Chosen | None = None,
        *,
        moment: datetime | None = None,
        limit: int = LIMIT,
        offset: int = 0,
        places: Collection[str] = (),
        counted: bool = True,
    ) -> Found:
        """What answers ``query`` and is filed under ``chosen``, with the counts of facets.

        Datasets that hold every word come alone; where none does, those that hold every word but
        for typos; then those that hold some of the words. A filter never changes which of these.

        Parameters
        ----------
        moment
            the time at which a dataset is late or not, with its zone.
        places
            names of communes, folded: datasets by commune answer to each of them.
        """
        moment = moment or datetime(1970, 1, 2, tzinfo=UTC)
        filters = facet.filters_of(self._schema, chosen or {}, moment)
        searcher: Any = self._index.searcher()  # its types lack the count of results
        for how, text in self._rungs(query, language, places):
            narrow = facet.narrowed(text, filters)
            ordered: dict[str, Any] = {}
            if how == "everything":
                ordered = {"order_by_field": f"order_{language}", "order": Order.Asc}
            result = searcher.search(narrow, limit, offset=offset, **ordered)
            if not result.count and not (filters and searcher.search(text, 1).count):
                continue
            hits = [
                (0.0 if ordered else float(score), str(searcher.doc(address)["id"][0]))
                for score, address in result.hits
            ]
            if not ordered:
                hits.sort(key=lambda hit: (-hit[0], hit[1]))
            counts = facet.count(searcher, text, filters, moment) if counted else {}
            ids, scores = [name for _, name in hits], [score for score, _ in hits]
            return Found(int(result.count or 0), ids, scores, how, counts)
        return Found(0, [], [], "nothing", {name: {} for name in facet.FACETS})

    def search(
        self, query: str, language: Language = "fr", *, limit: int = LIMIT
    ) -> list[tuple[str, float]]:
        """Ids and scores, best first.

        A query of spaces finds everything in the order of titles (score 0); one without any word
        finds nothing.
        """
        found = self.find(query, language, limit=limit, counted=False)
        return list(zip(found.ids, found.scores, strict=True))

    def titled(self, start: str, language: Language, limit: int) -> list[str]:
        """Ids of datasets whose title has every word of ``start``, or a word that begins so."""
        words = [word for one in WORD.findall(start[:LONGEST_QUERY]) for word in self._folded(one)]
        if not words:
            return []
        parts = [
            (
                Occur.Must,
                Query.fuzzy_term_query(self._schema, f"start_{language}", w, 0, True, True),
            )
            for w in words[:MOST_WORDS]
        ]
        searcher = self._index.searcher()
        hits = searcher.search(Query.boolean_query(parts), limit, count=False).hits
        return [str(searcher.doc(address)["id"][0]) for _, address in hits]

    def _rungs(
        self, query: str, language: Language, places: Collection[str]
    ) -> Iterator[tuple[How, Any]]:
        """Queries to try, the strictest first."""
        if not query.strip():
            yield "everything", Query.all_query()
            return
        text = unicodedata.normalize("NFC", query[:LONGEST_QUERY])
        words = [w for w in WORD.findall(text.replace("_", " ")) if len(w) <= 60][:MOST_WORDS]
        meaningful = [w for w in words if len(w) > 1 and all(self._stems(w).values())] or words
        if not meaningful:
            return
        exact = self._exact_id(text)
        named, rest = place_in(meaningful, places)
        for occur, tolerant, how in LADDER:
            if tolerant and len(meaningful) > MOST_WORDS_FOR_TYPOS:
                continue
            parts = [self._word_query(word, language, tolerant) for word in meaningful]
            ways = [Query.boolean_query([(occur, part) for part in parts]), *exact]
            if named:
                by_place = [self._word_query(word, language, tolerant) for word in rest]
                by_place.append(Query.term_query(self._schema, "place", COMMUNE))
                ways.append(Query.boolean_query([(Occur.Must, part) for part in by_place]))
            yield how, Query.boolean_query([(Occur.Should, way) for way in ways])

    def _folded(self, word: str) -> list[str]:
        return [str(one) for one in self._plain.analyze(word)]

    def _stems(self, word: str) -> dict[Language, list[str]]:
        return {language: self._analyzers[language].analyze(word) for language in LANGUAGES}

    def _exact_id(self, text: str) -> list[Any]:
        """An id is always found, however common its words are."""
        name = text.strip().lower().replace("_", "-")
        if name not in self._ids:
            return []
        term = Query.term_query(self._schema, "id", name)
        return [Query.boost_query(term, EXACT_ID_BOOST)]

    def _word_query(self, word: str, language: Language, tolerant: bool) -> Any:
        """One word, as a stem of either language, as a prefix, or with typos."""
        ways: list[tuple[Any, Any]] = []

        def way(query: Any, boost: float) -> None:
            ways.append((Occur.Should, Query.boost_query(query, boost)))

        for stem_language, stems in self._stems(word).items():
            own = OWN_LANGUAGE_BOOST if stem_language == language else 1.0
            for stem in stems:
                for part, boost in (("title", TITLE_BOOST), ("text", 1.0)):
                    term = Query.term_query(self._schema, f"{part}_{stem_language}", stem)
                    way(term, own * boost)
        for folded in self._plain.analyze(word):
            way(Query.term_query(self._schema, "name", folded), ID_BOOST)
            if len(folded) >= 2:
                way(self._near(folded, 0), PREFIX_BOOST)
            if tolerant and len(folded) >= 4:
                way(self._near(folded, 2 if len(folded) >= 9 else 1), TYPO_BOOST)
        return Query.boolean_query(ways) if ways else Query.empty_query()

    def _near(self, word: str, distance: int) -> Any:
        prefix = distance == 0  # a prefix with typos would find nearly anything
        return Query.fuzzy_term_query(self._schema, "plain", word, distance, True, prefix)
