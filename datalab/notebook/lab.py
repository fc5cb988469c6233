"""The Lab: the door of a notebook to the published lakes.

One Lab reads one state of the lakes from beginning to end: what is published while a notebook is
open is announced on the cards, and read after ``lab.refresh()``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalab.errors import DatalabError, UnknownDataset
from datalab.i18n import Language, language_of
from datalab.lake.index import Entry, read_index
from datalab.notebook.adjustable import Adjustable
from datalab.notebook.limits import Limits, limits

if TYPE_CHECKING:
    import duckdb

    from datalab.catalog.search import SearchIndex
    from datalab.notebook.cluster import Cluster, Where
    from datalab.notebook.dataset import Dataset
    from datalab.notebook.listing import Listing
    from datalab.notebook.table import Table

TRIES_TO_OPEN = 5


def connect(lake: str | Path | None = None, language: Language | None = None) -> Lab:
    """Open the data lab.

    Parameters
    ----------
    lake
        folder of the published lakes; ``DATALAB_LAKE`` where not given (the hub sets it), else the
        lake of this checkout.
    language
        ``"fr"`` or ``"en"``; that of the environment where not given, French where it says nothing.

    Raises
    ------
    LakeEmpty
        where nothing has been published yet.
    """
    environment = os.environ
    spoken = language or language_of(environment)
    assets: Path | None = None
    found = lake or environment.get("DATALAB_LAKE")
    if found is None:
        from datalab.settings import Settings

        settings = Settings()
        found, assets = settings.lake, settings.assets
    return Lab(
        Path(found),
        language=spoken,
        limits=limits(environment),
        portal_url=environment.get("DATALAB_PORTAL_URL"),
        assets_url=environment.get("DATALAB_ASSETS_URL"),
        assets=assets,
    )


class Lab(Adjustable):
    """Datasets, search and SQL over the lakes that this person may read.

    Attributes
    ----------
    language
        of everything the lab shows.
    limits
        threads and memory of this notebook.
    """

    def __init__(
        self,
        lake: Path,
        *,
        language: Language = "fr",
        limits: Limits,
        portal_url: str | None = None,
        assets_url: str | None = None,
        assets: Path | None = None,
    ) -> None:
        self.lake = lake
        self.language: Language = language
        self.limits = limits
        self.portal_url = portal_url
        self.assets_url = assets_url
        self.assets = assets if assets is not None else lake.parent / "assets"
        self._open()

    def _open(self) -> None:
        """Attach the lakes and read their index as of the same moment."""
        from datalab.lake.reader import open_lakes

        self._search: SearchIndex | None = None
        for _ in range(TRIES_TO_OPEN):
            before = self._stamp()
            entries = read_index(self.lake)
            try:
                connection = open_lakes(
                    self.lake,
                    threads=self.limits.threads,
                    memory_limit=self.limits.duckdb_memory,
                )
            except DatalabError as error:
                raise error.in_language(self.language) from None
            if self._stamp() == before:
                break
        self.connection: duckdb.DuckDBPyConnection = connection
        self._entries = aligned(connection, entries)
        self._read_at = before

    def _stamp(self) -> tuple[tuple[str, int, int], ...]:
        """What changes with every publish: identity and time of the published files."""
        from datalab.lake.layout import folders

        found = []
        for place in folders(self.lake):
            for path in (place.catalog, place.index):
                try:
                    facts = path.stat()
                except OSError:
                    continue
                found.append((str(path), facts.st_ino, facts.st_mtime_ns))
        return tuple(found)

    @property
    def outdated(self) -> bool:
        """Whether something was published or tried since this lab was opened or refreshed."""
        return self._stamp() != self._read_at

    def refresh(self) -> Listing:
        """Read the newest published state from now on, and show what changed.

        Datasets fetched before keep reading the snapshot they name.
        """
        from datalab.notebook.overview import changes

        before = self._entries
        self._open()
        return changes(before, self._entries, self.language)

    def entry(self, dataset: str) -> Entry:
        """What this lab knows of a dataset, by id or by SQL name.

        Raises
        ------
        UnknownDataset
            with the nearest known id.
        """
        # A notebook has no types: what is no text names no dataset, in the same words.
        dataset = str(dataset)
        found = self._entries.get(dataset) or self._entries.get(dataset.replace("_", "-"))
        if found is None:
            from datalab.notebook.reads import note_missing

            note_missing(dataset)
            raise UnknownDataset(dataset, self._entries).in_language(self.language)
        return found

    def newest(self, dataset: str) -> Entry | None:
        """What is published of a dataset now, which may be later than what this lab reads."""
        if not self.outdated:
            return self._entries.get(dataset)
        return read_index(self.lake).get(dataset)

    @property
    def entries(self) -> dict[str, Entry]:
        return dict(self._entries)

    def datasets(self) -> Listing:
        """All datasets, as a table to look at and a list of dictionaries for code."""
        from datalab.notebook.overview import overview

        return overview(list(self._entries.values()), self)

    def search(self, query: str) -> Listing:
        """The datasets that speak of ``query``, best first; accents and typos do not matter."""
        from datalab.catalog.dataset import Dataset as Described
        from datalab.catalog.search import SearchIndex
        from datalab.notebook.overview import overview

        if self._search is None:
            self._search = SearchIndex(
                Described.from_json(entry.dataset) for entry in self._entries.values()
            )
        query = str(query)
        found = self._search.search(query, self.language)
        return overview([self._entries[identifier] for identifier, _ in found], self, query)

    def dataset(
        self, dataset: str, *, snapshot: int | None = None, release: str | None = None
    ) -> Dataset:
        """One dataset; shows itself as a card.

        Parameters
        ----------
        dataset
            its id (``"commune-boundaries"``) or its SQL name (``"commune_boundaries"``).
        snapshot
            number of a snapshot to pin; the newest that this lab reads where not given.
        release
            name of a release to pin, instead of a number.

        Raises
        ------
        UnknownDataset
            with the nearest known id.
        UnknownSnapshot, UnknownRelease
            with those that there are.
        """
        from datalab.notebook.dataset import Dataset
        from datalab.notebook.reads import note

        entry = self.entry(dataset)
        if release is not None:
            snapshot = self._released(entry, str(release), snapshot)
        found = Dataset(self, entry, snapshot)
        note(found.entry, found.snapshot, pinned=snapshot is not None)
        return found

    def _released(self, entry: Entry, release: str, snapshot: int | None) -> int:
        from datalab.lake.release import pinned, releases_of

        try:
            return pinned(releases_of(self.lake, entry), entry.id, release, snapshot)
        except DatalabError as error:
            raise error.in_language(self.language) from None

    def sql(self, query: str, **tables: Any) -> Table:
        """The result of a query over all datasets, which go by their short names.

        Parameters
        ----------
        query
            SQL of DuckDB: ``SELECT … FROM communes JOIN commune_indicators USING (insee_code)``.
        **tables
            tables of your own (pandas, polars, arrow) under the name to use in the query.

        Raises
        ------
        QueryRefused
            in one plain sentence, with the nearest name where one is unknown.
        """
        from datalab.notebook.reads import note_query
        from datalab.notebook.table import run

        result = run(self, query, tables)
        note_query(self.connection, query, self._entries)
        return result

    def cluster(self, workers: int | None = None, *, where: Where | None = None) -> Cluster:
        """Workers for Python that is repeated; SQL needs none.

        Parameters
        ----------
        workers
            how many, one processor each; as many as allowed where not given, on a compute service
            as many as the work asks for.
        where
            ``"here"`` or ``"gateway"``; the lab's compute service where there is one.

        Raises
        ------
        TooManyWorkers, ClusterRefused, NoGateway
        """
        from datalab.notebook.cluster import open_cluster

        return open_cluster(self.limits, self.language, workers, where)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        """A function that uses the Lab may run in a worker: it is opened again there."""
        from datalab.notebook.worker import packed

        return packed(self)

    def __getitem__(self, dataset: str) -> Dataset:
        return self.dataset(dataset)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._entries)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(repr(self))}</p>"

    def __repr__(self) -> str:
        from datalab.notebook.overview import welcome

        return welcome(self)


def aligned(connection: duckdb.DuckDBPyConnection, entries: dict[str, Entry]) -> dict[str, Entry]:
    """The entries as of the attached copies, and short names that read what the entries say.

    A publish puts the metadata in place first and the index after it. Whoever opens between the
    two would read one snapshot by SQL and another by name.
    """
    from datalab.lake.connection import identifier
    from datalab.lake.reader import table

    found = {}
    for name in {entry.lake for entry in entries.values()}:
        of_lake = {i: entry for i, entry in entries.items() if entry.lake == name}
        metadata = identifier(f"__ducklake_metadata_{name}")
        query = f"SELECT max(snapshot_id) FROM {metadata}.main.ducklake_snapshot"  # noqa: S608
        newest = connection.execute(query).fetchall()[0][0]
        told = max((s["snapshot"] for e in of_lake.values() for s in e.snapshots), default=newest)
        for key, entry in of_lake.items():
            known = [s for s in entry.snapshots if s["snapshot"] <= newest]
            found[key] = entry if told <= newest else replace(entry, snapshots=known)
            if told < newest and entry.good is not None and known:
                connection.execute(
                    f"CREATE OR REPLACE VIEW memory.main.{identifier(entry.sql_name)} AS "
                    f"FROM {table(entry, known[0]['snapshot'])}"
                )
    return dict(sorted(found.items()))
