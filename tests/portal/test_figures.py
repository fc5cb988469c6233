"""Numbers and dates as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from datalab.portal.figures import cell, day, number


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (159941, "159\u202f941", "159,941"),
        (1234.5, "1\u202f234,5", "1,234.5"),
        (3.0, "3", "3"),
        (0.1 + 0.2, "0,3", "0.3"),
        (0.0, "0", "0"),
        (-12000, "-12\u202f000", "-12,000"),
        (1e-7, "1e-07", "1e-07"),
        (Decimal("1.10"), "1,1", "1.1"),
        (
            Decimal("1234567890123456789012345678.7891"),
            "1\u202f234\u202f567\u202f890\u202f123\u202f456\u202f789\u202f012\u202f345\u202f678,7891",
            "1,234,567,890,123,456,789,012,345,678.7891",
        ),
    ],
)
def test_numbers(value: float | Decimal, french: str, english: str) -> None:
    assert number(value, "fr") == french
    assert number(value, "en") == english


def test_decimals_are_rounded_where_asked() -> None:
    assert number(3958.2, "fr", digits=0) == "3\u202f958"
    assert number(1200.0, "fr", digits=0) == "1\u202f200"


def test_years_are_not_cut_into_thousands() -> None:
    assert number(2022, "fr", year=True) == "2022"
    assert cell(2022, "integer", "census_year", "fr") == "2022"


def test_dates_are_those_of_dijon() -> None:
    assert day("2026-01-01", "fr") == "1er janvier 2026"
    assert day("2026-06-30T23:30:00+00:00", "en") == "1 July 2026"
    assert day("no date", "fr") == ""
    assert cell("2024-02-29", "date", "day", "fr") == "29/02/2024"


def test_absent_and_yes_or_no() -> None:
    assert cell(None, "integer", "n", "fr") == ""
    assert cell(True, "boolean", "flag", "fr") == "oui"
