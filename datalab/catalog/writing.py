"""How the text of a file is written: delimiters, header, numbers, dates, missing values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from datalab.catalog.text import Model, Text


class Writing(Model):
    """How the values of one column are written, where it is not as in the rest of the file."""

    decimal: Literal[".", ","] | None = Field(None, description="decimal mark of its numbers")
    thousands: str | None = Field(None, description="mark between thousands")
    affix: str | None = Field(
        None, min_length=1, description="text beside each number that is no part of it, such as %"
    )
    format: str | None = Field(None, description="strptime format of its dates or times")
    marks: dict[str, Text] | None = Field(
        None, description="texts that stand for a missing value in it, with what they mean"
    )


class CsvOptions(Model):
    """How a CSV file is written. Nothing is guessed: what is not said here is the default."""

    delimiter: str = Field(default=",", description="character between two values")
    quote: str = Field(default='"', description="character around a value that holds the delimiter")
    encoding: str = Field(default="utf-8", description="character encoding, by its Python name")
    decimal: Literal[".", ","] = Field(default=".", description="decimal mark of numbers")
    thousands: str | None = Field(
        default=None, description="mark between thousands, if there is one"
    )
    skip: int = Field(default=0, ge=0, description="lines before the header row")
    header: bool = Field(default=True, description="whether the first line names the columns")
    null_values: list[str] = Field(
        default_factory=lambda: [""], description="texts that stand for a missing value"
    )
    date_format: str | None = Field(
        default=None, description="strptime format of dates; ISO 8601 if absent"
    )
    timestamp_format: str | None = Field(
        default=None, description="strptime format of timestamps; ISO 8601 if absent"
    )
    time_format: str | None = Field(
        default=None, description="strptime format of times; hours:minutes:seconds if absent"
    )
    affix: str | None = Field(
        default=None,
        min_length=1,
        description="text beside each number that is no part of it, such as €",
    )
    marks: dict[str, Text] = Field(
        default_factory=dict,
        description="texts that stand for a missing value in columns that are not text, with what "
        "they mean, such as s for statistical secrecy",
    )
    values: dict[str, Writing] = Field(
        default_factory=dict,
        description="columns whose values are written otherwise, by their name in the file",
    )
    gap: int = Field(
        default=0, ge=0, description="lines between the header and the first row, such as units"
    )
    empty_rows: Literal["keep", "skip"] = Field(
        default="keep", description="what becomes of rows without a single value"
    )
    initial_spaces: Literal["keep", "skip"] = Field(
        default="keep", description="what becomes of spaces after a delimiter"
    )
    mojibake: bool = Field(
        default=False,
        description="whether text that was decoded wrongly once (Ã© for é) is set right",
    )

    def of(self, column: str) -> CsvOptions:
        """These options as they hold for ``column``, by its name in the file."""
        own = self.values.get(column)
        if own is None:
            return self
        said = {key: getattr(own, key) for key in ("decimal", "thousands", "affix", "marks")}
        moments = ("date_format", "time_format", "timestamp_format")
        said |= dict.fromkeys(moments, own.format)
        return self.model_copy(update={k: v for k, v in said.items() if v is not None})
