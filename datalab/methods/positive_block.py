"""The two blocks of Fontaine d'Ouche as a model: assumptions in, half-hourly flows of energy out.

Vocabulary: *surroundings* are what the weather and the habits give (once per place); a *plan* is
what people decide (works, panels, vehicles, store, heat); a *site* is the result, from which every
percentage is read with its boundary and its denominator.

What is published and what is not: the two blocks of 15,000 m² (taken as floor area: 487 dwellings
would have 62 m² each), about 2 MWp on 10,000 m², the targets of −38 % and 124 %. Envelope, use of
heat, which panels count and the factors are not published: they are assumptions, with their range.
"Press" is the dataset `published-figures`, where each figure has its page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from datalab.methods import charging, dwelling_demand, load_shape, photovoltaic
from datalab.methods.dispatch import Store, greedy
from datalab.methods.dwelling_demand import Envelope
from datalab.methods.dwelling_stock import Homes, regulation
from datalab.methods.energy_carrier import Series
from datalab.methods.energy_indicators import Flow
from datalab.methods.sensitivity import Assumption, likely

Works = Literal["before", "renovated", "deep"]
Heat = Literal["network", "gas", "heat pump"]
STEP = 30  # minutes
# Bare walls of the period (1967 to the early 1970s), and walls that were improved since.
BARE = dwelling_demand.loss(Envelope(dwelling_demand.wall(1967), 2.4, 0.7, 0.9, 0.10, 0.6))
BEFORE = dwelling_demand.loss(Envelope(1.2, 2.4, 0.7, 0.9, 0.10, 0.6))
AFTER = dwelling_demand.loss(Envelope(0.25, 1.4, 0.18, 0.6, 0.07, 0.4))
DEEP = dwelling_demand.loss(Envelope(0.15, 0.9, 0.12, 0.3, 0.03, 0.2))

ASSUMPTIONS: Mapping[str, Assumption] = {
    "floor_area": Assumption(28_500, 30_000, 31_500, "m²", "press, 2 × 15,000 m²", "target"),
    "dwellings": Assumption(487, 487, 487, "dwellings", "press, 2022", "announced"),
    "loss_before": Assumption(1.45, BEFORE, BARE, "W/(K·m²)", "slab of 1965-1975, U-values of 3CL"),
    "loss_after": Assumption(0.75, AFTER, 1.2, "W/(K·m²)", "usual renovation"),
    "base_before": Assumption(16.0, 17.0, 18.0, "°C", "19 °C less sun and people"),
    "base_after": Assumption(14.5, 15.5, 17.0, "°C", "19 °C less sun and people"),
    "prebound": Assumption(0.7, 0.85, 1.0, "ratio", "Sunikka-Blank & Galvin 2012"),
    "rebound": Assumption(1.0, 1.1, 1.3, "ratio", "order of magnitude"),
    "delivery": Assumption(0.82, 0.87, 0.93, "ratio", "order of magnitude"),
    "water_delivery": Assumption(0.65, 0.75, 0.85, "ratio", "order of magnitude"),
    "epb_electricity": Assumption(4.0, 6.0, 9.0, "kWh/(m²·year)", "order of magnitude"),
    "appliances": Assumption(0.8, 1.0, 1.2, "ratio", "households and IRIS, census"),
    "cooking": Assumption(300, 515, 650, "kWh/dwelling", "sample of households; all electric"),
    "peak_power": Assumption(1_800, 2_000, 2_050, "kWp", "press, May 2025", "announced"),
    "roof_share": Assumption(0.2, 0.3, 0.4, "ratio", "roofs of slabs of five storeys"),
    "facade_share": Assumption(0.0, 0.03, 0.08, "ratio", "order of magnitude"),
    "canopy_share": Assumption(0.16, 0.17, 0.18, "ratio", "774 of 4,559 panels", "announced"),
    "yield_factor": Assumption(0.85, 1.0, 1.1, "ratio", "other years than 1983-1999, shade"),
    "public_use": Assumption(800, 1_000, 1_200, "MWh/year", "press, 14 buildings", "announced"),
    "renewable_heat": Assumption(0.55, 0.611, 0.646, "ratio", "DPE decrees, 2102C", "announced"),
    "cars": Assumption(0.4, 0.6, 0.8, "cars/dwelling", "order of magnitude"),
}  # fmt: skip
LABELS: Mapping[str, str] = {
    "floor_area": "Floor area of the two blocks",
    "dwellings": "Dwellings",
    "loss_before": "Heat loss before works",
    "loss_after": "Heat loss after works",
    "base_before": "Outside temperature without heating, before",
    "base_after": "Outside temperature without heating, after",
    "prebound": "Real over computed heating, before",
    "rebound": "Real over computed heating, after",
    "delivery": "Heat that reaches the rooms",
    "water_delivery": "Heat that reaches the taps",
    "epb_electricity": "Light, fans and pumps",
    "appliances": "Real over computed use of appliances",
    "cooking": "Cooking, a year",
    "peak_power": "Power of all panels",
    "roof_share": "Share of panels on the roofs of the blocks",
    "facade_share": "Share of panels on façades",
    "canopy_share": "Share of panels on the canopy",
    "yield_factor": "Real over computed yield",
    "public_use": "Electricity of the 14 public buildings",
    "renewable_heat": "Renewable share of the heat network",
    "cars": "Cars",
}


@dataclass(frozen=True)
class Surroundings:
    """What a place gives.

    Attributes
    ----------
    temperature
        °C, 8,760 hours.
    yields
        kWh per kWp in each hour, for "roof", "facade" and "canopy".
    appliances
        Half-hourly shape, 17,520 values whose sum is 1.
    homes
        What a mean dwelling needs besides heating; that of the regulation where not known.
    """

    temperature: Series
    yields: Mapping[str, Series]
    appliances: Series
    homes: Homes | None = None


def surroundings(
    weather: Mapping[str, ArrayLike], moments: ArrayLike, values: ArrayLike,
    *, place: tuple[float, float] = photovoltaic.DIJON, homes: Homes | None = None,
) -> Surroundings:  # fmt: skip
    """What a place gives, from its weather year and a national series of electricity.

    The days of May, June and September, without heating or cooling, stand for appliances.
    """
    kinds = {
        "roof": photovoltaic.ROOF, "facade": photovoltaic.FACADE, "canopy": photovoltaic.CANOPY
    }  # fmt: skip
    made = {n: photovoltaic.yields(weather, one, place=place) for n, one in kinds.items()}
    shape = load_shape.shape(moments, values, months=(5, 6, 9))
    return Surroundings(np.asarray(weather["dry_bulb"], float), made, shape, homes)


@dataclass(frozen=True)
class Plan:
    """What is decided.

    ``panels`` is a share of the announced power, ``electric_cars`` of all cars, ``battery`` kWh.
    """

    works: Works = "renovated"
    panels: float = 1.0
    electric_cars: float = 0.0
    habit: charging.Habit = "arrival"
    battery: float = 0.0
    heat: Heat = "network"

    def __post_init__(self) -> None:
        for name in ("panels", "electric_cars"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share, 0 to 1, not {getattr(self, name)}")


@dataclass(frozen=True)
class Site:
    """Flows of a plan, half-hourly kWh. ``bought`` and ``sold`` are electricity, with the battery.

    ``heat`` is the heat bought or made for the dwellings, whatever makes it.
    """

    flows: tuple[Flow, ...]
    heat: Series
    bought: Series
    sold: Series
    area: float

    def total(self, *names: str) -> float:
        """kWh a year of the flows named; a name that is not a flow is an error."""
        known = {flow.name: flow for flow in self.flows}
        return sum(float(known[name].energy.sum()) for name in names)

    def kind(self, *kinds: str, carrier: str | None = None) -> float:
        """kWh a year of the flows of some kinds, in one carrier or in all."""
        return sum(
            float(flow.energy.sum())
            for flow in self.flows
            if flow.kind in kinds and (carrier is None or flow.carrier == carrier)
        )


def site(
    around: Surroundings, plan: Plan | None = None, values: Mapping[str, float] | None = None
) -> Site:
    """The flows of a plan in its surroundings.

    Parameters
    ----------
    values
        Assumptions; the likely ones where not given.
    """
    plan, v = plan or Plan(), {**likely(ASSUMPTIONS), **(values or {})}
    area, dwellings = v["floor_area"], v["dwellings"]
    homes = around.homes or regulation(area, int(dwellings))
    need = _demand(around, plan, v, homes)
    heat = load_shape.half_hours(need.heat)
    sun = load_shape.half_hours(around.yields["roof"])
    evening = around.appliances[: 7 * 48].reshape(7, 48).mean(axis=0)
    base = np.full(heat.size, 1 / heat.size)
    services = 0.5 * base + 0.5 * load_shape.lighting(sun, evening)
    epb = services * v["epb_electricity"] * area
    a_home = homes.appliances * v["appliances"] + v["cooking"]
    appliances = around.appliances * a_home * dwellings
    cars = charging.load(v["cars"] * dwellings * plan.electric_cars, habit=plan.habit)
    flows = [
        Flow("services", "electricity", "epb", epb),
        Flow("appliances", "electricity", "non-epb", appliances),
        Flow("cars", "electricity", "mobility", cars),
        Flow("public buildings", "electricity", "shared", _public(v), place="connected"),
    ]
    if plan.heat == "heat pump":
        pump = heat / 2.8  # SCOP of an air-water pump on radiators, arrêtés DPE
        flows.append(Flow("heat", "electricity", "epb", pump))
        flows.append(Flow("ambient heat", "ambient", "epb", heat - pump))
    else:
        flows.append(Flow("heat", "heat" if plan.heat == "network" else "gas", "epb", heat))
    flows += panels(around, v, plan.panels)
    load = sum(f.energy for f in flows if f.carrier == "electricity" and _at_home(f))
    made = sum(f.energy for f in flows if f.kind == "production")
    battery = Store(plan.battery, plan.battery / 2, efficiency=0.9)
    rest = np.asarray(load - made)
    if plan.battery:
        done = greedy(np.asarray(load), np.asarray(made), battery, step=STEP)
        bought, sold = done.bought, done.sold
    else:
        bought, sold = np.clip(rest, 0, None), np.clip(-rest, 0, None)
    return Site(tuple(flows), heat, bought, sold, area)


def panels(around: Surroundings, v: Mapping[str, float], share: float = 1.0) -> list[Flow]:
    """Production by where the panels are: roofs and façades of the blocks, then what is linked."""
    power = v["peak_power"] * share * v["yield_factor"]
    roof, facade, canopy = v["roof_share"], v["facade_share"], v["canopy_share"]
    schools = max(0.0, 1 - roof - facade - canopy)
    made = {name: load_shape.half_hours(series) * power for name, series in around.yields.items()}
    return [
        Flow("roofs", "electricity", "production", made["roof"] * roof),
        Flow("facades", "electricity", "production", made["facade"] * facade),
        Flow("schools", "electricity", "production", made["roof"] * schools, place="connected"),
        Flow("canopy", "electricity", "production", made["canopy"] * canopy, place="connected"),
    ]


def _at_home(flow: Flow) -> bool:
    return flow.kind in ("epb", "non-epb", "mobility")


def _demand(
    around: Surroundings, plan: Plan, v: Mapping[str, float], homes: Homes
) -> dwelling_demand.Demand:
    before = plan.works == "before"
    loss = {"before": v["loss_before"], "renovated": v["loss_after"], "deep": DEEP}[plan.works]
    return dwelling_demand.demand(
        around.temperature,
        area=v["floor_area"],
        dwellings=int(v["dwellings"]),
        loss=loss,
        base=v["base_before"] if before else v["base_after"],
        behaviour=v["prebound"] if before else v["rebound"],
        delivery=v["delivery"],
        water_delivery=v["water_delivery"],
        equivalents=homes.adults * v["dwellings"],
    )


def _public(v: Mapping[str, float]) -> Series:
    """Schools and offices: four fifths by day on workdays, the rest all the time. An assumption."""
    year = load_shape.calendar()
    open_ = ((year["kind"] == 0) & year["slot"].between(15, 37)).to_numpy(float)
    shape = 0.8 * open_ / open_.sum() + 0.2 / open_.size
    return np.asarray(shape * v["public_use"] * 1000)
