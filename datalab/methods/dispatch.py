"""When to store electricity and heat: the cheapest dispatch of a battery and a heat store.

Vocabulary: a *store* has a capacity (kWh), a power (kW, in and out) and a round-trip efficiency; a
*heat pump* makes the heat that the site needs, and a heat store lets it run when the sun shines.

Source: linear programme, solved by HiGHS (Huangfu & Hall 2018, doi 10.1007/s12532-017-0130-5)
through scipy.optimize.linprog. Week by week, each with perfect foresight and full circle of the
stores: what a controller could reach at best, not what it will.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse  # type: ignore[import-untyped]
from scipy.optimize import linprog  # type: ignore[import-untyped]

from datalab.methods.energy_carrier import Series


@dataclass(frozen=True)
class Store:
    """A battery or a heat store. ``loss`` is the share of its content lost in an hour."""

    capacity: float
    power: float
    efficiency: float = 0.9
    loss: float = 0.0

    def __post_init__(self) -> None:
        if self.capacity < 0 or self.power < 0:
            raise ValueError("a store has no negative capacity or power")
        if not 0 < self.efficiency <= 1 or not 0 <= self.loss < 1:
            raise ValueError("an efficiency is above 0 and at most 1, a loss 0 to below 1")


NONE = Store(0.0, 0.0)


@dataclass(frozen=True)
class Dispatch:
    """kWh per step; ``cost`` in the money of the prices."""

    bought: Series
    sold: Series
    battery: Series
    charged: Series
    discharged: Series
    heat_store: Series
    pump: Series
    cost: float


def dispatch(
    load: ArrayLike,
    made: ArrayLike,
    *,
    step: int = 30,
    battery: Store = NONE,
    buy: ArrayLike = 0.25,
    sell: ArrayLike = 0.08,
    heat: ArrayLike | None = None,
    performance: float = 2.8,
    heat_store: Store = NONE,
    window: int = 336,
) -> Dispatch:
    """The dispatch that costs least.

    Parameters
    ----------
    load, made
        Electricity used (without the heat pump) and made on site, kWh per step.
    step
        Minutes per step.
    buy, sell
        Money per kWh, one number or one per step; buying is never below selling, else energy
        would be bought to be sold at once.
    heat
        Heat that a heat pump has to make, kWh per step; None for none.
    performance
        kWh of heat per kWh of electricity of the pump.
    window
        Steps solved together; 336 half hours are a week. Each window ends as full as it began.

    Raises
    ------
    ValueError
        for prices that allow endless trade, or series of different lengths.
    """
    used, sun = np.asarray(load, float), np.asarray(made, float)
    n = used.size
    warm = np.zeros(n) if heat is None else np.asarray(heat, float)
    costs = np.broadcast_to(np.asarray(buy, float), n)
    gains = np.broadcast_to(np.asarray(sell, float), n)
    if sun.size != n or warm.size != n:
        raise ValueError(f"load has {n} steps, production {sun.size}, heat {warm.size}")
    if (costs < gains).any():
        raise ValueError("buying costs less than selling brings in some steps")
    if not performance > 0:
        raise ValueError("the performance of a heat pump is more than 0")
    parts = [
        _window(
            used[i : i + window], sun[i : i + window], warm[i : i + window],
            costs[i : i + window], gains[i : i + window], step / 60, battery, heat_store,
            performance,
        )
        for i in range(0, n, window)
    ]  # fmt: skip
    joined = [np.concatenate([part[k] for part in parts]) for k in range(7)]
    bought, sold, charged, discharged, content, kept, pump = joined
    return Dispatch(
        bought, sold, content, charged, discharged, kept, pump,
        cost=float(costs @ bought - gains @ sold),
    )  # fmt: skip


def _window(
    used: Series, sun: Series, warm: Series, costs: Series, gains: Series, hours: float,
    battery: Store, heat_store: Store, performance: float,
) -> list[Series]:  # fmt: skip
    """Variables, n each: bought, sold, charged, discharged, content, heat content, pump."""
    n = used.size
    one, none = sparse.identity(n), sparse.csr_array((n, n))
    back = sparse.csr_array(np.roll(np.eye(n), -1, axis=1).T) if n > 1 else sparse.identity(n)
    half = np.sqrt(battery.efficiency)
    keeps, warms = (1 - battery.loss) ** hours, (1 - heat_store.loss) ** hours
    # Electricity: bought − sold − charged + discharged − pump = used − sun.
    electricity = [one, -one, -one, one, none, none, -one]
    # Battery: content − keeps·content before − half·charged + discharged/half = 0.
    content = [none, none, -half * one, one / half, one - keeps * back, none, none]
    # Heat: performance·pump − content + warms·content before = warm.
    heating = [none, none, none, none, none, warms * back - one, performance * one]
    equal = sparse.block_array([electricity, content, heating], format="csr")
    limits = [
        (0, None), (0, None), (0, battery.power * hours), (0, battery.power * hours),
        (0, battery.capacity), (0, heat_store.capacity), (0, None),
    ]  # fmt: skip
    # A hair's breadth for the battery, so that it does not turn for nothing.
    tiny = np.full(n, 1e-7)
    found = linprog(
        np.concatenate([costs, -gains, tiny, tiny, np.zeros(3 * n)]),
        A_eq=equal,
        b_eq=np.concatenate([used - sun, np.zeros(n), warm]),
        bounds=[limit for limit in limits for _ in range(n)],
        method="highs",
    )
    if not found.success:
        raise ValueError(f"no dispatch found: {found.message}")
    return [np.asarray(part) for part in np.split(found.x, 7)]


def greedy(load: ArrayLike, made: ArrayLike, battery: Store, *, step: int = 30) -> Dispatch:
    """Store every surplus, give it back at once: what a plain controller does.

    As good as the best dispatch where one price holds all day, and without any foresight.
    """
    used, sun = np.asarray(load, float), np.asarray(made, float)
    half, most = np.sqrt(battery.efficiency), battery.power * step / 60
    keeps = (1 - battery.loss) ** (step / 60)
    content = 0.0
    contents, charged, discharged = np.zeros(used.size), np.zeros(used.size), np.zeros(used.size)
    for i, spare in enumerate(sun - used):
        content *= keeps
        if spare > 0:
            charged[i] = min(spare, most, (battery.capacity - content) / half)
            content += charged[i] * half
        elif spare < 0:
            discharged[i] = min(-spare, most, content * half)
            content -= discharged[i] / half
        contents[i] = content
    rest = used - sun + charged - discharged
    bought, sold = np.clip(rest, 0, None), np.clip(-rest, 0, None)
    zero = np.zeros(used.size)
    return Dispatch(bought, sold, contents, charged, discharged, zero, zero, cost=float("nan"))
