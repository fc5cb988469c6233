"""SQL of the expectations about other datasets: keys, coverage, published totals.

Values are compared as they are where both columns have one type, as text otherwise: an INSEE code
is text here and may be a number elsewhere.
"""

from __future__ import annotations

from datalab.catalog.condition import read_condition
from datalab.i18n import Phrase
from datalab.quality.beside import Other, Unchecked, column_of
from datalab.quality.examples import HIDDEN, as_plain
from datalab.quality.literal import name, where
from datalab.quality.subject import Compiled, Form, Subject
from datalab.quality.verdict import Row, Verdict, comparable, of_rows

MISSING = 10  # values of the other dataset that are named


def _exists(subject: Subject) -> Compiled:
    """Every value of the column is one of the other column: a foreign key."""
    other, theirs, ours = _sides(subject)
    values = f"SELECT {theirs} FROM {other.sql} WHERE {_domain(subject, other)}"  # noqa: S608
    failing = f"{ours} NOT IN ({values} AND {theirs} IS NOT NULL)"
    filled = f"{subject.column} IS NOT NULL"
    # A query of its own: an aggregate takes no subquery in its filter.
    query = (
        f"SELECT count(*), count(v), count(*) FILTER (WHERE v IS NOT NULL AND NOT known) "  # noqa: S608
        f"FROM (SELECT {ours} AS v, {ours} IN ({values} AND {theirs} IS NOT NULL) AS known "
        f"FROM {subject.table} WHERE {subject.domain})"
    )
    judge = of_rows(subject.given.get("mostly", 1))
    return Compiled(
        judge,
        query=query,
        failing=f"{filled} AND {failing}",
        columns=(subject.given["column"],),
    )


def _covers(subject: Subject) -> Compiled:
    """Every value of the other column appears in the column at least once."""
    other, theirs, ours = _sides(subject)
    query = (
        f"SELECT count(*), count(*) FILTER (WHERE found), "  # noqa: S608
        f"list(v ORDER BY v) FILTER (WHERE NOT found) FROM (SELECT v, coalesce(v IN "
        f"(SELECT {ours} FROM {subject.table} WHERE {subject.domain} AND {subject.column} "
        f"IS NOT NULL), false) AS found FROM (SELECT DISTINCT {theirs} AS v FROM {other.sql} "
        f"WHERE {_domain(subject, other)} AND {theirs} IS NOT NULL))"
    )
    share = subject.given.get("mostly", 1)
    hidden = subject.given["other_column"] in other.personal

    def judge(row: Row) -> Verdict:
        wanted, found, missing = row
        if not wanted:
            raise Unchecked(Phrase("'{dataset}' has no value to cover", dataset=other.dataset))
        named = [as_plain(value) for value in (missing or [])[:MISSING]]
        observed = {
            "covered": found,
            "of": wanted,
            "missing": [HIDDEN] * len(named) if hidden else named,
            "dataset": other.dataset,
            "snapshot": other.snapshot,
        }
        return Verdict(found / wanted >= share, observed_value=observed)

    return Compiled(judge, query=query)


def _total(subject: Subject) -> Compiled:
    """A sum, or a number of rows, is what another dataset publishes, within a tolerance."""
    given = subject.given
    other = subject.around.other(given["other_dataset"])
    ours = f"sum({subject.column})" if "column" in given else "count(*)"
    how = given.get("other_aggregate", "count" if "other_column" not in given else "one")
    domain, dated = _domain(subject, other), given.get("other_date_column")
    theirs = name(given["other_column"]) if "other_column" in given else "1"
    if "other_column" in given:
        column_of(other, given["other_column"])
    # Of one published figure its own date; of several rows the latest.
    when = "max(CAST(NULL AS VARCHAR))"
    if dated is not None:
        column_of(other, dated)
        when = f"max(CAST({name(dated)} AS VARCHAR))"
    value = {"one": f"any_value({theirs})", "sum": f"sum({theirs})", "count": f"count({theirs})"}[
        how
    ]
    query = (
        f"SELECT (SELECT {ours} FROM {subject.table} WHERE {subject.domain}), "  # noqa: S608
        f"(SELECT {value} FROM {other.sql} WHERE {domain}), "
        f"(SELECT count(*) FROM {other.sql} WHERE {domain}), "
        f"(SELECT {when} FROM {other.sql} WHERE {domain})"
    )
    tolerance = float(given.get("tolerance", 0))

    def judge(row: Row) -> Verdict:
        found, published, rows, at = comparable(row[0]), comparable(row[1]), int(row[2]), row[3]
        if how == "one" and rows != 1:
            reason = "of '{dataset}' {count} rows fit the condition, where one is needed"
            raise Unchecked(Phrase(reason, dataset=other.dataset, count=rows))
        if published is None:
            raise Unchecked(Phrase("'{dataset}' gives no figure", dataset=other.dataset))
        observed = {
            "found": found,
            "published": published,
            "date": at,
            "tolerance": tolerance,
            "dataset": other.dataset,
            "snapshot": other.snapshot,
        }
        # Sums of doubles differ in their last digits with the order of the rows.
        allowed = max(tolerance, 1e-9) * abs(published)
        held = found is not None and abs(found - published) <= allowed
        return Verdict(bool(held), observed_value=observed)

    return Compiled(judge, query=query)


def _sides(subject: Subject) -> tuple[Other, str, str]:
    """The other table, its column and ours as SQL that can be compared."""
    given = subject.given
    other = subject.around.other(given["other_dataset"])
    held = column_of(other, given["other_column"])
    theirs, ours = name(given["other_column"]), subject.column
    if held != subject.held:
        theirs, ours = f"CAST({theirs} AS VARCHAR)", f"CAST({ours} AS VARCHAR)"
    return other, theirs, ours


def _domain(subject: Subject, other: Other) -> str:
    written = subject.given.get("other_row_condition")
    if written is None:
        return "TRUE"
    condition = read_condition(written)
    try:
        return where(condition, other.types)
    except KeyError as missing:
        column_of(other, str(missing.args[0]))
        raise


ACROSS: dict[str, Form] = {
    "expect_column_values_to_exist_in_other_dataset": _exists,
    "expect_column_values_to_cover_other_dataset": _covers,
    "expect_column_sum_to_equal_other_dataset": _total,
    "expect_table_row_count_to_equal_other_dataset": _total,
}
