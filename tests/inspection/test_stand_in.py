"""Numbers and dates that may stand for nothing known are told, and nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datalab.inspection.found import Inspection
from datalab.inspection.inspect import inspect

YEARS = [1950, 1971, 2004, 1999, 1987, 2011]
FAR_DAYS = ["2019-01-01", "2020-03-04", "2021-09-09"]
SUSPECT: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "a year": ([*YEARS, 9999], {"9999": (1, "1950", "2011")}),
    "degrees": (["12.5", "-999", "11.0", "-999.0", "8.25"], {"-999": (2, "8.25", "12.5")}),
    "two codes": (["3", "-9999", "-999", "5", "4"], {"-9999": 1, "-999": 1}),
    "an age": ([33, 999, 999, 54, 12], {"999": (2, "12", "54")}),
    "minus one": ([4, -1, 7, -1, 0, 3], {"-1": (2, "0", "7")}),
    "the first day": ([*FAR_DAYS, "1900-01-01"], {"1900-01-01": (1, *FAR_DAYS[::2])}),
    "the last day": ([*FAR_DAYS, "9999-12-31"], {"9999-12-31": (1, *FAR_DAYS[::2])}),
    "a moment": (
        [f"{day}T08:00:00" for day in [*FAR_DAYS, "1970-01-01"]],
        {"1970-01-01": (1, *FAR_DAYS[::2])},
    ),
}
NOT_SUSPECT: dict[str, list[Any]] = {
    "a series that begins in 1900": [f"1900-{month:02}-01" for month in range(1, 13)],
    "numbers up to 9999": [9990, 9995, 9999, 5200, 9999],
    "a growth": [-3, -1, 0, 2, -1, 4],
    "a share": [99, 97, 80, 55, 99],
    "one age": [33, 99, 12],
    "text": ["9999", "a9", "b7"],
    "nothing but one value": [9999, 9999, 9999],
}


def inspected(tmp_path: Path, values: list[Any]) -> Inspection:
    path = tmp_path / "seen.csv"
    rows = "".join(f"{number};{value}\n" for number, value in enumerate(values, 1))
    path.write_text(f"n;seen\n{rows}", encoding="utf-8")
    return inspect(path)


@pytest.mark.parametrize("name", SUSPECT)
def test_a_value_far_from_all_others_is_told_with_where_they_lie(tmp_path: Path, name: str) -> None:
    values, expected = SUSPECT[name]
    found = inspected(tmp_path, values)
    column = found.column("seen")
    counts = {value: told[0] for value, told in column.stand_ins.items()}
    assert counts == {v: e if isinstance(e, int) else e[0] for v, e in expected.items()}
    for value, told in expected.items():
        assert isinstance(told, int) or tuple(column.stand_ins[value]) == told
    said = [one for one in found.remarks if one.code == "stand-in"]
    assert {one.facts["value"] for one in said} == set(expected)
    assert found.rejected == 0, "nothing is changed"


@pytest.mark.parametrize("name", NOT_SUSPECT)
def test_values_with_neighbours_are_not(tmp_path: Path, name: str) -> None:
    assert inspected(tmp_path, NOT_SUSPECT[name]).column("seen").stand_ins == {}
