"""How readily people report, told by repeat reports alone."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import gamma  # type: ignore[import-untyped]

from datalab.methods.reporting import Exposure, correct, exposures, propensities
from datalab.methods.shrinkage import shrink

RATES = {"a": 0.02, "b": 0.05, "c": 0.1, "d": 0.2, "e": 0.05, "f": 0.05}


def town(
    seed: int = 1, incidents: int = 400
) -> tuple[list[str], list[int], list[float], list[float]]:
    """Reports of places with known rates; each incident stands for ten days after the first."""
    chance = np.random.default_rng(seed)
    groups, which, times, ends = [], [], [], []
    for number in range(incidents * len(RATES)):
        group = list(RATES)[number % len(RATES)]
        first = chance.uniform(0, 700)
        at = first
        while at < first + 10:
            groups.append(group)
            which.append(number)
            times.append(at)
            ends.append(first + 10)
            at += chance.exponential(1 / RATES[group])
    return groups, which, times, ends


def test_a_worked_example_by_hand() -> None:
    # Incident 1: reported on days 0, 2 and 9, closed on day 5: one repeat in 5 days. Incident 2:
    # reported on day 10, still there at the end of day 20: no repeat in 10 days.
    found = exposures("aaabc", [1, 1, 1, 2, 3], [0, 2, 9, 10, 20], [5, 5, 5, math.inf, 21])
    assert found == [Exposure("a", 1, 1, 5.0), Exposure("b", 1, 0, 10.0), Exposure("c", 1, 0, 0.0)]


def test_nothing_counts_after_the_window() -> None:
    found = exposures("aab", [1, 1, 2], [0, 50, 100], [math.inf] * 3, window=30)
    assert found[0] == Exposure("a", 1, 0, 30.0)


def test_known_rates_come_back_within_their_bounds() -> None:
    found = {one.group: one for one in propensities(exposures(*town()))}
    inside = [found[g].low <= rate <= found[g].high for g, rate in RATES.items()]
    assert sum(inside) >= len(RATES) - 1
    assert found["d"].delay < found["a"].delay
    assert found["d"].reported(45) > found["a"].reported(45) > 0


def test_the_share_that_is_reported_by_hand() -> None:
    one = replace(propensities(exposures(*town()))[0], rate=0.1)
    assert one.reported(45) == pytest.approx(4.5 / 5.5)  # 0.1 a day over 45 days, against 1


def test_twice_as_many_incidents_change_no_reporting_rate() -> None:
    few, many = (
        {one.group: one.rate for one in propensities(exposures(*town(3, size)))}
        for size in (300, 900)
    )
    for group, rate in few.items():
        assert rate == pytest.approx(many[group], rel=0.35)


def test_correction_raises_every_count_most_where_people_report_least() -> None:
    known = propensities(exposures(*town()))
    found = {one.group: one for one in correct(known, [10.0] * len(known), lifetime=45, seed=1)}
    for one in found.values():
        assert one.low < one.value < one.high
        assert one.value > one.reported
    assert found["a"].value / found["a"].reported > found["d"].value / found["d"].reported


@pytest.mark.parametrize(("incidents", "lifetime"), [(40, 1e12), (10**9, 45.0)])
def test_bounds_of_a_correction_are_those_of_the_laws_behind_them(
    incidents: int, lifetime: float
) -> None:
    """Where nothing goes away by itself, only the count is uncertain: its posterior by hand. Where
    a billion incidents leave no doubt about the count, only the rate is."""
    repeats = (5, 20, 60, 4, 120, 40)
    seen = [Exposure(g, incidents, n, 1000.0) for g, n in zip("abcdef", repeats, strict=True)]
    known = propensities(seen)
    one, *_ = correct(known, [10.0] * 6, lifetime=lifetime, lifetime_spread=0, draws=400_000)
    if lifetime > 1e9:
        law = shrink([incidents] * 6, [10.0] * 6)
        low, high = gamma(law.shape + 40, scale=1 / (law.rate + 10)).ppf([0.025, 0.975])
    else:
        law = shrink([e.repeats for e in seen], [e.days for e in seen])
        rate = gamma(law.shape + 5, scale=1 / (law.rate + 1000)).ppf([0.975, 0.025])
        low, high = incidents / 10 * (1 + 1 / (lifetime * rate))
    assert (one.low, one.high) == pytest.approx((low, high), rel=0.01)


def test_the_same_seed_gives_the_same_bounds() -> None:
    known = propensities(exposures(*town()))
    sizes = [10.0] * len(known)
    assert correct(known, sizes, lifetime=45, seed=7) == correct(known, sizes, lifetime=45, seed=7)


def test_without_repeats_nothing_is_said() -> None:
    with pytest.raises(ValueError, match="fewer than 30 repeat reports"):
        propensities([Exposure(g, 100, 1, 1000.0) for g in "abcdef"])
