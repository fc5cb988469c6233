"""The homes of Fontaine d'Ouche, from three tables: flats of France, households, IRIS of Dijon.

What a neighbourhood is made of is not published flat by flat. So the flats of France that are like
its own stand for them (same heating, same periods), with as many people per home as the census
counts in its IRIS, and in flats of the size that the two blocks have on average.

Sources: building of the district from 1967 to the early 1970s, francebleu.fr, March 2019; tables of
the catalog `flats-france`, `household-electricity` and `iris-population`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from datalab.methods.dwelling_stock import Homes, Stock, homes, stock

PERIODS = ("1946-1970", "1971-1990")
HEATING = "heat network"
# The codes have no names in the dataset. These four hold 9,143 people, nearly all in flats, where
# the press counts about 10,000 in the district: that they are it is an assumption.
IRIS = ("212311201", "212311202", "212311203", "212311204")


def persons(iris: pd.DataFrame, codes: Sequence[str] = IRIS) -> float:
    """People per main home in some IRIS.

    Raises
    ------
    ValueError
        naming the codes that the table does not have.
    """
    own = iris[iris["iris_code"].isin(list(codes))]
    if missing := sorted(set(codes) - set(own["iris_code"])):
        raise ValueError(f"no IRIS {', '.join(missing)}")
    return float(own["population"].sum() / own["main_homes"].sum())


def like(flats: pd.DataFrame, people: float, area: float) -> Stock:
    """The flats of France that are like those of the district, with its people and its size."""
    own = flats[flats["period"].isin(PERIODS) & (flats["heating"] == HEATING)]
    found = stock(
        list(own["period"]), list(own["area_class"]), own["occupants"], own["dwellings"]
    )  # fmt: skip
    return found.settled(people).sized(area)


def district(
    flats: pd.DataFrame, households: pd.DataFrame, iris: pd.DataFrame, *, area: float = 30_000 / 487
) -> tuple[Stock, Homes]:
    """The stock of the district and what a mean home needs besides heating.

    Parameters
    ----------
    area
        m² of a mean dwelling: the two blocks over their dwellings.
    """
    of = like(flats, persons(iris), area)
    sample = (households[name] for name in ("occupants", "electricity_kwh", "weight"))
    return of, homes(of, *sample)
