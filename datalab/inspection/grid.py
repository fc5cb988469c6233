"""Where the table stands in a file: titles above, header, a row of units, notes below.

Works on rows of text with their line, so that a CSV file and a worksheet are looked at alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from datalab.inspection.dialect import Record
from datalab.inspection.shape import bare, filled, is_value, is_word, is_year
from datalab.inspection.unit import is_unit

SEARCHED = 60  # rows in which the header is looked for


@dataclass
class Grid:
    """``header`` and ``first`` are positions in the rows; ``header`` is None where there is none.

    ``labels`` is a row of longer names beside the header; ``units`` the row of units below it.
    """

    width: int
    header: int | None
    header_rows: int
    first: int
    titles: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    until: str | None = None
    doubtful: bool = False


def grid_of(rows: Sequence[Record], tail: Sequence[Record], width: int) -> Grid:
    """The table in ``rows`` (the beginning of the file), its notes in ``tail`` (the end of it)."""
    table = [row for _, row in rows]
    body = _body(table, width)
    numeric = _numeric(body, width)
    header, count = _header(table, width, numeric, body)
    grid = Grid(width, header, count, 0)
    after = 0 if header is None else header + count
    grid.titles = [
        " ".join(bare(cell) for cell in row if bare(cell))
        for row in table[: header or 0]
        if filled(row)
    ]
    if header is None:
        enough = 0.5 * max((filled(row) for row in body), default=0)
        full = (i for i, row in enumerate(table) if len(row) == width and filled(row) > enough)
        grid.first = next(full, 0)
        grid.titles = [" ".join(row).strip() for row in table[: grid.first] if filled(row)]
    else:
        used = [column for column in range(width) if any(_cell(row, column) for row in body)]
        named = sum(1 for column in used if _cell(table[header], column))
        grid.doubtful = bool(used) and count == 1 and named < 0.5 * len(used)
        after = _below_header(table, grid, after, numeric)
        grid.first = after
    grid.notes, grid.until = _notes(tail, width, median(filled(row) for row in body) if body else 0)
    return grid


def _cell(row: Sequence[str], column: int) -> str:
    return bare(row[column]) if column < len(row) else ""


def _body(table: Sequence[list[str]], width: int) -> list[list[str]]:
    """Rows that are surely of the table: the later half of those of its width."""
    full = [row for row in table if len(row) == width and filled(row) > (1 if width > 2 else 0)]
    return full[min(len(full) // 2, 40) :] or full


def _numeric(body: Sequence[list[str]], width: int) -> list[int]:
    """Columns that hold numbers or dates wherever they hold anything."""
    found = []
    for column in range(width):
        cells = [cell for row in body if (cell := _cell(row, column))]
        if cells and sum(is_value(cell) for cell in cells) >= 0.7 * len(cells):
            found.append(column)
    return found


def _header(
    table: Sequence[list[str]], width: int, numeric: list[int], body: Sequence[list[str]]
) -> tuple[int | None, int]:
    """The position of the header and its number of rows."""
    used = [column for column in range(width) if any(_cell(row, column) for row in body)]
    enough = max(1, 0.5 * len(used))
    first_full = next(
        (
            i
            for i, row in enumerate(table[:SEARCHED])
            if abs(len(row) - width) <= 1 and filled(row) >= min(enough, width)
        ),
        None,
    )
    if first_full is None:
        return None, 0
    for position in range(first_full, min(len(table), SEARCHED)):
        row = table[position]
        if not filled(row) or abs(len(row) - width) > 1:
            continue
        if _is_data(row, table[position + 1 :], numeric, width):
            break
        return position, _rows_of_header(table, position, used, numeric, width)
    return None, 0


def _rows_of_header(
    table: Sequence[list[str]], position: int, used: list[int], numeric: list[int], width: int
) -> int:
    """How many rows name the columns together: more are asked only where one leaves doubt."""
    count = 1
    while count < 5 and position + count < len(table):
        joined = [
            " ".join(_cell(row, column) for row in table[position : position + count])
            for column in used
        ]
        if all(name.strip() for name in joined) and len(set(joined)) == len(joined):
            return count
        below = table[position + count]
        cells = [cell for cell in below if bare(cell)]
        names = not any(is_value(cell) for cell in cells)
        told = any(is_word(_cell(below, column)) for column in numeric)
        told = told or _names_the_rest(table, position + count, used, joined)
        if not cells or not names or not told or len(below) != width:
            return 1 if count == 1 else count
        count += 1
    return count


def _names_the_rest(
    table: Sequence[list[str]], position: int, used: list[int], joined: list[str]
) -> bool:
    """Whether a row fills the columns without a name, and no later row is filled like it.

    Rows that open a section of the table are filled so as well, but there are several of them.
    """
    rest = {column for column, name in zip(used, joined, strict=True) if not name.strip()}

    def there(row: list[str]) -> set[int]:
        return {column for column in range(len(row)) if _cell(row, column)}

    later = [there(row) for row in table[position + 1 :]]
    return bool(rest) and there(table[position]) == rest and rest not in later


def _is_data(
    row: Sequence[str], following: Sequence[list[str]], numeric: list[int], width: int
) -> bool:
    """Whether a row is of the table already: it holds values where the table does."""
    cells = [bare(cell) for cell in row if bare(cell)]
    if not cells:
        return True
    there = [column for column in numeric if _cell(row, column)]
    values = [column for column in there if is_value(_cell(row, column))]
    years = [column for column in values if is_year(_cell(row, column))]
    if values and len(years) == len(values) and len(years) >= 2:
        sequence = [int(_cell(row, column)) for column in years]
        if sequence == sorted(set(sequence)) and not _years_again(following, years):
            return False  # a header of years: Year;2000;2001;…
    if numeric:
        return len(values) > 0.5 * len(there) if there else len(cells) < 0.5 * width
    if any(is_value(cell) for cell in cells):
        return True
    # All text: a name does not come again below itself.
    recurring = sum(
        1
        for column, cell in enumerate(row)
        if bare(cell) and any(_cell(other, column) == bare(cell) for other in following[:200])
    )
    return recurring > 0.5 * len(cells) or (not following and width == 1)


def _years_again(following: Sequence[list[str]], columns: list[int]) -> bool:
    cells = [_cell(row, column) for row in following[:20] for column in columns]
    return bool(cells) and sum(is_year(cell) for cell in cells) > 0.8 * len(cells)


def _below_header(table: Sequence[list[str]], grid: Grid, after: int, numeric: list[int]) -> int:
    """The first row of data: past a row of units and a row of longer names."""
    for _ in range(2):
        if after >= len(table) - 1:
            return after
        row = table[after]
        cells = [bare(cell) for cell in row if bare(cell)]
        if not cells:
            return after
        if not grid.units and len(cells) > 1 and all(is_unit(cell) for cell in cells):
            grid.units = [bare(cell) for cell in row]
        elif (
            not grid.labels
            and numeric
            and len(cells) >= 0.7 * grid.width
            and sum(is_word(_cell(row, c)) for c in numeric) >= 0.8 * len(numeric)
            and _values_follow(table[after + 1 :], numeric)
        ):
            grid.labels = [bare(cell) for cell in row]
        else:
            return after
        after += 1
    return after


def _values_follow(following: Sequence[list[str]], numeric: list[int]) -> bool:
    cells = [cell for row in following[:10] for c in numeric if (cell := _cell(row, c))]
    return bool(cells) and sum(is_value(cell) for cell in cells) >= 0.7 * len(cells)


def _notes(tail: Sequence[Record], width: int, usual: float) -> tuple[list[str], str | None]:
    """The lines below the table, and how the first of them begins."""
    if width < 2:
        return [], None
    notes: list[list[str]] = []
    for _, row in reversed(tail):
        if not filled(row):
            notes.append(row)
            continue
        words = sum(1 for cell in row if is_word(cell))
        short = len(row) != width and filled(row) <= 2 and words
        alone = usual >= 3 and filled(row) == 1 and bool(bare(row[0])) and is_word(row[0])
        stars = len(row) == 1 and width > 2
        if not (short or alone or stars):
            break
        notes.append(row)
    if len(notes) == len(tail):
        return [], None
    notes.reverse()
    said = [" ".join(bare(cell) for cell in row if bare(cell)) for row in notes if filled(row)]
    first = next((row for row in notes if filled(row)), None)
    if first is None or not bare(first[0]):
        return said, None
    begins = bare(first[0])[:40].rstrip()
    counts = Counter(bare(row[0])[: len(begins)] for _, row in tail if row)
    return said, begins if counts[begins] >= 1 else None
