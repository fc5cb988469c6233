"""Draws stay in their bounds; a tornado finds what matters."""

from __future__ import annotations

import numpy as np
import pytest

from datalab.methods.sensitivity import Assumption, draws, likely, ranks, share_above, tornado

KNOWN = {
    "big": Assumption(0, 5, 10, "kWh", "example"),
    "small": Assumption(1, 1.1, 1.3, "kWh", "example"),
    "fixed": Assumption(2, 2, 2, "kWh", "example", "announced"),
}


def result(values):
    return values["big"] - values["small"] + values["fixed"]


def test_draws_stay_in_their_bounds_and_come_again_with_their_seed():
    first, again = draws(KNOWN, 200, seed=1), draws(KNOWN, 200, seed=1)

    assert first == again
    for name, one in KNOWN.items():
        column = [draw[name] for draw in first]
        assert one.low <= min(column) <= max(column) <= one.high
        assert np.mean(column) == pytest.approx((one.low + one.likely + one.high) / 3, rel=0.01)
    assert draws(KNOWN, 200, seed=2) != first


def test_a_tornado_puts_the_widest_bar_first_and_keeps_the_others_likely():
    bars = tornado(KNOWN, result)

    assert [bar.name for bar in bars] == ["big", "small", "fixed"]
    assert (bars[0].low, bars[0].high) == pytest.approx((0.9, 10.9))
    assert bars[2].width == 0
    assert result(likely(KNOWN)) == pytest.approx(5.9)


def test_ranks_say_which_way_an_assumption_pulls():
    drawn = draws(KNOWN, 100, seed=3)
    found = ranks(drawn, [result(one) for one in drawn])

    assert next(iter(found)) == "big"
    assert found["big"] > 0.9
    assert found["small"] < 0
    assert found["fixed"] == 0


def test_a_share_says_how_sure_it_is():
    assert share_above([1.0, 2.0, 3.0, 4.0], 3.0) == pytest.approx((0.5, 0.25))
    with pytest.raises(ValueError):
        share_above([], 1)


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="order"):
        Assumption(2, 1, 3, "m", "x")
    with pytest.raises(ValueError, match="at least one"):
        draws({}, 3, seed=1)
    with pytest.raises(ValueError, match="three"):
        ranks([{"a": 1.0}], [1.0])
