"""Controls: values of a notebook that a reader sets on its guided page.

In the live notebook a control is its value and one quiet line. On the guided page the line is a
form field, and the notebook runs again with the values sent, which arrive in ``DATALAB_CONTROLS``
(JSON, label to value). What does not fit a control is answered with its own value and a sentence
that everybody sees: a run never fails because of a form.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, Literal

from datalab.errors import DuplicateControl, InvalidControl
from datalab.i18n import Language, Phrase, translate

MIME = "application/vnd.datalab.control+json"
VARIABLE = "DATALAB_CONTROLS"
LONGEST_LABEL = 100
LONGEST_TEXT = 1_000
MOST_OPTIONS = 200
MOST_BYTES = 100_000
MOST_STEPS = 10_000

Kind = Literal["choice", "slider", "number", "text", "checkbox"]
Scalar = str | int | float | bool


@dataclass(frozen=True)
class Control:
    """One field: what it may hold, what it holds, and where that came from.

    ``note`` is the sentence to show where a value was refused.
    """

    kind: Kind
    label: str
    value: Scalar
    default: Scalar
    options: tuple[Scalar, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """What the guided page reads, without what this kind does not have."""
        document = asdict(self)
        return {k: v for k, v in document.items() if v not in (None, "", ()) or k == "value"}


@dataclass
class Controls:
    """The controls of one notebook: their values and the labels in use.

    ``once`` says that each cell runs once: a label that comes again is another control's.
    """

    language: Language
    given: Mapping[str, Any] = field(default_factory=dict)
    once: bool = False
    places: dict[str, tuple[object, object]] = field(default_factory=dict)

    @classmethod
    def of_environment(cls, language: Language) -> Controls:
        """With the values that the guided page sent, none where it sent nothing readable."""
        sent = os.environ.get(VARIABLE)
        return cls(language, given_values(sent or ""), once=sent is not None)

    def choice(self, label: str, options: Sequence[Scalar], value: Scalar | None) -> Scalar:
        label = self._label(label)
        listed = tuple(map(_plain, options)) if not isinstance(options, str) else ()
        if not 1 <= len(listed) <= MOST_OPTIONS:
            reason = Phrase("a list of 1 to {most} options is needed", most=MOST_OPTIONS)
            raise self._invalid(label, reason)
        if not all(isinstance(option, str | int | float) for option in listed):
            raise self._invalid(label, Phrase("options are texts or numbers"))
        if len({str(option) for option in listed}) < len(listed):
            raise self._invalid(label, Phrase("two of its options read the same"))
        default = listed[0] if value is None else _plain(value)
        if default not in listed:
            told = ", ".join(map(str, listed[:10]))
            reason = Phrase("'{value}' is not one of its options: {known}", value=value, known=told)
            raise self._invalid(label, reason)
        asked = self.given.get(label)
        found = next((o for o in listed if asked is not None and str(o) == str(asked)), None)
        shown: Scalar = default if found is None else found
        note = "" if asked is None or found is not None else self._note(asked, default)
        self._show(Control("choice", label, shown, default, listed, note=note))
        return shown

    def slider(
        self, label: str, low: float, high: float, value: float | None, step: float | None
    ) -> float:
        label = self._label(label)
        bounds = (low, high, *(x for x in (value, step) if x is not None))
        if not all(_is_number(bound) for bound in bounds):
            raise self._invalid(label, Phrase("its bounds, value and step are numbers"))
        low, high = _plain(low), _plain(high)
        if low >= high:
            reason = Phrase(
                "its low end {low} is not below its high end {high}", low=low, high=high
            )
            raise self._invalid(label, reason)
        whole = all(isinstance(_plain(bound), int) for bound in bounds)
        step = _plain(step) if step is not None else (1 if whole else (high - low) / 100)
        if step <= 0 or (high - low) / step > MOST_STEPS:
            raise self._invalid(label, Phrase("its step {step} does not fit its bounds", step=step))
        default = low if value is None else _plain(value)
        return self._numeric("slider", label, default, low, high, step)

    def number(self, label: str, value: float, low: float | None, high: float | None) -> float:
        label = self._label(label)
        bounds = (value, *(x for x in (low, high) if x is not None))
        if not all(_is_number(bound) for bound in bounds):
            raise self._invalid(label, Phrase("its bounds, value and step are numbers"))
        if low is not None and high is not None and low >= high:
            reason = Phrase(
                "its low end {low} is not below its high end {high}", low=low, high=high
            )
            raise self._invalid(label, reason)
        ends = [None if end is None else _plain(end) for end in (low, high)]
        return self._numeric("number", label, _plain(value), ends[0], ends[1], None)

    def text(self, label: str, value: str) -> str:
        label = self._label(label)
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            reason = Phrase("its value is a text of at most {most} characters", most=LONGEST_TEXT)
            raise self._invalid(label, reason)
        asked = self.given.get(label)
        fits = isinstance(asked, str) and len(asked) <= LONGEST_TEXT
        note = "" if asked is None or fits else self._note(asked, value)
        shown = asked if isinstance(asked, str) and fits else value
        self._show(Control("text", label, shown, value, note=note))
        return shown

    def checkbox(self, label: str, value: bool) -> bool:
        label = self._label(label)
        if not isinstance(value, bool):
            raise self._invalid(label, Phrase("its value is True or False"))
        asked = self.given.get(label)
        note = "" if asked is None or isinstance(asked, bool) else self._note(asked, value)
        shown = asked if isinstance(asked, bool) else value
        self._show(Control("checkbox", label, shown, value, note=note))
        return shown

    # -- what they share ------------------------------------------------------------------

    def _numeric(
        self,
        kind: Kind,
        label: str,
        default: float,
        low: float | None,
        high: float | None,
        step: float | None,
    ) -> float:
        if not _within(default, low, high):
            reason = Phrase(
                "its value {value} is not between {low} and {high}",
                value=default,
                low=low,
                high=high,
            )
            raise self._invalid(label, reason)
        asked = self.given.get(label)
        value = _number(asked, whole=isinstance(default, int) and isinstance(step or 1, int))
        fits = value is not None and _within(value, low, high)
        note = "" if asked is None or fits else self._note(asked, default)
        shown = value if value is not None and fits else default
        self._show(Control(kind, label, shown, default, low=low, high=high, step=step, note=note))
        return shown

    def _label(self, label: object) -> str:
        """The label, refused where it is none or another control of the notebook has it."""
        text = " ".join(label.split()) if isinstance(label, str) else ""
        if not 1 <= len(text) <= LONGEST_LABEL:
            reason = Phrase("its label is a text of 1 to {most} characters", most=LONGEST_LABEL)
            raise self._invalid(str(label)[:LONGEST_LABEL], reason)
        cell, execution = _place()
        known = self.places.get(text)
        if known is not None and execution is not None:
            same_run = known[1] == execution
            elsewhere = known[0] is not None and cell is not None and known[0] != cell
            if same_run or elsewhere or self.once:
                raise DuplicateControl(label=text).in_language(self.language)
        self.places[text] = (cell, execution)
        return text

    def _invalid(self, label: str, reason: Phrase) -> InvalidControl:
        return InvalidControl(label=label, reason=reason).in_language(self.language)

    def _note(self, asked: object, default: Scalar) -> str:
        return translate(
            "'{asked}' is not possible here; {value} was used instead.",
            self.language,
            asked=str(asked)[:60],
            value=said(default, self.language),
        )

    def _show(self, control: Control) -> None:
        """The line under the cell, where there is a notebook to show it."""
        display(control, self.language)


def given_values(text: str) -> dict[str, Any]:
    """Label to value of ``DATALAB_CONTROLS``; nothing where it is damaged or far too long."""
    if not text or len(text) > MOST_BYTES:
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {str(k): v for k, v in document.items()} if isinstance(document, dict) else {}


def said(value: Scalar, language: Language) -> str:
    """A value as the line says it."""
    from datalab.notebook.wording import spoken

    return spoken(value, language)


def display(control: Control, language: Language) -> None:
    """Show the control in IPython; elsewhere (a script) it is its value and no more."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display as show
    except ImportError:
        return
    if get_ipython() is None:
        return
    sentence = translate(
        "{label}: {value} – adjustable in the guided view",
        language,
        label=control.label,
        value=said(control.value, language),
    )
    note = f"<br><strong>{escape(control.note)}</strong>" if control.note else ""
    bundle = {
        MIME: control.as_json(),
        "text/html": f'<p style="color:#767676;margin:.2em 0">{escape(sentence)}{note}</p>',
        "text/plain": f"{sentence} {control.note}".strip(),
    }
    show(bundle, raw=True)  # type: ignore[no-untyped-call]


def _place() -> tuple[object, object]:
    """Which cell and which execution runs now, None where nothing says so."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None, None
    shell = get_ipython()
    if shell is None:
        return None, None
    header = getattr(shell, "parent_header", None)
    if header is None:
        header = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = (header or {}).get("metadata", {}).get("cellId")
    return cell, shell.execution_count


def _plain(value: Any) -> Any:
    """NumPy's and pandas' scalars as Python's own: a bundle is JSON."""
    return value.item() if hasattr(value, "item") else value


def _is_number(value: Any) -> bool:
    value = _plain(value)
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(asked: Any, *, whole: bool) -> int | float | None:
    """What a form sent, as a number; None for anything else."""
    if isinstance(asked, str):
        try:
            asked = float(asked.strip().replace(",", ".").replace("\u00a0", "")[:40])
        except ValueError:
            return None
    if not _is_number(asked):
        return None
    if whole:
        return int(asked) if float(asked).is_integer() else None
    return float(asked) if not isinstance(asked, int) else asked


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
