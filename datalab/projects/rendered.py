"""A notebook that was run, as the parts of a page: harmless text, pictures, frames, folded code.

Everything here was written by the notebook's authors. What can be shown as text is made harmless
(:mod:`sanitize`); what needs scripts becomes a *frame*, a document of its own that is served
without an origin; a picture becomes a file, where even an SVG runs nothing. Each picture and each
frame has to say in words what it shows: where it does not, it is listed as *missing*.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape, unescape
from typing import Any, Literal

from datalab.projects import sanitize
from datalab.projects.saved import text_of

LONGEST_TEXT = 40_000  # characters of what a cell prints
LONGEST_FRAME = 8_000_000
LONGEST_WORDS = 1_000  # characters of an alternative text
MOST_PICTURES = 200
CONTROL = "application/vnd.datalab.control+json"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
TAG = r"((?:[^>\"']|\"[^\"]*\"|'[^']*')*)"
IFRAME = re.compile(rf"<iframe\b{TAG}>\s*(?:</iframe\s*>)?", re.IGNORECASE)
SVG = re.compile(rf"<svg\b{TAG}>.*?</svg\s*>", re.IGNORECASE | re.DOTALL)
IMG = re.compile(r'<img\b((?:[^>"]|"[^"]*")*)>')
HEADING = re.compile(r"<(/?)h([1-6])(?=[\s>])")
# Marks pictures that need no words, while they pass through cleaning; nobody can know it.
DECORATION = f'title="{secrets.token_hex(16)}"'
ENDINGS = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
    "image/svg+xml": "svg",
}  # fmt: skip
# IPython's own words for a drawing say nothing of what it shows.
EMPTY_WORDS = re.compile(r"<(Figure|IPython|matplotlib|PIL|Axes|folium|branca)[^>]*>")
Kind = Literal["text", "code", "html", "print", "picture", "frame", "value"]

_NAMED = re.compile(r"(?<=[a-z]_)([0-9a-f]{32})(?![0-9a-f])")


@dataclass(frozen=True)
class Part:
    """One piece of a page. ``content`` is harmless HTML, plain text, or the name of a file;
    ``key`` names a picture or frame in the form, ``words`` say what it shows."""

    kind: Kind
    content: str
    words: str = ""
    key: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}


@dataclass
class Rendered:
    """``files`` by name: pictures and frames. ``title`` is the notebook's first heading."""

    title: str = ""
    parts: list[Part] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def described(self) -> list[Part]:
        """Pictures and frames, in order; those inside a text are listed after it."""
        return [part for part in self.parts if part.kind in {"picture", "frame"}]

    @property
    def missing(self) -> list[Part]:
        return [part for part in self.described if not part.words]


def render(node: Any, words: Mapping[str, str] | None = None) -> Rendered:
    """The parts of an executed notebook. ``words`` by key are what people wrote in the form."""
    return _Renderer(words or {}).render(node)


