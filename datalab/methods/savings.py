"""Savings of a home in kWh, m³, kgCO2e and euros, each factor with its source, date and range.

A factor is a convention, and published ones disagree: ``low`` and ``high`` are the least and the
largest that was read, not a statistical error, and bounds of a saving take the worst of both. What
no source was found for is not counted: water has no kgCO2e here, and waste, transport and local
products no euros.

Traps: gas is metered in kWh PCS (higher heating value), while the French energy label counts kWh
PCI; an average price holds the standing charge, which nobody saves.
"""

from __future__ import annotations

from dataclasses import dataclass

PCS_PER_PCI = 1.11  # of natural gas, kWh PCS per kWh PCI: arrêté DPE of 31 March 2021


@dataclass(frozen=True)
class Factor:
    """``unit`` of the result per unit of what was metered."""

    value: float
    low: float
    high: float
    unit: str
    date: str
    source: str


@dataclass(frozen=True)
class Amount:
    """A quantity and its bounds."""

    value: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Saving:
    """What was metered less than expected, and what it comes to; None where no factor is known."""

    metered: Amount
    carbon: Amount | None
    money: Amount | None


UNITS = {"electricity": "kWh", "gas": "kWh PCS", "water": "m³"}

CARBON = {
    "electricity": Factor(
        0.0520,
        0.0400,
        0.0790,
        "kgCO2e/kWh",
        "2022",
        "ADEME, Base Empreinte, « Electricité/2022 - mix moyen/consommation », lue dans "
        "incubateur-ademe/publicodes-commun. Bas : 40 g (France 2024, bco2.fr) ; haut : 79 g, "
        "chauffage électrique, arrêté DPE du 31 mars 2021",
    ),
    "gas": Factor(
        0.215,
        round(0.227 / PCS_PER_PCI, 4),
        0.227,
        "kgCO2e/kWh PCS",
        "2025",
        "ADEME, Base Empreinte, lue dans incubateur-ademe/nosgestesclimat. Bas : 0,227 par kWh PCI "
        "(arrêté DPE du 31 mars 2021) ramené au PCS ; haut : le même, lu sans le ramener",
    ),
}

PRICES = {
    "electricity": Factor(
        0.2016,
        0.2016,
        0.2678,
        "€/kWh",
        "2025-07",
        "Tarif réglementé TTC, option Base, juillet 2025 (winter-energies.fr), hors abonnement. "
        "Haut : prix moyen d’un ménage, abonnement compris (Eurostat, second semestre 2024)",
    ),
    "gas": Factor(
        0.1085,
        0.1036,
        0.1397,
        "€/kWh PCS",
        "2025-07",
        "Prix repère TTC de la CRE, chauffage, juillet 2025 (winter-energies.fr). Bas : septembre "
        "2024 (fournisseurs-electricite.com) ; haut : cuisson et eau chaude, juillet 2025",
    ),
    "water": Factor(
        4.52,
        3.02,
        5.91,
        "€/m³",
        "2023-01",
        "Eau potable et assainissement, moyenne de France pour 120 m³ (Observatoire national des "
        "services d’eau, 14e rapport). Bornes : 80 % de la population au 1er janvier 2022",
    ),
}


def saving(what: str, saved: float, low: float, high: float) -> Saving:
    """What ``saved`` (in the unit of :data:`UNITS`, above zero is less used) comes to.

    ``low`` and ``high`` bound it, as :func:`weather_normalisation.avoided` gives them; a saving
    below zero is a loss and stays one.

    Raises
    ------
    ValueError
        where nothing is metered under this name, or the bounds do not hold the value.
    """
    if what not in UNITS:
        raise ValueError(f"'{what}' is not metered: one of {', '.join(UNITS)} is")
    if not low <= saved <= high:
        raise ValueError("the bounds of a saving hold it")
    metered = Amount(saved, low, high, UNITS[what])
    carbon, price = CARBON.get(what), PRICES.get(what)
    return Saving(
        metered,
        _by(metered, carbon, "kgCO2e") if carbon else None,
        _by(metered, price, "€") if price else None,
    )


def _by(metered: Amount, factor: Factor, unit: str) -> Amount:
    corners = [side * end for side in (metered.low, metered.high) for end in _ends(factor)]
    return Amount(metered.value * factor.value, min(corners), max(corners), unit)


def _ends(factor: Factor) -> tuple[float, float]:
    return factor.low, factor.high
