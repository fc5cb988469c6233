"""Search in the words of rows, ranked: one index per table and snapshot, made when it is asked for.

The index (tantivy, BM25) holds the text columns of every row in stems of French, accents aside,
beside the number of the row. A small table's is made at once; that of a larger one in a process of
its own, while who asked is told to come back: making it takes a Python loop, which would hold up
every other page.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import shutil
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Filter, Occur, Query, TextAnalyzerBuilder, Tokenizer

from datalab.errors import BeingPrepared, TooMuch
from datalab.lake.connection import connect, identifier
from datalab.lake.layout import folder
from datalab.lake.reader import attach
from datalab.portal.access import barrier
from datalab.portal.library import OPEN, Holding, Shelf
from datalab.portal.rows import TEXT, Table
from datalab.portal.warm import name_of

LOG = logging.getLogger("datalab.portal")
AT_ONCE = 20_000  # rows whose index is made while who asked waits
MOST_ROWS = 5_000_000
BEST = 10_000  # rows that a search looks at
MOST_WORDS = 12
WORD = re.compile(r"\w+")
HEAP = 120_000_000  # bytes
BATCH = 20_000
AGAIN = 10  # seconds after which to ask again
ROOM = 20  # indexes kept
LEFT_BEHIND = 3600.0  # seconds after which one that was begun is not finished by anybody


class RowWords:
    """The indexes in one folder, which only the portal reads; a large one is made at a time."""

    def __init__(self, place: Path) -> None:
        self.folder = place
        self._lock = threading.Lock()
        self._open: dict[str, Any] = {}
        self._making: set[str] = set()
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="words")

    def search(
        self, shelf: Shelf, holding: Holding, opened: Table, query: str, best: int = BEST
    ) -> tuple[list[int], int]:
        """Numbers of the ``best`` rows that hold every word, best first, and how many hold them.

        Raises
        ------
        BeingPrepared
            while the index of a large table is made.
        TooMuch
            where the table is too large, or not everybody's.
        """
        words = WORD.findall(query)[:MOST_WORDS]
        if opened.lake != OPEN or opened.rows is None or opened.rows > MOST_ROWS:
            raise TooMuch
        index = self._index(shelf, holding, opened)
        analyzer = _analyzer()
        stems = [stem for word in words for stem in analyzer.analyze(word)]
        if not stems:
            return [], 0
        schema = index.schema
        parts = [(Occur.Must, Query.term_query(schema, "words", stem)) for stem in stems]
        searcher = index.searcher()
        found = searcher.search(Query.boolean_query(parts), limit=min(best, BEST), count=True)
        numbers = searcher.fast_field_values("row", [at for _, at in found.hits])
        return [int(number) for number in numbers], int(found.count)

    def wait(self) -> None:
        """Until every index that was begun is there."""
        self._hands.submit(lambda: None).result()

    def _index(self, shelf: Shelf, holding: Holding, opened: Table) -> Any:
        name = name_of(holding, opened)
        with self._lock:
            found = self._open.get(name)
            if found is not None:
                return found
            path = self.folder / name
            if not path.is_dir():
                if name in self._making:
                    raise BeingPrepared(AGAIN)
                self._making.add(name)
            else:
                found = self._open[name] = tantivy.Index.open(str(path))
                return found
        facts = (shelf.lake, opened.sql_in_lake, _texts(opened), path)
        if opened.rows is not None and opened.rows <= AT_ONCE:
            self._make(name, shelf, facts, apart=False)
            with self._lock:
                found = self._open[name] = tantivy.Index.open(str(path))
            return found
        self._hands.submit(self._make, name, shelf, facts, apart=True)
        raise BeingPrepared(AGAIN)

    def _make(
        self, name: str, shelf: Shelf, facts: tuple[Path, str, list[str], Path], *, apart: bool
    ) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._clear(shelf)
            if apart:
                context = multiprocessing.get_context("spawn")
                with ProcessPoolExecutor(1, mp_context=context) as hands:
                    hands.submit(build, *facts).result()
            else:
                build(*facts)
        except Exception:
            LOG.exception("the words of %s could not be indexed", name)
            raise
        finally:
            with self._lock:
                self._making.discard(name)

    def _clear(self, shelf: Shelf) -> None:
        """Take away what is no longer open, and the oldest where there are many."""
        found = []
        for path in self.folder.iterdir():
            if path.name.endswith("-tmp") and time.time() - path.stat().st_mtime < LEFT_BEHIND:
                continue  # another worker is at it
            holding = shelf.holdings.get(path.name.rpartition("-")[0])
            if holding is None or barrier(holding) is not None:
                shutil.rmtree(path, ignore_errors=True)
            else:
                found.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(found)[: max(0, len(found) - ROOM + 1)]:
            with self._lock:
                self._open.pop(path.name, None)
            shutil.rmtree(path, ignore_errors=True)


def build(lake: Path, table: str, columns: list[str], path: Path) -> None:
    """Write the index of ``table``, a name in the open lake, to ``path`` in one step."""
    temporary = path.with_name(f"{path.name}.{os.urandom(4).hex()}-tmp")
    temporary.mkdir(parents=True)
    schema = tantivy.SchemaBuilder()
    schema.add_unsigned_field("row", stored=False, fast=True)
    schema.add_text_field("words", stored=False, tokenizer_name="words", index_option="freq")
    index = tantivy.Index(schema.build(), path=str(temporary))
    index.register_tokenizer("words", _analyzer())
    writer = index.writer(HEAP, 1)
    said = ", ".join(identifier(name) for name in columns) or "''"
    connection = connect(threads=1, memory_limit="500MB")
    try:
        attach(connection, folder(lake, OPEN))
        done = connection.execute(f"SELECT rowid, concat_ws(' ', {said}) FROM {table}")  # noqa: S608
        while rows := done.fetchmany(BATCH):
            for number, text in rows:
                one = tantivy.Document()
                one.add_unsigned("row", number)  # by keyword it would be signed, which panics
                one.add_text("words", text)
                writer.add_document(one)
        writer.commit()
        writer.wait_merging_threads()
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():  # another worker was quicker
                raise
    finally:
        connection.close()
        shutil.rmtree(temporary, ignore_errors=True)


def _analyzer() -> Any:
    """Lowercase, fold accents, then stem."""
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(60))
    builder = builder.filter(Filter.lowercase()).filter(Filter.ascii_fold())
    return builder.filter(Filter.stemmer("french")).build()


def _texts(opened: Table) -> list[str]:
    return [name for name, type_ in opened.columns.items() if type_ == TEXT]
