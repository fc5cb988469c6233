"""A weather year moved to another city, for want of that city's own hours.

The temperature of each month is shifted to the mean of the other city; the light is that of the
same clouds under the clear sky of the other latitude. Days keep their order, wind and humidity
stay. A stop-gap that must be named as such: clouds do differ.

Sources: shift of the monthly mean, Belcher et al. 2005, doi 10.1191/0143624405bt112oa ("morphing");
clear sky of Ineichen & Perez 2002, by pvlib, with one turbidity for both places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datalab.methods.energy_carrier import Series
from datalab.methods.hot_water import DAYS
from datalab.methods.photovoltaic import COLUMNS, DIJON, YEAR

TURBIDITY = 3.0  # Linke, a usual value of Europe inland


@dataclass(frozen=True)
class City:
    """Where a weather year is moved to. ``missing`` names what is not known of it here."""

    name: str
    country: str
    latitude: float
    altitude: float
    monthly: tuple[float, ...]
    electricity_price: float | None
    electricity_date: str
    source: str
    missing: tuple[str, ...] = ()


# Monthly means are (mean minimum + mean maximum) / 2.
GABROVO = City(
    name="Gabrovo",
    country="BG",
    latitude=42.87,
    altitude=375.0,
    monthly=(-1.2, 1.25, 5.15, 11.0, 16.0, 19.0, 21.5, 21.0, 17.5, 12.5, 7.05, 1.5),
    electricity_price=0.1217,
    electricity_date="2024-S2",
    source=(
        "températures : vremeto.com, Climate data – Bulgaria ; prix : Eurostat, ménages, "
        "2e semestre 2024 (6 mai 2025)"
    ),
    missing=(
        "année météorologique horaire",
        "bâtiments et usages réels",
        "facteur d’énergie primaire bulgare en vigueur",
        "contenu en CO₂ de l’électricité et de la chaleur",
        "prix d’achat du surplus",
        "réseau de chaleur",
    ),
)


def moved(
    weather: Mapping[str, ArrayLike], city: City, *, origin: tuple[float, float] = DIJON,
    altitude: float = 222.0,
) -> dict[str, Series]:  # fmt: skip
    """The columns that `datalab.methods.photovoltaic.yields` reads, as if in the other city.

    The longitude and the turbidity stay; only the latitude changes the height of the sun. Global
    radiation is scaled by the ratio of the two clear skies (0 to 3, which matters at the edges of
    the day alone), the share of diffuse light is kept, and the beam follows from both.
    """
    import pvlib

    if len(city.monthly) != 12:
        raise ValueError(f"{city.name}: {len(city.monthly)} monthly means where a year has 12")
    here = {name: np.asarray(weather[name], float) for name in COLUMNS}
    month = np.repeat(np.arange(12), np.array(DAYS) * 24)
    own = np.array([here["dry_bulb"][month == m].mean() for m in range(12)])
    found = dict(here)
    found["dry_bulb"] = here["dry_bulb"] + (np.array(city.monthly) - own)[month]
    times = pd.date_range(f"{YEAR}-01-01 00:30", periods=8760, freq="h", tz="Etc/GMT-1")
    clear, upright = [], []
    for latitude, height in ((origin[0], altitude), (city.latitude, city.altitude)):
        place = pvlib.location.Location(latitude, origin[1], altitude=height)
        sky = place.get_clearsky(times, model="ineichen", linke_turbidity=TURBIDITY)
        clear.append(sky["ghi"].to_numpy())
        zenith = place.get_solarposition(times)["apparent_zenith"].to_numpy()
        upright.append(np.cos(np.radians(zenith)))
    ratio = np.divide(clear[1], clear[0], out=np.ones(8760), where=clear[0] > 1)
    light = here["global_horizontal"] * np.clip(ratio, 0, 3)
    diffuse = np.divide(
        here["diffuse_horizontal"], here["global_horizontal"],
        out=np.ones(8760), where=here["global_horizontal"] > 0,
    )  # fmt: skip
    found["global_horizontal"] = light
    found["diffuse_horizontal"] = light * np.clip(diffuse, 0, 1)
    beam = np.divide(
        light - found["diffuse_horizontal"], upright[1], out=np.zeros(8760), where=upright[1] > 0.05
    )
    found["direct_normal"] = np.clip(beam, 0, 1000.0)  # W/m², the strongest beam at the ground
    return found
