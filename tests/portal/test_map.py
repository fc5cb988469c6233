"""Classes, projection and the choice of what a map draws."""

from __future__ import annotations

import random

import mapclassify
import pytest
from starlette.testclient import TestClient

from datalab.portal.classes import classes
from datalab.portal.drawing import Canvas


@pytest.mark.filterwarnings("ignore:Numba not installed")
@pytest.mark.parametrize("seed", range(6))
def test_natural_breaks_are_as_good_as_the_known_ones(seed: int) -> None:
    rolled = random.Random(seed)  # noqa: S311
    values = [rolled.lognormvariate(6, 1.4) for _ in range(120)]
    known = mapclassify.FisherJenks(values, k=5)
    assert classes(values).bounds == pytest.approx(list(known.bins))


def test_published_breaks_of_a_textbook_series() -> None:
    # mapclassify's "calemp", by counties of California: Fisher-Jenks with five classes.
    values = list(mapclassify.load_example())
    assert classes(values).bounds == pytest.approx([75.29, 192.05, 370.5, 722.85, 4111.45])


def test_few_values_are_classes_of_their_own() -> None:
    found = classes([3, 1, 1, 2])
    assert (found.method, found.bounds) == ("each-value", [1, 2, 3])
    assert [found.of(value) for value in (1, 2, 3)] == [0, 1, 2]


def test_many_values_are_cut_into_equal_parts() -> None:
    found = classes(list(range(5000)))
    assert found.method == "quantiles"
    assert found.bounds == [999, 1999, 2999, 3999, 4999]


def test_equal_values_do_not_break_the_classes() -> None:
    assert classes([7.0] * 50).bounds == [7.0]
    assert classes([0.0] * 50 + [1e9, 1e9 + 1, 5, 6, 7, 8])


def test_north_is_up_and_shapes_keep_their_form() -> None:
    canvas = Canvas.around((5.0, 47.0, 5.1, 47.1))
    left, bottom = canvas.point(5.0, 47.0)
    right, top = canvas.point(5.1, 47.1)
    assert top < bottom
    assert left < right
    assert (right - left) / (bottom - top) == pytest.approx(0.681, abs=0.01)  # cos 47.05°


def test_amounts_are_circles_and_ratios_are_areas(client: TestClient) -> None:
    page = client.get("datasets/communes").text
    assert 'class="kind-circles"' in page
    page = client.get("datasets/communes?map=density").text
    assert 'class="kind-areas"' in page
    assert "habitants/km²" in page


def test_a_map_has_its_table(client: TestClient) -> None:
    page = client.get("datasets/communes?map=density", headers={"Accept-Language": "fr"}).text
    table = page.split("Les mêmes valeurs en tableau")[1].split("</details>")[0]
    assert "Zéphyr" in table
    assert "3\u202f732" in table
