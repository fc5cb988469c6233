"""What changed between two snapshots, in a notebook: a short answer that holds all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from datalab.catalog.compatibility import SchemaChange, schema_changes
from datalab.errors import DatalabError, NotPublished
from datalab.i18n import translate
from datalab.lake import diff as lake_diff
from datalab.lake.described import described_at
from datalab.lake.diff import KINDS, Comparison, Counts, Kind, Side
from datalab.lake.reader import table
from datalab.lake.release import pinned, releases_of
from datalab.notebook.listing import Listing
from datalab.notebook.wording import number

if TYPE_CHECKING:
    import pandas as pd

    from datalab.notebook.dataset import Dataset

SHOWN = 200  # rows of a listing


@dataclass(frozen=True)
class Diff:
    """Two snapshots of a dataset compared. Shows itself as counts and a first page of rows.

    Attributes
    ----------
    before, after
        numbers of the snapshots.
    by
        ``"key"``, or ``"row"`` where no key tells rows apart; ``reason`` says why.
    schema
        what changed in the description, breaking changes first.
    """

    dataset: Dataset
    before: int
    after: int
    comparison: Comparison
    counts: Counts
    schema: Sequence[SchemaChange]

    @classmethod
    def of(cls, dataset: Dataset, a: int | str | None, b: int | str | None) -> Diff:
        """Compare snapshots or releases ``a`` and ``b`` of a dataset.

        Raises
        ------
        NotPublished, UnknownSnapshot, UnknownRelease
        """
        from datalab.notebook.table import explaining

        lab, entry = dataset.lab, dataset.entry
        known = [int(s["snapshot"]) for s in entry.snapshots]
        if not known or dataset.snapshot is None:
            raise NotPublished(dataset=entry.id, reason="no-published-run").in_language(
                lab.language
            )
        new = _number(dataset, b) if b is not None else dataset.snapshot
        earlier = [one for one in known if one < new]
        old = _number(dataset, a) if a is not None else (earlier[0] if earlier else new)
        connection = lab.connection
        with explaining(lab):
            sides = _side(dataset, old), _side(dataset, new)
            key = entry.dataset.get("key") or []
            comparison = lake_diff.compare(connection, sides[0], sides[1], key)
            counts = lake_diff.counts(connection, comparison)
            told = [described_at(connection, entry.lake, entry.id, n) for n in (old, new)]
        if told[0] is None or told[1] is None:
            types = [{n: {"type": t} for n, t in side.columns.items()} for side in sides]
            told = [{"columns": columns} for columns in types]
        schema = schema_changes(told[0] or {}, told[1] or {})
        return cls(dataset, old, new, comparison, counts, schema)

    @property
    def by(self) -> str:
        return self.comparison.by

    @property
    def reason(self) -> str | None:
        found = self.comparison.reason
        return found.in_(self.dataset.language) if found else None

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.counts.total or self.schema)

    def rows(self, kind: Kind | None = None, limit: int | None = SHOWN) -> Listing:
        """The rows that differ: one line per changed cell, one per row that came or went.

        Parameters
        ----------
        kind
            ``"added"``, ``"removed"`` or ``"changed"``; all of them where not given.
        limit
            most rows; None for all.
        """
        language = self.dataset.language
        headings = {
            "change": translate("Kind of change", language),
            **{name: name for name in self.comparison.key},
            "column": translate("Column", language),
            "before": translate("Before", language),
            "after": translate("Now", language),
        }
        caption = translate("Rows that differ", language)
        lines = list(self._lines(kind, limit))
        return Listing(lines, headings, caption=caption, language=language)

    def df(self, kind: Kind | None = None) -> pd.DataFrame:
        """All of it as a pandas table: ``change``, the key, ``column``, ``before``, ``after``."""
        import pandas as pd

        columns = ["change", *self.comparison.key, "column", "before", "after", "times"]
        return pd.DataFrame(list(self._lines(kind, None)), columns=columns)

    def _lines(self, kind: Kind | None, limit: int | None) -> list[dict[str, Any]]:
        from datalab.notebook.table import explaining

        kinds = KINDS if kind is None else (kind,)
        with explaining(self.dataset.lab):
            found = lake_diff.changes(
                self.dataset.lab.connection, self.comparison, kinds=kinds, limit=limit
            )
            lines: list[dict[str, Any]] = []
            for change in found:
                before, after = change.before or {}, change.after or {}
                base = {"change": change.kind, **change.key, "times": change.times}
                names = change.changed if change.kind == "changed" else list(after or before)
                lines += [
                    {**base, "column": n, "before": before.get(n), "after": after.get(n)}
                    for n in names
                    if n not in change.key
                ] or [{**base, "column": "", "before": None, "after": None}]
        return lines

    def _sentence(self) -> str:
        language = self.dataset.language

        def count(value: int) -> str:
            return number(value, language)

        said = translate(
            "{dataset}, version {before} to {after}: {added} rows added, {removed} removed, "
            "{changed} changed, {same} the same.",
            language,
            dataset=self.dataset.id,
            before=self.before,
            after=self.after,
            added=count(self.counts.added),
            removed=count(self.counts.removed),
            changed=count(self.counts.changed),
            same=count(self.counts.same),
        )
        if self.by == "row":
            said += " " + translate(
                "Whole rows are compared, because {reason}: a row that changed counts as one "
                "removed and one added.",
                language,
                reason=self.reason,
            )
        return said

    def _schema_lines(self) -> list[str]:
        language = self.dataset.language
        words = {True: translate("breaking", language), False: translate("compatible", language)}
        return [f"{words[c.breaking]} – {c.sentence.in_(language)}" for c in self.schema]

    def _repr_html_(self) -> str:
        listed = "".join(f"<li>{escape(line)}</li>" for line in self._schema_lines())
        schema = f"<ul>{listed}</ul>" if listed else ""
        rows = self.rows(limit=20)._repr_html_() if self.counts.total else ""
        return (
            f'<div lang="{self.dataset.language}"><p>{escape(self._sentence())}</p>'
            f"{schema}{rows}</div>"
        )

    def __repr__(self) -> str:
        return "\n".join([self._sentence(), *self._schema_lines()])


def _number(dataset: Dataset, asked: int | str) -> int:
    entry, language = dataset.entry, dataset.language
    try:
        if isinstance(asked, str):
            return pinned(releases_of(dataset.lab.lake, entry), entry.id, asked, None)
        table(entry, int(asked))
        return int(asked)
    except DatalabError as error:
        raise error.in_language(language) from None


def _side(dataset: Dataset, snapshot: int) -> Side:
    name = table(dataset.entry, snapshot)
    described: Sequence[Sequence[Any]] = dataset.lab.connection.execute(
        f"DESCRIBE SELECT * FROM {name}"  # noqa: S608
    ).fetchall()
    columns: Mapping[str, str] = {str(row[0]): str(row[1]).lower() for row in described}
    return Side(name, columns, snapshot)
