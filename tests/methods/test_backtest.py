"""Forecasts are judged on days that they could not know, or not at all.

The counts of reports a day are those of two public extracts of 311 services: a hundred cases of
Boston opened in January 2022, and five of New York City between 2011 and 2020. Both are far too
little, and the answer has to be that.
"""

from __future__ import annotations

import numpy as np
import pytest

from datalab.methods.backtest import Backtest, Shortage, backtest, needed, pinball

BOSTON = [28, 21, 38, 4, 0, 1, 0, 1, *[0] * 10, 1, 3, 1, *[0] * 9, 2]  # 1 to 31 January 2022
NEW_YORK = [0] * 3440  # 27 May 2011 to 25 October 2020
for day in (0, 1984, 2609, 2864, 3439):
    NEW_YORK[day] = 1


def series(days: int = 200, seed: int = 2) -> list[float]:
    chance = np.random.default_rng(seed)
    week = np.array([20, 22, 21, 20, 18, 9, 7])
    return [float(chance.poisson(week[day % 7])) for day in range(days)]


def judged(values: list[float], **more: object) -> Backtest:
    found = backtest(values, 7, 7, counts=True, **more)  # type: ignore[arg-type]
    assert isinstance(found, Backtest)
    return found


@pytest.mark.parametrize(("season", "horizon"), [(7, 7), (1, 4)])
def test_the_extracts_of_311_are_not_enough(season: int, horizon: int) -> None:
    fewest = needed(season, horizon, horizon)
    assert sum(BOSTON) == 100
    found = backtest(BOSTON, season, horizon, counts=True)
    assert found == Shortage("steps", 31, fewest)
    assert backtest(NEW_YORK, season, horizon, counts=True) == Shortage("events", 5, 100)


def test_where_the_season_is_strong_smoothing_beats_repeating_it() -> None:
    found = judged(series())
    smooth, naive = found.of("smoothing"), found.of("seasonal-naive")
    assert smooth.pinball < naive.pinball
    assert smooth.mase < naive.mase
    assert found.best.method == "smoothing"
    assert smooth.wins > 0.5
    assert naive.wins == 0


def test_intervals_hold_what_they_promise() -> None:
    smooth = judged(series(350), window=84).of("smoothing")
    assert smooth.coverage_80 == pytest.approx(0.8, abs=0.08)
    assert smooth.coverage_95 == pytest.approx(0.95, abs=0.04)


def test_no_forecast_sees_what_it_forecasts() -> None:
    values = series(130)
    before = judged(values)
    last = before.origins[-1]
    changed = [*values[:last], *(value + 1000 for value in values[last:])]
    after = judged(changed)
    # The error grows by what was added to the seven days, no less: nothing was known of it.
    seven = 7 * len(before.origins)
    for method in ("smoothing", "seasonal-naive"):
        more = (after.of(method).mae - before.of(method).mae) * seven / 7
        assert more > 950


def test_origins_are_the_latest_and_do_not_overlap() -> None:
    found = judged(series(), most=12)
    assert len(found.origins) == 12
    assert found.origins[-1] + 7 == 200
    assert set(np.diff(found.origins)) == {7}


def test_below_a_stated_number_nothing_is_judged() -> None:
    enough = needed(7, 7, 7)
    assert enough == 8 * 7 + 9 * 7 + 7 == 126
    assert isinstance(backtest(series(enough), 7, 7), Backtest)
    assert backtest(series(enough - 1), 7, 7) == Shortage("steps", 125, 126)
    rare = [1.0 if day % 4 == 0 else 0.0 for day in range(300)]
    assert backtest(rare, 7, 7, counts=True) == Shortage("events", 75, 100)


def test_the_pinball_loss_of_one_quantile() -> None:
    truth, quantile = np.array([10.0, 10.0]), np.array([8.0, 14.0])
    assert pinball(truth, quantile, 0.9) == pytest.approx((0.9 * 2 + 0.1 * 4) / 2)
