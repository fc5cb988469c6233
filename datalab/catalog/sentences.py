"""The sentence of each expectation type, before translation."""

from __future__ import annotations

from collections.abc import Callable

from datalab.catalog.amounts import amount, listed, quoted, share_in_words, value_in_words
from datalab.catalog.voice import Voice

Say = Callable[[Voice], str]


def _counted(one: str, many: str) -> Say:
    """A sentence about a count; French and English differ on where the plural begins."""

    def say(voice: Voice) -> str:
        given = voice.given
        if "value" in given:
            said, last = amount(given["value"], given["value"], voice.language), given["value"]
        else:
            high = given.get("max_value")
            said, last = voice.amount(), given.get("min_value") if high is None else high
        single = last == 1 or (last == 0 and voice.language == "fr")
        facts = {"column": voice.column} if "column" in given else {}
        return voice(one if single else many, amount=said, **facts)

    return say


def _values(sentence: str, **facts: Callable[[Voice], object]) -> Say:
    return lambda v: v(sentence, values=v.values, **{name: of(v) for name, of in facts.items()})


def _aggregate(number: str, date: str = "") -> Say:
    return lambda v: v(
        date if v.dated and date else number, column=v.column, amount=v.amount(v.unit)
    )


def _columns(voice: Voice) -> str:
    return voice.labels(voice.given["column_list"])


def _pair(voice: Voice) -> dict[str, str]:
    return {
        "rows": voice.rows,
        "first": voice.label(voice.given["column_A"]),
        "second": voice.label(voice.given["column_B"]),
    }


def _greater(voice: Voice) -> str:
    known = voice.dataset.columns.get(voice.given["column_A"])
    dated = known is not None and known.type.startswith(("date", "time"))
    if voice.given.get("or_equal"):
        sentence = (
            "{rows}, {first} does not come before {second}"
            if dated
            else "{rows}, {first} is at least {second}"
        )
    else:
        sentence = (
            "{rows}, {first} comes after {second}"
            if dated
            else "{rows}, {first} is more than {second}"
        )
    return voice(sentence, **_pair(voice))


def _pairs(voice: Voice) -> str:
    pairs = [
        "(" + ", ".join(value_in_words(side, voice.language) for side in pair) + ")"
        for pair in voice.given["value_pairs_set"]
    ]
    return voice(
        "{rows}, {first} and {second} form one of these pairs: {pairs}",
        pairs=listed(pairs, voice.language, "or"),
        **_pair(voice),
    )


def _patterns(name: str) -> Say:
    def say(voice: Voice) -> str:
        last = "and" if voice.given.get("match_on") == "all" else "or"
        return listed([quoted(p, voice.language) for p in voice.given[name]], voice.language, last)

    return say


def _pattern(name: str) -> Say:
    return lambda v: quoted(v.given.get(name, ""), v.language)


def _lengths(voice: Voice) -> str:
    value = voice.given.get("value")
    return amount(value, value, voice.language) if value is not None else voice.amount()


def _between(voice: Voice) -> str:
    sentence = "{values} fall {amount}" if voice.dated else "{values} are {amount}"
    return voice(sentence, values=voice.values, amount=voice.amount(voice.unit))


def _quantiles(voice: Voice) -> str:
    ranges = voice.given["quantile_ranges"]
    parts = [
        voice(
            "the threshold under which {share} of the values lie is {amount}",
            share=share_in_words(quantile, voice.language),
            amount=amount(low, high, voice.language, unit=voice.unit),
        )
        for quantile, (low, high) in zip(ranges["quantiles"], ranges["value_ranges"], strict=True)
    ]
    return voice(
        "For {column}, {thresholds}",
        column=voice.column,
        thresholds=listed(parts, voice.language),
    )


def _once(voice: Voice) -> str:
    if voice.given.get("mostly", 1) == 1:
        return voice("No value of {column} appears twice", column=voice.column)
    return voice("{values} appear only once", values=voice.values)


def _filled(voice: Voice) -> str:
    if voice.given.get("mostly", 1) == 1:
        return voice("No value of {column} is missing", column=voice.column)
    return voice("{values} are filled in", values=voice.values)


def _table_columns(voice: Voice) -> str:
    given = voice.given
    if "column_list" in given:
        sentence = "The table has exactly these columns, in this order: {columns}"
    elif given.get("exact_match", True):
        sentence = "The table has exactly these columns: {columns}"
    else:
        sentence = "The table has at least these columns: {columns}"
    names = [str(name) for name in given.get("column_list") or given["column_set"]]
    return voice(sentence, columns=", ".join(names))


def _exists(voice: Voice) -> str:
    name = quoted(voice.given["column"], voice.language)
    index = voice.given.get("column_index")
    if index is None:
        return voice("The table has a column {name}", name=name)
    return voice("The table has a column {name} in place {place}", name=name, place=index + 1)


def _set(sentence: str, last: str = "or") -> Say:
    return lambda v: v(sentence, column=v.column, set=v.set(v.given["value_set"], last))


def _members(voice: Voice) -> str:
    return voice.set(voice.given["value_set"])


