"""SQL of the expectations about the time and about earlier snapshots of the same dataset."""

from __future__ import annotations

import datetime
import math

from datalab.catalog.badge import LATE
from datalab.catalog.beyond import FARTHEST
from datalab.i18n import Phrase
from datalab.quality.beside import Other, Unchecked, column_of
from datalab.quality.literal import where
from datalab.quality.subject import Compiled, Form, Subject
from datalab.quality.verdict import Row, Verdict

BINS = 10
MOST_VALUES = 50  # of a code list; the rest is one class
# A class that was empty on one side would make the index infinite.
SMALLEST = 1e-4
NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "DATE", "TIME")


def _recent(subject: Subject) -> Compiled:
    """The newest moment of the column is not older than the dataset promises."""
    limit = subject.given.get("max_age_days")
    late = LATE.get(subject.around.periodicity)
    if limit is None and late is None:
        raise ValueError(str(Phrase("say how old is too old: add 'max_age_days'")))
    allowed = (
        float(limit)
        if limit is not None
        else (late or datetime.timedelta()).total_seconds() / 86_400
    )
    now = subject.around.now

    def judge(row: Row) -> Verdict:
        newest = row[0]
        if newest is None:
            return Verdict(False, observed_value=None)
        if not isinstance(newest, datetime.datetime):
            # A day lasts until its end.
            newest = datetime.datetime.combine(newest, datetime.time.max)
        if newest.tzinfo is None:
            newest = newest.replace(tzinfo=datetime.UTC)
        age = max(0.0, (now - newest).total_seconds() / 86_400)
        observed = {
            "newest": row[0].isoformat(),
            "age_days": round(age, 2),
            "allowed_days": allowed,
        }
        return Verdict(age <= allowed, observed_value=observed)

    return Compiled(judge, (subject.aggregate(f"max({subject.column})"),))


def _rows(subject: Subject) -> Compiled:
    before = subject.around.previous()
    query = (
        f"SELECT (SELECT count(*) FROM {subject.table} WHERE {subject.domain}), "  # noqa: S608
        f"(SELECT count(*) FROM {before.sql} WHERE {_domain(subject, before)})"
    )
    most = float(subject.given["max_change"])

    def judge(row: Row) -> Verdict:
        now, then = int(row[0]), int(row[1])
        if not then:
            raise Unchecked(_empty(before))
        change = now / then - 1
        observed = {"now": now, "before": then, "change": change, "snapshot": before.snapshot}
        return Verdict(abs(change) <= most, observed_value=observed)

    return Compiled(judge, query=query)


def _nulls(subject: Subject) -> Compiled:
    before = subject.around.previous()
    column_of(before, subject.given["column"])

    def share(table: str, domain: str) -> str:
        return (
            f"(SELECT 1 - count({subject.column}) / nullif(count(*), 0) "  # noqa: S608
            f"FROM {table} WHERE {domain})"
        )

    query = (
        f"SELECT {share(subject.table, subject.domain)}, "
        f"{share(before.sql, _domain(subject, before))}"
    )
    most = float(subject.given["max_change"])

    def judge(row: Row) -> Verdict:
        now, then = row
        if then is None:
            raise Unchecked(_empty(before))
        if now is None:
            return Verdict(False)
        observed = {"now": now, "before": then, "change": now - then, "snapshot": before.snapshot}
        return Verdict(abs(now - then) <= most + 1e-12, observed_value=observed)

    return Compiled(judge, query=query)


def _distribution(subject: Subject) -> Compiled:
    before = subject.around.previous()
    column_of(before, subject.given["column"])
    method = subject.given.get("method", "psi")
    most = float(subject.given.get("max_distance", FARTHEST[method]))
    sql = _ks(subject, before) if method == "ks" else _classes(subject, before)

    def judge(row: Row) -> Verdict:
        if method == "ks":
            distance, now, then = row
        else:
            pairs = [(int(a), int(b)) for a, b in zip(row[0] or [], row[1] or [], strict=True)]
            now, then = sum(a for a, _ in pairs), sum(b for _, b in pairs)
            distance = stability(pairs) if now and then else None
        if not then:
            raise Unchecked(_empty(before))
        if not now or distance is None:
            return Verdict(False)
        observed = {
            "method": method,
            "distance": distance,
            "allowed": most,
            "snapshot": before.snapshot,
        }
        return Verdict(distance <= most, observed_value=observed)

    return Compiled(judge, query=sql)


