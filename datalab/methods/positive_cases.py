"""The cases that a resident can choose from, and how sure each reading of the blocks is.

Vocabulary: a *case* is one combination of works, panels, electric cars, battery and heat, with what
it gives in a year; *spread* is the share of draws of the uncertain assumptions.

Sources: the model of `datalab.methods.positive_block` and the readings of
`datalab.methods.positivity`; heat of network 2102C (Grand Dijon Ouest), which serves the district.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from datalab.methods import positivity, primary_energy
from datalab.methods.dwelling_demand import saving
from datalab.methods.positive_block import (
    ASSUMPTIONS,
    Heat,
    Plan,
    Site,
    Surroundings,
    Works,
    site,
)
from datalab.methods.sensitivity import draws, likely

WORKS: tuple[Works, ...] = ("before", "renovated", "deep")
PANELS = (0, 25, 50, 75, 100)
CARS = (0, 25, 50)
BATTERY = (0, 500, 1000)
HEATS: tuple[Heat, ...] = ("network", "gas", "heat pump")
DRAWS, SEED = 1_000, 21_231
REFERENCE = Plan("renovated", 1.0, electric_cars=0.25)


@dataclass(frozen=True)
class Case:
    """One combination and its year. Ratios are percent, energies MWh, gases kg CO₂e/(m²·year).

    ``ratio_…`` is the production of all announced panels over the use of the two blocks: their
    electricity, all their energy as bought, or all of it in primary energy at 1.9. Self-consumption
    and self-sufficiency are those of electricity, at half hours, behind the battery.
    """

    works: str
    panels: int
    electric_cars: int
    battery: int
    heat: str
    heat_mwh: float
    electricity_mwh: float
    production_mwh: float
    bought_mwh: float
    sold_mwh: float
    ratio_electricity: float
    ratio_final: float
    ratio_primary: float
    self_consumption: float | None
    self_sufficiency: float | None
    ghg: float
    saving: float


@dataclass(frozen=True)
class Spread:
    """One reading with the likely assumptions, and over the draws. Ratios are percent."""

    boundary: str
    uses: str
    carriers: str
    weight: str
    produced_mwh: float
    used_mwh: float
    ratio: float
    p5: float
    p50: float
    p95: float
    above_100: float


def plans() -> Iterator[tuple[Works, int, int, int, Heat]]:
    """Every combination, in one order."""
    return product(WORKS, PANELS, CARS, BATTERY, HEATS)


def case(
    around: Surroundings, works: Works, panels: int, cars: int, battery: int, heat: Heat
) -> Case:
    """One combination with the likely assumptions."""
    plan = Plan(works, panels / 100, cars / 100, battery=battery, heat=heat)
    done = site(around, plan)
    before = site(around, Plan("before", 0.0))
    electricity = done.kind("epb", "non-epb", "mobility", carrier="electricity") / 1000
    heat_bought = (done.kind("epb", carrier="heat") + done.kind("epb", carrier="gas")) / 1000
    made, bought, sold = (
        done.kind("production") / 1000,
        done.bought.sum() / 1000,
        done.sold.sum() / 1000,
    )
    factor = primary_energy.ELECTRICITY[-1][1]
    co2 = primary_energy.network("2102C").life_cycle
    gases = positivity.greenhouse(done, co2).value
    return Case(
        works, panels, cars, battery, heat,
        heat_mwh=_round(heat_bought),
        electricity_mwh=_round(electricity),
        production_mwh=_round(made),
        bought_mwh=_round(bought),
        sold_mwh=_round(sold),
        ratio_electricity=_round(100 * made / electricity),
        ratio_final=_round(100 * made / (electricity + heat_bought)),
        ratio_primary=_round(100 * made * factor / (electricity * factor + heat_bought)),
        self_consumption=_round(100 * (1 - sold / made)) if made else None,
        self_sufficiency=_round(100 * (1 - bought / electricity)),
        ghg=_round(gases or 0.0),
        saving=_round(100 * (saving(_epb(before), _epb(done)) or 0.0)),
    )  # fmt: skip


def spreads(around: Surroundings, drawn: Sequence[dict[str, float]] | None = None) -> list[Spread]:
    """Every reading of the renovated blocks (`REFERENCE`), with its range over the draws.

    ``drawn`` are sets of assumptions; `DRAWS` of them from `SEED` where not given.
    """
    middle = positivity.readings(site(around, REFERENCE), likely(ASSUMPTIONS)["renewable_heat"])
    tried = draws(ASSUMPTIONS, DRAWS, seed=SEED) if drawn is None else drawn
    table = np.array([list(ratios(around, one).values()) for one in tried]) * 100
    found = []
    for i, one in enumerate(middle):
        p5, p50, p95 = np.percentile(table[:, i], (5, 50, 95))
        found.append(
            Spread(
                one.boundary, one.uses, one.carriers, one.weight,
                _round(one.produced), _round(one.used), _round(100 * (one.ratio or 0.0)),
                _round(p5), _round(p50), _round(p95),
                above_100=_round(100 * float((table[:, i] >= 100).mean())),
            )
        )  # fmt: skip
    return found


def named(cases: Iterable[Case]) -> dict[tuple[str, int, int, int, str], Case]:
    """Cases by their combination."""
    return {(c.works, c.panels, c.electric_cars, c.battery, c.heat): c for c in cases}


def ratios(around: Surroundings, values: Mapping[str, float] | None = None) -> dict[str, float]:
    """Every reading of the renovated blocks with one set of assumptions, as ratios by key."""
    known = {**likely(ASSUMPTIONS), **(values or {})}
    done = site(around, REFERENCE, known)
    found = positivity.readings(done, known["renewable_heat"])
    return {one.key: one.ratio or 0.0 for one in found}


def drop(
    around: Surroundings, values: Mapping[str, float] | None = None, *, all_uses: bool = False
) -> float:
    """What the works save of the final energy of the blocks, a share; of EPB uses or of all."""
    before, after = (site(around, Plan(works), values) for works in WORKS[:2])
    more = [one.kind("non-epb") if all_uses else 0.0 for one in (before, after)]
    return saving(_epb(before) + more[0], _epb(after) + more[1]) or 0.0


def _epb(done: Site) -> float:
    """Energy bought or made for heat, hot water and services, without what the air gives."""
    return done.kind("epb") - done.kind("epb", carrier="ambient")


def _round(value: float) -> float:
    return round(float(value), 1) + 0.0
