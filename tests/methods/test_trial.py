"""Many runs on a population whose effect is known: what the protocol promises, it keeps.

Seeds are published: ``FIRST_SEED + k``, and ``FIRST_SEED + FALSE + k`` where nothing has an effect.
"""

from __future__ import annotations

import numpy as np
import pytest

from datalab.methods.power import Design, power
from datalab.methods.trial import (
    FALSE,
    FIRST_SEED,
    RUNS,
    Series,
    run,
    seeds,
    summary,
    without_effect,
)
from datalab.methods.trial_population import World, simulate

WORLD = World()
QUICK = 60


def test_sixty_runs_find_the_effect_that_is_there() -> None:
    there = summary([run(seed, WORLD) for seed in seeds(QUICK, effect=True)])
    nothing = summary([run(seed, without_effect(WORLD)) for seed in seeds(QUICK, effect=False)])
    assert 0.88 <= there.coverage <= 1
    assert there.found >= 0.75
    assert abs(there.bias) < 0.005
    assert nothing.found <= 0.12


@pytest.mark.long
def test_five_hundred_runs_keep_the_promises_of_the_protocol() -> None:
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        there = summary(client.gather(client.map(run, seeds(RUNS, True), world=WORLD)))
        calm = without_effect(WORLD)
        nothing = summary(client.gather(client.map(run, seeds(RUNS, False), world=calm)))
    for series in (there, nothing):
        assert series.n == RUNS
        assert 0.93 <= series.coverage <= 0.97, series
        assert abs(series.bias) < 0.002
    assert there.found >= 0.80
    assert nothing.found <= 0.07


def test_seeds_are_published_and_give_the_same_numbers() -> None:
    assert seeds(2, True) == [FIRST_SEED, FIRST_SEED + 1]
    assert not set(seeds(RUNS, True)) & set(seeds(RUNS, False))
    assert seeds(1, False) == [FIRST_SEED + FALSE]
    assert run(FIRST_SEED, WORLD) == run(FIRST_SEED, WORLD)


def test_power_computed_before_the_start_is_the_power_that_is_found() -> None:
    """The design with what the world really has: changes of a home and of its street."""
    table = simulate(without_effect(WORLD), 1)
    wide = table[~table["after"]].pivot(index="unit", columns="period", values="outcome")
    change = (wide[-1] - wide[-2]).to_numpy()
    deviation = float(np.std(change, ddof=1)) / np.sqrt(2)
    groups = change.reshape(-1, WORLD.per_street)
    within = groups.var(axis=1, ddof=1).mean()
    between = max(0.0, groups.mean(axis=1).var(ddof=1) - within / WORLD.per_street)
    design = Design(
        300,
        300,
        deviation,
        before=2,
        per_cluster=WORLD.per_street,
        icc=between / (between + within),
        attrition=0.09,
    )
    assert power(design, np.log1p(WORLD.effect)) == pytest.approx(0.85, abs=0.1)


def test_a_series_of_one_says_so() -> None:
    one = summary([run(FIRST_SEED, WORLD)])
    assert isinstance(one, Series)
    assert one.n == 1
