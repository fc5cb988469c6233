"""SQL of the expectations about a table, a set of values or one number computed from a column."""

from __future__ import annotations

from datalab.quality.literal import literal, literals
from datalab.quality.subject import Compiled, Form, Subject
from datalab.quality.verdict import Row, Verdict, of_limits, of_quantiles


def _number(expression: str, *, alone: bool = False) -> Form:
    """``expression`` over ``{column}``; ``alone`` where it would slow the shared scan."""

    def make(subject: Subject) -> Compiled:
        aggregate = expression.format(column=subject.column)
        if alone:
            query = f"SELECT {aggregate} FROM {subject.table} WHERE {subject.domain}"  # noqa: S608
            return Compiled(subject.limits(), query=query)
        return Compiled(subject.limits(), (subject.aggregate(aggregate),))

    return make


def _extreme(function: str) -> Form:
    def make(subject: Subject) -> Compiled:
        # Rows beyond the limit on this side are to blame; on the other side no single row is.
        limit, beyond = ("min_value", "<") if function == "min" else ("max_value", ">")
        failing = None
        if (bound := subject.given.get(limit)) is not None:
            strict = subject.flag("strict_min" if function == "min" else "strict_max")
            failing = f"{subject.column} {beyond}{'=' if strict else ''} " + literal(
                bound, subject.held
            )
        return Compiled(
            subject.limits(subject.held),
            (subject.aggregate(f"{function}({subject.column})"),),
            failing=failing,
            columns=(subject.given["column"],),
        )

    return make


def _filled_share(subject: Subject) -> Compiled:
    limits = subject.limits()

    def judge(row: Row) -> Verdict:
        everything, filled = (int(value or 0) for value in row)
        return limits((filled / everything if everything else 0.0,))

    return Compiled(
        judge,
        (subject.count(), subject.aggregate(f"count({subject.column})")),
        failing=f"{subject.column} IS NULL",
        columns=(subject.given["column"],),
    )


def _quantiles(subject: Subject) -> Compiled:
    ranges = subject.given["quantile_ranges"]
    values = ", ".join(
        f"percentile_disc({float(q)!r}) WITHIN GROUP (ORDER BY {subject.column})"
        for q in ranges["quantiles"]
    )
    return Compiled(
        of_quantiles(ranges["quantiles"], ranges["value_ranges"]),
        query=f"SELECT {values} FROM {subject.table} WHERE {subject.domain}",  # noqa: S608
    )


# -- sets of values -----------------------------------------------------------------------


def _inside(subject: Subject) -> Compiled:
    outside = f"{subject.column} NOT IN {_set(subject)}"

    def judge(row: Row) -> Verdict:
        return Verdict(row[0] == 0, unexpected_count=int(row[0]))

    return Compiled(
        judge, (subject.count(outside),), failing=outside, columns=(subject.given["column"],)
    )


def _containing(subject: Subject) -> Compiled:
    wanted = len(set(subject.given["value_set"]))
    query = f"SELECT {_found(subject)} FROM {subject.table} WHERE {subject.domain}"  # noqa: S608
    return Compiled(lambda row: Verdict(row[0] == wanted), query=query)


def _equalling(subject: Subject) -> Compiled:
    wanted = len(set(subject.given["value_set"]))
    outside = f"{subject.column} NOT IN {_set(subject)}"
    query = (
        f"SELECT {_found(subject)}, count(*) FILTER (WHERE {outside}) "  # noqa: S608
        f"FROM {subject.table} WHERE {subject.domain}"
    )

    def judge(row: Row) -> Verdict:
        return Verdict(row[0] == wanted and row[1] == 0, unexpected_count=int(row[1]))

    return Compiled(judge, query=query, failing=outside, columns=(subject.given["column"],))


