"""The model of the blocks: flows that add up, readings that differ, factors that change."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from datalab.methods import primary_energy
from datalab.methods.climate_transfer import GABROVO, moved
from datalab.methods.positive_block import ASSUMPTIONS, Plan, Surroundings, site
from datalab.methods.positivity import greenhouse, nearest, reading, readings, weigh
from datalab.methods.primary_energy import HeatNetwork, dpe_class, electricity, network
from datalab.methods.sensitivity import likely

SUN = np.clip(np.sin((np.arange(8760) % 24 - 6) / 12 * np.pi), 0, None) * 0.35


@pytest.fixture(scope="module")
def around() -> Surroundings:
    """A made-up place: a cosine of temperature, the same sun every day."""
    day = np.arange(8760) / 24
    temperature = 10.5 - 9.5 * np.cos(2 * np.pi * (day - 15) / 365)
    shape = np.tile(np.r_[np.ones(30), 2 * np.ones(18)], 365)
    yields = {"roof": SUN, "facade": 0.6 * SUN, "canopy": 1.05 * SUN}
    return Surroundings(temperature, yields, shape / shape.sum())


def test_works_save_heat_and_more_works_save_more(around):
    before, after, deep = (
        site(around, Plan(works)).kind("epb") for works in ("before", "renovated", "deep")
    )
    assert before > after > deep > 0


def test_electricity_in_and_out_balances_with_and_without_battery(around):
    for battery in (0.0, 800.0):
        found = site(around, Plan(electric_cars=0.3, battery=battery))
        load = found.kind("epb", "non-epb", "mobility", carrier="electricity")
        made = found.kind("production")
        lost = found.bought.sum() - found.sold.sum() - load + made
        assert lost == pytest.approx(0, abs=1) if not battery else 0 < lost < 0.1 * made
    assert site(around, Plan(battery=800)).sold.sum() < site(around).sold.sum()


def test_a_heat_pump_takes_electricity_and_the_air_gives_the_rest(around):
    pump, network_ = site(around, Plan(heat="heat pump")), site(around)

    assert pump.total("heat") == pytest.approx(network_.total("heat") / 2.8)
    assert pump.total("heat", "ambient heat") == pytest.approx(network_.total("heat"))
    assert pump.bought.sum() > network_.bought.sum()


def test_the_same_site_is_above_and_below_100_percent(around):
    found = readings(site(around), 0.611)
    ratios = [one.ratio for one in found if one.ratio is not None]

    assert min(ratios) < 0.5 < 1 < max(ratios)
    assert len({one.key for one in found}) == len(found)
    electricity_only = reading(found, "functional · epb · electricity · final")
    assert electricity_only.ratio > reading(found, "functional · all · electricity · final").ratio
    assert abs(nearest(found, 1.24)[0].ratio - 1.24) < 0.5
    with pytest.raises(ValueError, match="known"):
        reading(found, "124 %")
    with pytest.raises(ValueError, match="share"):
        readings(site(around), 61.1)


def test_the_factor_of_2026_lowers_what_panels_are_worth(around):
    found = readings(site(around), 0.611)
    old, new = (
        reading(found, f"functional · all · all carriers · primary {factor}").ratio
        for factor in ("2.3", "1.9")
    )
    assert old > new


def test_the_balance_of_the_standard_takes_the_factor_of_its_day(around):
    heat = network("2102C").weight
    old = weigh(site(around), day=date(2025, 5, 23), heat=heat)
    new = weigh(site(around), day=date(2026, 1, 1), heat=heat)

    assert old.b.nren < new.b.nren
    assert old.b.ren == pytest.approx(new.b.ren)
    assert weigh(site(around), day=date(2026, 1, 1), heat=heat, linked=False).b.nren > new.b.nren
    gas = weigh(site(around, Plan(heat="gas")), day=date(2026, 1, 1), heat=heat)
    assert gas.b.co2 > new.b.co2
    pump = weigh(site(around, Plan(heat="heat pump")), day=date(2026, 1, 1), heat=heat)
    assert pump.rer["onsite"] > 0.5


def test_every_gas_that_is_burnt_is_counted(around):
    by_network = greenhouse(site(around), network("2102C").life_cycle)
    by_gas = greenhouse(site(around, Plan(heat="gas")), network("2102C").life_cycle)

    assert (
        by_gas.value
        > by_network.value
        > greenhouse(site(around), network("2102C").life_cycle, avoided=True).value
    )


def test_french_factors_by_date_and_classes():
    assert electricity(date(2025, 12, 31)).nren == 2.3
    assert electricity(date(2026, 1, 1)).nren == 1.9
    with pytest.raises(ValueError, match="before"):
        electricity(date(2010, 1, 1))
    # 100 kWh/m² of electric heating: 230, then 190 kWh of primary energy (domain oracle).
    assert [100 * f for _, f in primary_energy.ELECTRICITY] == pytest.approx([230, 190])
    assert dpe_class(190, 8) == "D"
    assert dpe_class(60, 40) == "D"  # the worse of both
    assert dpe_class(500, 5) == "G"


def test_a_row_that_contradicts_itself_is_not_used():
    assert network("2106C").year == 2023  # the row of 2024 has direct above life-cycle
    with pytest.raises(ValueError, match="above"):
        network("2106C", 2024).weight  # noqa: B018
    with pytest.raises(ValueError, match="no renewable"):
        HeatNetwork("x", "x", 2024, 0.1, 0.2, None).weight  # noqa: B018
    with pytest.raises(ValueError, match="known here"):
        network("9999C")
    with pytest.raises(ValueError, match="no table of 1999"):
        network("2102C", 1999)
    assert network("2102C").weight.share == pytest.approx(0.611)


def test_a_plan_beyond_its_bounds_is_refused_and_assumptions_say_where_they_come_from():
    with pytest.raises(ValueError, match="share"):
        Plan(panels=1.5)
    assert all(one.unit and one.source and one.status for one in ASSUMPTIONS.values())
    assert likely(ASSUMPTIONS)["dwellings"] == 487


def test_a_moved_year_has_the_temperature_of_the_city_and_its_sun():
    pytest.importorskip("pvlib")
    weather = {
        "global_horizontal": SUN * 1000, "direct_normal": SUN * 800,
        "diffuse_horizontal": SUN * 400, "dry_bulb": np.full(8760, 10.0),
        "wind_speed": np.full(8760, 2.0),
    }  # fmt: skip
    found = moved(weather, GABROVO)

    assert found["dry_bulb"][:744].mean() == pytest.approx(-1.2)
    assert found["dry_bulb"].mean() == pytest.approx(11.1, abs=0.2)
    assert 1.02 < found["global_horizontal"].sum() / weather["global_horizontal"].sum() < 1.25
    assert (found["diffuse_horizontal"] <= found["global_horizontal"] + 1e-9).all()
    assert found["direct_normal"].max() <= 1000
