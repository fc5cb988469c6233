"""A store is used as well as can be, and never makes energy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.methods.dispatch import Store, dispatch, greedy

energies = st.lists(st.floats(0, 20), min_size=12, max_size=12).map(np.array)


def test_noon_is_kept_for_the_evening():
    load, made = np.array([0.0, 0, 8, 0]), np.array([0.0, 10, 0, 0])
    found = dispatch(load, made, battery=Store(20, 100, efficiency=0.81), step=60)

    # 10 kWh in are 8.1 out, of which 8 are wanted.
    assert found.bought.sum() == pytest.approx(0, abs=1e-6)
    assert found.sold.sum() == pytest.approx(10 - 8 / 0.81, abs=1e-4)


def test_without_a_store_everything_passes_through():
    found = dispatch([1.0, 5.0], [3.0, 2.0], buy=0.2, sell=0.1)

    assert found.bought.tolist() == pytest.approx([0, 3])
    assert found.sold.tolist() == pytest.approx([2, 0])
    assert found.cost == pytest.approx(0.6 - 0.2)


def test_a_battery_buys_at_night_where_the_day_is_dear_enough():
    prices = np.array([0.10, 0.10, 0.40, 0.40])
    found = dispatch(np.ones(4), np.zeros(4), buy=prices, sell=0.0, battery=Store(10, 10), step=60)

    assert found.bought[:2].sum() > 3.9
    assert found.cost < 4 * 0.25


def test_a_heat_store_lets_the_pump_run_in_the_sun():
    load, made = np.zeros(4), np.array([0.0, 2.0, 0, 0])
    heat = np.array([0.0, 0, 0, 5.6])
    tank = Store(10, 10)
    found = dispatch(load, made, heat=heat, performance=2.8, heat_store=tank, step=60)

    assert found.pump[1] == pytest.approx(2.0, abs=1e-6)
    assert found.bought.sum() == pytest.approx(0, abs=1e-6)
    assert dispatch(load, made, heat=heat, step=60).bought.sum() == pytest.approx(2.0)


@settings(max_examples=25, deadline=None)
@given(energies, energies)
def test_the_best_dispatch_is_never_dearer_than_none_and_balances(load, made):
    battery = Store(10, 5, efficiency=0.9)
    plain = dispatch(load, made)
    found = dispatch(load, made, battery=battery)

    assert found.cost <= plain.cost + 1e-4
    rest = load - made + found.charged - found.discharged
    assert found.bought - found.sold == pytest.approx(rest, abs=1e-6)
    assert found.battery.max(initial=0) <= 10 + 1e-6


@settings(max_examples=25, deadline=None)
@given(energies, energies)
def test_a_plain_controller_buys_no_more_than_without_store(load, made):
    found = greedy(load, made, Store(10, 5, efficiency=0.9))

    assert found.bought.sum() <= np.clip(load - made, 0, None).sum() + 1e-9
    assert found.bought - found.sold == pytest.approx(
        load - made + found.charged - found.discharged
    )
    assert (found.battery <= 10 + 1e-9).all()
    assert (found.battery >= -1e-9).all()


def test_at_one_price_the_plain_controller_is_the_best():
    day = np.array([2.0, 0, 0, 3, 6, 1])
    sun = np.array([0.0, 5, 7, 2, 0, 0])
    load, made = np.tile(day, 5), np.tile(sun, 5)
    battery = Store(6, 100, efficiency=0.9)
    # The circle of the best one begins as it ends; the plain one begins empty.
    best, plain = dispatch(load, made, battery=battery, sell=0.0), greedy(load, made, battery)

    assert plain.bought[6:].sum() == pytest.approx(best.bought[6:].sum(), rel=0.02)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"buy": 0.1, "sell": 0.2}, "buying costs less"),
        ({"heat": [1.0]}, "heat 1"),
        ({"heat": [1.0, 1.0], "performance": 0}, "performance"),
    ],
)
def test_a_dispatch_of_nonsense_is_refused(keys, words):
    with pytest.raises(ValueError, match=words):
        dispatch([1.0, 1.0], [0.0, 0.0], **keys)
    with pytest.raises(ValueError, match="negative"):
        Store(-1, 0)
    with pytest.raises(ValueError, match="efficiency"):
        Store(1, 1, efficiency=0)
