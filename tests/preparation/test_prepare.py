"""A dirty table becomes a file that a reference finds valid; what is not in it is counted."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from frictionless import Resource
from frictionless import Schema as Reference
from openpyxl import Workbook

from datalab.catalog.schema import find_schema
from datalab.errors import DatalabError, PreparationRefused
from datalab.inspection.inspect import inspect
from datalab.preparation.matching import Column, proposals
from datalab.preparation.mending import day, mend, number
from datalab.preparation.persons import found_in, masked
from datalab.preparation.prepare import prepare
from datalab.preparation.prepared import Prepared, Wish

SIRET = "21210617300017"  # the SIREN of Talant with a check digit that holds
HEADER = "N° délibération;Date de séance;Code matière;Matière;Objet;Votants;Pour;Contre\n"
COUNCIL = (
    "Délibérations du conseil municipal;;;;;;;\n"
    + HEADER
    + "2026-01;12/01/2026;7.10;Finances;Adoption du budget;27;25;2\n"
    + "2026-02;12/01/2026;4.1;Personnel;Recrutement de Mme Claire Martin;27;27;0\n"
    + "2026-03;31/02/2026;7.5;Subventions;Aide au club de tennis;27;26;1\n"
    + "2026-04;9 février 2026;3.2;Urbanisme;Vente (j.dupont@exemple.fr, 06 12 34 56 78);27;27;0\n"
    + "2026-05;09/02/2026;8.1;Enseignement;Travaux à l'école Marie Curie;vingt;27;0\n"
    + "2026-06;09/02/2026;5.2;Institutions;=1+1;27;27;0\n"
)


def made(folder: Path, name: str, data: bytes, schema: str, **wished: dict[str, str]) -> Prepared:
    file = folder / name
    file.write_bytes(data)
    found = inspect(file, max_bytes=200_000_000)
    columns = [Column(one.source, one.examples) for one in found.columns]
    matched = proposals(find_schema(schema), columns)
    fixed = {"COLL_NOM": "Talant", "COLL_SIRET": SIRET, **wished.get("fixed", {})}
    columns_of = {k: m.column for k, m in matched.items()} | wished.get("columns", {})
    wish = Wish(schema, columns_of, fixed, wished.get("keep", {}))
    return prepare(file, found, wish, folder / "out")


def rows(folder: Path, name: str = "valid.csv") -> list[dict[str, str]]:
    with (folder / "out" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def reference_says_valid(folder: Path, schema: str) -> bool:
    """What frictionless, which is not ours, says of the file that was made."""
    known = find_schema(schema)
    present = next(csv.reader((folder / "out" / "valid.csv").open(encoding="utf-8")))
    described = {
        "fields": [
            {
                k: v
                for k, v in one.model_dump(mode="json", by_alias=True, exclude_none=True).items()
                if k not in ("check", "items")
            }
            for one in known.fields
            if one.name in present
        ]
    }
    resource = Resource(
        path="valid.csv",
        basepath=str(folder / "out"),
        schema=Reference.from_descriptor(described),
    )
    return bool(resource.validate().valid)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_council_table_in_any_encoding_becomes_valid(tmp_path: Path, encoding: str) -> None:
    found = made(tmp_path, "conseil.csv", COUNCIL.encode(encoding), "scdl-deliberations")
    assert (found.rows, found.good, found.rejected, found.withheld) == (6, 3, 3, 0)
    assert found.valid
    assert [(one.line, one.column) for one in found.wrong] == [
        (5, "DELIB_DATE"),
        (7, "VOTE_REEL"),
        (8, "DELIB_OBJET"),
    ]
    written = rows(tmp_path)
    assert [one["DELIB_DATE"] for one in written] == ["2026-01-12", "2026-01-12", "2026-02-09"]
    assert written[0]["DELIB_MATIERE_CODE"] == "7.10", "a code is no number"
    assert written[1]["DELIB_OBJET"] == "Recrutement de [nom masqué]"
    assert "exemple.fr" not in written[2]["DELIB_OBJET"]
    assert "06 12" not in written[2]["DELIB_OBJET"]
    assert reference_says_valid(tmp_path, "scdl-deliberations")
    kept = rows(tmp_path, "rejected.csv")
    assert [one["ligne"] for one in kept] == ["5", "7", "8"]
    assert kept[2]["Objet"] == "'=1+1", "a spreadsheet does not run what is given back"


def test_the_same_table_gives_the_same_file(tmp_path: Path) -> None:
    sums = {
        made(tmp_path, name, COUNCIL.encode(), "scdl-deliberations").sha256
        for name in ("a.csv", "b.csv")
    }
    assert len(sums) == 1


def test_a_workbook_with_real_dates_and_numbers(tmp_path: Path) -> None:
    import datetime

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER.strip().split(";"))
    when = datetime.datetime(2026, 3, 4)
    for n in (1, 2):
        sheet.append([f"D{n}", when, "7.1", "Finances", "Budget", 27.0, 26, 1])
    book.save(tmp_path / "conseil.xlsx")
    data = (tmp_path / "conseil.xlsx").read_bytes()
    found = made(tmp_path, "conseil.xlsx", data, "scdl-deliberations")
    assert (found.good, found.rejected) == (2, 0), found.wrong
    assert [one["DELIB_DATE"] for one in rows(tmp_path)] == ["2026-03-04"] * 2
    assert rows(tmp_path)[0]["VOTE_REEL"] == "27"


GRANTS = (
    "Bénéficiaire,SIRET,Objet,Montant,Date,Nature,Conditions,Période,UE,Part\n"
    'Club de marche,356 000 000 00048,Fonctionnement,"1 200,50 €",12/03/2026,Aide en numéraire,'
    "unique,01/04/2026,non,80 %\n"
    "Mme Claire Martin,,Permis,150,02/03/2026,aide en numéraire,unique,01/04/2026,non,100 %\n"
    "Comité des fêtes,,Bal,500,02/03/2026,aide en numéraire,unique,01/04/2026,non,100 %\n"
)


def test_a_grant_to_a_person_never_leaves_and_is_counted(tmp_path: Path) -> None:
    fixed = {"nomAttribuant": "Talant", "idAttribuant": SIRET}
    found = made(tmp_path, "aides.csv", GRANTS.encode(), "scdl-subventions", fixed=fixed)
    assert (found.rows, found.good, found.rejected, found.withheld) == (3, 1, 1, 1)
    assert found.wrong[0].facts == {"fields": "idBeneficiaire, rnaBeneficiaire"}
    for name in ("valid.csv", "rejected.csv"):
        assert "Martin" not in (tmp_path / "out" / name).read_text(encoding="utf-8")
    (row,) = rows(tmp_path)
    assert (row["montant"], row["pourcentageSubvention"]) == ("1200.50", "0.8")
    assert (row["nature"], row["notificationUE"]) == ("aide en numéraire", "non")
    assert reference_says_valid(tmp_path, "scdl-subventions")


@pytest.mark.parametrize("header", ["Nom de famille", "Patronyme", "Nom du demandeur"])
def test_a_surname_alone_is_known_by_its_header(tmp_path: Path, header: str) -> None:
    fixed = {"nomAttribuant": "Talant", "idAttribuant": SIRET}
    text = GRANTS.replace("Bénéficiaire,", f"{header},").replace("Mme Claire Martin", "Martin")
    wished = {"fixed": fixed, "columns": {"nomBeneficiaire": header}}
    found = made(tmp_path, "aides.csv", text.encode(), "scdl-subventions", **wished)
    assert (found.good, found.withheld) == (0, 3), "a column of persons is one for every row"
    assert "Martin" not in (tmp_path / "out" / "rejected.csv").read_text(encoding="utf-8")


def test_a_name_beside_a_first_name_is_a_person_and_without_one_an_association(
    tmp_path: Path,
) -> None:
    fixed = {"nomAttribuant": "Talant", "idAttribuant": SIRET}
    head, club, person, *_ = GRANTS.splitlines()
    text = "\n".join(
        [
            head.replace("Bénéficiaire", "Prénom,Nom"),
            f",{club}",
            person.replace("Mme Claire Martin", "Claire,Martin"),
        ]
    )
    found = made(tmp_path, "aides.csv", text.encode(), "scdl-subventions", fixed=fixed)
    assert (found.good, found.withheld) == (1, 1)
    assert "Martin" not in (tmp_path / "out" / "valid.csv").read_text(encoding="utf-8")


def test_a_reason_keeps_a_name_but_never_a_number_of_social_security(tmp_path: Path) -> None:
    nir = "2 69 05 49 588 157 80"  # the specimen that INSEE prints
    text = HEADER + f"1;12/01/2026;5.1;Élus;Élection de M. Paul Durand ({nir});27;27;0\n" * 2
    reason = {"DELIB_OBJET name": "CGCT, élus municipaux", "DELIB_OBJET nir": "CGCT, parce que"}
    found = made(tmp_path, "c.csv", text.encode(), "scdl-deliberations", keep=reason)
    assert {one.kind: one.done for one in found.persons} == {"name": "kept", "nir": "masked"}
    assert "Paul Durand" in rows(tmp_path)[0]["DELIB_OBJET"]
    assert "588" not in rows(tmp_path)[0]["DELIB_OBJET"]


def test_rare_first_names_are_left_out(tmp_path: Path) -> None:
    text = "Sexe,Prénom,Nombre,Année\nF,Jade,12,2025\nM,Zéphyr,1,2025\n"
    fixed = {"COLL_INSEE": "21617"}
    found = made(tmp_path, "p.csv", text.encode(), "scdl-prenoms", fixed=fixed)
    assert (found.good, found.withheld) == (1, 1)


def test_required_fields_without_a_column_are_named_and_no_file_is_made(tmp_path: Path) -> None:
    found = made(tmp_path, "c.csv", b"Objet,Pour\nBudget,3\nVoirie,4\n", "scdl-deliberations")
    assert set(found.missing) >= {"DELIB_ID", "DELIB_DATE"}
    assert not found.valid
    assert not (tmp_path / "out" / "valid.csv").exists()


def test_a_bomb_and_what_is_no_table_are_refused(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(b"0" * 1_000_000)
    for name, data in {
        "bombe.xlsx": bomb.getvalue(),
        "image.png": b"\x89PNG\r\n\x1a\n" + bytes(500),
        "vide.csv": b"",
        "objet.json": b'[{"a": 1}, {"a": 2}]',
    }.items():
        with pytest.raises(DatalabError) as refused:
            made(tmp_path, name, data, "scdl-deliberations")
        assert refused.value.status < 500, name


def test_other_formats_are_told_to_come_as_a_spreadsheet(tmp_path: Path) -> None:
    with pytest.raises(PreparationRefused):
        made(tmp_path, "o.json", b'[{"a": 1}, {"a": 2}]', "scdl-deliberations")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("12/01/2026", "2026-01-12"),
        ("1er mars 2026", "2026-03-01"),
        ("2026-3-4", "2026-03-04"),
        ("31/02/2026", None),
        ("01/02/26", None),  # which century is not said
        ("hier", None),
    ],
)
def test_days(text: str, written: str | None) -> None:
    assert day(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1 200,50 €", "1200.50"),
        ("1.200,50", "1200.50"),
        ("12", "12"),
        ("-3,5", "-3.5"),
        ("1.234", "1.234"),  # could be two numbers: left as it is
        ("douze", None),
    ],
)
def test_numbers(text: str, written: str | None) -> None:
    assert number(text) == written


def test_mending_twice_changes_nothing_more() -> None:
    for name in ("scdl-deliberations", "scdl-subventions", "scdl-equipements"):
        for field in find_schema(name).fields:
            for text in ("12/01/2026", "1 200,5", "OUI", "aide En numeraire", "356 000 000 00048"):
                once = mend(field, text)[0]
                assert mend(field, once)[0] == once, (field.name, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Vente à M. Jean Dupont", "Vente à [nom masqué]"),
        ("Délégation à Monsieur le Maire", "Délégation à Monsieur le Maire"),
        ("Travaux à l’école Marie Curie", "Travaux à l’école Marie Curie"),
        ("Mme Martin, domiciliée 12 rue des Lilas", "[nom masqué], domiciliée [adresse masquée]"),
        ("Travaux au 12 rue de la Liberté", "Travaux au 12 rue de la Liberté"),
        ("Écrire à p.durand@exemple.fr", "Écrire à [courriel masqué]"),
        ("Budget de 2026", "Budget de 2026"),
    ],
)
def test_what_tells_of_a_person_is_masked_and_nothing_else(text: str, said: str) -> None:
    assert masked(text, found_in("DELIB_OBJET", text)) == said


def test_contacts_of_places_stay_those_of_persons_do_not() -> None:
    assert found_in("EQUIP_EMAIL", "mairie@talant.fr") == []
    assert found_in("EQUIP_EMAIL", "claire.martin@talant.fr")
    assert found_in("EQUIP_TEL", "+33380446000") == []
    assert found_in("EQUIP_TEL", "06 12 34 56 78")
