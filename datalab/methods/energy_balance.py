"""The energy balance of EN ISO 52000-1: weighted energy of a site, steps A and B, any time step.

Vocabulary, in the words of the standard: a *carrier* (electricity, gas, heat of a network…) is
*delivered* from the grid, from *nearby* or made *on site*; it serves *EPB* uses (heating, hot
water, cooling, ventilation, lighting) or *non-EPB* ones (appliances, vehicles); what on-site
production the EPB uses do not take at the same step is *exported*, first to the non-EPB uses and
then to the grid.
All energies are kWh of final energy per step; a single number is a balance of one step.

Step A counts the exported energy as what it took to make it; step B adds, multiplied by ``k_exp``,
what it saves elsewhere. A percentage that leaves a site without the words A or B and its ``k_exp``
cannot be compared with another one.

Sources: EN ISO 52000-1:2017, clauses 9 and 11, annexes B and E; checked on the worked examples of
ISO/TR 52000-2:2017 (as published in energiacte/cteepbd, tests).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from datalab.methods.energy_carrier import (
    NOTHING,
    PERIMETERS,
    Carrier,
    Perimeter,
    Production,
    Series,
    Weighted,
)


@dataclass(frozen=True)
class CarrierBalance:
    """What became of one carrier: kWh in each step, and the weighted sums."""

    name: str
    epb: Series
    produced: Series
    used: Series
    to_nepb: Series
    to_grid: Series
    delivered: Series
    used_by_source: Mapping[str, Series]
    entering: Weighted
    export_a: Weighted
    export_ab: Weighted
    renewable_by_perimeter: Mapping[Perimeter, float]

    @property
    def exported(self) -> Series:
        return self.to_nepb + self.to_grid


@dataclass(frozen=True)
class Balance:
    """The balance of a site.

    Attributes
    ----------
    a, b
        Weighted energy at step A, and at step B with the ``k_exp`` asked for.
    by_use
        Step B shared out among the EPB uses, in proportion to their use of each carrier.
    rer
        Renewable energy ratio per perimeter (on site; with nearby; with distant), of step A, whose
        denominator is the total primary energy of step A. None where that is zero or less.
    steps
        Number of steps; ratios depend on it.
    """

    a: Weighted
    b: Weighted
    k_exp: float
    steps: int
    carriers: Mapping[str, CarrierBalance]
    by_use: Mapping[str, Weighted]
    rer: Mapping[Perimeter, float | None] = field(default_factory=dict)

    def per(self, area: float) -> tuple[Weighted, Weighted]:
        """Steps A and B per m² of reference floor area."""
        if not area > 0:
            raise ValueError(f"a reference area is more than 0 m², not {area}")
        return self.a * (1 / area), self.b * (1 / area)


def balance(
    carriers: Sequence[Carrier],
    *,
    k_exp: float = 1.0,
    match: bool = False,
    count_nepb: bool = False,
) -> Balance:
    """The weighted energy of a site, steps A and B.

    Parameters
    ----------
    carriers
        One per energy carrier, all with series of one length.
    k_exp
        How much of what the export saves elsewhere counts, 0 to 1. 0 is step A.
    match
        Whether the matching factor of formula 32 of the standard corrects a step too long to see
        that sun and use do not meet (`matching_factor`); not needed from half hours down.
    count_nepb
        Also weigh what the non-EPB uses take from the grid. This is then no longer a balance of the
        standard, but one of all uses; an export to them is no export.

    Raises
    ------
    ValueError
        for series of different lengths, negative or missing energy, two carriers of one name or a
        ``k_exp`` outside 0 to 1.

    Notes
    -----
    EN ISO 52000-1:2017, 11.6. With steps t, sources i and carriers c:
    used = f_match·min(produced, EPB use); exported = produced − used; delivered = EPB use − used;
    E_A = Σ delivered·f_grid + Σ produced·f_supply − Σ exported·f_A;
    E_B = E_A − k_exp·Σ exported·(f_B − f_A).
    """
    if not 0 <= k_exp <= 1:
        raise ValueError(f"k_exp is 0 to 1, not {k_exp}")
    if not carriers:
        raise ValueError("a balance needs at least one carrier")
    names = [carrier.name for carrier in carriers]
    if len(set(names)) != len(names):
        raise ValueError(f"two carriers have one name: {', '.join(sorted(names))}")
    steps = max(_length(carrier) for carrier in carriers)
    balances: dict[str, CarrierBalance] = {}
    shares: dict[str, Weighted] = {}
    a = b = NOTHING
    for carrier in carriers:
        uses = _uses(carrier, steps, count_nepb=count_nepb)
        done = _one(carrier, uses, steps, match=match, count_nepb=count_nepb)
        balances[carrier.name] = done
        a += done.entering - done.export_a
        of_carrier = done.entering - done.export_a - done.export_ab * k_exp
        b += of_carrier
        whole = float(done.epb.sum())
        for use, energy in uses.items():
            part = float(energy.sum()) / whole if whole else 1 / len(uses)
            shares[use] = shares.get(use, NOTHING) + of_carrier * part
    return Balance(
        a=a,
        b=b,
        k_exp=k_exp,
        steps=steps,
        carriers=balances,
        by_use=shares,
        rer=_ratios(a, balances),
    )


def matching_factor(produced: ArrayLike, used: ArrayLike) -> Series:
    """The share of min(production, use) that really meets within a long step.

    EN ISO 52000-1:2017, formula 32 with exponent 1: (x + 1/x − 1) / (x + 1/x), x = produced/used.
    Half where both are equal, near 1 where one is far larger; 1 where one is zero.
    """
    p, u = np.broadcast_arrays(np.asarray(produced, float), np.asarray(used, float))
    factor = np.ones(p.shape)
    both = (p > 0) & (u > 0)
    x = p[both] / u[both]
    # The same as (x + 1/x − 1)/(x + 1/x), without overflow where one of them is tiny.
    small = np.minimum(x, 1 / x)
    factor[both] = 1 - small / (1 + small**2)
    return factor


def _one(
    carrier: Carrier, uses: Mapping[str, Series], steps: int, *, match: bool, count_nepb: bool
) -> CarrierBalance:
    epb: Series = np.asarray(sum(uses.values(), np.zeros(steps)))
    nepb = np.zeros(steps) if count_nepb else _series(carrier.nepb, steps, carrier.name)
    made = [_series(p.energy, steps, p.name) for p in carrier.production]
    produced: Series = np.asarray(sum(made, np.zeros(steps)))
    f = matching_factor(produced, epb) if match else np.ones(steps)
    used_in_all = f * np.minimum(produced, epb)
    to_nepb_in_all = np.minimum(produced - used_in_all, nepb)
    used = _share_out(used_in_all, made, carrier.production)
    to_nepb = _share_out(
        to_nepb_in_all, [m - u for m, u in zip(made, used, strict=True)], carrier.production
    )
    delivered = epb - used_in_all
    entering = carrier.grid * float(delivered.sum())
    renewable: dict[Perimeter, float] = dict.fromkeys(PERIMETERS, 0.0)
    renewable[carrier.perimeter] += carrier.grid.ren * float(delivered.sum())
    export_a = export_ab = NOTHING
    grid_b = carrier.export_b or carrier.grid
    nepb_b = carrier.nepb_b or grid_b
    for source, energy, taken, spare in zip(carrier.production, made, used, to_nepb, strict=True):
        step_a = source.export_a or source.supply
        out_nepb = float(spare.sum())
        out_grid = float((energy - taken - spare).sum())
        entering += source.supply * float(energy.sum())
        export_a += step_a * (out_nepb + out_grid)
        export_ab += (nepb_b - step_a) * out_nepb + (grid_b - step_a) * out_grid
        renewable["onsite"] += source.supply.ren * float(energy.sum())
        renewable["onsite"] -= step_a.ren * (out_nepb + out_grid)
    return CarrierBalance(
        name=carrier.name,
        epb=epb,
        produced=produced,
        used=used_in_all,
        to_nepb=to_nepb_in_all,
        to_grid=produced - used_in_all - to_nepb_in_all,
        delivered=delivered,
        used_by_source={p.name: u for p, u in zip(carrier.production, used, strict=True)},
        entering=entering,
        export_a=export_a,
        export_ab=export_ab,
        renewable_by_perimeter=renewable,
    )


def _share_out(
    wanted: Series, available: Sequence[Series], sources: Sequence[Production]
) -> list[Series]:
    """What each source gives: by rank, and within a rank in proportion to what it can give."""
    given = [np.zeros_like(wanted) for _ in available]
    left = wanted.copy()
    for rank in sorted({source.rank for source in sources}):
        members = [i for i, source in enumerate(sources) if source.rank == rank]
        together: Series = np.asarray(sum((available[i] for i in members), np.zeros_like(wanted)))
        taken = np.minimum(left, together)
        share = np.divide(taken, together, out=np.zeros_like(taken), where=together > 0)
        for i in members:
            given[i] = available[i] * share
        left = left - taken
    return given


def _ratios(a: Weighted, balances: Mapping[str, CarrierBalance]) -> dict[Perimeter, float | None]:
    ratios: dict[Perimeter, float | None] = {}
    counted = 0.0
    for perimeter in PERIMETERS:
        counted += sum(done.renewable_by_perimeter[perimeter] for done in balances.values())
        ratios[perimeter] = counted / a.total if a.total > 1e-9 else None
    return ratios


def _uses(carrier: Carrier, steps: int, *, count_nepb: bool) -> dict[str, Series]:
    given = carrier.epb if isinstance(carrier.epb, Mapping) else {"epb": carrier.epb}
    uses = {use: _series(energy, steps, f"{carrier.name} {use}") for use, energy in given.items()}
    if count_nepb:
        uses["non-epb"] = _series(carrier.nepb, steps, f"{carrier.name} non-EPB")
    return uses


def _length(carrier: Carrier) -> int:
    epb = carrier.epb.values() if isinstance(carrier.epb, Mapping) else [carrier.epb]
    every = [*epb, carrier.nepb, *(source.energy for source in carrier.production)]
    return max((np.size(np.asarray(energy)) for energy in every), default=1)


def _series(energy: ArrayLike, steps: int, name: str) -> Series:
    found = np.atleast_1d(np.asarray(energy, dtype=float))
    if found.size == 1 and steps > 1 and not found.any():
        found = np.zeros(steps)
    if found.shape != (steps,):
        raise ValueError(f"{name}: {found.size} steps where the others have {steps}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name}: energy is missing in {(~np.isfinite(found)).sum()} steps")
    if (found < 0).any():
        raise ValueError(f"{name}: energy below 0 in {(found < 0).sum()} steps")
    return found