def _most_common(subject: Subject) -> Compiled:
    query = (
        f"SELECT count(*), count(*) FILTER (WHERE v IN {_set(subject)}), list(v)[:10] "  # noqa: S608
        f"FROM (SELECT {subject.column} AS v FROM {subject.table} WHERE {subject.domain} "
        f"AND {subject.column} IS NOT NULL GROUP BY 1 "
        f"QUALIFY count(*) = max(count(*)) OVER ())"
    )
    ties = subject.flag("ties_okay")

    def judge(row: Row) -> Verdict:
        common, matching, values = row
        success = matching > 0 if ties else common == 1 and matching == 1
        return Verdict(bool(success), observed_value=values or [])

    return Compiled(judge, query=query)


def _set(subject: Subject) -> str:
    return literals(subject.given["value_set"], subject.held)


def _found(subject: Subject) -> str:
    return f"count(DISTINCT {subject.column}) FILTER (WHERE {subject.column} IN {_set(subject)})"


# -- the table itself ---------------------------------------------------------------------


def _row_count(subject: Subject) -> Compiled:
    given = subject.given
    limits = of_limits(given["value"], given["value"]) if "value" in given else subject.limits()
    return Compiled(limits, (subject.count(),))


def _column_count(subject: Subject) -> Compiled:
    given, found = subject.given, len(subject.types)
    limits = of_limits(given["value"], given["value"]) if "value" in given else subject.limits()
    return Compiled(lambda _: limits((found,)))


def _column_set(subject: Subject) -> Compiled:
    wanted, found = set(subject.given["column_set"]), set(subject.types)
    success = wanted == found if subject.given.get("exact_match", True) else wanted <= found
    return Compiled(lambda _: Verdict(success, observed_value=sorted(found)))


def _column_order(subject: Subject) -> Compiled:
    found = list(subject.types)
    success = found == list(subject.given["column_list"])
    return Compiled(lambda _: Verdict(success, observed_value=found))


def _column_exists(subject: Subject) -> Compiled:
    found, index = list(subject.types), subject.given.get("column_index")
    wanted = subject.given["column"]
    success = wanted in found and (index is None or found.index(wanted) == index)
    return Compiled(lambda _: Verdict(success))


def _no_rows(subject: Subject) -> Compiled:
    """A custom query that must find nothing. The line break ends a trailing comment."""
    sql = subject.given["unexpected_rows_query"].rstrip("; \t\r\n\v\f")
    query = f"SELECT count(*) FROM ({sql.format(batch=subject.table)}\n)"  # noqa: S608
    return Compiled(lambda row: Verdict(row[0] == 0, observed_value=int(row[0])), query=query)


AGGREGATES: dict[str, Form] = {
    "expect_table_row_count_to_equal": _row_count,
    "expect_table_row_count_to_be_between": _row_count,
    "expect_table_column_count_to_equal": _column_count,
    "expect_table_column_count_to_be_between": _column_count,
    "expect_table_columns_to_match_set": _column_set,
    "expect_table_columns_to_match_ordered_list": _column_order,
    "expect_column_to_exist": _column_exists,
    "expect_column_min_to_be_between": _extreme("min"),
    "expect_column_max_to_be_between": _extreme("max"),
    "expect_column_mean_to_be_between": _number("avg(CAST({column} AS DOUBLE))"),
    "expect_column_sum_to_be_between": _number("sum({column})"),
    "expect_column_stdev_to_be_between": _number("stddev_samp({column})"),
    "expect_column_median_to_be_between": _number("median(CAST({column} AS DOUBLE))", alone=True),
    "expect_column_unique_value_count_to_be_between": _number(
        "count(DISTINCT {column})", alone=True
    ),
    "expect_column_proportion_of_unique_values_to_be_between": _number(
        "coalesce(count(DISTINCT {column}) / nullif(count({column}), 0), 0)", alone=True
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": _filled_share,
    "expect_column_quantile_values_to_be_between": _quantiles,
    "expect_column_distinct_values_to_be_in_set": _inside,
    "expect_column_distinct_values_to_contain_set": _containing,
    "expect_column_distinct_values_to_equal_set": _equalling,
    "expect_column_most_common_value_to_be_in_set": _most_common,
    "unexpected_rows_expectation": _no_rows,
}
