"""Two ways to write a street are one street; two streets are not."""

from __future__ import annotations

import pytest

from datalab.participation.street import Street, resembles, street_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 rue de la Liberté", "R. de la liberte 14 bis, 21000 Dijon"),
        ("12 av. Jean Jaurès", "avenue Jaures"),
        ("devant la mairie, bd de Brosses", "10 Bld de Brosses"),
        ("pl. St Bénigne", "Place Saint-Benigne à côté de la cathédrale"),
        ("parc de la Colombière", "Colombière (parc)"),
        ("rue de la Libertée", "rue de la Liberté"),
        ("12 rue de la Paix Dijon", "rue de la Paix"),
        ("rue du 8 mai 1945", "Rue du 8-Mai-1945"),
        ("chem. des Bœufs", "Chemin des boeufs"),
    ],
)
def test_a_street_is_known_again_however_it_is_written(one: str, other: str) -> None:
    here, there = street_of(one, "Dijon"), street_of(other, "Dijon")
    assert here
    assert there
    assert resembles(here, there) > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rue du Parc", "rue du Parc des Sports"),
        ("place Darcy", "rue Darcy"),
        ("rue de Dijon", "rue de Chenôve"),
        ("rue Foch", "rue Fock"),
        ("rue Pierre Curie", "rue Marie Curie"),
        ("rue du 1er mai", "rue du 8 mai"),
    ],
)
def test_other_streets_are_other_streets(one: str, other: str) -> None:
    here, there = street_of(one, "Dijon"), street_of(other, "Dijon")
    assert here
    assert there
    assert not resembles(here, there)


@pytest.mark.parametrize(
    "nothing", ["", "12", "13 bis", "rue", "Dijon", "à côté", "\U0001f4a1", "…"]
)
def test_where_no_street_is_named_none_is_found(nothing: str) -> None:
    assert street_of(nothing, "Dijon") is None


def test_a_street_named_after_its_own_commune_keeps_its_name() -> None:
    assert street_of("3 rue de Dijon, Dijon", "Dijon") == Street("rue", ("dijon",))
