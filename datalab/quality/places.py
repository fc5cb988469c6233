"""SQL of the expectations about places and units: every row keeps them or breaks them."""

from __future__ import annotations

from datalab.catalog.territory import TERRITORIES, Territory
from datalab.catalog.units import UNITS
from datalab.quality.literal import name
from datalab.quality.subject import Compiled, Form, Subject
from datalab.quality.verdict import Row, Verdict, of_rows


def _inside(longitude: str, latitude: str, box: Territory) -> str:
    return (
        f"({longitude} BETWEEN {box.west} AND {box.east} "
        f"AND {latitude} BETWEEN {box.south} AND {box.north})"
    )


def _valid(subject: Subject) -> Compiled:
    return _rows(subject, f"ST_IsValid({subject.column})")


def _filled(subject: Subject) -> Compiled:
    return _rows(subject, f"NOT ST_IsEmpty({subject.column})")


def _within(subject: Subject) -> Compiled:
    """The whole shape is in the box; where it would be with its axes swapped, that is counted."""
    box, shape = TERRITORIES[subject.given["territory"]], subject.column
    corners = [(f"ST_X{end}({shape})", f"ST_Y{end}({shape})") for end in ("Min", "Max")]
    inside = " AND ".join(_inside(x, y, box) for x, y in corners)
    swapped = " AND ".join(_inside(y, x, box) for x, y in corners)
    return _rows(subject, f"({inside})", f"({swapped})")


def _coordinates(subject: Subject) -> Compiled:
    given = subject.given
    box = TERRITORIES[given["territory"]]
    longitude, latitude = name(given["column_A"]), name(given["column_B"])
    # One of two missing is a place that cannot be, both are no place.
    either = f"({longitude} IS NOT NULL OR {latitude} IS NOT NULL)"
    expected = f"coalesce({_inside(longitude, latitude, box)}, FALSE)"
    return _counted(
        subject,
        either,
        expected,
        f"coalesce({_inside(latitude, longitude, box)}, FALSE)",
        (given["column_A"], given["column_B"]),
    )


def _plausible(subject: Subject) -> Compiled:
    unit = subject.around.columns[subject.given["column"]].unit
    limits = UNITS.get(unit or "")
    if limits is None:
        raise ValueError(f"no limits are known for the unit '{unit}'")
    parts = []
    if limits.low is not None:
        parts.append(f"{subject.column} >= {limits.low}")
    if limits.high is not None:
        parts.append(f"{subject.column} <= {limits.high}")
    # NaN is above every number for DuckDB, and no value of any unit.
    if subject.held in ("DOUBLE", "FLOAT"):
        parts.append(f"isfinite({subject.column})")
    return _rows(subject, f"({' AND '.join(parts)})")


def _rows(subject: Subject, expected: str, swapped: str | None = None) -> Compiled:
    filled = f"{subject.column} IS NOT NULL"
    return _counted(subject, filled, expected, swapped, (subject.given["column"],))


def _counted(
    subject: Subject, filled: str, expected: str, swapped: str | None, columns: tuple[str, ...]
) -> Compiled:
    failing = f"{filled} AND NOT {expected}"
    fragments = [subject.count(), subject.count(filled), subject.count(failing)]
    judge = of_rows(subject.given.get("mostly", 1))
    if swapped is None:
        return Compiled(judge, fragments, failing=failing, columns=columns)
    fragments.append(subject.count(f"{failing} AND {swapped}"))

    def judged(row: Row) -> Verdict:
        verdict = judge(row[:3])
        observed = {"outside": verdict.unexpected_count, "swapped": int(row[3])}
        return Verdict(
            verdict.success,
            verdict.element_count,
            verdict.unexpected_count,
            verdict.unexpected_percent,
            observed if verdict.unexpected_count else None,
        )

    return Compiled(judged, fragments, failing=failing, columns=columns)


PLACES: dict[str, Form] = {
    "expect_column_values_to_be_valid_geometries": _valid,
    "expect_column_values_to_not_be_empty_geometries": _filled,
    "expect_column_values_to_be_within_territory": _within,
    "expect_column_pair_values_to_be_coordinates_in_territory": _coordinates,
    "expect_column_values_to_be_plausible_for_unit": _plausible,
}