def stability(pairs: list[tuple[int, int]]) -> float:
    """The population stability index of counts (now, before) by class.

    Sum of (p - q) ln(p / q) over the classes (N. Siddiqi, Credit Risk Scorecards, Wiley 2006,
    chapter 9); an empty class counts as a ten-thousandth.
    """
    now, then = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    total = 0.0
    for a, b in pairs:
        p, q = max(a / now, SMALLEST), max(b / then, SMALLEST)
        total += (p - q) * math.log(p / q)
    return total


def _classes(subject: Subject, before: Other) -> str:
    """Counts by class, now and before: tenths of what was there before, or its most frequent
    values; missing values are a class of their own."""
    column, old = subject.column, _domain(subject, before)
    both = (
        f"SELECT {column} AS v, 1 AS a, 0 AS b FROM {subject.table} WHERE {subject.domain} "  # noqa: S608
        f"UNION ALL SELECT {column}, 0, 1 FROM {before.sql} WHERE {old}"
    )
    numeric = any(part in subject.held for part in NUMBERS)
    if numeric:
        shares = ", ".join(f"{place / BINS}" for place in range(1, BINS))
        edges = (
            f"SELECT quantile_disc({column}, [{shares}]) AS e FROM {before.sql} "  # noqa: S608
            f"WHERE {old} AND {column} IS NOT NULL"
        )
        key = "CASE WHEN v IS NULL THEN -1 ELSE len(list_filter(e, lambda x : x < v)) END"
        grouped = f"SELECT {key} AS k, a, b FROM ({both}), ({edges}) AS edges"  # noqa: S608
    else:
        known = (
            f"SELECT {column} AS w FROM {before.sql} WHERE {old} AND {column} IS NOT NULL "  # noqa: S608
            f"GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {MOST_VALUES}"
        )
        key = (
            "CASE WHEN v IS NULL THEN 'null' WHEN w IS NULL THEN 'other' ELSE 'v' || w::VARCHAR END"
        )
        grouped = f"SELECT {key} AS k, a, b FROM ({both}) LEFT JOIN ({known}) ON v = w"  # noqa: S608
    return (
        f"SELECT list(n), list(m) FROM (SELECT sum(a) AS n, sum(b) AS m FROM ({grouped}) "  # noqa: S608
        "GROUP BY k)"
    )


def _ks(subject: Subject, before: Other) -> str:
    """The two-sample Kolmogorov-Smirnov statistic: the largest gap between both shares below."""
    column, old = subject.column, _domain(subject, before)
    both = (
        f"SELECT {column} AS v, 1 AS a, 0 AS b FROM {subject.table} "  # noqa: S608
        f"WHERE {subject.domain} AND {column} IS NOT NULL "
        f"UNION ALL SELECT {column}, 0, 1 FROM {before.sql} WHERE {old} AND {column} IS NOT NULL"
    )
    return (
        "SELECT max(abs(f / nullif(n, 0) - g / nullif(m, 0))), max(n), max(m) FROM ("  # noqa: S608
        "SELECT sum(a) OVER (ORDER BY v) AS f, sum(b) OVER (ORDER BY v) AS g, "
        "sum(a) OVER () AS n, sum(b) OVER () AS m FROM ("
        f"SELECT v, sum(a) AS a, sum(b) AS b FROM ({both}) GROUP BY v))"
    )


def _domain(subject: Subject, before: Other) -> str:
    """The row condition, on the earlier snapshot."""
    if subject.condition is None:
        return "TRUE"
    try:
        return where(subject.condition, before.types)
    except KeyError as missing:
        column_of(before, str(missing.args[0]))
        raise


def _empty(before: Other) -> Phrase:
    return Phrase("version {snapshot} has no row to compare with", snapshot=before.snapshot)


DRIFT: dict[str, Form] = {
    "expect_column_max_to_be_recent": _recent,
    "expect_table_row_count_to_be_close_to_previous": _rows,
    "expect_column_null_share_to_be_close_to_previous": _nulls,
    "expect_column_distribution_to_be_close_to_previous": _distribution,
}
