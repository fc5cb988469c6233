"""Files that people download about their Linky from their account at Enedis.

Two shapes are read. The *load curve* ("Courbe de charge"): two lines about the meter (PRM of
fourteen digits), then ``Horodate;Valeur`` with the end of each step in ISO 8601 and the mean power
of the step in W. And ``Début;Fin;Valeur (en kW)``, in local time with a decimal comma. Steps are
10, 15, 30 or 60 minutes. What is kept is the kWh of each whole day, in local time: days of 23 and
25 hours have more or fewer steps, and a day that misses more than a tenth of them is left out.

A stranger wrote the file: it is bounded in bytes and lines, and nothing of it is run or shown.
Lines that cannot be read are counted, not guessed. The meter's number is never kept.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from datalab.errors import MeterFileRefused
from datalab.i18n import Phrase

HERE = ZoneInfo("Europe/Paris")
LARGEST = 12_000_000  # bytes: three years of half hours are 2 MB
MOST = 200_000  # lines
LONGEST_FIELD = 200
MOST_WATTS = 50_000  # of a home: 36 kVA is the largest contract of this tariff
STEPS = (10, 15, 30, 60)  # minutes
WHOLE = 0.9


@dataclass(frozen=True)
class Curve:
    """``days`` in kWh; ``incomplete`` were left out; ``refused`` and ``empty`` are lines."""

    days: dict[date, float]
    step: int  # minutes
    lines: int
    refused: int
    empty: int
    repeated: int
    incomplete: tuple[date, ...]


def read(content: bytes) -> Curve:
    """The days of a load curve.

    Raises
    ------
    MeterFileRefused
        saying what the file is instead, and what to send.
    """
    if len(content) > LARGEST:
        raise _refused(Phrase("it is larger than {size} MB", size=LARGEST // 1_000_000))
    rows = list(_rows(_text(content)))
    head = next((n for n, row in enumerate(rows) if _is_head(row)), None)
    if head is None:
        raise _refused(
            Phrase("it has no line 'Horodate;Valeur' or 'Début;Fin;Valeur': download the CSV")
        )
    _about(rows[:head])
    between = _is_between(rows[head])
    watts = 1000.0 if between and "kw" in _plain(rows[head][2]) else 1.0
    points, refused, empty, repeated = _points(rows[head + 1 :], between, watts)
    if not points:
        raise _refused(Phrase("it holds no measurement of a load curve"))
    step = _step(sorted(points))
    days, incomplete = _days(points, step)
    lines = len(rows) - head - 1
    return Curve(days, step, lines, refused, empty, repeated, incomplete)


def _text(content: bytes) -> str:
    if content[:2] in (b"PK", b"\xd0\xcf"):
        raise _refused(Phrase("it is a workbook: choose CSV when you download"))
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise _refused(Phrase("it is not text"))


def _rows(text: str) -> Iterator[list[str]]:
    """Lines by hand first: a quote that is never closed would swallow the whole file."""
    lines = text.splitlines()
    if len(lines) > MOST:
        raise _refused(Phrase("it has more than {lines} lines", lines=MOST))
    for line in lines:
        if not line.strip():
            continue
        delimiter = ";" if ";" in line else ","
        try:
            row = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
        except csv.Error:
            row = ["?"]
        yield [cell.strip() for cell in row] if len(line) <= 20 * LONGEST_FIELD else ["?"]


def _plain(cell: str) -> str:
    return cell[:LONGEST_FIELD].casefold().replace("é", "e")


def _is_between(row: list[str]) -> bool:
    return len(row) >= 3 and _plain(row[0]) == "debut" and _plain(row[1]) == "fin"


def _is_head(row: list[str]) -> bool:
    named = len(row) >= 2 and _plain(row[0]).startswith("horodate")
    return _is_between(row) or (named and len(row) <= 3 and "EAS" not in " ".join(row))


def _about(rows: list[list[str]]) -> None:
    """What the file says it is.

    Raises
    ------
    MeterFileRefused
        where it is no curve of consumption, or of two meters.
    """
    said = _plain(" ".join(cell for row in rows for cell in row))
    if "index" in said:
        raise _refused(Phrase("it holds meter indexes: choose the load curve (hourly consumption)"))
    if "production" in said or "injection" in said:
        raise _refused(Phrase("it holds what was produced: choose consumption"))
    meters = {c for row in rows for c in row if len(c) == 14 and c.isascii() and c.isdigit()}
    if len(meters) > 1:
        raise _refused(Phrase("it holds two meters: send one file for each"))


def _points(
    rows: list[list[str]], between: bool, watts: float
) -> tuple[dict[datetime, float], int, int, int]:
    """Mean power (W) by the end of each step (UTC); lines refused, empty, repeated."""
    points: dict[datetime, float] = {}
    refused = empty = repeated = 0
    last: datetime | None = None
    for row in rows:
        row = row + ["?"] * (3 - len(row))
        value = row[2 if between else 1]
        if value == "":
            empty += 1
            continue
        when = _moment(row[1] if between else row[0], last)
        power = _number(value)
        if when is None or power is None or not 0 <= power * watts <= MOST_WATTS:
            refused += 1
        elif when in points:
            repeated += 1
            refused += points[when] != power * watts
        else:
            points[when], last = power * watts, when
    return points, refused, empty, repeated


def _moment(cell: str, last: datetime | None) -> datetime | None:
    """A moment in UTC. Local time without its offset is told by the line before where the clock
    is set back."""
    cell = cell[:40]
    try:
        if "/" in cell:
            form = "%d/%m/%Y %H:%M:%S" if cell.count(":") == 2 else "%d/%m/%Y %H:%M"
            local = datetime.strptime(cell, form)
        else:
            local = datetime.fromisoformat(cell)
        if not 2010 <= local.year <= 2100:  # the first Linky were put up in 2010
            return None
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        first = local.replace(tzinfo=HERE).astimezone(UTC)
        second = local.replace(tzinfo=HERE, fold=1).astimezone(UTC)
        return second if last is not None and first <= last < second else first
    except (ValueError, OverflowError):
        return None


def _number(cell: str) -> float | None:
    cell = cell[:30].replace("\u202f", "").replace("\xa0", "").replace(",", ".")
    if not cell or not all(c.isdigit() or c == "." for c in cell) or not cell.isascii():
        return None  # neither −, nor 1e9, nor nan, nor a formula
    try:
        found = float(cell)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _step(moments: list[datetime]) -> int:
    gaps = Counter(int((b - a).total_seconds()) // 60 for a, b in pairwise(moments))
    if not gaps or (found := gaps.most_common(1)[0][0]) not in STEPS:
        raise _refused(Phrase("its steps are no 10, 15, 30 or 60 minutes: choose the load curve"))
    return found


def _days(points: dict[datetime, float], step: int) -> tuple[dict[date, float], tuple[date, ...]]:
    power: dict[date, list[float]] = defaultdict(list)
    for end, watts in points.items():
        start = end - timedelta(minutes=step)
        power[start.astimezone(HERE).date()].append(watts)
    days, incomplete = {}, []
    for day in sorted(power):
        midnight = datetime(day.year, day.month, day.day, tzinfo=HERE).astimezone(UTC)
        tomorrow = day + timedelta(days=1)
        until = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=HERE).astimezone(UTC)
        due = (until - midnight).total_seconds() / 60 / step
        have = len(power[day])
        if WHOLE * due <= have <= due:
            # What is missing is taken for the mean of the rest of its day.
            days[day] = round(sum(power[day]) / have * due * step / 60 / 1000, 3)
        else:
            incomplete.append(day)
    return days, tuple(incomplete)


def _refused(reason: Phrase) -> MeterFileRefused:
    return MeterFileRefused(reason=reason)
