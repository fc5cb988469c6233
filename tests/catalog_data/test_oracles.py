"""The real datasets against facts published elsewhere, and against each other.

Populations of 2022: INSEE, dossier complet EPCI 242100410, and DGCL's list of the members of the
intercommunal body (npm @etalab/decoupage-administratif 6.0.0, data/epci.json).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog_data.conftest import Open

pytestmark = pytest.mark.network

MUNICIPAL_2022 = {
    "21003": ("Ahuy", 1695),
    "21105": ("Bressey-sur-Tille", 1110),
    "21106": ("Bretenière", 935),
    "21166": ("Chenôve", 14299),
    "21171": ("Chevigny-Saint-Sauveur", 10895),
    "21192": ("Corcelles-les-Monts", 654),
    "21223": ("Daix", 1520),
    "21231": ("Dijon", 159941),
    "21263": ("Fénay", 1724),
    "21270": ("Flavignerot", 231),
    "21278": ("Fontaine-lès-Dijon", 9032),
    "21315": ("Hauteville-lès-Dijon", 1206),
    "21355": ("Longvic", 8787),
    "21370": ("Magny-sur-Tille", 872),
    "21390": ("Marsannay-la-Côte", 5440),
    "21452": ("Neuilly-Crimolois", 3430),
    "21473": ("Ouges", 1505),
    "21481": ("Perrigny-lès-Dijon", 2321),
    "21485": ("Plombières-lès-Dijon", 2508),
    "21515": ("Quetigny", 8897),
    "21540": ("Saint-Apollinaire", 7517),
    "21605": ("Sennecey-lès-Dijon", 2125),
    "21617": ("Talant", 11986),
}
METROPOLE = {2011: 245697, 2016: 251897, 2022: 258630}


def rows(opened: Open, dataset: str, sql: str) -> list[tuple[Any, ...]]:
    with opened(dataset) as connection:
        return connection.execute(sql).fetchall()


def test_the_23_municipalities_have_the_populations_insee_publishes(opened: Open) -> None:
    found = rows(opened, "communes", "SELECT insee_code, name, population FROM data")
    assert {code: (name, population) for code, name, population in found} == MUNICIPAL_2022
    assert sum(population for _, _, population in found) == 258_630


def test_codes_stay_text_with_every_character(opened: Open) -> None:
    for dataset, column in (
        ("communes", "insee_code"),
        ("communes", "postal_code"),
        ("commune-boundaries", "insee_code"),
        ("commune-indicators", "insee_code"),
        ("iris-population", "insee_code"),
    ):
        lengths = rows(opened, dataset, f"SELECT DISTINCT length({column}) FROM data")
        assert lengths == [(5,)], (dataset, column)


def test_density_is_the_one_insee_publishes(opened: Open) -> None:
    sql = "SELECT sum(population) / sum(area_km2)::DOUBLE FROM data"
    assert rows(opened, "communes", sql)[0][0] == pytest.approx(1077.8, abs=0.05)


@pytest.mark.parametrize("dataset", ["commune-boundaries", "commune-indicators", "iris-population"])
def test_every_municipality_joins(dataset: str, opened: Open) -> None:
    where = "WHERE in_metropole" if dataset == "iris-population" else ""
    found = {code for (code,) in rows(opened, dataset, f"SELECT insee_code FROM data {where}")}
    assert found == set(MUNICIPAL_2022)


def test_indicators_and_municipalities_are_the_same_census(opened: Open) -> None:
    found = dict(rows(opened, "commune-indicators", "SELECT insee_code, population FROM data"))
    assert found == {code: population for code, (_, population) in MUNICIPAL_2022.items()}


def test_census_years_of_one_package_version_are_not_mixed(opened: Open) -> None:
    """communes.json and epci.json of version 6.0.0 are 2023 and 2022: each in its own column."""
    sql = "SELECT population, population_2023 FROM data WHERE insee_code = '21231'"
    assert rows(opened, "communes", sql) == [(159_941, 161_830)]
    sql = "SELECT population, population_2023 FROM data WHERE insee_code = '21452'"
    assert rows(opened, "communes", sql) == [(3430, 3588)]


def test_history_agrees_with_the_years_insee_publishes(opened: Open) -> None:
    sql = (
        "SELECT census_year, population FROM data "
        "WHERE level = 'metropole' AND kind = 'municipal' AND evidence = 'published'"
    )
    assert dict(rows(opened, "population-history", sql)) == METROPOLE


def test_history_of_2016_matches_the_comparator_within_todays_limits(opened: Open) -> None:
    history = rows(
        opened,
        "population-history",
        "SELECT territory_code, population FROM data "
        "WHERE level = 'commune' AND census_year = 2016",
    )
    comparator = rows(opened, "commune-indicators", "SELECT insee_code, population_2016 FROM data")
    assert dict(history) == dict(comparator)
    assert dict(history)["21452"] == 1829 + 796  # Neuilly-lès-Dijon and Crimolois, merged in 2019


def test_history_of_2021_matches_the_iris_but_for_rounding(opened: Open) -> None:
    history = rows(
        opened,
        "population-history",
        "SELECT territory_code, population FROM data "
        "WHERE level = 'commune' AND census_year = 2021 AND kind = 'municipal'",
    )
    iris = dict(
        rows(
            opened,
            "iris-population",
            "SELECT insee_code, sum(population) FROM data WHERE in_metropole GROUP BY 1",
        )
    )
    assert sum(iris.values()) == 257_194
    assert sum(population for _, population in history) == 257_193
    for code, population in history:
        assert abs(iris[code] - population) <= 2, code


def test_history_says_nothing_of_packages_in_its_years(opened: Open) -> None:
    sql = "SELECT DISTINCT census_year FROM data ORDER BY 1"
    years = [year for (year,) in rows(opened, "population-history", sql)]
    assert years == [2011, *range(2016, 2024)]


def test_drawn_areas_agree_with_insee_within_a_tenth(opened: Open) -> None:
    drawn = dict(rows(opened, "commune-boundaries", "SELECT insee_code, area_km2 FROM data"))
    official = dict(rows(opened, "communes", "SELECT insee_code, area_km2::DOUBLE FROM data"))
    for code, area in official.items():
        assert drawn[code] == pytest.approx(area, rel=0.10), code
    assert sum(drawn.values()) == pytest.approx(239.96, rel=0.005)


def test_centres_and_town_halls_lie_in_their_municipality(opened: Open) -> None:
    points = rows(
        opened,
        "communes",
        "SELECT insee_code, longitude, latitude, town_hall_longitude, town_hall_latitude FROM data",
    )
    with opened("commune-boundaries") as connection:
        for code, *coordinates in points:
            inside = connection.execute(
                "SELECT ST_Contains(geometry, ST_Point(?, ?)), ST_Contains(geometry, "
                "ST_Point(?, ?)) FROM data WHERE insee_code = ?",
                [*coordinates, code],
            ).fetchone()
            assert inside == (True, True), code


def test_boundaries_do_not_overlap(opened: Open) -> None:
    overlaps = rows(
        opened,
        "commune-boundaries",
        "SELECT a.insee_code, b.insee_code FROM data a JOIN data b ON a.insee_code < b.insee_code "
        "WHERE ST_Area(ST_Intersection(a.geometry, b.geometry)) > 0.01 * ST_Area(a.geometry)",
    )
    assert overlaps == []


def test_the_city_canton_has_the_boundary_of_dijon(opened: Open) -> None:
    city = rows(opened, "cantons", "SELECT area_km2 FROM data WHERE canton_code = '2199'")
    dijon = rows(
        opened, "commune-boundaries", "SELECT area_km2 FROM data WHERE insee_code = '21231'"
    )
    assert city[0][0] == pytest.approx(dijon[0][0], rel=0.01)


def test_dwellings_and_establishments_are_the_sums_of_their_parts(opened: Open) -> None:
    found = rows(
        opened,
        "commune-indicators",
        "SELECT dwellings - (main_homes + second_homes + vacant_dwellings), establishments - "
        "(establishments_agriculture + establishments_industry + establishments_construction + "
        "establishments_services + establishments_public), "
        "establishments >= establishments_1_to_9 + establishments_10_plus FROM data",
    )
    assert len(found) == 23
    for dwellings, establishments, sizes in found:
        assert dwellings == pytest.approx(0, abs=1e-6)
        assert (establishments, sizes) == (0, True)


def test_secrecy_is_an_empty_value_with_a_reason_never_a_zero(opened: Open) -> None:
    found = rows(
        opened,
        "commune-indicators",
        "SELECT insee_code, poverty_rate, poverty_rate_reason, taxed_share FROM data "
        "WHERE insee_code IN ('21003', '21231', '21481') ORDER BY 1",
    )
    assert found == [
        ("21003", None, "statistical-secrecy", None),
        ("21231", 17.0, None, 55.0),
        ("21481", None, "statistical-secrecy", 66.0),
    ]
    kept = rows(opened, "commune-indicators", "SELECT count(poverty_rate) FROM data")
    assert kept == [(11,)]


def test_rates_follow_their_definitions(opened: Open) -> None:
    found = rows(
        opened,
        "commune-indicators",
        "SELECT unemployment_rate - 100 * unemployed / active, vacancy_rate - 100 * "
        "vacant_dwellings / dwellings, owner_share - 100 * owner_occupied_homes / main_homes, "
        "density - population / area_km2 FROM data",
    )
    assert all(abs(difference) <= 0.051 for row in found for difference in row)


def test_iris_of_the_metropole_and_of_dijon_are_counted(opened: Open) -> None:
    sql = (
        "SELECT count(*), count(*) FILTER (WHERE in_metropole), "
        "count(*) FILTER (WHERE insee_code = '21231') FROM data"
    )
    assert rows(opened, "iris-population", sql) == [(814, 121, 66)]
