"""The search index of the catalog: words of a person to dataset ids, in French and in English.

A person's query is never parsed as a query language: it is cut into words, and each word is looked
up in the stems of both languages, as a prefix, and with a typo or two. So quotes, brackets or a
lone ``AND`` are only text. The index lives in memory and is built from the datasets in one go.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import tantivy
from tantivy import Filter, Occur, Query, TextAnalyzerBuilder, Tokenizer

from datalab.catalog.dataset import Dataset, Text
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


class SearchIndex:
    """An immutable index over datasets; build a new one when the catalog changed.

    Examples
    --------
    >>> SearchIndex(datasets).search("energie", "fr")
    [('electricity-france', 7.2), ...]
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        datasets = list(datasets)
        self._titles = {d.id: {la: d.title.in_(la) for la in LANGUAGES} for d in datasets}
        self._analyzers = {language: _analyzer(language) for language in LANGUAGES}
        self._plain = _analyzer(None)
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw")
        for language in LANGUAGES:
            schema.add_text_field(f"title_{language}", tokenizer_name=language)
            schema.add_text_field(f"text_{language}", tokenizer_name=language)
        schema.add_text_field("name", tokenizer_name="plain")
        schema.add_text_field("plain", tokenizer_name="plain")
        self._schema = schema.build()
        self._index = tantivy.Index(self._schema)
        for language in LANGUAGES:
            self._index.register_tokenizer(language, self._analyzers[language])
        self._index.register_tokenizer("plain", self._plain)
        writer = self._index.writer(heap_size=15_000_000, num_threads=1)
        for dataset in datasets:
            writer.add_document(self._document(dataset))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def _document(self, dataset: Dataset) -> Any:
        name = f"{dataset.id} {dataset.sql_name}".replace("_", " ").replace("-", " ")
        fields: dict[str, list[str]] = {"id": [dataset.id], "name": [name], "plain": [name]}
        for language in LANGUAGES:
            title, text = dataset.title.in_(language), _words_of(dataset, language)
            fields[f"title_{language}"] = [title]
            fields[f"text_{language}"] = [text]
            fields["plain"] += [title, text]
        return tantivy.Document(**fields)

    def search(
        self, query: str, language: Language = "fr", *, limit: int = LIMIT
    ) -> list[tuple[str, float]]:
        """Ids and scores, best first.

        A query of spaces finds everything in the order of titles (score 0); one without any word
        finds nothing. Datasets that hold every word come alone; where none does, those that hold
        every word but for typos; then those that hold some of the words.
        """
        if not query.strip():
            titles = sorted(self._titles, key=lambda d: fold(self._titles[d][language]))
            return [(dataset, 0.0) for dataset in titles[:limit]]
        text = unicodedata.normalize("NFC", query[:LONGEST_QUERY])
        words = [w for w in WORD.findall(text.replace("_", " ")) if len(w) <= 60][:MOST_WORDS]
        meaningful = [w for w in words if len(w) > 1 and all(self._stems(w).values())] or words
        if not meaningful:
            return []
        exact = self._exact_id(text)
        for occur in (Occur.Must, Occur.Should):
            for tolerant in (False, True)[: 1 + (len(meaningful) <= MOST_WORDS_FOR_TYPOS)]:
                parts = [self._word_query(word, language, tolerant) for word in meaningful]
                combined = Query.boolean_query([(occur, part) for part in parts])
                either = [(Occur.Should, combined), *((Occur.Should, query) for query in exact)]
                if found := self._run(Query.boolean_query(either), limit):
                    return found
        return []

    def _stems(self, word: str) -> dict[Language, list[str]]:
        return {language: self._analyzers[language].analyze(word) for language in LANGUAGES}

    def _exact_id(self, text: str) -> list[Any]:
        """An id is always found, however common its words are."""
        name = text.strip().lower().replace("_", "-")
        if name not in self._titles:
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
                for field, boost in (("title", TITLE_BOOST), ("text", 1.0)):
                    term = Query.term_query(self._schema, f"{field}_{stem_language}", stem)
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

    def _run(self, query: Any, limit: int) -> list[tuple[str, float]]:
        searcher = self._index.searcher()
        hits = searcher.search(query, limit, count=False).hits
        found = [(searcher.doc(address)["id"][0], float(score)) for score, address in hits]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))


def fold(text: str) -> str:
    """``text`` in lower case without accents, for sorting and comparing."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
