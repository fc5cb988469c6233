"""Indicators of a positive-energy site, each with its time step and its denominator.

Vocabulary: a *flow* is the energy of one use or one source, tagged with its carrier, its place and
whether it is an EPB use; a *boundary* says which flows count. The same site is positive or not by
its boundary, so an indicator keeps the words of both with it.

Sources: EN ISO 52000-1:2017 (EPB uses); Energies 2022, 15(12), 4491 (geographic, functional and
virtual boundaries); Gabaldón Moreno et al. 2021, doi 10.3390/su13020710 (annual positive balance);
Grid Singularity, self-sufficiency and self-consumption (worked example); Salom et al. 2014, load
match and grid interaction (IEA SHC Task 40 / EBC Annex 52).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from datalab.methods.energy_carrier import Series

Place = Literal["site", "connected", "remote"]
Kind = Literal["epb", "non-epb", "mobility", "shared", "production"]
BoundaryKind = Literal["geographic", "functional", "virtual"]
# What each boundary holds: the ground of the site; with what its networks connect; with what it
# owns or buys anywhere.
PLACES: Mapping[BoundaryKind, tuple[Place, ...]] = {
    "geographic": ("site",),
    "functional": ("site", "connected"),
    "virtual": ("site", "connected", "remote"),
}


@dataclass(frozen=True)
class Flow:
    """Energy of one use or one source, kWh per step."""

    name: str
    carrier: str
    kind: Kind
    energy: Series
    place: Place = "site"


@dataclass(frozen=True)
class Boundary:
    """Which flows count.

    Attributes
    ----------
    kind
        Decides the places that count, of uses and of sources alike.
    uses
        Kinds of use in the denominator.
    carriers
        Carriers in it; None for all of them.
    """

    kind: BoundaryKind = "geographic"
    uses: tuple[Kind, ...] = ("epb",)
    carriers: tuple[str, ...] | None = None

    def holds(self, flow: Flow) -> bool:
        """Whether a flow counts."""
        if flow.place not in PLACES[self.kind]:
            return False
        if self.carriers is not None and flow.carrier not in self.carriers:
            return False
        return flow.kind == "production" or flow.kind in self.uses

    @property
    def denominator(self) -> str:
        """The denominator in words."""
        carriers = "all carriers" if self.carriers is None else " + ".join(self.carriers)
        return f"{self.kind} boundary, {' + '.join(self.uses)} uses, {carriers}"


@dataclass(frozen=True)
class Indicator:
    """A number that never leaves without what it was divided by.

    Attributes
    ----------
    value
        None where the denominator is zero: there is nothing to say, not 0 and not 100 %.
    unit
        ``"1"`` for a ratio.
    step
        Minutes of the time step it was computed at; a year has 525,600.
    """

    name: str
    value: float | None
    unit: str
    step: int
    numerator: str
    denominator: str


def within(flows: Sequence[Flow], boundary: Boundary) -> tuple[Series, Series]:
    """Load and production inside a boundary, kWh per step."""
    if not flows:
        raise ValueError("a site needs at least one flow of energy")
    lengths = {flow.energy.shape for flow in flows}
    if len(lengths) > 1:
        raise ValueError("the flows of a site have different numbers of steps")
    load, made = np.zeros(lengths.copy().pop()), np.zeros(lengths.pop())
    for flow in flows:
        if boundary.holds(flow):
            if flow.kind == "production":
                made = made + flow.energy
            else:
                load = load + flow.energy
    return load, made


def indicators(
    load: ArrayLike, produced: ArrayLike, *, step: int, denominator: str = "the load given"
) -> dict[str, Indicator]:
    """On-site energy ratio, self-consumption, self-sufficiency and load match.

    Parameters
    ----------
    load, produced
        kWh per step.
    step
        Minutes per step.
    denominator
        What the load is, in words.

    Notes
    -----
    OER = Σ produced / Σ load, the only one that does not depend on the step;
    self-consumption = Σ min / Σ produced; self-sufficiency = Σ min / Σ load;
    load match = mean over the steps with a load of min(1, produced/load): each step counts alike,
    a night as much as a noon; annual mismatch = 1 − load match, the mean share of the load that the
    site lacks.
    """
    u, p = np.broadcast_arrays(
        np.atleast_1d(np.asarray(load, float)), np.atleast_1d(np.asarray(produced, float))
    )
    for name, series in (("load", u), ("production", p)):
        if not np.isfinite(series).all() or (series < 0).any():
            raise ValueError(f"the {name} is missing or below 0 in some steps")
    both = float(np.minimum(u, p).sum())
    made, used = float(p.sum()), float(u.sum())
    wanting = u > 0
    match = float((np.minimum(p, u)[wanting] / u[wanting]).mean()) if wanting.any() else None
    rows = (
        ("oer", _ratio(made, used), "production", denominator),
        ("self_consumption", _ratio(both, made), "production used at the same step", "production"),
        ("self_sufficiency", _ratio(both, used), "production used at the same step", denominator),
        ("load_match", match, "min(1, production/load)", f"steps with a load ({denominator})"),
        (
            "mismatch",
            None if match is None else 1 - match,
            "share of the load not produced",
            f"steps with a load ({denominator})",
        ),
    )
    return {
        name: Indicator(name, value, "1", step, over, under) for name, value, over, under in rows
    }


def emissions(
    energy: Mapping[str, ArrayLike], factors: Mapping[str, float], *, step: int, area: float
) -> Indicator:
    """Greenhouse gases of the delivered energy, kg CO₂ equivalent per m² and year.

    Raises
    ------
    ValueError
        naming a carrier that has no factor: an unknown emission is not zero.
    """
    missing = sorted(set(energy) - set(factors))
    if missing:
        raise ValueError(f"no emission factor for {', '.join(missing)}")
    if not area > 0:
        raise ValueError(f"a reference area is more than 0 m², not {area}")
    whole = sum(float(np.sum(series)) * factors[carrier] for carrier, series in energy.items())
    carriers = " + ".join(sorted(energy))
    return Indicator(
        "ghg", whole / area, "kgCO2e/(m²·year)", step, f"delivered {carriers}", "m² of floor"
    )


def coarser(energy: ArrayLike, steps: int) -> Series:
    """The same energy in steps ``steps`` times as long; an indicator may look better there."""
    found = np.asarray(energy, float)
    if steps < 1 or found.size % steps:
        raise ValueError(f"{found.size} steps do not make whole groups of {steps}")
    summed: Series = found.reshape(-1, steps).sum(axis=1)
    return summed


def _ratio(over: float, under: float) -> float | None:
    return over / under if under > 0 else None
