"""What a kWh weighs in France: primary energy by date, emissions, and the heat networks of Dijon.

Sources: electricity 2.3, then 1.9 from 1 January 2026 (arrêté du 13 août 2025,
rt-re-batiment.developpement-durable.gouv.fr); networks and fuels 1, limits of the DPE classes and
emissions per use (arrêtés DPE, as tabulated in Open3CL/engine, src/conso.js and src/tv.js).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from datalab.methods.energy_carrier import Weighted

ELECTRICITY: tuple[tuple[date, float], ...] = (
    (date(2021, 7, 1), 2.3),  # the DPE of 2021
    (date(2026, 1, 1), 1.9),
)
# kg CO₂e per kWh of final energy, arrêtés DPE.
ELECTRICITY_CO2: Mapping[str, float] = {
    "heating": 0.079, "hot water": 0.065, "cooling": 0.064, "lighting": 0.069,
    "auxiliaries": 0.064, "other": 0.064,
}  # fmt: skip
GAS_CO2 = 0.227
GAS_PRIMARY = 1.0
# Upper limits: kWh of primary energy and kg CO₂e per m² and year.
CLASSES: Mapping[str, tuple[float, float]] = {
    "A": (70, 6), "B": (110, 11), "C": (180, 30), "D": (250, 50), "E": (330, 70), "F": (420, 100),
}  # fmt: skip


@dataclass(frozen=True)
class HeatNetwork:
    """One yearly row of the tables of heat networks.

    Attributes
    ----------
    direct, life_cycle
        kg CO₂e per kWh of heat delivered.
    renewable
        Share of renewable and recovered energy, 0 to 1; None where the table has none.
    """

    code: str
    name: str
    year: int
    direct: float
    life_cycle: float
    renewable: float | None

    @property
    def consistent(self) -> bool:
        """Whether life-cycle emissions hold the direct ones, as they must."""
        return self.life_cycle >= self.direct

    @property
    def weight(self) -> Weighted:
        """Weight of a kWh: primary energy 1, split by the renewable share; life-cycle CO₂.

        Raises
        ------
        ValueError
            for a row that contradicts itself or has no renewable share.
        """
        if not self.consistent:
            raise ValueError(f"{self.code} {self.year}: direct CO₂ is above that of the life cycle")
        if self.renewable is None:
            raise ValueError(f"{self.code} {self.year}: no renewable share")
        return Weighted(self.renewable, 1 - self.renewable, self.life_cycle)


NETWORKS = (
    HeatNetwork("2102C", "Grand Dijon Ouest", 2023, 0.077, 0.101, 0.646),
    HeatNetwork("2102C", "Grand Dijon Ouest", 2024, 0.081, 0.107, 0.611),
    HeatNetwork("2105C", "Grésilles", 2024, 0.053, 0.100, 0.729),
    HeatNetwork("2106C", "Dijon Énergies", 2023, 0.043, 0.061, 0.805),
    HeatNetwork("2106C", "Dijon Énergies", 2024, 0.100, 0.069, None),
)


def network(code: str, year: int | None = None) -> HeatNetwork:
    """A network of Dijon in the table of one year; the last consistent one if no year is given."""
    rows = [one for one in NETWORKS if one.code == code]
    if not rows:
        known = ", ".join(sorted({one.code for one in NETWORKS}))
        raise ValueError(f"no heat network {code!r}; known here: {known}")
    if year is None:
        return max((one for one in rows if one.consistent), key=lambda one: one.year)
    found = next((one for one in rows if one.year == year), None)
    if found is None:
        raise ValueError(f"{code}: no table of {year}; known: {[one.year for one in rows]}")
    return found


def electricity(day: date, co2: float = ELECTRICITY_CO2["other"]) -> Weighted:
    """A kWh of grid electricity on a day: one French number, all of it counted as non-renewable."""
    known = [factor for since, factor in ELECTRICITY if since <= day]
    if not known:
        raise ValueError(f"no primary energy factor of electricity before {ELECTRICITY[0][0]}")
    return Weighted(0.0, known[-1], co2)


def dpe_class(primary: float, emitted: float) -> str:
    """The class of a dwelling: the worse of primary energy and emissions, both per m² and year.

    The general limits: dwellings of less than 40 m² and those above 800 m have their own.
    """
    for letter, (most_energy, most_emitted) in CLASSES.items():
        if primary < most_energy and emitted < most_emitted:
            return letter
    return "G"
