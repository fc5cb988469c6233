"""Heat and hot water of dwellings, on published numbers and limits that must hold."""

from __future__ import annotations

import numpy as np
import pytest

from datalab.methods import degree_days, hot_water
from datalab.methods.dwelling_demand import Envelope, demand, heat_of_class, loss, saving, wall
from datalab.methods.hot_water import COLD_H1C, adults


# 3CL-DPE 2021, page 70, as tested in Open3CL/engine src/11_nadeq.spec.js.
@pytest.mark.parametrize(
    ("expected", "area", "house"),
    [
        (1, 8, True), (1, 28, True), (1.28125, 45, True), (1.39375, 51, True), (1.75, 70, True),
        (1.7875, 75, True), (1, 8, False), (1.65625, 45, False), (1.7605, 51, False),
        (1.96, 70, False), (2.0125, 75, False),
    ],
)  # fmt: skip
def test_adults_equivalent_are_those_of_the_french_method(expected, area, house):
    assert adults(area, house=house) == pytest.approx(expected, abs=1e-3)


def test_a_building_shared_by_two_has_the_adults_of_its_mean_flat():
    assert adults(75, 2) == pytest.approx(3.03125, abs=1e-3)
    assert adults(70, 2) == pytest.approx(2.9375, abs=1e-3)


def test_hot_water_follows_its_formula_month_by_month():
    months = hot_water.need(2.0, COLD_H1C)

    assert months[0] == pytest.approx(1.163 * 2 * 56 * (40 - 6.1) * 31 / 1000)
    assert hot_water.hourly(months, np.ones(24)).sum() == pytest.approx(months.sum())
    with pytest.raises(ValueError, match="12"):
        hot_water.need(1, [10])
    with pytest.raises(ValueError, match="24 shares"):
        hot_water.hourly(months, np.zeros(24))
    with pytest.raises(ValueError, match="no dwelling"):
        adults(0)


def test_degree_days_count_what_is_missing_to_the_base():
    assert degree_days.degree_days(np.full(48, 8.0)) == pytest.approx(20)
    assert degree_days.degree_days(np.full(48, 20.0)) == 0
    assert degree_days.degree_hours([17.0, 19.0]).tolist() == [1, 0]
    with pytest.raises(ValueError, match="missing"):
        degree_days.degree_hours([float("nan")])
    with pytest.raises(ValueError, match="whole days"):
        degree_days.degree_days(np.zeros(25))
    with pytest.raises(ValueError, match="gain heat"):
        degree_days.heating([1.0], -1)


def test_nobody_heats_in_july():
    cold = np.full(8760, 5.0)
    found = demand(cold, area=1000, dwellings=15, loss=1.0, base=17)

    assert found.heating[24 * 190 : 24 * 200].sum() == 0
    assert found.heating[:24].sum() == pytest.approx(24 * 12 * 1.0 * 1000 / 1000 / 0.87)
    assert found.hot_water.min() >= 0
    assert found.heat.sum() == pytest.approx(found.heating.sum() + found.hot_water.sum())


def test_insulation_lowers_the_loss_and_a_bigger_loss_uses_more():
    before = loss(Envelope(wall(1968), 2.4, 0.7, 0.9, 0.1, 0.6))
    after = loss(Envelope(0.25, 1.4, 0.18, 0.6, 0.07, 0.4))
    assert after < before
    weather = np.full(8760, 8.0)
    use = [demand(weather, area=1, dwellings=1, loss=x, base=17).heating.sum() for x in (1, 2)]
    assert use[1] == pytest.approx(2 * use[0])
    with pytest.raises(ValueError, match="delivery"):
        demand(weather, area=1, dwellings=1, loss=1, base=17, delivery=0)


def test_walls_of_the_sixties_are_bare_and_later_ones_are_not():
    assert [wall(year) for year in (1968, 1976, 1985, 1995, 2020)] == [2.5, 1.0, 0.8, 0.5, 0.23]


def test_a_saving_from_nothing_is_none():
    assert saving(0, 10) is None
    assert saving(100, 62) == pytest.approx(0.38)


def test_the_heat_of_a_class_is_what_its_primary_energy_leaves():
    assert heat_of_class("D", electricity=6, factor=2.3) == pytest.approx(215 - 13.8)
    assert heat_of_class("A", electricity=6, factor=2.3) == pytest.approx(35 - 13.8)
    with pytest.raises(ValueError, match="no middle"):
        heat_of_class("G", electricity=6, factor=2.3)
