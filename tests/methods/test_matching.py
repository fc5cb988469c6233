"""Matched controls and the waiting list: fair where volunteers are not like the others."""

from __future__ import annotations

import numpy as np
import pytest

from datalab.methods.difference_in_differences import estimate
from datalab.methods.matching import draw, match
from datalab.methods.trial_population import World, simulate


def test_each_finds_its_twin() -> None:
    homes = np.random.default_rng(1).normal(size=(30, 3))
    found = match(homes, homes[::-1])
    assert found.pairs == tuple((n, 29 - n) for n in range(30))
    assert found.balanced
    assert found.alone == ()


def test_who_has_nobody_alike_stays_alone() -> None:
    found = match(
        np.array([[0.0, 0.0], [50.0, 50.0]]), np.random.default_rng(1).normal(size=(20, 2)), 2
    )
    assert found.alone == (1,)
    assert len(found.pairs) == 1


def test_no_control_serves_twice() -> None:
    chance = np.random.default_rng(4)
    found = match(chance.normal(1, 1, (40, 2)), chance.normal(0, 1, (60, 2)))
    assert len({control for _, control in found.pairs}) == 40
    with pytest.raises(ValueError, match="without a covariate"):
        match(np.array([[np.nan, 1]]), np.ones((2, 2)))
    with pytest.raises(ValueError, match="both arms"):
        match(np.empty((0, 2)), np.ones((2, 2)))


def test_matching_takes_away_what_volunteers_would_have_saved_anyway() -> None:
    """Large homes volunteer more, and save 4 % a year by themselves: nothing here has an effect."""
    naive, matched = [], []
    for seed in range(8):
        chance = np.random.default_rng(seed)
        large = chance.random(1200) < 0.5
        size = chance.normal(0, 1, 1200) + 1.5 * large
        joins = chance.random(1200) < np.where(large, 0.5, 0.1)
        world = World(homes=1200, effect=0, street_years=0, lost_treated=0, lost_controls=0)
        table = simulate(world, seed, started=joins, trend=np.where(large, -0.04, 0.0))
        naive.append(estimate(table).estimate)
        known = np.column_stack([size, large])
        one, other = np.flatnonzero(joins), np.flatnonzero(~joins)
        pairs = match(known[one], known[other], caliper=1.0)
        assert pairs.balanced
        assert max(map(abs, pairs.before)) > 0.5
        kept = {one[t] for t, _ in pairs.pairs} | {other[c] for _, c in pairs.pairs}
        matched.append(estimate(table[table["unit"].isin(kept)]).estimate)
    assert np.mean(naive) < -0.012
    assert abs(np.mean(matched)) < 0.005


def test_the_lot_is_the_same_for_whoever_has_the_seed_and_fair() -> None:
    streets = [f"rue {n}" for n in range(61)]
    kinds = ["bourg" if n < 21 else "lotissement" for n in range(61)]
    found = draw(streets, 2019, kinds)
    assert found == draw(streets[::-1], 2019, kinds[::-1])
    assert found != draw(streets, 2020, kinds)
    assert sum(found[s] for s in streets[:21]) in (10, 11)
    assert sum(found[s] for s in streets[21:]) == 20
    often = [draw(["a", "b", "c"], seed)["a"] for seed in range(2000)]
    assert 0.46 < np.mean(often) < 0.54
    with pytest.raises(ValueError, match="once"):
        draw(["a", "a"], 1)
