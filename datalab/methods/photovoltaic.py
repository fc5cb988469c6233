"""What a solar panel makes in each hour of a weather year: kWh per kWp, by surface.

Vocabulary: *yield*, kWh a year for one kWp of panels; a *surface* is a plane with its panels:
roof, façade or a canopy whose panels see the ground from behind. Sunlight, temperature and
inverter are computed by pvlib; nothing here is fitted to a published output.

Sources: pvlib 0.16 (Anderson et al. 2023, doi 10.21105/joss.05994): Hay & Davies 1980 for diffuse
light, PVsyst's cell temperature, PVWatts version 5 (Dobos 2014, NREL/TP-6A20-62641) for module,
inverter and losses, Mikofski et al. 2019 ("infinite sheds") for the rear of bifacial panels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datalab.methods.energy_carrier import Series

DIJON = (47.27, 5.09)  # degrees, the weather station of Dijon-Longvic (header of the IWEC file)
YEAR = 2001  # any year of 365 days: the sun is where it is on that day of the year
COLUMNS = ("global_horizontal", "direct_normal", "diffuse_horizontal", "dry_bulb", "wind_speed")


@dataclass(frozen=True)
class Surface:
    """A plane of panels.

    Attributes
    ----------
    tilt, azimuth
        Degrees: 0 lies flat, 90 is a wall; 180 faces south.
    shading
        Share of the light that trees and neighbours take, 0 to 1, on top of ``losses``.
    losses
        Percent, in the words of PVWatts; without shading, which is named above.
    bifacial
        Share of the front's efficiency that the rear has; None for panels with one face.
    height, pitch, cover
        Metres above ground and between rows, and share of the ground covered: for bifacial ones.
    free
        Whether air passes behind the panels (cooler) or they lie on the building (warmer).
    """

    name: str
    tilt: float
    azimuth: float = 180.0
    shading: float = 0.03
    losses: Mapping[str, float] | None = None
    bifacial: float | None = None
    height: float = 4.0
    pitch: float = 8.0
    cover: float = 0.5
    albedo: float = 0.2
    temperature_coefficient: float = -0.0035  # per °C, crystalline silicon
    free: bool = True


LOSSES: Mapping[str, float] = {
    "soiling": 2, "shading": 0, "snow": 0.5, "mismatch": 2, "wiring": 2, "connections": 0.5,
    "lid": 1.5, "nameplate_rating": 1, "age": 0, "availability": 2,
}  # fmt: skip

ROOF = Surface("roof", tilt=15)
FLAT = Surface("flat roof east-west", tilt=10, azimuth=90)
FACADE = Surface("facade", tilt=90, shading=0.12, free=False)
CANOPY = Surface("canopy", tilt=10, bifacial=0.75)
SURFACES = (ROOF, FLAT, FACADE, CANOPY)


def yields(
    weather: Mapping[str, ArrayLike],
    surface: Surface,
    *,
    place: tuple[float, float] = DIJON,
    zone: int = 1,
) -> Series:
    """Hourly kWh of alternating current per kWp.

    Parameters
    ----------
    weather
        8,760 hours from 1 January: radiation in Wh/m² over the hour (``global_horizontal``,
        ``direct_normal``, ``diffuse_horizontal``), ``dry_bulb`` in °C, ``wind_speed`` in m/s.
    place
        Latitude and longitude, degrees.
    zone
        Hours that the clock of the weather is ahead of UTC, all year.

    Raises
    ------
    ValueError
        naming a column that is missing, of another length, or empty in some hours.
    """
    import pvlib

    light = _columns(weather)
    # The radiation of an hour is its sum, so the sun is taken at the middle of the hour.
    middle = pd.date_range(f"{YEAR}-01-01 00:30", periods=8760, freq="h", tz=f"Etc/GMT{-zone:+d}")
    sun = pvlib.solarposition.get_solarposition(middle, *place)
    zenith, azimuth = sun["apparent_zenith"].to_numpy(), sun["azimuth"].to_numpy()
    ghi, dni, dhi = (light[c] for c in COLUMNS[:3])
    extra = pvlib.irradiance.get_extra_radiation(middle).to_numpy()
    plane = pvlib.irradiance.get_total_irradiance(
        surface.tilt, surface.azimuth, zenith, azimuth, dni, ghi, dhi, dni_extra=extra,
        albedo=surface.albedo, model="haydavies",
    )  # fmt: skip
    aoi = pvlib.irradiance.aoi(surface.tilt, surface.azimuth, zenith, azimuth)
    beam = np.asarray(plane["poa_direct"]) * np.nan_to_num(pvlib.iam.physical(aoi))
    # At the horizon the formula of the sky diverges; the sun of those minutes counts as diffuse.
    front = np.where(zenith < 87, beam + np.asarray(plane["poa_diffuse"]), dhi)
    light_taken = np.nan_to_num(front) * (1 - surface.shading)
    if surface.bifacial is not None:
        light_taken = light_taken + surface.bifacial * _rear(
            surface, zenith, azimuth, ghi, dhi, dni
        )
    cooling = (29.0, 0.0) if surface.free else (20.0, 0.0)  # W/(m²·K): PVsyst, free and semi
    cell = pvlib.temperature.pvsyst_cell(
        light_taken, light["dry_bulb"], light["wind_speed"], u_c=cooling[0], u_v=cooling[1],
        module_efficiency=0.2,
    )  # fmt: skip
    direct = pvlib.pvsystem.pvwatts_dc(light_taken, cell, 1.0, surface.temperature_coefficient)
    lost = pvlib.pvsystem.pvwatts_losses(**(surface.losses or LOSSES)) / 100
    made = pvlib.inverter.pvwatts(direct * (1 - lost), pdc0=1.0 / 0.96)
    return np.asarray(np.clip(np.nan_to_num(np.asarray(made, float)), 0, None))


def _rear(
    surface: Surface, zenith: Series, azimuth: Series, ghi: Series, dhi: Series, dni: Series
) -> Series:
    import pvlib

    behind = pvlib.bifacial.infinite_sheds.get_irradiance_poa(
        180 - surface.tilt, (surface.azimuth + 180) % 360, np.clip(zenith, 0, 89), azimuth,
        gcr=surface.cover, height=surface.height, pitch=surface.pitch, ghi=ghi, dhi=dhi, dni=dni,
        albedo=surface.albedo,
    )  # fmt: skip
    rear = np.nan_to_num(np.asarray(behind["poa_global"], float))
    return np.asarray(np.where(zenith < 87, np.clip(rear, 0, None), 0.0))


def _columns(weather: Mapping[str, ArrayLike]) -> dict[str, Series]:
    found = {}
    for column in COLUMNS:
        if column not in weather:
            raise ValueError(f"the weather has no column {column}")
        values = np.asarray(weather[column], float)
        if values.shape != (8760,):
            raise ValueError(f"{column}: {values.size} hours where a year has 8760")
        if not np.isfinite(values).all():
            raise ValueError(f"{column}: nothing in {(~np.isfinite(values)).sum()} hours")
        found[column] = values
    return found
