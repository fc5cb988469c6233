"""Columns about persons are found; columns about places, sums and things are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalab.catalog.schema import schemas
from datalab.inspection.inspect import inspect
from datalab.inspection.personal import surnames, suspicion_of

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
    "numbers with a sign": ("ecart", ["+12,5", "+1 250", "-3"]),
    "references with hyphens": ("ref", ["219-003-0011", "100-555-0199"]),
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


@pytest.mark.parametrize(
    "header", ["Nom de famille", "Patronyme", "NOM_USAGE", "Nom marital", "Nom de l’adhérent"]
)
def test_a_column_of_surnames_is_known_by_its_header(header: str) -> None:
    found = suspicion_of(header, "", "varchar", ["MARTIN", "Garnier", "Petit"])
    assert found is not None
    assert (found.kind, found.by) == ("name", "header")


@pytest.mark.parametrize("name", sorted(schemas()))
def test_no_header_of_a_national_schema_is_a_surname_by_itself(name: str) -> None:
    fields = [one.name for one in schemas()[name].fields]
    assert surnames(fields) == {}
    values = ["Club de marche", "Dijon", "Fontaine"]
    found = {one: suspicion_of(one, "", "varchar", values) for one in fields}
    assert [one for one, why in found.items() if why is not None and why.kind == "name"] == []


def test_persons_among_those_who_receive_grants_are_found_by_the_values() -> None:
    clubs = [f"Club {number}" for number in range(10)]
    assert suspicion_of("nomBeneficiaire", "", "varchar", clubs) is None
    found = suspicion_of("nomBeneficiaire", "", "varchar", [*clubs, "Mme Claire Martin"])
    assert found is not None
    assert found.kind == "name"


def test_a_wrong_key_makes_no_social_security_number() -> None:
    assert suspicion_of("identifiant", "", "varchar", ["255081416802539"] * 3) is None


ABROAD = {
    "a phone number": ("phone number", ["+1 202 555 0101", "+44 20 7946 0958"], "phone"),
    "of North America": ("Contact Phone Number", ["2095257564", "(202) 332-4200"], "phone"),
    "below any header": ("col3", ["+1 202 555 0101", "(202) 555-0182", "+49 30 901820"], "phone"),
    "with hyphens": ("contact", ["212-555-0143", "415-555-0199"], "phone"),
    "a device": ("ip_address", ["10.0.0.1", "192.0.2.7"], "machine"),
}


@pytest.mark.parametrize("name", ABROAD)
def test_what_is_written_as_elsewhere_is_suspected_below_its_header(name: str) -> None:
    header, values, kind = ABROAD[name]
    found = suspicion_of(header, "", "varchar", values)
    assert found is not None
    assert found.kind == kind
    assert not any(letter.isdigit() for example in found.examples for letter in example)


def suspected(path: Path, text: str) -> set[str]:
    path.write_text(text, encoding="utf-8")
    return {column.source for column in inspect(path).columns if column.personal is not None}


def test_a_bare_name_is_of_a_person_beside_a_first_name_only(tmp_path: Path) -> None:
    people = "Nom;Prénom;Ville\nDurand;Claire;Dijon\nPetit;Hugo;Quetigny\nMorel;Inès;Dijon\n"
    assert suspected(tmp_path / "people.csv", people) == {"Nom", "Prénom"}
    schools = "Nom;Commune;Effectif\nVoltaire;Dijon;210\nMonge;Dijon;180\nDarcy;Chenôve;150\n"
    assert suspected(tmp_path / "schools.csv", schools) == set()
    pair = "first,last,zip\nJohn,Doe,08123\nMary,Poe,08124\n"
    assert suspected(tmp_path / "pair.csv", pair) == {"first", "last"}


def test_a_name_of_a_person_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Nom;Prénom\nDurand;Claire\nPetit;Hugo\n", encoding="utf-8")
    assert inspect(path).key == []


def test_error_signs_of_a_spreadsheet_are_told(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("site;remark\n1;#N/A\n2;works\n3;#REF!\n4;rain\n", encoding="utf-8")
    (said,) = [one for one in inspect(path).remarks if one.code == "sheet-errors"]
    assert (said.column, said.facts) == ("remark", {"signs": "#N/A, #REF!"})
