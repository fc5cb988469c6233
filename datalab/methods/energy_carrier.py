"""What an energy balance weighs: carriers, those who make them on site, and what their kWh count.

Source: the terms of EN ISO 52000-1:2017; see `datalab.methods.energy_balance`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Series = NDArray[np.float64]
Perimeter = Literal["onsite", "nearby", "distant"]
PERIMETERS: tuple[Perimeter, ...] = ("onsite", "nearby", "distant")


@dataclass(frozen=True)
class Weighted:
    """Renewable and non-renewable primary energy and emissions, of one kWh or of a whole balance.

    ``ren`` and ``nren`` are kWh of primary energy, ``co2`` kg CO₂ equivalent (a factor: per kWh of
    final energy).
    """

    ren: float
    nren: float
    co2: float = 0.0

    @property
    def total(self) -> float:
        """Total primary energy, renewable and not."""
        return self.ren + self.nren

    @property
    def share(self) -> float | None:
        """The renewable share of the primary energy (RER); None where there is none to share."""
        return self.ren / self.total if self.total else None

    def __add__(self, other: Weighted) -> Weighted:
        return Weighted(self.ren + other.ren, self.nren + other.nren, self.co2 + other.co2)

    def __sub__(self, other: Weighted) -> Weighted:
        return self + other * -1.0

    def __mul__(self, number: float) -> Weighted:
        return Weighted(self.ren * number, self.nren * number, self.co2 * number)

    def as_tuple(self) -> tuple[float, float, float]:
        return (self.ren, self.nren, self.co2)


NOTHING = Weighted(0.0, 0.0, 0.0)
RENEWABLE = Weighted(1.0, 0.0, 0.0)  # EN ISO 52000-1, table B.16: solar, wind, ambient heat


@dataclass(frozen=True)
class Production:
    """One on-site source of a carrier.

    Attributes
    ----------
    name
        Such as ``"pv"`` or ``"cogeneration"``.
    energy
        kWh made in each step.
    supply
        Weight of a kWh as it is made. Nothing for cogeneration whose fuel is counted as a carrier.
    export_a
        Weight of a kWh exported, step A: the resources used to make it; ``supply`` if not given.
        For cogeneration see `cogeneration_export`.
    rank
        Who serves the site first: a lower number; those of one number share in proportion to what
        they make (the rule of the standard where no priority is set).
    """

    name: str
    energy: ArrayLike
    supply: Weighted = RENEWABLE
    export_a: Weighted | None = None
    rank: int = 0


@dataclass(frozen=True)
class Carrier:
    """One energy carrier: who uses it, who makes it on site and what its kWh weigh.

    Attributes
    ----------
    epb
        kWh of the EPB uses in each step, or one such series per use.
    grid
        Weight of a delivered kWh.
    nepb
        kWh of the non-EPB uses that may take on-site production; whatever else they need is
        outside the balance, as in the standard, unless ``count_nepb`` is set in `balance`.
    perimeter
        Where the delivered energy comes from: ``"nearby"`` for the network of a district.
    export_b
        Weight of a kWh that the export saves in the grid, step B; ``grid`` if not given.
    nepb_b
        The same for what goes to non-EPB uses; ``export_b`` if not given.
    """

    name: str
    epb: ArrayLike | Mapping[str, ArrayLike]
    grid: Weighted
    production: Sequence[Production] = ()
    nepb: ArrayLike = 0.0
    perimeter: Perimeter = "distant"
    export_b: Weighted | None = None
    nepb_b: Weighted | None = None


def cogeneration_export(fuel: Weighted, fuel_energy: float, produced: float) -> Weighted:
    """Step A weight of a kWh of electricity exported by a cogeneration unit.

    Parameters
    ----------
    fuel
        Weight of a kWh of the fuel.
    fuel_energy
        kWh of the fuel attributed to the electricity.
    produced
        kWh of electricity made from it.

    Notes
    -----
    EN ISO 52000-1:2017, 11.6.2.4: the export carries the resources that went into it.
    """
    if not produced > 0:
        raise ValueError("cogeneration that makes no electricity exports none")
    return fuel * (fuel_energy / produced)
