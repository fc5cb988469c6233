"""Kaplan–Meier against a published example: remission under 6-MP.

Freireich et al. (1963), Blood 21; the 21 treated patients as tabulated by Gehan (1965),
Biometrika 52, and worked through in Kleinbaum and Klein, Survival Analysis, chapter 2.
"""

from __future__ import annotations

import pytest

from datalab.methods.survival import kaplan_meier

WEEKS = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSED = [True] * 9 + [False] * 12
PUBLISHED = {  # week: (at risk, relapses, share in remission, Greenwood's standard error)
    6: (21, 3, 0.857, 0.0764),
    7: (17, 1, 0.807, 0.0869),
    10: (15, 1, 0.753, 0.0963),
    13: (12, 1, 0.690, 0.1068),
    16: (11, 1, 0.627, 0.1141),
    22: (7, 1, 0.538, 0.1282),
    23: (6, 1, 0.448, 0.1346),
}


def test_the_published_curve_comes_out() -> None:
    found = kaplan_meier(WEEKS, RELAPSED)
    assert (found.n, found.ended) == (21, 9)
    assert [step.time for step in found.steps] == list(PUBLISHED)
    for step in found.steps:
        at_risk, ended, share, error = PUBLISHED[round(step.time)]
        assert (step.at_risk, step.ended) == (at_risk, ended)
        assert step.survival == pytest.approx(share, abs=0.0006)
        assert step.error == pytest.approx(error, abs=0.0002)
        assert 0 <= step.low < step.survival < step.high <= 1


def test_the_published_median_and_its_bounds_come_out() -> None:
    median = kaplan_meier(WEEKS, RELAPSED).quantile(0.5)
    assert median.value == 23
    assert median.low == 13
    assert median.high is None


def test_where_all_ended_nothing_bounds_the_last_from_above() -> None:
    # Ten values lie all below their true ninth decile with probability 0.9^10 = 35 %.
    found = kaplan_meier(range(1, 11), [True] * 10).quantile(0.9)
    assert (found.value, found.high) == (9, None)
    assert found.low is not None


def test_a_quantile_that_too_few_reached_is_not_made_up() -> None:
    assert kaplan_meier(WEEKS, RELAPSED).quantile(0.9).value is None
    assert kaplan_meier([], []).quantile(0.5).value is None


def test_leaving_out_what_is_open_would_flatter() -> None:
    closed, still_open = [1.0, 2, 3, 4, 5], [30.0] * 6
    naive = kaplan_meier(closed, [True] * 5).quantile(0.5).value
    honest = kaplan_meier(closed + still_open, [True] * 5 + [False] * 6).quantile(0.5).value
    assert naive == 3
    assert honest is None


def test_where_all_ended_it_is_the_plain_share() -> None:
    found = kaplan_meier([4, 1, 2, 3, 10, 9, 8, 7, 6, 5], [True] * 10)
    assert found.quantile(0.5).value == 5
    assert found.quantile(0.9).value == 9
    assert found.steps[-1].survival == 0


def test_a_duration_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        kaplan_meier([-1], [True])
    with pytest.raises(ValueError, match="as many"):
        kaplan_meier([1, 2], [True])
