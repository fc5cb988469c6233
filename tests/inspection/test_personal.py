"""Columns about persons are found; columns about places, sums and things are not."""

from __future__ import annotations

import pytest

from datalab.inspection.personal import suspicion_of

PERSONAL = {
    "email": ("contact", ["a.martin@example.org", "b.durand@example.org"]),
    "phone": ("numero", ["06 12 34 56 78", "07.98.76.54.32"]),
    "nir": ("identifiant", ["2 55 08 14 168 025 38", "255081416802538"]),
    "iban": ("compte", ["FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189"]),
    "plate": ("vehicule", ["AB-123-CD", "EF-456-GH"]),
    "name": ("demandeur", ["Martin Sophie", "Jean DURAND", "Mme Lefebvre"]),
    "birth": ("Date de naissance", ["1980-02-01"]),
}
NOT_PERSONAL = {
    "communes": ("nom_commune", ["Dijon", "Chenôve", "Saint-Apollinaire", "Marsannay-la-Côte"]),
    "streets": ("rue", ["Rue Jean Jaurès", "Avenue Victor Hugo", "Place Marie Curie"]),
    "trees": ("nom_usuel", ["Micocoulier de Provence", "Chêne pubescent"]),
    "births counted": ("naissances_2022", ["12", "5"]),
    "a number of phones": ("nb_telephones", ["3", "7"]),
    "place of birth": ("lieu de naissance", ["Dijon", "Lyon"]),
    "insee codes": ("code_insee", ["21231", "21166"]),
    "siren": ("siren", ["242100410", "217100510"]),
    "web pages": ("contact", ["https://www.ahuy.fr/", "https://www.daix.fr/"]),
    "references": ("ref", ["1600_001_01", "219_003_01"]),
}


@pytest.mark.parametrize("kind", PERSONAL)
def test_what_is_about_persons_is_suspected(kind: str) -> None:
    header, values = PERSONAL[kind]
    found = suspicion_of(header, "", "varchar", values)
    assert found is not None
    assert found.kind == kind
    assert all(value not in found.examples for value in values)


@pytest.mark.parametrize("name", NOT_PERSONAL)
def test_what_is_about_places_and_things_is_not(name: str) -> None:
    header, values = NOT_PERSONAL[name]
    assert suspicion_of(header, "", "varchar", values) is None


def test_a_wrong_key_makes_no_social_security_number() -> None:
    assert suspicion_of("identifiant", "", "varchar", ["255081416802539"] * 3) is None
