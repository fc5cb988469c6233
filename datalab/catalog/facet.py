"""The facets of the catalog: what a dataset is filed under, filters over it, and their counts.

Facets are fields of the search index. A facet counts what the query and the *other* facets leave,
so that a second choice of the same facet widens and never misleads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Query

from datalab.catalog.badge import badge_of, late_at
from datalab.catalog.dataset import Dataset
from datalab.catalog.vocabulary import LICENSES

FACETS = (
    *("theme", "publisher", "format", "state", "access", "reuse"),
    *("license", "provenance", "periodicity"),
)
STALE = "stale"  # a mark that comes with time: it is a moment in the index, not a value
LATE = "late_at"
NEVER = 2**52
MOST_VALUES = 500  # of a facet that are counted

Chosen = Mapping[str, Sequence[str]]
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Filed:
    """The values of a dataset by facet; ``late_at`` in seconds since 1970."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    late_at: int = NEVER


def filed(
    dataset: Dataset,
    record: Mapping[str, Any] | None = None,
    good: Mapping[str, Any] | None = None,
) -> Filed:
    """What ``dataset`` is filed under, given its latest run and the one that is read."""
    license_ = LICENSES.get(dataset.license, LICENSES["not-stated"])
    # Long ago nothing was late, so that the other marks stand alone.
    badge = badge_of(record, good, dataset.periodicity, datetime(1970, 1, 2, tzinfo=UTC))
    moment = late_at(record, good, dataset.periodicity)
    return Filed(
        {
            "theme": (dataset.theme,),
            "publisher": (dataset.publisher,),
            "license": (dataset.license,),
            "reuse": (license_.reuse,),
            "access": (dataset.access,),
            "format": (dataset.source.format,),
            "state": (badge.name, *badge.marks),
            "provenance": (dataset.provenance,),
            "periodicity": (dataset.periodicity,),
        },
        NEVER if moment is None else int(moment.timestamp()),
    )


def add_fields(builder: Any) -> None:
    """Give the schema of an index the fields of the facets."""
    for name in FACETS:
        builder.add_text_field(f"facet_{name}", tokenizer_name="raw", fast=True)
    builder.add_integer_field(LATE, indexed=True, fast=True)


def fields_of(known: Filed) -> dict[str, list[Any]]:
    """The facets of one document."""
    found: dict[str, list[Any]] = {
        f"facet_{name}": list(values) for name, values in known.values.items()
    }
    return found | {LATE: [known.late_at]}


def filters_of(schema: Any, chosen: Chosen, moment: datetime) -> dict[str, Any]:
    """A query for each facet with chosen values; a value that nothing has matches nothing."""
    return {
        name: _filter(schema, name, chosen[name], int(moment.timestamp()))
        for name in FACETS
        if chosen.get(name)
    }


def _filter(schema: Any, name: str, wanted: Sequence[str], moment: int) -> Any:
    field_name = f"facet_{name}"
    ways = [(Occur.Should, Query.term_query(schema, field_name, value)) for value in wanted]
    if name == "state" and STALE in wanted:
        late = Query.range_query(schema, LATE, FieldType.Integer, 0, moment, True, False)
        ways.append((Occur.Should, late))
    return Query.const_score_query(Query.boolean_query(ways), 0.0)


def narrowed(text: Any, filters: Mapping[str, Any], but: str | None = None) -> Any:
    """``text`` with every filter ``but`` one; filters do not change the score."""
    kept = [(Occur.Must, query) for name, query in filters.items() if name != but]
    return Query.boolean_query([(Occur.Must, text), *kept]) if kept else text


def count(
    searcher: tantivy.Searcher, text: Any, filters: Mapping[str, Any], moment: datetime
) -> Counts:
    """How many datasets each value of each facet would give."""
    together = [name for name in FACETS if name not in filters]
    found = _count(searcher, narrowed(text, filters), together, moment)
    for name in filters:
        found |= _count(searcher, narrowed(text, filters, but=name), [name], moment)
    return {name: found[name] for name in FACETS}


def _count(searcher: tantivy.Searcher, query: Any, names: list[str], moment: datetime) -> Counts:
    asked: dict[str, Any] = {
        name: {"terms": {"field": f"facet_{name}", "size": MOST_VALUES}} for name in names
    }
    if "state" in names:
        until = {"key": STALE, "from": 0.0, "to": float(int(moment.timestamp()))}
        asked[LATE] = {"range": {"field": LATE, "ranges": [until]}}
    answer = searcher.aggregate(query, asked) if asked else {}
    found = {
        name: {str(one["key"]): int(one["doc_count"]) for one in answer[name]["buckets"]}
        for name in names
    }
    for one in answer.get(LATE, {}).get("buckets", []):
        if one["key"] == STALE and one["doc_count"]:
            found["state"][STALE] = int(one["doc_count"])
    return found