def _among(voice: Voice) -> str:
    one = len(voice.given["value_set"]) == 1
    sentence = "{values} are {set}" if one else "{values} are among: {set}"
    return voice(sentence, values=voice.values, set=_members(voice))


SENTENCES: dict[str, Say] = {
    "expect_table_row_count_to_equal": _counted(
        "The table has {amount} row", "The table has {amount} rows"
    ),
    "expect_table_row_count_to_be_between": _counted(
        "The table has {amount} row", "The table has {amount} rows"
    ),
    "expect_table_column_count_to_equal": _counted(
        "The table has {amount} column", "The table has {amount} columns"
    ),
    "expect_table_column_count_to_be_between": _counted(
        "The table has {amount} column", "The table has {amount} columns"
    ),
    "expect_table_columns_to_match_set": _table_columns,
    "expect_table_columns_to_match_ordered_list": _table_columns,
    "expect_column_to_exist": _exists,
    "expect_column_values_to_not_be_null": _filled,
    "expect_column_values_to_be_null": _values("{values} are missing"),
    "expect_column_values_to_be_unique": _once,
    "expect_column_values_to_be_in_set": _among,
    "expect_column_values_to_not_be_in_set": _values("{values} avoid: {set}", set=_members),
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_match_regex": _values(
        "{values} follow the pattern {pattern}", pattern=_pattern("regex")
    ),
    "expect_column_values_to_not_match_regex": _values(
        "{values} avoid the pattern {pattern}", pattern=_pattern("regex")
    ),
    "expect_column_values_to_match_regex_list": _values(
        "{values} follow the pattern {pattern}", pattern=_patterns("regex_list")
    ),
    "expect_column_values_to_not_match_regex_list": _values(
        "{values} avoid the pattern {pattern}", pattern=_patterns("regex_list")
    ),
    "expect_column_values_to_match_like_pattern": _values(
        "{values} follow the pattern {pattern}", pattern=_pattern("like_pattern")
    ),
    "expect_column_values_to_not_match_like_pattern": _values(
        "{values} avoid the pattern {pattern}", pattern=_pattern("like_pattern")
    ),
    "expect_column_values_to_match_like_pattern_list": _values(
        "{values} follow the pattern {pattern}", pattern=_patterns("like_pattern_list")
    ),
    "expect_column_values_to_not_match_like_pattern_list": _values(
        "{values} avoid the pattern {pattern}", pattern=_patterns("like_pattern_list")
    ),
    "expect_column_value_lengths_to_equal": _values(
        "{values} have {amount} characters", amount=_lengths
    ),
    "expect_column_value_lengths_to_be_between": _values(
        "{values} have {amount} characters", amount=_lengths
    ),
    "expect_column_min_to_be_between": _aggregate(
        "The smallest value of {column} is {amount}", "The earliest {column} falls {amount}"
    ),
    "expect_column_max_to_be_between": _aggregate(
        "The largest value of {column} is {amount}", "The latest {column} falls {amount}"
    ),
    "expect_column_mean_to_be_between": _aggregate("The mean of {column} is {amount}"),
    "expect_column_median_to_be_between": _aggregate("The median of {column} is {amount}"),
    "expect_column_sum_to_be_between": _aggregate("The total of {column} is {amount}"),
    "expect_column_stdev_to_be_between": _aggregate(
        "The standard deviation of {column} is {amount}"
    ),
    "expect_column_unique_value_count_to_be_between": _counted(
        "{column} has {amount} distinct value", "{column} has {amount} distinct values"
    ),
    "expect_column_proportion_of_unique_values_to_be_between": lambda v: v(
        "The share of distinct values of {column} is {amount}",
        column=v.column,
        amount=v.share_amount(),
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": lambda v: v(
        "The share of values of {column} that are filled in is {amount}",
        column=v.column,
        amount=v.share_amount(),
    ),
    "expect_column_quantile_values_to_be_between": _quantiles,
    "expect_column_distinct_values_to_be_in_set": _set("{column} takes no other value than: {set}"),
    "expect_column_distinct_values_to_contain_set": _set(
        "{column} takes at least once each of these values: {set}", "and"
    ),
    "expect_column_distinct_values_to_equal_set": _set(
        "{column} takes exactly these values: {set}", "and"
    ),
    "expect_column_most_common_value_to_be_in_set": _set(
        "The most frequent value of {column} is among: {set}"
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": lambda v: v(
        "{rows}, {first} and {second} are equal", **_pair(v)
    ),
    "expect_column_pair_values_to_be_in_set": _pairs,
    "expect_compound_columns_to_be_unique": lambda v: v(
        "{rows}, the combination of {columns} is like no other", rows=v.rows, columns=_columns(v)
    ),
    "expect_select_column_values_to_be_unique_within_record": lambda v: v(
        "{rows}, {columns} all differ from each other", rows=v.rows, columns=_columns(v)
    ),
    "expect_multicolumn_values_to_be_equal": lambda v: v(
        "{rows}, {columns} are equal", rows=v.rows, columns=_columns(v)
    ),
    "expect_multicolumn_sum_to_equal": lambda v: v(
        "{rows}, the total of {columns} is {amount}",
        rows=v.rows,
        columns=_columns(v),
        amount=amount(v.given["sum_total"], v.given["sum_total"], v.language),
    ),
}
