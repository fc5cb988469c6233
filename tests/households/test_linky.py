"""Files of Enedis as people download them, and files that somebody made to do harm.

The first shape is the one that Enedis's accounts export ("Courbe de charge"), the second the one of
2025 ("Début;Fin;Valeur"), both written by hand here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.errors import MeterFileRefused
from datalab.households import linky
from datalab.households.linky import read

HERE = ZoneInfo("Europe/Paris")
ABOUT = (
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;"
    "Grandeur metier;Etape metier;Unite;Pas en minutes\r\n"
    "12345678901234;Courbe de charge;{first};{last};Energie active;Consommation;"
    "Comptage Brut;W;30\r\n\r\nHorodate;Valeur\r\n"
)


def curve(first: date, days: int, watts: int = 500, *, step: int = 30, skip: int = 0) -> str:
    start = datetime(first.year, first.month, first.day, tzinfo=HERE).astimezone(UTC)
    last = first + timedelta(days=days)
    until = datetime(last.year, last.month, last.day, tzinfo=HERE).astimezone(UTC)
    many = int((until - start).total_seconds()) // 60 // step
    lines = [
        f"{(start + timedelta(minutes=step * n)).astimezone(HERE).isoformat()};{watts}"
        for n in range(1, many + 1)
    ]
    about = ABOUT.format(first=f"{first:%d/%m/%Y}", last=f"{last:%d/%m/%Y}")
    return about + "\r\n".join(lines[skip:]) + "\r\n"


def test_a_load_curve_gives_the_kwh_of_each_day() -> None:
    found = read(curve(date(2026, 1, 5), 3).encode("utf-8-sig"))
    assert found.days == {date(2026, 1, day): 12.0 for day in (5, 6, 7)}
    assert (found.step, found.refused, found.empty, found.incomplete) == (30, 0, 0, ())


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_on_which_the_clock_changes_have_their_own_hours(day: date, hours: int) -> None:
    found = read(curve(day, 1).encode())
    assert found.days == {day: hours * 0.5}


def test_the_shape_of_2025_has_local_time_a_comma_and_kilowatts() -> None:
    moment, lines = datetime(2023, 3, 2, tzinfo=HERE), ["Début;Fin;Valeur (en kW)"]
    for n in range(48):
        a, b = moment + timedelta(minutes=30 * n), moment + timedelta(minutes=30 * n + 30)
        lines.append(f"{a:%d/%m/%Y %H:%M:%S};{b:%d/%m/%Y %H:%M:%S};0,500")
    for encoding in ("utf-8", "cp1252"):
        assert read("\n".join(lines).encode(encoding)).days == {date(2023, 3, 2): 12.0}


def test_the_hour_that_comes_twice_in_october_is_counted_twice_without_its_offset() -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Paris
    lines = ["Début;Fin;Valeur (en kW)"]
    for n in range(50):
        a, b = ((start + timedelta(minutes=30 * m)).astimezone(HERE) for m in (n, n + 1))
        lines.append(f"{a:%d/%m/%Y %H:%M:%S};{b:%d/%m/%Y %H:%M:%S};1,000")
    assert read("\n".join(lines).encode()).days == {date(2026, 10, 25): 25.0}


def test_a_day_with_holes_is_left_out_and_a_small_hole_is_filled() -> None:
    assert read(curve(date(2026, 1, 5), 2, skip=10).encode()).incomplete == (date(2026, 1, 5),)
    found = read(curve(date(2026, 1, 5), 2, skip=3).encode())
    assert found.days[date(2026, 1, 5)] == 12.0
    text = curve(date(2026, 1, 5), 1).replace(";500\r\n", ";\r\n", 2)
    assert read(text.encode()).empty == 2


def test_lines_that_are_no_measurement_are_counted_and_not_guessed() -> None:
    bad = "\r\n".join(
        [
            "2026-01-05T00:30:00+01:00;-3",
            '2026-01-05T01:00:00+01:00;=HYPERLINK("http://x")',
            "2026-01-05T01:30:00+01:00;1e9",
            "2026-01-05T02:00:00+01:00;nan",
            "2026-01-05T02:30:00+01:00;900000",
            "9999-99-99T00:00:00+01:00;500",
            "0001-01-01T00:00:00+23:59;500",
            "une ligne",
            '"jamais fermé;500',
            "x" * 100_000,
            "2026-01-06T00:00:00+01:00;٣",
        ]
    )
    found = read((curve(date(2026, 1, 5), 2) + bad).encode())
    assert found.refused == 11
    assert found.days == {date(2026, 1, day): 12.0 for day in (5, 6)}


def test_a_moment_told_twice_counts_once_and_a_contradiction_is_said() -> None:
    text = curve(date(2026, 1, 5), 1)
    last = text.splitlines()[-1]
    assert read((text + last).encode()).repeated == 1
    assert read((text + last.replace(";500", ";900")).encode()).refused == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Horodate"),
        (b"PK\x03\x04", "classeur"),
        (b"\xff\xfe\x00\x00abc", "texte"),
        (b"a;b\n1;2\n", "Horodate"),
        (b"Horodate;Valeur\n", "aucune mesure"),
        (b"Horodate;Type de releve;EAS F1\n2021-04-01T01:00:00+02:00;x;1\n", "Horodate"),
        (ABOUT.replace("Courbe de charge", "Index").encode(), "index"),
        (ABOUT.replace("Consommation", "Production").encode(), "produit"),
        (ABOUT.replace("\r\n\r\n", "\r\n99999999999999;Courbe\r\n").encode(), "deux compteurs"),
        (b"Horodate;Valeur\n" + b"2026-01-05T00:30:00+01:00;1\n2026-01-05T07:30:00+01:00;1", "pas"),
        (b"\n" * (linky.MOST + 1), "lignes"),
        (b"x" * (linky.LARGEST + 1), "Mo"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_that_is_something_else_is_refused_with_what_to_send(
    content: bytes, says: str
) -> None:
    with pytest.raises(MeterFileRefused) as caught:
        read(content)
    assert says in caught.value.message("fr")


def test_the_number_of_the_meter_is_not_kept() -> None:
    assert "12345678901234" not in repr(read(curve(date(2026, 1, 5), 1).encode()))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode()))
def test_whatever_comes_is_read_or_refused(content: bytes) -> None:
    for start in (b"", b"Horodate;Valeur\n", "Début;Fin;Valeur (en kW)\n".encode()):
        try:
            read(start + content)
        except MeterFileRefused:
            continue
