"""Writes the two tables that come from code: the grid, and invented answers to it.

    python projects/smart-territory/tables.py

The answers are drawn by a fixed seed: a habit per invented municipality (0.6 to 2.6), plus or
minus one level per statement, one statement in twelve not applicable or unanswered; a year later
one statement in four has risen by one level. Nothing is calibrated: no real answers are public.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from datalab.methods.maturity import HIGHEST, stratum
from datalab.participation.grid import as_rows, editions, grid_of, newest

CATALOG = Path(__file__).parents[2] / "catalog" / "government"
SEED = 21231
INVENTED = (("A", 3_600), ("B", 4_200), ("C", 5_100), ("D", 6_400), ("E", 7_900), ("F", 9_300))
LARGER = (("G", 11_000), ("H", 18_500))


def grid_rows() -> list[dict[str, object]]:
    rows = [row for edition in editions() for row in as_rows(grid_of(edition))]
    return [{**row, "visible": str(row["visible"]).lower()} for row in rows]


def answer_rows() -> list[dict[str, object]]:
    chance = random.Random(SEED)  # noqa: S311 - invented answers
    grid = newest()
    rows: list[dict[str, object]] = []
    for letter, population in (*INVENTED, *LARGER):
        habit = chance.uniform(0.6, 2.6)
        levels: dict[str, int | None] = {}
        for year in (2025, 2026):
            for item in grid.items:
                if year == 2025:
                    drawn = round(habit + chance.choice((-1, 0, 0, 1)))
                    levels[item.id] = max(0, min(HIGHEST, drawn))
                    if chance.random() < 1 / 12:
                        levels[item.id] = None
                elif (level := levels[item.id]) is not None and chance.random() < 1 / 4:
                    levels[item.id] = min(HIGHEST, level + 1)
                absent = levels[item.id] is None
                rows.append(
                    {
                        "commune": f"Commune inventée {letter}",
                        "population": population,
                        "stratum": stratum(population),
                        "year": year,
                        "edition": grid.edition,
                        "theme": item.theme,
                        "statement": item.id,
                        "applicable": str(not (absent and item.theme == "privacy")).lower(),
                        "level": "" if absent else levels[item.id],
                    }
                )
    return rows


def write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    write(CATALOG / "maturity-grid.csv", grid_rows())
    write(CATALOG / "maturity-example.csv", answer_rows())
