"""What became of a dataset, in words for a terminal: one line, and for trouble what and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalab.catalog.badge import away
from datalab.catalog.beyond_sentences import observed_in_words
from datalab.catalog.compatibility import SchemaChange
from datalab.catalog.words import in_words, row_in_words
from datalab.commands.terminal import moment, number
from datalab.i18n import Language, translate

if TYPE_CHECKING:
    from datalab.catalog.dataset import Dataset
    from datalab.catalog.validation import ExpectationResult
    from datalab.lake.record import RunRecord

EXAMPLES = 3


def outcome(record: RunRecord, dataset: Dataset | None, language: Language) -> str:
    """The state of a run, then each broken expectation with rows and examples, or why it failed."""
    lines = [f"{record.dataset}: {_state(record, language)}"]
    if record.rejected and record.state in ("published", "unchanged", "kept"):
        lines.append(
            "  "
            + translate(
                "{rejected} row(s) of the file could not be read and were left out.",
                language,
                rejected=number(record.rejected, language),
            )
        )
    lines += _schema(record, language)
    if record.error is not None:
        said = (record.error.get("messages") or {}).get(language) or record.error.get("message")
        lines.append(f"  {said}")
        lines += [f"    {problem}" for problem in record.error["details"].get("problems", [])]
    if record.validation is not None and dataset is not None:
        for result in record.validation.failed:
            lines += _broken(result, dataset, language, "failed")
        for result in record.validation.warnings:
            lines += _broken(result, dataset, language, "warning")
        for result in record.validation.unchecked:
            reason = (result.unchecked or {}).get(language, "")
            said = translate("not checked: {reason}", language, reason=reason)
            lines += [f"  ? {in_words(result, dataset, language)}", f"    {said}"]
    return "\n".join(lines)


def _state(record: RunRecord, language: Language) -> str:
    facts = {"snapshot": record.snapshot, "rows": number(record.rows, language)}
    if record.state == "published":
        return translate("published, snapshot {snapshot}, {rows} rows", language, **facts)
    if record.state == "unchanged":
        return translate("unchanged, snapshot {snapshot} stands", language, **facts)
    if record.held is not None:
        until = moment(record.held["until"], language)
        return translate(
            "kept at snapshot {snapshot}: a breaking change waits until {moment}",
            language,
            snapshot=record.snapshot,
            moment=until,
        )
    failed = len(record.validation.failed) if record.validation else 0
    evaluated = len(record.validation.results) if record.validation else 0
    facts |= {"failed": failed, "evaluated": evaluated}
    if record.state == "kept" and record.snapshot is None:
        return translate(
            "kept back, nothing was published before: {failed} of {evaluated} expectations failed",
            language,
            **facts,
        )
    if record.state == "kept":
        return translate(
            "kept at snapshot {snapshot}: {failed} of {evaluated} expectations failed",
            language,
            **facts,
        )
    if away({"state": record.state, "error": record.error}):
        since = moment(record.failing_since, language)
        return translate("source unreachable since {moment}", language, moment=since)
    if record.snapshot is None:
        return translate("failed, nothing is published yet", language)
    return translate("failed, snapshot {snapshot} stands", language, **facts)


def _schema(record: RunRecord, language: Language) -> list[str]:
    """What changed in the description, and why it was published at once or waits."""
    listed = record.held["changes"] if record.held else record.schema_changes or []
    changes = [SchemaChange.from_json(change) for change in listed]
    lines = [f"  {'!' if c.breaking else '+'} {c.sentence.in_(language)}" for c in changes]
    if record.held is not None:
        said = translate(
            "  Who uses it: projects {projects}, published pages {pages}, holders of a token "
            "{holders}. They are told. To publish it now: datalab publish {dataset} --note …",
            language,
            dataset=record.dataset,
            **{key: record.held[key] for key in ("projects", "pages", "holders")},
        )
        return [*lines, said]
    if record.state == "published" and any(change.breaking for change in changes):
        said = translate("  Published at once: no notice was due.", language)
        return [*lines, said]
    return lines


def _broken(
    result: ExpectationResult, dataset: Dataset, language: Language, kind: str
) -> list[str]:
    """One expectation that did not hold: in words, then what was found."""
    mark = "✗" if kind == "failed" else "!"
    lines = [f"  {mark} {in_words(result, dataset, language)}"]
    if result.exception is not None:
        said = translate("could not be evaluated: {reason}", language, reason=result.exception)
        return [*lines, f"    {said}"]
    if result.unexpected_count:
        lines.append(
            "    "
            + translate(
                "{count} row(s) break it", language, count=number(result.unexpected_count, language)
            )
        )
    elif result.observed_value is not None:
        said = translate("found: {value}", language, value=_value(result.observed_value, language))
        lines.append(f"    {said}")
    told = (row_in_words(example, language) for example in result.examples[:EXAMPLES])
    return lines + [f"    {row}" for row in told]


def _value(value: Any, language: Language) -> str:
    if (said := observed_in_words(value, language)) is not None:
        return said
    return number(value, language) if isinstance(value, int | float) else str(value)