class _Renderer:
    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = words
        self.made = Rendered()
        self.level = 1
        self.count = 0
        self.named: dict[str, int] = {}

    def render(self, node: Any) -> Rendered:
        for cell in node.cells:
            if cell.cell_type == "markdown":
                source = self._without_title(str(cell.source))
                # Where the first heading became the title, the others stand as they were written.
                lowest = 1 if self.made.title else 2
                html = sanitize.markdown(source, cell.get("attachments"), lowest=lowest)
                self._add_html("text", html)
            elif cell.cell_type == "code" and cell.source.strip():
                self.made.parts.append(Part("code", str(cell.source)[:LONGEST_TEXT]))
                for output in cell.outputs:
                    self._output(output)
        return self.made

    def _without_title(self, source: str) -> str:
        found = re.match(r"\s*#\s+(.+?)\s*#*\s*(?:\n|$)", source)
        if self.made.title or not found:
            return source
        self.made.title = re.sub(r"[*_`]", "", found.group(1))[:200]
        return source[found.end() :]

    # -- outputs ------------------------------------------------------------------------------

    def _output(self, output: Any) -> None:
        if output.output_type == "stream":
            if output.get("name") != "stderr":  # warnings are for those who write the notebook
                self._print(text_of(output.get("text")))
            return
        bundle = output.get("data")
        if not isinstance(bundle, dict):
            return
        control = bundle.get(CONTROL)
        if isinstance(control, dict):
            label, value = str(control.get("label", ""))[:200], str(control.get("value", ""))[:500]
            self.made.parts.append(Part("value", value, label))
            return
        html = text_of(bundle.get("text/html"))
        if html.strip():
            self._html(html[:LONGEST_FRAME])
            return
        for kind, ending in ENDINGS.items():
            if kind in bundle and (address := sanitize.picture({kind: bundle[kind]})):
                content = base64.b64decode(address.partition(",")[2])
                self._picture(content, ending, _alternative(output.get("metadata"), kind))
                return
        if "text/markdown" in bundle:
            text = text_of(bundle["text/markdown"])
            self._add_html("html", sanitize.markdown(text, lowest=3))
            return
        self._print(text_of(bundle.get("text/plain")))

    def _print(self, text: str) -> None:
        text = ESCAPES.sub("", text).rstrip()
        if text and not EMPTY_WORDS.fullmatch(text):
            self.made.parts.append(Part("print", text[:LONGEST_TEXT]))

    def _html(self, html: str) -> None:
        """Frames of the output by themselves, the rest as text; all of it as a frame where the
        rest needs scripts too."""
        rest = IFRAME.sub("", html)
        drawings = SVG.sub("", rest)
        if sanitize.active(drawings):
            self._frame(html, title_of(html))
            return
        before, last = "", 0
        for found in IFRAME.finditer(html):
            before += html[last : found.start()]
            last = found.end()
            document = _attribute(found.group(1), "srcdoc")
            if document:
                self._add_html("html", self._drawn(before))
                before = ""
                self._frame(document, _attribute(found.group(1), "title") or title_of(html))
        self._add_html("html", self._drawn(before + html[last:]))

    def _drawn(self, html: str) -> str:
        """Harmless HTML with each drawing in it as a picture."""

        def picture(match: re.Match[str]) -> str:
            attributes, drawing = match.group(1), match.group(0)
            inside = re.search(r"<title>(.*?)</title>", drawing, re.DOTALL)
            words = _attribute(attributes, "aria-label") or (inside.group(1) if inside else "")
            if not re.search(r"\sxmlns=", attributes):
                drawing = drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
            packed = base64.b64encode(drawing.encode()).decode()
            hidden = DECORATION if _attribute(attributes, "aria-hidden") else ""
            alt = escape(unescape(words))
            return f'<img src="data:image/svg+xml;base64,{packed}" alt="{alt}" {hidden}>'

        return sanitize.clean(SVG.sub(picture, html), lowest=3)

    # -- parts --------------------------------------------------------------------------------

    def _add_html(self, kind: Kind, html: str) -> None:
        """Harmless HTML; a picture in it that says nothing becomes a part of its own."""
        html = self._outlined(html)
        last = 0
        for found in IMG.finditer(html):
            attributes = found.group(1)
            if DECORATION in attributes or _attribute(attributes, "alt"):
                continue
            kind_of, _, packed = _attribute(attributes, "src").partition(";base64,")
            ending = ENDINGS.get(kind_of.removeprefix("data:"))
            if ending is None:
                continue
            # A page cannot be cut inside a table; it stands after it then.
            self._text(kind, html[last : found.start()])
            last = found.end()
            self._picture(base64.b64decode(packed), ending, "")
        rest = html[last:]
        self._text(kind, sanitize.clean(rest) if last else rest)

    def _text(self, kind: Kind, html: str) -> None:
        html = html.replace(DECORATION, "")
        if re.sub(r"<(?!img)[^>]*>", "", html).strip():
            # Cleaned once more: it may have been cut between two tags.
            self.made.parts.append(Part(kind, sanitize.clean(html)))

    def _outlined(self, html: str) -> str:
        """No heading deeper than one below the last, and none beside the title of the page."""

        def place(match: re.Match[str]) -> str:
            if not match.group(1):
                self.level = max(2, min(int(match.group(2)), self.level + 1))
            return f"<{match.group(1)}h{self.level}"

        return HEADING.sub(place, html)

    def _key(self, content: bytes) -> str:
        """The same for the same picture at the same place, so that a form finds it again."""
        self.count += 1
        return f"{self.count}-{hashlib.sha256(content).hexdigest()[:12]}"

    def _described(self, kind: Kind, content: bytes, ending: str, words: str) -> None:
        if self.count >= MOST_PICTURES:
            return
        key = self._key(content)
        name = f"{key}.{ending}"
        said = " ".join(self.words.get(key, words).split())[:LONGEST_WORDS]
        if EMPTY_WORDS.fullmatch(said):
            said = ""
        self.made.files[name] = content
        self.made.parts.append(Part(kind, name, said, key))

    def _picture(self, content: bytes, ending: str, words: str) -> None:
        self._described("picture", content, ending, words)

    def _frame(self, document: str, words: str) -> None:
        # folium names each element anew at every run (branca: ``map_`` and 16 random bytes): the
        # same map would be another file each time, and its words would be asked for again.
        document = _NAMED.sub(self._steady, document)
        self._described("frame", document.encode("utf-8", "replace"), "html", words)

    def _steady(self, found: re.Match[str]) -> str:
        number = self.named.setdefault(found.group(1), len(self.named))
        return f"{number:032x}"


def title_of(html: str) -> str:
    """What a drawing says of itself: its caption, or the title of its frame."""
    found = re.search(r"<figcaption>(.*?)</figcaption>", html, re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", found.group(1)) if found else ""
    return " ".join(unescape(words).split())[:300]


def _alternative(metadata: Any, kind: str) -> str:
    """What the notebook itself says of a picture (IPython: ``Image(..., alt="…")``)."""
    for place in (metadata, metadata.get(kind) if isinstance(metadata, dict) else None):
        if isinstance(place, dict) and isinstance(place.get("alt"), str):
            return str(place["alt"])
    return ""


def _attribute(attributes: str, name: str) -> str:
    found = re.search(rf"(?:^|\s){name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", attributes, re.I)
    return unescape(found.group(1) or found.group(2) or "") if found else ""
