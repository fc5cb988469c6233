"""Counts for every inhabitant or km², with bounds; exact ones are from Garwood (1936)."""

from __future__ import annotations

import pytest

from datalab.methods.density import poisson_bounds, rate

# Garwood, F. (1936), Fiducial limits for the Poisson distribution, Biometrika 28, table for 95 %.
GARWOOD = {0: (0.0, 3.689), 5: (1.623, 11.668), 10: (4.795, 18.390), 50: (37.111, 65.919)}


@pytest.mark.parametrize(("count", "bounds"), GARWOOD.items())
def test_the_bounds_come_close_to_the_exact_ones(count: int, bounds: tuple[float, float]) -> None:
    assert poisson_bounds(count) == pytest.approx(bounds, abs=0.06)


def test_a_rate_says_its_denominator() -> None:
    found = rate(12, 2125, 1000)
    assert found.value == pytest.approx(5.647, abs=0.001)
    assert (found.size, found.per) == (2125, 1000)
    assert found.low < found.value < found.high


def test_nothing_is_divided_by_nothing() -> None:
    with pytest.raises(ValueError, match="size above 0"):
        rate(1, 0)
