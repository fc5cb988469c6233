"""The unit of a column, from its header, from a row of units, or from the values themselves."""

from __future__ import annotations

import re

# How it is written in files -> how the catalog writes it.
UNITS = {
    **{"kwh": "kWh", "mwh": "MWh", "gwh": "GWh", "wh": "Wh", "twh": "TWh", "kw": "kW", "mw": "MW"},
    **{"kwc": "kWc", "kva": "kVA", "w": "W", "gw": "GW", "v": "V", "a": "A", "j": "J", "gj": "GJ"},
    **{"m": "m", "km": "km", "cm": "cm", "mm": "mm", "m2": "m²", "m²": "m²", "km2": "km²"},
    **{"km²": "km²", "ha": "ha", "m3": "m³", "m³": "m³", "l": "l", "hl": "hl"},
    **{"t": "t", "kg": "kg", "g": "g", "mg": "mg", "tco2": "t CO2", "kgco2": "kg CO2"},
    **{"tco2e": "t CO2e", "kgco2e": "kg CO2e", "tep": "tep"},
    **{"%": "%", "pourcent": "%", "pourcentage": "%", "percent": "%", "percentage": "%"},
    **{"€": "€", "eur": "€", "euro": "€", "euros": "€", "k€": "k€", "m€": "M€", "£": "£", "$": "$"},
    **{"°c": "°C", "degc": "°C", "degré": "°", "degrés": "°", "°": "°", "k": "K", "hpa": "hPa"},
    **{"mn": "min", "min": "min", "minutes": "min", "h": "h", "heures": "h", "s": "s", "j": "j"},
    **{"jours": "j", "ms": "ms", "ans": "an", "années": "an", "years": "an"},
    **{"km/h": "km/h", "m/s": "m/s", "veh/j": "véh/j", "véh/j": "véh/j", "veh/h": "véh/h"},
    **{"µg/m3": "µg/m³", "µg/m³": "µg/m³", "ug/m3": "µg/m³", "g/km": "g/km", "db": "dB"},
    **{"dba": "dB(A)", "db(a)": "dB(A)", "lux": "lx", "lm": "lm", "ppm": "ppm", "hab": "hab."},
    **{"habitants": "hab.", "hab/km2": "hab./km²", "hab/km²": "hab./km²", "€/m2": "€/m²"},
    **{"€/m²": "€/m²", "kwh/m2": "kWh/m²", "kwh/m²": "kWh/m²", "kwh/an": "kWh/an"},
    **{"mwh/an": "MWh/an", "nb": "", "nombre": "", "unité": "", "w/m2": "W/m²", "w/m²": "W/m²"},
}
_BESIDE = re.compile(r"[(\[]\s*(?:en\s+)?([^()\[\]]{1,14}?(?:\([aA]\))?)\s*[)\]]\s*$")
_EN = re.compile(r"\b(?:en|in)\s+([^\s]{1,8})\s*$", re.IGNORECASE)
_SIGN = re.compile(r"^(?:%|€)(?=\s)|(?<=\s)(?:%|€)$")
_LAST = re.compile(r"(?:^|[_\s])([^_\s]+)$")
# Endings of snake_case names that are safely units; one letter is not.
_ENDINGS = {
    **{"kwh": "kWh", "mwh": "MWh", "gwh": "GWh", "kw": "kW", "mw": "MW", "km2": "km²", "m2": "m²"},
    **{"m3": "m³", "km": "km", "cm": "cm", "mm": "mm", "ha": "ha", "eur": "€", "euros": "€"},
    **{
        "pct": "%",
        "pourcent": "%",
        "degc": "°C",
        "kg": "kg",
        "tco2": "t CO2",
        "m": "m",
        "kmh": "km/h",
    },
}
# What cannot be anything else, whole name.
_NAMES = (
    (re.compile(r"(temp[ée]rature|tmin|tmax|tmoy|tm)\b.*", re.IGNORECASE), "°C"),
    (re.compile(r"voltage", re.IGNORECASE), "V"),
    (re.compile(r"(taux|part[\s_]d(es|e|u)?|pourcentage|pct|percent)[\s_].*", re.IGNORECASE), "%"),
)


def is_unit(cell: str) -> bool:
    """Whether a whole cell is a unit, as below a header."""
    return cell.strip("()[] .").lower() in UNITS


def unit_of(name: str) -> tuple[str | None, str]:
    """The unit that a header says, and how sure: ``said`` between brackets, ``ending``, ``name``.

    >>> unit_of("Consommation (kWh)")
    ('kWh', 'said')
    >>> unit_of("superficie_km2")
    ('km²', 'ending')
    """
    for pattern in (_BESIDE, _EN):
        found = pattern.search(name)
        if found and (unit := UNITS.get(found[1].strip().lower())) is not None:
            return unit or None, "said"
    sign = _SIGN.search(name)
    if sign:
        return sign[0].strip("( )"), "said"
    last = _LAST.search(name.strip().lower())
    if last and last[1] in _ENDINGS and last[1] != name.strip().lower():
        return _ENDINGS[last[1]], "ending"
    for whole, unit in _NAMES:
        if whole.fullmatch(name.strip()):
            return unit, "name"
    return None, ""
