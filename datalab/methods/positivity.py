"""What "positive" says of one site: every percentage with its boundary, its uses and its factor.

Vocabulary: a *reading* is production over use, read in one way; the same site has dozens of them,
and a published percentage that does not name its reading cannot be checked.

Sources: EN ISO 52000-1:2017 (EPB and other uses, step A and B); Energies 2022, 15(12), 4491
(boundaries); factors of `datalab.methods.primary_energy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product

from datalab.methods import primary_energy
from datalab.methods.energy_balance import Balance, balance
from datalab.methods.energy_carrier import RENEWABLE, Carrier, Production, Weighted
from datalab.methods.energy_indicators import Boundary, BoundaryKind, Indicator, Kind, emissions
from datalab.methods.positive_block import STEP, Site

USES: Mapping[str, tuple[Kind, ...]] = {
    "epb": ("epb",),
    "all": ("epb", "non-epb"),
    "all and cars": ("epb", "non-epb", "mobility"),
    "all and public": ("epb", "non-epb", "mobility", "shared"),
}
WEIGHTS: Mapping[str, float] = {"final": 1.0, "primary 2.3": 2.3, "primary 1.9": 1.9}
CARRIERS = ("electricity", "all carriers")


@dataclass(frozen=True)
class Reading:
    """One percentage. Both energies are MWh a year, weighted as ``weight`` says.

    ``heat_counted`` says whether renewable heat of the network counts as production, which only the
    virtual boundary does.
    """

    boundary: BoundaryKind
    uses: str
    carriers: str
    weight: str
    produced: float
    used: float
    heat_counted: bool

    @property
    def ratio(self) -> float | None:
        """None where nothing is used."""
        return self.produced / self.used if self.used else None

    @property
    def key(self) -> str:
        return f"{self.boundary} · {self.uses} · {self.carriers} · {self.weight}"


def readings(site: Site, renewable_heat: float) -> list[Reading]:
    """Every reading of a site.

    Parameters
    ----------
    renewable_heat
        Share of renewable and recovered heat in the network, 0 to 1.
    """
    if not 0 <= renewable_heat <= 1:
        raise ValueError(f"a renewable share is 0 to 1, not {renewable_heat}")
    sums = [(flow, float(flow.energy.sum()) / 1000) for flow in site.flows]
    found = []
    boundaries: tuple[BoundaryKind, ...] = ("geographic", "functional", "virtual")
    for kind, uses, carriers, weight in product(boundaries, USES, CARRIERS, WEIGHTS):
        if uses == "all and public" and kind == "geographic":
            continue  # the public buildings are outside it
        only = ("electricity",) if carriers == "electricity" else None
        boundary = Boundary(kind, USES[uses], only)
        produced = used = 0.0
        # Heat from the air is renewable production that is used at once: on both sides or none.
        for flow, energy in sums:
            if not boundary.holds(flow) or flow.carrier == "ambient":
                continue
            weighted = energy * (WEIGHTS[weight] if flow.carrier == "electricity" else 1.0)
            if flow.kind == "production":
                produced += weighted
            else:
                used += weighted
                if kind == "virtual" and flow.carrier == "heat":
                    produced += weighted * renewable_heat
        found.append(Reading(kind, uses, carriers, weight, produced, used, kind == "virtual"))
    return found


def reading(found: Iterable[Reading], key: str) -> Reading:
    """The reading of that key."""
    known = {one.key: one for one in found}
    if key not in known:
        raise ValueError(f"no reading {key!r}; known: {', '.join(known)}")
    return known[key]


def nearest(found: Iterable[Reading], target: float, count: int = 3) -> list[Reading]:
    """The readings that come nearest to a published ratio."""
    having = [one for one in found if one.ratio is not None]
    return sorted(having, key=lambda one: abs((one.ratio or 0) - target))[:count]


def weigh(
    site: Site, *, day: date, heat: Weighted, k_exp: float = 1.0, linked: bool = True,
    count_nepb: bool = False,
) -> Balance:  # fmt: skip
    """The site's balance after EN ISO 52000-1 at its own time step.

    Parameters
    ----------
    day
        Decides the primary energy factor of electricity.
    heat
        Weight of a kWh of the heat network.
    linked
        Whether the panels on the schools and the canopy count as on site (functional boundary).
    """
    electric = [f for f in site.flows if f.carrier == "electricity"]
    places = ("site", "connected") if linked else ("site",)
    epb = {f.name: f.energy for f in electric if f.kind == "epb"}
    others = sum(f.energy for f in electric if f.kind in ("non-epb", "mobility"))
    made = tuple(
        Production(f.name, f.energy, RENEWABLE)
        for f in electric
        if f.kind == "production" and f.place in places
    )
    grid = primary_energy.electricity(day)
    carriers = [Carrier("electricity", epb, grid, made, nepb=others)]
    for flow in site.flows:
        if flow.carrier == "heat":
            carriers.append(Carrier("heat", {"heat": flow.energy}, heat, perimeter="nearby"))
        elif flow.carrier == "gas":
            gas = Weighted(0.0, primary_energy.GAS_PRIMARY, primary_energy.GAS_CO2)
            carriers.append(Carrier("gas", {"heat": flow.energy}, gas))
        elif flow.carrier == "ambient":
            air = (Production("air", flow.energy, RENEWABLE),)
            carriers.append(Carrier("ambient", {"heat": flow.energy}, RENEWABLE, air))
    return balance(carriers, k_exp=k_exp, count_nepb=count_nepb)


def greenhouse(site: Site, heat_co2: float, *, avoided: bool = False) -> Indicator:
    """Greenhouse gases of all energy delivered to the dwellings, kg CO₂e/(m²·year).

    Parameters
    ----------
    heat_co2
        kg CO₂e per kWh of network heat, of the life cycle.
    avoided
        Whether what is sold is taken off at the factor of the grid, as step B does.
    """
    electricity = site.bought.sum() - (site.sold.sum() if avoided else 0.0)
    energy = {"electricity": electricity}
    for flow in site.flows:
        if flow.carrier in ("heat", "gas"):
            energy[flow.carrier] = flow.energy.sum()
    factors = {
        "electricity": primary_energy.ELECTRICITY_CO2["other"],
        "heat": heat_co2,
        "gas": primary_energy.GAS_CO2,
    }
    return emissions(energy, factors, step=STEP, area=site.area)
