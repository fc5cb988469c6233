"""SQL of the expectations about series: jumps, gaps and repeats from one moment to the next."""

from __future__ import annotations

from datalab.catalog.beyond import MAX_DEVIATION
from datalab.quality.literal import name
from datalab.quality.subject import Compiled, Form, Subject
from datalab.quality.verdict import Row, Verdict, of_rows

# 1 / Φ⁻¹(3/4): the median absolute deviation of normal noise, times this, is its standard
# deviation (Rousseeuw and Croux, JASA 88, 1993). Where more than half of the steps are equal it is
# zero; then the mean absolute deviation speaks, times √(π/2) (Iglewicz and Hoaglin, 1993).
OF_MEDIAN, OF_MEAN = 1.4826, 1.2533


def _jump(subject: Subject) -> Compiled:
    """A step from one value to the next is not far beyond the usual steps of its series."""
    given = subject.given
    column, order = subject.column, name(given["order_by"])
    groups = [name(one) for one in given.get("partition_by", [])]
    most = float(given.get("max_deviation", MAX_DEVIATION))
    kept = f"({subject.domain}) AND {column} IS NOT NULL AND {order} IS NOT NULL"
    if subject.held in ("DOUBLE", "FLOAT"):
        kept += f" AND isfinite({column})"
    by = f"PARTITION BY {', '.join(groups)} " if groups else ""
    of = f"(PARTITION BY {', '.join(groups)})" if groups else "()"
    value = f"CAST({column} AS DOUBLE)"

    def judged(table: str) -> str:
        steps = (
            f"SELECT *, {value} - lag({value}) OVER ({by}ORDER BY {order}) AS step_, "  # noqa: S608
            f"lag({column}) OVER ({by}ORDER BY {order}) AS before_ FROM {table} WHERE {kept}"
        )
        centred = f"SELECT *, abs(step_ - median(step_) OVER {of}) AS far_ FROM ({steps})"  # noqa: S608
        scaled = (
            f"SELECT *, median(far_) OVER {of} AS mad_, avg(far_) OVER {of} AS mean_ "  # noqa: S608
            f"FROM ({centred})"
        )
        scale = f"CASE WHEN mad_ > 0 THEN {OF_MEDIAN} * mad_ ELSE {OF_MEAN} * mean_ END"
        return f"SELECT *, far_ > {most} * ({scale}) AS jumped_ FROM ({scaled})"  # noqa: S608

    shown = list(
        dict.fromkeys([*given.get("partition_by", []), given["order_by"], given["column"]])
    )
    judge = of_rows(given.get("mostly", 1))
    return Compiled(
        judge,
        query="SELECT count(*), count(step_), count(*) FILTER (WHERE jumped_ AND mean_ > 0) "  # noqa: S608
        f"FROM ({judged(subject.table)})",
        rows=f'SELECT "row", {", ".join(map(name, shown))}, before_ AS "before" '  # noqa: S608
        f"FROM ({judged('{batch}')}) WHERE jumped_ AND mean_ > 0 ORDER BY far_ DESC",
    )


def _step(subject: Subject) -> Compiled:
    """Moments follow each other at one step: none missing, none twice, none in between."""
    given = subject.given
    column, step = subject.column, interval(given["step"])
    groups = [name(one) for one in given.get("partition_by", [])]
    by = f"PARTITION BY {', '.join(groups)} " if groups else ""
    kept = f"({subject.domain}) AND {column} IS NOT NULL"

    def judged(table: str) -> str:
        return (
            f"SELECT *, lag({column}) OVER ({by}ORDER BY {column}) AS before_ "  # noqa: S608
            f"FROM {table} WHERE {kept}"
        )

    next_ = f"(before_ + {step})"
    gap, twice = f"{column} > {next_}", f"{column} = before_"
    between = f"{column} > before_ AND {column} < {next_}"
    query = (
        "SELECT count(*), count(before_), count(*) FILTER (WHERE "  # noqa: S608
        f"{gap} OR {twice} OR ({between})), count(*) FILTER (WHERE {gap}), "
        f"count(*) FILTER (WHERE {twice}), count(*) FILTER (WHERE {between}) "
        f"FROM ({judged(subject.table)})"
    )
    judge = of_rows(given.get("mostly", 1))

    def told(row: Row) -> Verdict:
        verdict = judge(row[:3])
        gaps, repeats, odd = (int(count or 0) for count in row[3:])
        observed = {"gaps": gaps, "repeats": repeats, "between": odd}
        return Verdict(
            verdict.success,
            verdict.element_count,
            verdict.unexpected_count,
            verdict.unexpected_percent,
            observed if verdict.unexpected_count else None,
        )

    shown = list(dict.fromkeys([*given.get("partition_by", []), given["column"]]))
    return Compiled(
        told,
        query=query,
        rows=f'SELECT "row", {", ".join(map(name, shown))}, before_ AS "before" '  # noqa: S608
        f"FROM ({judged('{batch}')}) WHERE {gap} OR {twice} OR ({between}) ORDER BY {column}",
    )


def interval(step: str) -> str:
    """An ISO 8601 duration of the vocabulary as SQL: ``PT30M`` → ``INTERVAL 30 MINUTE``."""
    timed = step.startswith("PT")
    unit = {"M": "MINUTE" if timed else "MONTH", "H": "HOUR", "D": "DAY", "Y": "YEAR"}[step[-1]]
    return f"INTERVAL {int(step.strip('PTMHDY'))} {unit}"


SERIES: dict[str, Form] = {
    "expect_column_values_to_not_jump": _jump,
    "expect_column_values_to_follow_time_step": _step,
}
