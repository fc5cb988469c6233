"""A small table to look at: datasets, columns, snapshots, rejected rows.

It shows itself as HTML in a notebook and as aligned text elsewhere, and is a list of dictionaries
for code. Everything that comes from data is escaped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, overload

from datalab.i18n import Language
from datalab.notebook.wording import spoken

if TYPE_CHECKING:
    import pandas as pd

LONGEST_CELL = 60
TABLE_STYLE = "border-collapse:collapse;font-variant-numeric:tabular-nums"
HEAD_STYLE = "text-align:left;padding:.25em .6em;border-bottom:2px solid currentColor"
CELL_STYLE = (
    "text-align:left;vertical-align:top;padding:.25em .6em;"
    "border-bottom:1px solid rgba(128,128,128,.35)"
)
NUMBER_STYLE = CELL_STYLE.replace("text-align:left", "text-align:right;white-space:nowrap")


class Listing(Sequence[dict[str, Any]]):
    """Rows under headings, with a caption.

    Parameters
    ----------
    headings
        key in a row to the words over its column.
    note
        a sentence under the table.
    """

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        headings: Mapping[str, str],
        *,
        caption: str,
        language: Language,
        note: str = "",
    ) -> None:
        self._rows = [dict(row) for row in rows]
        self.headings = dict(headings)
        self.caption = caption
        self.note = note
        self.language = language

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def df(self) -> pd.DataFrame:
        """The rows as a pandas table."""
        import pandas as pd

        return pd.DataFrame(self._rows, columns=list(self.headings))

    def _cell(self, value: Any) -> str:
        return spoken(value, self.language)

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="{HEAD_STYLE}">{escape(words)}</th>'
            for words in self.headings.values()
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="{NUMBER_STYLE if is_number(row.get(key)) else CELL_STYLE}">'
                f"{escape(self._cell(row.get(key)))}</td>"
                for key in self.headings
            )
            + "</tr>"
            for row in self._rows
        )
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return (
            f'<div style="overflow-x:auto"><table style="{TABLE_STYLE}">'
            f'<caption style="text-align:left;font-weight:600;padding:.25em 0">'
            f"{escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}"
        )

    def __repr__(self) -> str:
        cells = [[_short(self._cell(row.get(key))) for key in self.headings] for row in self._rows]
        lines = [self.caption, *text_table(list(self.headings.values()), cells)]
        return "\n".join([*lines, self.note] if self.note else lines)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    """Aligned lines of plain text."""
    widths = [
        max([_width(heading), *(_width(row[i]) for row in cells)])
        for i, heading in enumerate(headings)
    ]

    def line(texts: Sequence[str]) -> str:
        padded = (t + " " * (w - _width(t)) for t, w in zip(texts, widths, strict=True))
        return "  ".join(padded).rstrip()

    return [line(headings), line(["-" * width for width in widths]), *map(line, cells)]


def _short(text: str) -> str:
    text = re.sub(r"[ \t\r\n]+", " ", text)
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
