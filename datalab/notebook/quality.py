"""What was expected of a dataset and what came of it, in words, for the latest refresh.

The latest refresh counts even when it was not published: then the snapshot that is read stays, and
here stands which row broke which expectation.
"""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.i18n import translate
from datalab.lake.record import RunRecord
from datalab.notebook.listing import CELL_STYLE, HEAD_STYLE, TABLE_STYLE, text_table
from datalab.notebook.wording import minute, number, spoken, state

if TYPE_CHECKING:
    from datalab.notebook.dataset import Dataset

SHOWN_EXAMPLES = 5


class Quality:
    """The ValidationResult of a dataset's latest refresh; shows itself as a table.

    Attributes
    ----------
    record
        the latest run, whatever became of it; None where there was none.
    good
        the run that published what readers see.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.language = dataset.language
        entry = dataset.lab.newest(dataset.id) or dataset.entry
        self.record = RunRecord.from_json(entry.record) if entry.record else None
        self.good = RunRecord.from_json(entry.good) if entry.good else None

    @property
    def state(self) -> str:
        """``published``, ``unchanged``, ``kept``, ``failed``, or ``""`` where never refreshed."""
        return self.record.state if self.record else ""

    @cached_property
    def validation(self) -> ValidationResult | None:
        """Of the latest run that evaluated anything."""
        for run in (self.record, self.good):
            if run is not None and run.validation is not None:
                return run.validation
        return None

    @property
    def results(self) -> list[ExpectationResult]:
        """One per expectation, in the order of the catalog."""
        return list(self.validation.results) if self.validation else []

    @property
    def failed(self) -> list[ExpectationResult]:
        """The results that did not hold, warnings included."""
        return [result for result in self.results if result.outcome in ("broken", "warning")]

    @property
    def summary(self) -> str:
        """One sentence: how many expectations held, and what became of the refresh."""
        language = self.language
        if self.validation is None:
            said = translate("no expectation was evaluated yet", language)
        elif not self.failed:
            said = translate(
                "all {count} expectations are met",
                language,
                count=number(len(self.results), language),
            )
        else:
            said = translate(
                "expectations not met: {failed} of {count}",
                language,
                failed=number(len(self.failed), language),
                count=number(len(self.results), language),
            )
        return f"{said}. {notice}" if (notice := self._notice()) else said

    def _notice(self) -> str:
        """What a reader must know of a refresh that did not publish."""
        language = self.language
        if self.record is None:
            return ""
        if self.state == "kept":
            return translate(
                "The refresh of {moment} was not published: you read the snapshot before it.",
                language,
                moment=minute(self.record.finished_at, language),
            )
        if self.state == "failed":
            return translate(
                "The refresh of {moment} could not read the source: {reason}",
                language,
                moment=minute(self.record.finished_at, language),
                reason=(self.record.error or {}).get("message", ""),
            )
        return ""

    def words(self, result: ExpectationResult) -> str:
        """The expectation as one plain sentence."""
        from datalab.catalog.dataset import Expectation
        from datalab.catalog.words import in_words

        expectation = Expectation.model_validate(
            {"type": result.type, "severity": result.severity, **result.kwargs}
        )
        return in_words(expectation, self.dataset.described, self.language)

    def verdict(self, result: ExpectationResult) -> str:
        """Whether it held; an expectation of severity ``warning`` lets the data through."""
        language = self.language
        if result.success:
            return translate("✓ met", language)
        if result.unchecked is not None:
            return translate("? not checked", language)
        if result.exception is not None:
            return translate("✗ could not be evaluated", language)
        if result.severity == "warning":
            return translate("⚠ warning", language)
        return translate("✗ not met", language)

    def detail(self, result: ExpectationResult) -> str:
        """What was found instead, with the first rows that break the expectation."""
        language = self.language
        if result.success:
            return ""
        if result.unchecked is not None:
            return result.unchecked.get(language, "")
        if result.exception is not None:
            return result.exception
        from datalab.catalog.beyond_sentences import observed_in_words
        from datalab.catalog.words import row_in_words

        parts = []
        if result.unexpected_count:
            parts.append(
                translate(
                    "rows at fault: {count}",
                    language,
                    count=number(result.unexpected_count, language),
                )
            )
        elif result.observed_value is not None:
            told = observed_in_words(result.observed_value, language)
            found = told or spoken(result.observed_value, language)
            parts.append(translate("found: {value}", language, value=found))
        parts += [row_in_words(row, language) for row in result.examples[:SHOWN_EXAMPLES]]
        return "; ".join(parts)

    def _rows(self) -> list[tuple[str, str, str]]:
        ordered = sorted(self.results, key=lambda result: result.success)
        return [(self.verdict(r), self.words(r), self.detail(r)) for r in ordered]

    @property
    def _headings(self) -> list[str]:
        language = self.language
        return [
            translate("Verdict", language),
            translate("Expectation", language),
            translate("What was found", language),
        ]

    @property
    def _caption(self) -> str:
        language, title = self.language, self.dataset.title
        said = state(self.state or None, language)
        moment = self.validation.evaluated_at if self.validation else None
        return translate(
            "Quality of “{title}” — {state}, evaluated {moment}",
            language,
            title=title,
            state=said,
            moment=minute(moment, language) or "—",
        )

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="{HEAD_STYLE}">{escape(words)}</th>' for words in self._headings
        )
        body = "".join(
            f'<tr><td style="{CELL_STYLE};white-space:nowrap">{escape(verdict)}</td>'
            f'<td style="{CELL_STYLE}">{escape(words)}</td>'
            f'<td style="{CELL_STYLE}">{escape(detail)}</td></tr>'
            for verdict, words, detail in self._rows()
        )
        return (
            f'<div style="overflow-x:auto" lang="{self.language}">'
            f'<table style="{TABLE_STYLE}"><caption style="text-align:left;font-weight:600">'
            f"{escape(self._caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{escape(self.summary)}</p></div>"
        )

    def __repr__(self) -> str:
        return "\n".join([self._caption, *text_table(self._headings, self._rows()), self.summary])
