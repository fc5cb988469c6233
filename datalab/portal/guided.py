"""A notebook as a page for reading: its cells, what they show, and the fields of its controls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Literal

from datalab.i18n import Language, translate
from datalab.projects import sanitize
from datalab.projects.saved import SavedCell, SavedNotebook, text_of

CONTROL = "application/vnd.datalab.control+json"
LONGEST_TEXT = 40_000  # characters of a text output on the page
LONGEST_HTML = 8_000_000  # characters of a frame
MOST_CONTROLS = 60
LONGEST_LABEL, LONGEST_VALUE = 100, 1_000  # characters
VALUE, THERE = "v:", "b:"  # before a label: a form's value, and that it has such a checkbox
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
Look = Literal["text", "error", "picture", "html", "frame", "note"]


@dataclass(frozen=True)
class Shown:
    """One output. ``content`` is text, harmless HTML, the address of a picture, or the number of
    the output for a frame; ``words`` describe it."""

    look: Look
    content: str
    words: str = ""


@dataclass(frozen=True)
class Field:
    """A control as a form field. ``options`` are values and whether each is the chosen one."""

    id: str
    kind: str
    label: str
    value: str
    options: tuple[tuple[str, bool], ...] = ()
    low: str = ""
    high: str = ""
    step: str = "any"
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """``number`` counts from 1; ``html`` is the text of a Markdown cell."""

    id: str
    number: int
    kind: str
    html: str = ""
    source: str = ""
    fields: tuple[Field, ...] = ()
    shown: tuple[Shown, ...] = ()
    state: str = ""


@dataclass
class Outline:
    """Keeps the headings of a page in order: none deeper than one below the last."""

    last: int = 1
    pattern: re.Pattern[str] = field(default=re.compile(r"<(/?)h([1-6])(?=[\s>])"))

    def follow(self, html: str) -> str:
        open_as = self.last

        def place(match: re.Match[str]) -> str:
            nonlocal open_as
            if not match.group(1):
                open_as = self.last = min(int(match.group(2)), self.last + 1)
            return f"<{match.group(1)}h{open_as}"

        return self.pattern.sub(place, html)


def cells_of(
    notebook: SavedNotebook,
    language: Language,
    outputs: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    states: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> list[Cell]:
    """The cells to show. ``outputs`` and ``states`` by cell id are those of a run, where there is
    one: a cell that it has not reached keeps what was saved."""
    found: list[Cell] = []
    outline = Outline()
    skipped_title = False
    for number, saved in enumerate(notebook.cells, start=1):
        if saved.kind == "markdown":
            source = saved.source
            if not skipped_title and re.match(r"\s*#\s+\S", source):
                # The page has this heading already.
                source = re.sub(r"^\s*#\s+.*\n?", "", source, count=1)
                skipped_title = True
            html = sanitize.markdown(source, saved.attachments, lowest=2)
            found.append(Cell(saved.id, number, "markdown", html=outline.follow(html)))
        elif saved.kind == "code" and saved.source.strip():
            state = (states or {}).get(saved.id, "")
            reached = outputs is not None and saved.id in outputs
            raw = outputs[saved.id] if outputs and reached else saved.outputs
            sent = None if reached else values
            found.append(code_cell(saved, number, raw, language, state, outline, sent))
    return found


def code_cell(
    saved: SavedCell,
    number: int,
    outputs: Iterable[Mapping[str, Any]],
    language: Language,
    state: str = "",
    outline: Outline | None = None,
    values: Mapping[str, Any] | None = None,
) -> Cell:
    """One cell of code with what it shows."""
    fields: list[Field] = []
    shown: list[Shown] = []
    outline = outline or Outline(last=6)
    for place, output in enumerate(outputs):
        made = field_of(output, len(fields), saved.id, values)
        if made is not None:
            fields.append(made)
            continue
        one = shown_of(output, place, number, language)
        if one is not None:
            if one.look == "html":
                one = Shown("html", outline.follow(one.content), one.words)
            shown.append(one)
    return Cell(
        id=saved.id,
        number=number,
        kind="code",
        source=saved.source[:LONGEST_TEXT],
        fields=tuple(fields[:MOST_CONTROLS]),
        shown=tuple(shown),
        state=state,
    )


def shown_of(
    output: Mapping[str, Any], place: int, number: int, language: Language
) -> Shown | None:
    """How one output is shown; the richest form that a reader can have of it."""
    kind = output["output_type"]
    if kind == "stream":
        return _text(text_of(output.get("text")), language)
    if kind == "error":
        name, value = (str(output.get(key, ""))[:2_000] for key in ("ename", "evalue"))
        trace = ESCAPES.sub("", "\n".join(map(str, _list(output.get("traceback")))))
        # What the lab raises is a sentence already.
        if trace.strip() and "\n" not in trace.strip():
            return Shown("error", "", trace.strip())
        words = translate(
            "The program stopped here. Try other settings, or leave a comment below for those who "
            "write the notebook.",
            language,
        )
        return Shown("error", (trace or f"{name}: {value}")[-LONGEST_TEXT:], words)
    if kind not in {"display_data", "execute_result"}:
        return None
    bundle = output.get("data")
    if not isinstance(bundle, dict):
        return None
    words = translate("Result of cell {number}", language, number=number)
    html = text_of(bundle.get("text/html"))
    if html.strip():
        if len(html) > LONGEST_HTML:
            return Shown("note", translate("A result too large for this page.", language))
        if sanitize.active(html):
            return Shown("frame", str(place), title_of(html) or words)
        return Shown("html", sanitize.clean(html, lowest=3), words)
    address = sanitize.picture(bundle)
    if address:
        described = output.get("metadata")
        alternative = described.get("alt") if isinstance(described, dict) else None
        return Shown("picture", address, str(alternative)[:500] if alternative else words)
    if "text/markdown" in bundle:
        html = sanitize.markdown(text_of(bundle["text/markdown"]), lowest=3)
        return Shown("html", html, words)
    return _text(text_of(bundle.get("text/plain")), language)


def frame_html(output: Mapping[str, Any]) -> str | None:
    """The HTML of an output that is shown in a frame, None where it is not."""
    bundle = output.get("data")
    html = text_of(bundle.get("text/html")) if isinstance(bundle, dict) else ""
    return html if html and len(html) <= LONGEST_HTML and sanitize.active(html) else None


def title_of(html: str) -> str:
    """What a drawing says it is: its caption or the title of its frame."""
    found = re.search(r"<figcaption>(.*?)</figcaption>|<iframe[^>]*\stitle=\"([^\"]*)\"", html)
    if not found:
        return ""
    words = re.sub(r"<[^>]*>", " ", found.group(1) or found.group(2) or "")
    return " ".join(unescape(words).split())[:300]


def field_of(
    output: Mapping[str, Any], place: int, cell: str, values: Mapping[str, Any] | None = None
) -> Field | None:
    """The control in an output; None where it holds none that fits together.

    ``values`` are those that were sent by label: they stand in the field until the run reaches it.
    """
    bundle = output.get("data")
    raw = bundle.get(CONTROL) if isinstance(bundle, dict) else None
    if not isinstance(raw, dict) or not isinstance(raw.get("label"), str):
        return None
    kind, label, value = raw.get("kind"), raw["label"][:LONGEST_LABEL], raw.get("value")
    value = (values or {}).get(label, value)
    if kind not in {"choice", "slider", "number", "text", "checkbox"}:
        return None
    options = tuple(str(option)[:300] for option in _list(raw.get("options"))[:200])
    if kind == "choice" and not options:
        return None
    low, high, step = (_number(raw.get(key)) for key in ("low", "high", "step"))
    if kind == "slider" and not (low and high):
        return None
    note = raw.get("note")
    shown = "on" if value is True else "" if value in (False, None) else str(value)[:LONGEST_VALUE]
    return Field(
        id=f"c-{cell}-{place}",
        kind=kind,
        label=label,
        value=shown,
        options=tuple((option, option == shown) for option in options),
        low=low,
        high=high,
        step=step or "any",
        note=note[:300] if isinstance(note, str) else "",
    )


def given(form: Mapping[str, Any]) -> dict[str, Any]:
    """Label to value as the notebook's ``DATALAB_CONTROLS`` takes them, from a posted form.

    The notebook itself checks each value against its control.
    """
    values: dict[str, Any] = {}
    for name in form:
        label = name[len(VALUE) :]
        if len(values) >= MOST_CONTROLS or len(label) > LONGEST_LABEL:
            break
        if name.startswith(THERE):
            values[label] = f"{VALUE}{label}" in form
        elif name.startswith(VALUE) and f"{THERE}{label}" not in form:
            values[label] = str(form[name])[:LONGEST_VALUE]
    return values


def _text(text: str, language: Language) -> Shown | None:
    text = ESCAPES.sub("", text).rstrip()
    if not text:
        return None
    if len(text) > LONGEST_TEXT:
        left = translate("… the rest is in the notebook itself.", language)
        text = f"{text[:LONGEST_TEXT]}\n{left}"
    return Shown("text", text)


def _number(raw: Any) -> str:
    fits = isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) < 1e300
    return repr(raw) if fits else ""


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
