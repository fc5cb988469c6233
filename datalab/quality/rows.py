"""SQL of the expectations about values and rows: each row keeps them or breaks them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datalab.quality.literal import literal, literals, name
from datalab.quality.subject import Compiled, Form, Subject
from datalab.quality.verdict import of_rows

# -- values of one column -----------------------------------------------------------------


def _values(expected: Callable[[Subject], str]) -> Form:
    def make(subject: Subject) -> Compiled:
        filled = f"{subject.column} IS NOT NULL"
        failing = f"NOT ({expected(subject)})"
        # NOT over a null value is null, which no filter lets through: no need to say IS NOT NULL.
        return Compiled(
            of_rows(subject.given.get("mostly", 1)),
            (subject.count(), _filled(subject), subject.count(failing)),
            failing=f"{filled} AND {failing}",
            columns=(subject.given["column"],),
        )

    return make


def _filled(subject: Subject) -> str:
    return subject.aggregate(f"count({subject.column})")


def _nullity(null: bool) -> Form:
    def make(subject: Subject) -> Compiled:
        everything, filled = subject.count(), _filled(subject)
        unexpected = filled if null else f"{everything} - {filled}"
        return Compiled(
            of_rows(subject.given.get("mostly", 1)),
            (everything, everything, unexpected),
            failing=f"{subject.column} IS {'NOT ' if null else ''}NULL",
            columns=(subject.given["column"],),
        )

    return make


def _lengths(subject: Subject) -> str:
    length = f"length({subject.column})"
    if "value" in subject.given:
        return f"{length} = {int(subject.given['value'])}"
    return subject.between(length, "BIGINT")


def _regex(subject: Subject, patterns: Sequence[str]) -> list[str]:
    return [f"regexp_matches({subject.column}, {literal(pattern)})" for pattern in patterns]


def _like(subject: Subject, patterns: Sequence[str]) -> list[str]:
    escape = subject.given.get("escape")
    end = f" ESCAPE {literal(escape)}" if escape else ""
    return [f"{subject.column} LIKE {literal(pattern)}{end}" for pattern in patterns]


def _matches(
    argument: str, parts: Callable[[Subject, Sequence[str]], list[str]], wanted: bool = True
) -> Callable[[Subject], str]:
    """Any (or all) of the patterns in ``argument`` match; or none does."""

    def expected(subject: Subject) -> str:
        patterns = subject.given[argument]
        found = parts(subject, [patterns] if isinstance(patterns, str) else patterns)
        if not wanted:
            return " AND ".join(f"NOT ({one})" for one in found)
        return (" AND " if subject.given.get("match_on") == "all" else " OR ").join(found)

    return expected


def _in_set(subject: Subject) -> str:
    return f"{subject.column} IN {literals(subject.given['value_set'], subject.held)}"


def _not_in_set(subject: Subject) -> str:
    return f"{subject.column} NOT IN {literals(subject.given['value_set'], subject.held)}"


# -- uniqueness ---------------------------------------------------------------------------


def _unique(columns: Sequence[str], subject: Subject, ignored: str) -> Compiled:
    """Rows whose key appears more than once. A key with a null equals nothing, not even itself.

    A query of its own: grouping by a key holds every key in memory, the shared scan holds none.
    """
    keys = ", ".join(name(column) for column in columns)
    complete = " AND ".join(f"{name(column)} IS NOT NULL" for column in columns)
    considered = "TRUE" if ignored == "FALSE" else f"NOT ({ignored})"
    query = (
        f"SELECT sum(n) FROM (SELECT count(*) AS n FROM {subject.table} "  # noqa: S608
        f"WHERE {subject.domain} AND {complete} GROUP BY {keys} HAVING count(*) > 1)"
    )
    return Compiled(
        of_rows(subject.given.get("mostly", 1)),
        (subject.count(), subject.count(considered)),
        query=query,
        repeated={column: subject.types[column] for column in columns},
        failing=complete,
        columns=tuple(columns),
    )


# -- records: pairs and lists of columns --------------------------------------------------


def _ignored(subject: Subject, columns: Sequence[str]) -> str:
    """The condition under which ``ignore_row_if`` leaves a row out."""
    missing = [f"{column} IS NULL" for column in columns]
    choice = subject.given.get("ignore_row_if", "")
    if choice in ("neither", "never"):
        return "FALSE"
    either = choice in ("either_value_is_missing", "any_value_is_missing")
    return (" OR " if either else " AND ").join(missing)


def _record(names: Sequence[str], subject: Subject, expected: str) -> Compiled:
    ignored = _ignored(subject, [name(one) for one in names])
    considered = "TRUE" if ignored == "FALSE" else f"NOT ({ignored})"
    failing = f"{considered} AND NOT ({expected})"
    return Compiled(
        of_rows(subject.given.get("mostly", 1)),
        (subject.count(), subject.count(considered), subject.count(failing)),
        failing=failing,
        columns=tuple(names),
    )


def _pair(expected: Callable[[Subject, str, str], str]) -> Form:
    def make(subject: Subject) -> Compiled:
        names = subject.given["column_A"], subject.given["column_B"]
        return _record(names, subject, expected(subject, name(names[0]), name(names[1])))

    return make


def _greater(subject: Subject, first: str, second: str) -> str:
    if subject.flag("or_equal"):
        return f"{first} >= {second} OR ({first} IS NULL AND {second} IS NULL)"
    return f"{first} > {second}"


def _pairs(subject: Subject, first: str, second: str) -> str:
    types = subject.types[subject.given["column_A"]], subject.types[subject.given["column_B"]]
    return " OR ".join(
        f"({first} = {literal(one, types[0])} AND {second} = {literal(other, types[1])})"
        for one, other in subject.given["value_pairs_set"]
    )


def _list(expected: Callable[[Subject], str]) -> Form:
    return lambda subject: _record(subject.given["column_list"], subject, expected(subject))


def _differ(subject: Subject) -> str:
    columns = subject.columns
    equal = [
        f"({one} = {other} OR ({one} IS NULL AND {other} IS NULL))"
        for position, one in enumerate(columns)
        for other in columns[position + 1 :]
    ]
    return f"NOT ({' OR '.join(equal)})"


def _equal(subject: Subject) -> str:
    first, *others = subject.columns
    return " AND ".join(f"{first} IS NOT DISTINCT FROM {other}" for other in others)


def _sum(subject: Subject) -> str:
    # From a wide zero, as Great Expectations does: small integers must not overflow.
    total = " + ".join(["CAST(0 AS BIGINT)", *subject.columns])
    return f"{total} = {literal(subject.given['sum_total'], 'BIGINT')}"


def _unique_values(subject: Subject) -> Compiled:
    return _unique((subject.given["column"],), subject, f"{subject.column} IS NULL")


def _unique_records(subject: Subject) -> Compiled:
    return _unique(subject.given["column_list"], subject, _ignored(subject, subject.columns))


ROWS: dict[str, Form] = {
    "expect_column_values_to_not_be_null": _nullity(null=False),
    "expect_column_values_to_be_null": _nullity(null=True),
    "expect_column_values_to_be_unique": _unique_values,
    "expect_column_values_to_be_in_set": _values(_in_set),
    "expect_column_values_to_not_be_in_set": _values(_not_in_set),
    "expect_column_values_to_be_between": _values(lambda s: s.between(s.column, s.held)),
    "expect_column_values_to_match_regex": _values(_matches("regex", _regex)),
    "expect_column_values_to_not_match_regex": _values(_matches("regex", _regex, False)),
    "expect_column_values_to_match_regex_list": _values(_matches("regex_list", _regex)),
    "expect_column_values_to_not_match_regex_list": _values(_matches("regex_list", _regex, False)),
    "expect_column_values_to_match_like_pattern": _values(_matches("like_pattern", _like)),
    "expect_column_values_to_not_match_like_pattern": _values(
        _matches("like_pattern", _like, False)
    ),
    "expect_column_values_to_match_like_pattern_list": _values(
        _matches("like_pattern_list", _like)
    ),
    "expect_column_values_to_not_match_like_pattern_list": _values(
        _matches("like_pattern_list", _like, False)
    ),
    "expect_column_value_lengths_to_equal": _values(_lengths),
    "expect_column_value_lengths_to_be_between": _values(_lengths),
    "expect_column_pair_values_a_to_be_greater_than_b": _pair(_greater),
    "expect_column_pair_values_to_be_equal": _pair(
        lambda s, a, b: f"{a} = {b} AND {a} IS NOT NULL AND {b} IS NOT NULL"
    ),
    "expect_column_pair_values_to_be_in_set": _pair(_pairs),
    "expect_compound_columns_to_be_unique": _unique_records,
    "expect_select_column_values_to_be_unique_within_record": _list(_differ),
    "expect_multicolumn_values_to_be_equal": _list(_equal),
    "expect_multicolumn_sum_to_equal": _list(_sum),
}
