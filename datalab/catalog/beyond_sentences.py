"""The lab's own expectations in sentences, and what was observed of them, before translation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from datalab.catalog.amounts import amount, listed, quoted, share_in_words, value_in_words
from datalab.catalog.beyond import FARTHEST, MAX_DEVIATION
from datalab.catalog.condition import InvalidCondition, read_condition
from datalab.catalog.territory import TERRITORIES
from datalab.catalog.units import UNITS
from datalab.catalog.voice import Voice
from datalab.i18n import Language, Phrase, translate

Say = Callable[[Voice], str]
STEP_NAMES: dict[str, Phrase] = {
    "PT1M": Phrase("every minute"),
    "PT5M": Phrase("every five minutes"),
    "PT10M": Phrase("every ten minutes"),
    "PT15M": Phrase("every quarter of an hour"),
    "PT30M": Phrase("every half hour"),
    "PT1H": Phrase("every hour"),
    "P1D": Phrase("every day"),
    "P7D": Phrase("every week"),
    "P1M": Phrase("every month"),
    "P3M": Phrase("every three months"),
    "P1Y": Phrase("every year"),
}


def _other(voice: Voice) -> dict[str, str]:
    """The other dataset, its column, and which of its rows count."""
    given = voice.given
    other = quoted(given["other_dataset"], voice.language)
    written = given.get("other_row_condition")
    if written is not None:
        try:
            condition = voice.condition(read_condition(written))
        except InvalidCondition:
            condition = str(written)
        other = voice("{other} (rows where {condition})", other=other, condition=condition)
    return {"other": other, "theirs": quoted(given.get("other_column", ""), voice.language)}


def _exists(v: Voice) -> str:
    return v("{values} exist in {other}, column {theirs}", values=v.values, **_other(v))


def _covers(v: Voice) -> str:
    share = v.given.get("mostly", 1)
    if share == 1:
        return v("{column} covers every {theirs} of {other}", column=v.column, **_other(v))
    return v(
        "{column} covers at least {share} of {theirs} of {other}",
        column=v.column,
        share=share_in_words(share, v.language),
        **_other(v),
    )


def _within(v: Voice) -> str:
    tolerance = v.given.get("tolerance", 0)
    if not tolerance:
        return ""
    return v(", within {share}", share=share_in_words(tolerance, v.language))


def _sum(v: Voice) -> str:
    return v(
        "The total of {column} is what {other} gives in {theirs}{within}",
        column=v.column,
        within=_within(v),
        **_other(v),
    )


def _count(v: Voice) -> str:
    other = _other(v)
    if "other_column" not in v.given:
        return v(
            "The table has as many rows as {other}{within}", other=other["other"], within=_within(v)
        )
    return v(
        "The number of rows is what {other} gives in {theirs}{within}", within=_within(v), **other
    )


def _recent(v: Voice) -> str:
    days = v.given.get("max_age_days")
    if days is None:
        return v("The latest {column} is as recent as the dataset promises", column=v.column)
    said = amount(None, days, v.language, unit="days")
    return v("The latest {column} is {age} old", column=v.column, age=said)


def _change(sentence: str) -> Say:
    def say(v: Voice) -> str:
        facts = {"column": v.column} if "column" in v.given else {}
        return v(sentence, share=share_in_words(v.given["max_change"], v.language), **facts)

    return say


def _distribution(v: Voice) -> str:
    method = v.given.get("method", "psi")
    most = v.given.get("max_distance", FARTHEST[method])
    return v(
        "The values of {column} are spread as in the version before ({method} at most {distance})",
        column=v.column,
        method=method.upper(),
        distance=value_in_words(most, v.language),
    )


def _territory(v: Voice) -> str:
    return TERRITORIES[v.given["territory"]].name.in_(v.language)


def _coordinates(v: Voice) -> str:
    return v(
        "{rows}, {first} and {second} give a place in {territory}, longitude first",
        rows=v.rows,
        first=v.label(v.given["column_A"]),
        second=v.label(v.given["column_B"]),
        territory=_territory(v),
    )


def _plausible(v: Voice) -> str:
    limits = UNITS.get(v.unit or "")
    if limits is None:
        return v("{values} are possible in their unit", values=v.values)
    said = amount(limits.low, limits.high, v.language, unit=v.unit)
    return v("{values} are possible in their unit: {amount}", values=v.values, amount=said)


def _jump(v: Voice) -> str:
    return v(
        "{values} follow each other without a jump of more than {times} times the usual step",
        values=v.values,
        times=value_in_words(v.given.get("max_deviation", MAX_DEVIATION), v.language),
    )


def _step(v: Voice) -> str:
    return v(
        "{values} follow each other {step}, none missing and none twice",
        values=v.values,
        step=STEP_NAMES[v.given["step"]].in_(v.language),
    )


OWN_SENTENCES: dict[str, Say] = {
    "expect_column_values_to_exist_in_other_dataset": _exists,
    "expect_column_values_to_cover_other_dataset": _covers,
    "expect_column_sum_to_equal_other_dataset": _sum,
    "expect_table_row_count_to_equal_other_dataset": _count,
    "expect_column_max_to_be_recent": _recent,
    "expect_table_row_count_to_be_close_to_previous": _change(
        "The number of rows differs by at most {share} from the version before"
    ),
    "expect_column_null_share_to_be_close_to_previous": _change(
        "The share of missing values of {column} differs by at most {share} of the rows from the "
        "version before"
    ),
    "expect_column_distribution_to_be_close_to_previous": _distribution,
    "expect_column_values_to_be_valid_geometries": lambda v: v(
        "{values} are valid shapes", values=v.values
    ),
    "expect_column_values_to_not_be_empty_geometries": lambda v: v(
        "{values} are shapes that are not empty", values=v.values
    ),
    "expect_column_values_to_be_within_territory": lambda v: v(
        "{values} lie in {territory}, longitude first", values=v.values, territory=_territory(v)
    ),
    "expect_column_pair_values_to_be_coordinates_in_territory": _coordinates,
    "expect_column_values_to_be_plausible_for_unit": _plausible,
    "expect_column_values_to_not_jump": _jump,
    "expect_column_values_to_follow_time_step": _step,
}


def observed_in_words(observed: object, language: Language) -> str | None:
    """What an expectation of the lab's own observed, as a sentence; None for any other value."""
    if not isinstance(observed, Mapping):
        return None

    def said(value: Any) -> str:
        return value_in_words(value, language) if value is not None else "–"

    def one(sentence: str, **facts: object) -> str:
        return translate(sentence, language, **facts)

    known = dict(observed)
    if "covered" in known:
        facts = {k: said(known[k]) for k in ("covered", "of")}
        words = one("{covered} of {of}", **facts)
        if known["missing"]:
            missing = listed([said(value) for value in known["missing"]], language)
            words += one("; missing: {missing}", missing=missing)
        return words
    if "published" in known:
        dated = one(" ({date})", date=known["date"]) if known.get("date") else ""
        return one(
            "{found} here, {published} published{dated} by “{dataset}”",
            found=said(known["found"]),
            published=said(known["published"]),
            dated=dated,
            dataset=known["dataset"],
        )
    if "age_days" in known:
        return one(
            "the latest is {newest}, {age} days old; {allowed} are allowed",
            newest=said(known["newest"]),
            age=said(round(known["age_days"], 1)),
            allowed=said(known["allowed_days"]),
        )
    if "before" in known and "change" in known:
        shares = isinstance(known["now"], float)
        told = {
            name: share_in_words(round(known[name], 4), language) if shares else said(known[name])
            for name in ("now", "before")
        }
        return one("{now} now, {before} in the version before", **told)
    if "distance" in known:
        return one(
            "{method} = {distance}; at most {allowed} was expected",
            method=str(known["method"]).upper(),
            distance=said(round(known["distance"], 3)),
            allowed=said(known["allowed"]),
        )
    if "swapped" in known:
        facts = {k: said(known[k]) for k in ("outside", "swapped")}
        return one(
            "{outside} outside, of which {swapped} with longitude and latitude swapped", **facts
        )
    if "gaps" in known:
        facts = {k: said(known[k]) for k in ("gaps", "repeats", "between")}
        return one("gaps: {gaps}; repeats: {repeats}; in between: {between}", **facts)
    return None
