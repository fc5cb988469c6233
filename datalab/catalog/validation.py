"""What became of each expectation: ExpectationResult and ValidationResult.

Plain values that travel as JSON beside a snapshot and are read by the lake, the notebook and the
portal. The JSON mirrors Great Expectations' result format (``expectation_config``, ``success``,
``result``, ``exception_info``), so its own tools can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]
Engine = Literal["compiled", "great_expectations"]
Outcome = Literal["held", "warning", "broken", "unchecked"]


@dataclass(frozen=True)
class ExpectationResult:
    """One evaluated expectation.

    Attributes
    ----------
    type, kwargs, severity
        The expectation as the catalog states it.
    success
        Whether it held. An expectation that could not be evaluated (``exception``) never holds.
    element_count
        Rows that were looked at, None for expectations about the table.
    unexpected_count, unexpected_percent
        Rows that break it, and their share of the non-null values in percent.
    observed_value
        The aggregate, the row count or the set that was found, where there is one.
    examples
        Up to ten failing rows: ``{"row": 1-based number in the staged table, column: value}`` with
        the key columns of the dataset and the columns the expectation is about.
    engine
        Who gave the verdict.
    exception
        Why it could not be evaluated, in one plain line; None where it was.
    unchecked
        Why there was nothing to compare with yet (by language), such as another dataset that was
        never published. It neither holds nor fails, keeps nothing from being published, and is
        always shown.
    """

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    success: bool
    element_count: int | None = None
    unexpected_count: int | None = None
    unexpected_percent: float | None = None
    observed_value: Any = None
    examples: list[dict[str, Any]] = field(default_factory=list)
    engine: Engine = "compiled"
    exception: str | None = None
    unchecked: dict[str, str] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """``kwargs`` under the name that an Expectation as written has for them."""
        return self.kwargs

    @property
    def blocking(self) -> bool:
        """Whether this result keeps the dataset from being published."""
        return (
            not self.success
            and self.unchecked is None
            and (self.severity == "error" or self.exception is not None)
        )

    @property
    def outcome(self) -> Outcome:
        """``held``, ``warning``, ``broken``, or ``unchecked``: never two of them."""
        if self.unchecked is not None:
            return "unchecked"
        if self.success:
            return "held"
        return "broken" if self.blocking else "warning"

    def as_json(self) -> dict[str, Any]:
        """Great Expectations' result format, with ``examples`` and ``engine`` of our own."""
        result = {
            "element_count": self.element_count,
            "unexpected_count": self.unexpected_count,
            "unexpected_percent": self.unexpected_percent,
            "observed_value": self.observed_value,
        }
        return {
            "expectation_config": {
                "type": self.type,
                "kwargs": self.kwargs,
                "severity": self.severity,
            },
            "success": None if self.unchecked is not None else self.success,
            "result": {key: value for key, value in result.items() if value is not None},
            "exception_info": {
                "raised_exception": self.exception is not None,
                "exception_message": self.exception,
            },
            "examples": self.examples,
            "engine": self.engine,
            **({"unchecked": self.unchecked} if self.unchecked is not None else {}),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ExpectationResult:
        config, result = document["expectation_config"], document.get("result", {})
        return cls(
            type=config["type"],
            kwargs=dict(config["kwargs"]),
            severity=config.get("severity", "error"),
            success=bool(document["success"]),
            element_count=result.get("element_count"),
            unexpected_count=result.get("unexpected_count"),
            unexpected_percent=result.get("unexpected_percent"),
            observed_value=result.get("observed_value"),
            examples=list(document.get("examples", [])),
            engine=document.get("engine", "compiled"),
            exception=document.get("exception_info", {}).get("exception_message"),
            unchecked=document.get("unchecked"),
        )


@dataclass(frozen=True)
class ValidationResult:
    """The whole suite on one Batch.

    ``success`` says whether the dataset may be published; ``evaluated_at`` is ISO 8601, UTC.
    """

    success: bool
    results: list[ExpectationResult]
    evaluated_at: str

    @property
    def failed(self) -> list[ExpectationResult]:
        """Results that keep the dataset from being published."""
        return [result for result in self.results if result.blocking]

    @property
    def warnings(self) -> list[ExpectationResult]:
        """Results that did not hold, yet let the dataset be published."""
        return [result for result in self.results if result.outcome == "warning"]

    @property
    def unchecked(self) -> list[ExpectationResult]:
        """Results that neither hold nor fail: what they compare with is not there."""
        return [result for result in self.results if result.outcome == "unchecked"]

    @property
    def counts(self) -> dict[str, int]:
        """``{"evaluated", "successful", "failed", "warnings", "unchecked"}``."""
        outcomes = [result.outcome for result in self.results]
        return {
            "evaluated": len(outcomes) - outcomes.count("unchecked"),
            "successful": outcomes.count("held"),
            "failed": outcomes.count("broken"),
            "warnings": outcomes.count("warning"),
            "unchecked": outcomes.count("unchecked"),
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "success": self.success,
            "evaluated_at": self.evaluated_at,
            "statistics": self.counts,
            "results": [result.as_json() for result in self.results],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ValidationResult:
        return cls(
            success=document["success"],
            results=[ExpectationResult.from_json(result) for result in document["results"]],
            evaluated_at=document["evaluated_at"],
        )
