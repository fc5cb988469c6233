"""Street lighting: the arithmetic by hand, a published example, and what may not happen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.methods.lighting import KINDS, Plan, Quantity, pace, simulate, yearly_needed


def exactly(**values: float) -> dict[str, Quantity]:
    known = {
        "old_watts": 100.0,
        "hours": 4100.0,
        "led_saving": 0.5,
        "dimmed_power": 0.5,
        "dimmed_old_power": 0.7,
        "price": 0.2,
        "co2": 0.05,
    } | values
    return {name: Quantity(value, value, value) for name, value in known.items()}


def test_the_announced_pace_leaves_18000_old_lights_in_2029() -> None:
    done = pace(34_000, 2018, [500, 500, 1500], 2045)
    assert (done[2018], done[2019], done[2020]) == (500, 1000, 2500)
    assert done[2029] == 16_000
    assert min(year for year, many in done.items() if many == 34_000) == 2041


def test_a_street_of_ten_lights_by_hand() -> None:
    plan = Plan("all at once", {2020: 10, 2021: 10}, dimmed_from=2021, night_hours=2190)
    (found,) = simulate([plan], exactly(), lights=10, target=0.6, draws=10)
    assert found.before_kwh.middle == pytest.approx(10 * 0.1 * 4100)
    first, second = found.years
    # Renewed in the course of 2020: half of the saving of 50 % in that year, all at its end.
    assert first.kwh.middle == pytest.approx(4100 * 0.75)
    assert first.saving.middle == pytest.approx(0.5)
    # Dimmed to half for 2,190 of 4,100 hours.
    assert second.saving.middle == pytest.approx(1 - 0.5 * (1 - 0.5 * 2190 / 4100))
    saved = 4100 * second.saving.middle
    assert second.saved_euros.middle == pytest.approx(0.2 * saved)
    assert second.saved_co2_kg.middle == pytest.approx(0.05 * saved)
    assert (first.reached, second.reached, found.reach) == (0.0, 1.0, 2021)


def test_the_published_saving_of_miribel_comes_out() -> None:
    # 81 lamps of 125 W (10 % more with their ballast) became LEDs of 70 W at half power for seven
    # hours a night: 65 % (placedupro.com, "Comment réduire vos factures").
    known = exactly(old_watts=137.5, led_saving=1 - 70 / 137.5)
    plan = Plan("Miribel", {2020: 81}, dimmed_from=2020, night_hours=7 * 365)
    (found,) = simulate([plan], known, lights=81, target=0.65, draws=10)
    assert found.years[0].saving.middle == pytest.approx(0.65, abs=0.005)


def test_old_lights_are_held_down_only_as_far_as_they_remain() -> None:
    none, half, all_led = (
        Plan(str(many), {2022: many}, 2022, dimmed_old=50, night_hours=2050)
        for many in (0, 50, 100)
    )
    found = simulate([none, half, all_led], exactly(), lights=100, target=0.65, draws=10)
    savings = [one.years[0].saving.middle for one in found]
    # Half of the lights at 70 % for half of the hours.
    assert savings[0] == pytest.approx(0.5 * 0.3 * 0.5)
    assert savings == sorted(savings)
    assert savings[2] == pytest.approx(1 - 0.5 * 0.75)


@given(st.floats(0.2, 0.8), st.floats(0.1, 1.0), st.integers(0, 100), st.floats(0, 2190))
@settings(max_examples=40, deadline=None)
def test_more_is_never_less(saving: float, power: float, many: int, night: float) -> None:
    known = exactly(led_saving=saving, dimmed_power=power)
    plans = [
        Plan("none", {2022: 0}),
        Plan("some", {2022: many}),
        Plan("dimmed", {2022: many}, 2022, night_hours=night),
    ]
    found = simulate(plans, known, lights=100, target=0.65, draws=5)
    none, some, dimmed = (one.years[0].kwh.middle for one in found)
    assert none >= some - 1e-9 >= dimmed - 2e-9
    assert dimmed > 0


def test_the_same_seed_gives_the_same_bands_and_scenarios_share_their_draws() -> None:
    known = exactly() | {"led_saving": Quantity(0.4, 0.5, 0.7), "price": Quantity(0.1, 0.2, 0.3)}
    plans = [Plan("a", {2022: 50}), Plan("b", {2022: 50})]
    one, other = simulate(plans, known, lights=100, target=0.2, draws=500, seed=3)
    assert one.years == other.years
    assert simulate(plans, known, lights=100, target=0.2, draws=500, seed=3)[0].years == one.years
    band = one.years[0].saving
    assert 0.2 < band.low < band.middle < band.high < 0.35


def test_a_plan_may_dim_in_its_own_way() -> None:
    own = Plan("own", {2022: 100}, 2022, night_hours=2050, dimmed_power=Quantity(0.7, 0.7, 0.7))
    (found,) = simulate([own], exactly(), lights=100, target=0.5, draws=10)
    assert found.years[0].saving.middle == pytest.approx(1 - 0.5 * (1 - 0.5 * 0.3))


def test_how_many_a_year_it_would_take() -> None:
    # With 80 % saved by each, 65 % are reached with 81.25 % of the lights.
    assert yearly_needed(0.65, 0.8, 0, 34_000, 1000, 10) == pytest.approx(2662.5)
    assert yearly_needed(0.65, 0.5, 0.2, 34_000, 1000, 10) is None
    assert yearly_needed(0.65, 0.8, 0, 34_000, 34_000, 10) == 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="between its bounds"):
        Quantity(2, 1, 3)
    known = {name: Quantity(1, 1, 1) for name in KINDS if name != "price"}
    with pytest.raises(ValueError, match="missing: price"):
        simulate([Plan("a", {2020: 1})], known, lights=1, target=0.5)
    with pytest.raises(ValueError, match="more lights than there are"):
        simulate([Plan("a", {2020: 2})], exactly(), lights=1, target=0.5)
