"""Writes the open datasets of this project from the lake: typical days, cases and readings.

Run it again after a change of the model or of the weather year; the same lake gives the same files.

    .venv/bin/python projects/positive-energy/cases.py LAKE
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import datalab
from datalab.methods.district_homes import district
from datalab.methods.positive_block import surroundings
from datalab.methods.positive_cases import Case, Spread, case, plans, spreads
from datalab.methods.typical_days import summarise

CATALOG = Path(__file__).parents[2] / "catalog"
ENERGY = CATALOG / "energy"


def write(path: Path, columns: Sequence[str], rows: Sequence[Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


if __name__ == "__main__":
    lab = datalab.connect(sys.argv[1] if len(sys.argv) > 1 else None)
    weather = lab.dataset("weather-year-dijon").df().sort_values(["month", "day", "hour"])
    france = lab.dataset("electricity-france").df()
    days = CATALOG / "environment" / "typical-days-dijon.csv"
    summarise(weather).to_csv(days, index=False, lineterminator="\n")
    tables = ("flats-france", "household-electricity", "iris-population")
    _, homes = district(*(lab.dataset(one).df() for one in tables))
    around = surroundings(weather, france["local_time"], france["consumption_mw"], homes=homes)
    cases = [case(around, *one) for one in plans()]
    names = [field.name for field in fields(Case)]
    write(ENERGY / "positive-energy-cases.csv", names, cases)
    names = [field.name for field in fields(Spread)]
    write(ENERGY / "positive-energy-readings.csv", names, spreads(around))
