"""The answer to a query on a terminal or in a pipe: table, CSV or JSON."""

from __future__ import annotations

import datetime
import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from datalab.i18n import Language, translate

if TYPE_CHECKING:
    import pyarrow as pa

WIDEST = 60


def print_answer(answer: pa.Table, form: str, language: Language) -> None:
    """Print an Arrow table; ``form`` is ``table``, ``csv`` or ``json``."""
    names = answer.column_names
    rows = zip(*(column.to_pylist() for column in answer.columns), strict=True) if names else ()
    if form == "csv":
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_plain(value) for value in row] for row in rows)
        return
    if form == "json":
        documents = [dict(zip(names, map(_json, row), strict=True)) for row in rows]
        click.echo(json.dumps(documents, ensure_ascii=False))
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE, pad_edge=False)
    for name in names:
        table.add_column(Text(name))
    for row in rows:
        # Text, not str: square brackets in the data are no markup of ours.
        table.add_row(*(Text(_short(value)) for value in row))
    console = Console() if sys.stdout.isatty() else Console(width=20 + 30 * len(names))
    console.print(table)
    click.echo(translate("{count} row(s)", language, count=answer.num_rows))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return value


def _short(value: Any) -> str:
    text = "–" if value is None else str(_plain(value))
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
