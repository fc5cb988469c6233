"""The names that header rows give to the columns of a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence

JOINED = " / "  # as ``source.header_rows`` says


def named(rows: Sequence[Sequence[str]], declared: Collection[str] = ()) -> list[str]:
    """One name per column from one or more header rows.

    Several rows are joined, each word once. A column without a name is ``column_4`` by its place.
    A name that stands twice is ``name_2`` the second time where that is ``declared``; else it
    stays, and whoever holds the names against the catalog says so. Columns beyond the header are
    taken where they are declared by their place.
    """
    width = max((len(row) for row in rows), default=0)
    names: list[str] = []
    for position in range(width):
        cells = (row[position].strip() if position < len(row) else "" for row in rows)
        name = JOINED.join(dict.fromkeys(cell for cell in cells if cell))
        names.append(name or f"column_{position + 1}")
    while (extra := f"column_{len(names) + 1}") in declared:
        names.append(extra)
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        again = f"{name}_{seen[name.lower()]}"
        if seen[name.lower()] > 1 and again in declared:
            names[position] = again
    return names
