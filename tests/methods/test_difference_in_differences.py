"""Differences of differences against published ones, against dummies, and where they break."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.methods.difference_in_differences import (
    attrition,
    estimate,
    lee_bounds,
    pre_trend,
    two_by_two,
)
from datalab.methods.trial_population import World, simulate


def panel(seed: int = 1, units: int = 40, effect: float = 3.0) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    rows = [
        {
            "unit": u,
            "street": u // 2,
            "period": t,
            "treated": (u // 2) % 2 == 0,
            "after": t >= 3,
            "outcome": u + 2.0 * t + effect * ((u // 2) % 2 == 0) * (t >= 3) + chance.normal(),
        }
        for u in range(units)
        for t in range(5)
    ]
    return pd.DataFrame(rows)


def test_card_and_krueger_1994() -> None:
    """Employment per store, New Jersey against Pennsylvania: American Economic Review 84, table 3
    (2.76 there, from means with more decimals)."""
    found = two_by_two(20.44, 21.03, 23.33, 21.17)
    assert found == pytest.approx(2.75, abs=1e-9)
    assert found == pytest.approx(2.76, abs=0.02)


def test_the_estimate_is_that_of_all_dummies_even_where_rows_are_missing() -> None:
    table = panel().drop(index=[3, 17, 44, 45, 46, 120])
    dummies = smf.ols("outcome ~ C(unit) + C(period) + I(treated * after * 1.0)", data=table).fit()
    assert estimate(table).estimate == pytest.approx(dummies.params.iloc[-1], abs=1e-7)


def test_two_periods_give_the_two_by_two() -> None:
    table = panel()
    table = table[table["period"].isin([2, 3])]
    mean = table.groupby(["treated", "after"])["outcome"].mean()
    by_hand = two_by_two(mean[True, False], mean[True, True], mean[False, False], mean[False, True])
    assert estimate(table).estimate == pytest.approx(by_hand)


def test_homes_that_move_together_count_for_less() -> None:
    table = panel()
    shared = np.random.default_rng(2).normal(0, 3, (20, 5))
    table["outcome"] += [
        shared[s, t] for s, t in zip(table["street"], table["period"], strict=True)
    ]
    alone, together = estimate(table), estimate(table, cluster="street")
    assert alone.estimate == together.estimate
    assert together.error > 1.15 * alone.error
    assert (together.clusters, together.units, together.enough) == (20, 40, True)
    assert not estimate(panel(units=20), cluster="street").enough


@settings(max_examples=30, deadline=None)
@given(st.floats(-100, 100), st.floats(0.1, 50))
def test_units_of_measure_change_the_words_and_not_the_finding(shift: float, scale: float) -> None:
    table, other = panel(), panel()
    other["outcome"] = shift + scale * other["outcome"]
    one, two = estimate(table), estimate(other)
    assert two.estimate == pytest.approx(scale * one.estimate, rel=1e-6)
    assert two.p == pytest.approx(one.p, rel=1e-4, abs=1e-12)


def test_what_all_live_through_is_no_effect() -> None:
    table = panel(effect=0)
    table["outcome"] -= 50 * table["after"]
    assert abs(estimate(table).estimate) < 1


def test_arms_that_part_before_the_start_are_seen() -> None:
    good = pre_trend(panel())
    bad = panel()
    bad["outcome"] += 2.0 * bad["period"] * bad["treated"]
    found = pre_trend(bad)
    assert list(good.leads) == [0, 1]
    assert good.p > 0.05
    assert found.p < 0.001
    assert found.leads[0].estimate == pytest.approx(-4, abs=1)


def test_one_period_before_tells_no_trend() -> None:
    table = panel()
    assert math.isnan(pre_trend(table[table["period"] >= 2]).p)


def test_a_logarithm_is_said_in_per_cent_and_no_shows_are_scaled() -> None:
    found = estimate(simulate(World(effect=-0.2), 5), cluster="street")
    middle, low, high = found.percent()
    assert low < -20 < high
    assert middle == pytest.approx(100 * (math.exp(found.estimate) - 1))
    assert found.per_treated(0.5).estimate == 2 * found.estimate
    assert found.per_treated(0.5).p == found.p
    with pytest.raises(ValueError, match="took part"):
        found.per_treated(0)


def test_a_panel_that_is_none_is_refused() -> None:
    table = panel()
    with pytest.raises(ValueError, match="one row in each period"):
        estimate(pd.concat([table, table.head(1)]))
    with pytest.raises(ValueError, match="both sides of 'after'"):
        estimate(table[table["after"]])
    with pytest.raises(ValueError, match="both sides of 'treated'"):
        estimate(table[~table["treated"]])
    table.loc[0, "treated"] = ~table.loc[0, "treated"]
    with pytest.raises(ValueError, match="all along"):
        estimate(table)


def test_uneven_losses_are_said_and_bounded() -> None:
    even, uneven = attrition(300, 30, 300, 30), attrition(300, 75, 300, 24)
    assert even.difference == 0
    assert even.p == 1
    assert uneven.p < 0.001
    assert uneven.low < 0.17 < uneven.high
    chance = np.random.default_rng(3)
    low, high = lee_bounds(chance.normal(-1, 1, 225), chance.normal(0, 1, 276), uneven)
    assert low < -1 < high
    narrow = lee_bounds(chance.normal(-1, 1, 270), chance.normal(0, 1, 270), even)
    assert narrow[0] == narrow[1]
    with pytest.raises(ValueError, match="no more than it has"):
        attrition(10, 11, 10, 0)
