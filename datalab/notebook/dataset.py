"""One dataset in a notebook: pinned to a snapshot, shown as a card, read as any kind of table."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from datalab.errors import DatalabError, LargerThanMemory, UnknownColumn
from datalab.i18n import Language
from datalab.lake.connection import identifier
from datalab.lake.index import Entry
from datalab.lake.reader import table
from datalab.notebook import overview
from datalab.notebook.listing import Listing

if TYPE_CHECKING:
    import dask.dataframe as dd
    import duckdb
    import geopandas as gpd
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from datalab.catalog.dataset import Dataset as Described
    from datalab.notebook.citation import Citation
    from datalab.notebook.diff import Diff
    from datalab.notebook.flag import Flagged
    from datalab.notebook.lab import Lab
    from datalab.notebook.map import Map
    from datalab.notebook.quality import Quality

BYTES_PER_VALUE = 24  # seen on mixed tables in pandas 3; texts weigh more, integers less
SHARE_FOR_ONE_TABLE = 0.5


class Dataset:
    """A dataset of the lab, always the same snapshot however long the notebook stays open.

    Attributes
    ----------
    snapshot
        number of the snapshot that every reader below returns; None where none is published.
    """

    def __init__(self, lab: Lab, entry: Entry, snapshot: int | None = None) -> None:
        self.lab = lab
        self.entry = entry
        if snapshot is None and entry.good is not None and entry.snapshots:
            snapshot = entry.snapshots[0]["snapshot"]
        self.snapshot = snapshot
        if snapshot is not None:
            self._from()

    # -- what it is -----------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def language(self) -> Language:
        return self.lab.language

    @property
    def title(self) -> str:
        return str(self.entry.dataset["title"][self.language])

    @property
    def description(self) -> str:
        return str(self.entry.dataset["description"][self.language])

    @cached_property
    def described(self) -> Described:
        """The dataset as the catalog describes it."""
        from datalab.catalog.dataset import Dataset as Described

        return Described.from_json(self.entry.dataset)

    @property
    def published(self) -> dict[str, Any]:
        """Facts of the pinned snapshot: ``at``, ``author``, ``rows``, ``sha256``, ``run_id`` …"""
        for known in self.entry.snapshots:
            if known["snapshot"] == self.snapshot:
                return dict(known)
        return {}

    @property
    def columns(self) -> Listing:
        """Name, type, unit and meaning of each column."""
        return overview.columns(self)

    @property
    def snapshots(self) -> Listing:
        """Every snapshot that can be pinned with ``lab.dataset(id, snapshot=…)``, newest first."""
        return overview.snapshots(self)

    @property
    def rejects(self) -> Listing:
        """Rows of the source that could not be read as declared (the first thousand)."""
        return overview.rejects(self)

    @property
    def quality(self) -> Quality:
        """The verdict on each expectation, in words, for the latest refresh, kept or not."""
        from datalab.notebook.quality import Quality

        return Quality(self)

    def diff(self, a: int | str | None = None, b: int | str | None = None) -> Diff:
        """What changed from snapshot or release ``a`` to ``b``.

        Without ``b``, up to the pinned snapshot; without ``a``, from the one before.

        Raises
        ------
        UnknownSnapshot, UnknownRelease
            with those that there are.
        """
        from datalab.notebook.diff import Diff

        return Diff.of(self, a, b)

    @property
    def releases(self) -> Listing:
        """Named snapshots, which ``lab.dataset(id, release=…)`` pins, newest first."""
        return overview.releases(self)

    def cite(self) -> Citation:
        """How to name exactly this snapshot in a text."""
        from datalab.notebook.citation import Citation

        return Citation.of(self)

    def flag(
        self, text: str, *, column: str | None = None, row: object = None, receipt: str = ""
    ) -> Flagged:
        """Tell the steward that something looks wrong; they answer on the dataset's page.

        Parameters
        ----------
        text
            what looks wrong, without anybody's name.
        column
            where, if it is one column.
        row
            where, if it is one row: its number from 1, or its key (``{"insee_code": "21231"}``;
            for a key of one column its value).

        Raises
        ------
        FlagNotSent
            where this notebook does not run in the lab, with the page on which to say it.
        FlagReturned, UnknownColumn
        """
        from datalab.notebook.flag import send

        if column is not None:
            self._names([column])
        return send(self, text, column, row, receipt)

    # -- what it holds --------------------------------------------------------------------

    def _from(self) -> str:
        """The pinned table, for a FROM clause."""
        try:
            return table(self.entry, self.snapshot)
        except DatalabError as error:
            raise error.in_language(self.language) from None

    def relation(
        self,
        columns: list[str] | None = None,
        limit: int | None = None,
        where: str | None = None,
    ) -> duckdb.DuckDBPyRelation:
        """As a DuckDB relation: nothing is read before it is asked for.

        Parameters
        ----------
        columns
            names to keep; all where not given.
        limit
            most rows to read.
        where
            condition in SQL.

        Raises
        ------
        NotPublished, UnknownColumn, QueryRefused
        """
        from datalab.notebook.table import explaining

        names = self._names(columns)
        query = f"SELECT {', '.join(map(identifier, names))} FROM {self._from()}"  # noqa: S608
        if where:
            query += f" WHERE ({where}\n)"
        if limit is not None:
            query += f" LIMIT {int(limit)}"
        with explaining(self.lab):
            return self.lab.connection.sql(query)

    def _names(self, columns: list[str] | None) -> list[str]:
        """The columns to read, each known.

        An older snapshot may have other columns than the description of today.
        """
        if columns is None:
            return self._columns_of_snapshot
        for column in columns:
            if column not in self._columns_of_snapshot:
                raise UnknownColumn(self.id, column, self._columns_of_snapshot).in_language(
                    self.language
                )
        return columns

    @cached_property
    def _columns_of_snapshot(self) -> list[str]:
        return list(self.lab.connection.sql(f"FROM {self._from()}").columns)

    def __len__(self) -> int:
        found = self.lab.connection.sql(f"SELECT count(*) FROM {self._from()}").fetchone()  # noqa: S608
        return int(found[0]) if found else 0

    def df(self, columns: list[str] | None = None, limit: int | None = None) -> pd.DataFrame:
        """As a pandas table. Integers stay integers; see :mod:`datalab.notebook.frame`.

        Raises
        ------
        LargerThanMemory
            where the table would not fit the memory of this notebook.
        """
        from datalab.notebook.frame import to_pandas

        return to_pandas(self._fitting(columns, limit))

    def arrow(self, columns: list[str] | None = None, limit: int | None = None) -> pa.Table:
        """As an Arrow table; geometries as WKB."""
        from datalab.notebook.frame import to_arrow

        return to_arrow(self._fitting(columns, limit))

    def polars(self, columns: list[str] | None = None, limit: int | None = None) -> pl.DataFrame:
        """As a polars table; geometries as WKB."""
        from datalab.notebook.frame import to_polars

        return to_polars(self._fitting(columns, limit))

    def gdf(self) -> gpd.GeoDataFrame:
        """As a geopandas table in EPSG:4326: its shapes, its points, or the boundaries it names.

        Raises
        ------
        NoPlaces
            where the description says nothing about places.
        """
        from datalab.notebook.places import to_places

        return to_places(self)

    def dask(self, partitions: int | None = None) -> dd.DataFrame:
        """As a Dask table, read piece by piece by one DuckDB query each, from this snapshot."""
        from datalab.notebook.partition import to_dask

        return to_dask(self, partitions)

    def map(
        self,
        column: str | None = None,
        *,
        method: str = "fisher_jenks",
        k: int | None = None,
        where: str | None = None,
        kind: str = "auto",
    ) -> Map:
        """A map of one column.

        Parameters
        ----------
        column
            what to show; the column that the description names where not given.
        method
            classification: ``fisher_jenks``, ``quantiles``, ``equal_interval`` …
        k
            number of classes; Huntsinger and Sturges' rule where not given.
        where
            condition in SQL, where a place has several rows.
        kind
            ``choropleth`` (ratios), ``circles`` (counts), or ``auto`` by the unit of the column.
        """
        from datalab.notebook.map import Map

        return Map.of(self, column, method=method, k=k, where=where, kind=kind)

    def _fitting(self, columns: list[str] | None, limit: int | None) -> duckdb.DuckDBPyRelation:
        relation = self.relation(columns, limit)
        rows = self.published.get("rows") or 0
        rows = rows if limit is None else min(rows, limit)
        needed = rows * len(relation.columns) * BYTES_PER_VALUE
        if needed > self.lab.limits.memory * SHARE_FOR_ONE_TABLE:
            from datalab.notebook.wording import number, size

            raise LargerThanMemory(
                dataset=self.id,
                rows=number(rows, self.language),
                needed=size(needed, self.language),
                allowed=size(self.lab.limits.memory, self.language),
            ).in_language(self.language)
        return relation

    def _repr_html_(self) -> str:
        from datalab.notebook.card import html

        return html(self)

    def __repr__(self) -> str:
        from datalab.notebook.card import text

        return text(self)
