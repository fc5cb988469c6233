"""``package_search``: the part of Solr's query language that clients of CKAN really send.

Words are asked of the lab's own index; ``field:value``, with ``+`` or ``-`` before it and ``AND``
between, chooses among what the words found. Anything else is refused, never passed over: a filter
that is not understood would give datasets that nobody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from datalab.portal.ckan import BadQuery, Document, Site, counted, created, modified, slug
from datalab.portal.dataset_doors import doors_of
from datalab.portal.library import Holding

MOST = 1000
LONGEST = 1000  # characters of a query
VALUE = r'"(?:[^"\\]|\\.)*"|\([^()]*\)|\S+'
TERM = re.compile(rf"([+-]?)([a-z_]+):({VALUE})")
FIELDS: dict[str, Callable[[Holding], Iterable[str]]] = {
    "name": lambda one: [one.id],
    "id": lambda one: [one.id],
    "organization": lambda one: [slug(one.dataset.publisher)],
    "owner_org": lambda one: [slug(one.dataset.publisher)],
    "groups": lambda one: [one.dataset.theme],
    "tags": lambda one: one.dataset.keywords,
    "license_id": lambda one: [one.dataset.license],
    "res_format": lambda one: [door.format for door in doors_of(one)],
    "author": lambda one: [one.dataset.publisher],
    "dataset_type": lambda _: ["dataset"],
    "type": lambda _: ["dataset"],
    "state": lambda _: ["active"],
    "private": lambda _: ["false"],
    "capacity": lambda _: ["public"],
    "frequency": lambda one: [one.dataset.periodicity],
    "hvd_category": lambda one: [one.dataset.hvd_category] if one.dataset.hvd_category else [],
}
SORTS: dict[str, Callable[[Holding, Site], Any]] = {
    "name": lambda one, _: one.id,
    "id": lambda one, _: one.id,
    "title": lambda one, site: slug(one.dataset.title.in_(site.language)),
    "title_string": lambda one, site: slug(one.dataset.title.in_(site.language)),
    "metadata_modified": lambda one, _: modified(one),
    "metadata_created": lambda one, _: created(one),
}


def search(
    site: Site,
    *,
    q: str = "",
    fq: Iterable[str] = (),
    rows: int = 10,
    start: int = 0,
    sort: str = "",
    facets: Iterable[str] = (),
    facet_limit: int = 50,
) -> Document:
    """The answer of ``package_search``.

    Raises
    ------
    BadQuery
    """
    facets = list(facets)
    if len(q) > LONGEST or sum(map(len, fq)) > LONGEST:
        raise BadQuery("too long")
    unknown = [name for name in facets if name not in FIELDS]
    if unknown:
        raise BadQuery(f"undefined field {unknown[0][:80]}")
    words, terms = _split(q)
    held = site.holdings()
    if words and words not in ("*", "*:*"):
        found = site.shelf.search.search(words, site.language, limit=max(1, len(held)))
        held = [site.shelf.holdings[name] for name, _ in found if name in site.shelf.holdings]
    for one in fq:
        rest, more = _split(one)
        if rest and rest != "*:*":
            raise BadQuery(rest[:80])
        terms += more
    for sign, name, values in terms:
        known = FIELDS.get(name)
        if known is None:
            raise BadQuery(f"undefined field {name[:80]}")
        held = [one for one in held if _meets(known(one), values) != (sign == "-")]
    if sort or not words:
        held = _sorted(site, held, sort or "name asc")
    counts = {
        name: counted(value for one in held for value in FIELDS[name](one)) for name in facets
    }
    if facet_limit >= 0:
        counts = {name: dict(list(all_.items())[:facet_limit]) for name, all_ in counts.items()}
    titles = site.organizations()
    return {
        "count": len(held),
        "sort": sort or ("score desc, metadata_modified desc" if words else "name asc"),
        "results": [site.package(one) for one in held[start : start + min(rows, MOST)]],
        "facets": counts,
        "search_facets": {
            name: {
                "title": name,
                "items": [
                    {
                        "name": value,
                        "display_name": titles.get(value, value)
                        if name == "organization"
                        else value,
                        "count": count,
                    }
                    for value, count in all_.items()
                ],
            }
            for name, all_ in counts.items()
        },
    }


def _split(text: str) -> tuple[str, list[tuple[str, str, list[str]]]]:
    """Words, and the terms that stand between them: (sign, field, values that will do)."""
    terms = []

    def taken(match: re.Match[str]) -> str:
        sign, name, value = match.groups()
        if value.startswith("("):
            parts = re.findall(r'"(?:[^"\\]|\\.)*"|\S+', value[1:-1])
            values = [_plain(part) for part in parts if part != "OR"]
            if "AND" in values:
                raise BadQuery(value[:80])
        else:
            values = [_plain(value)]
        terms.append((sign, name, values))
        return " "

    everything = re.sub(r"\*:\*", " ", text)
    rest = TERM.sub(taken, everything)
    return " ".join(word for word in rest.split() if word not in ("AND", "+")), terms


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value.removeprefix('"').removesuffix('"'))


def _meets(found: Iterable[str], values: list[str]) -> bool:
    there = {one.casefold() for one in found}
    return any(
        bool(there) if value == "*" or value == "[* TO *]" else value.casefold() in there
        for value in values
    )


def _sorted(site: Site, held: list[Holding], sort: str) -> list[Holding]:
    found = list(held)
    for part in reversed([one.strip() for one in sort.split(",") if one.strip()]):
        name, _, way = part.partition(" ")
        way = way.strip().lower() or "asc"
        if name == "score" and way in ("asc", "desc"):
            continue
        if name not in SORTS or way not in ("asc", "desc"):
            raise BadQuery(f"sort {part[:80]}")
        found.sort(key=lambda one, name=name: SORTS[name](one, site), reverse=way == "desc")  # type: ignore[misc]
    return found
