"""One YAML file as plain values that remember where they stood.

Owns the reading of text that strangers may have written: it constructs nothing but text, numbers,
truth values, lists and mappings, follows no alias and honours no tag, and is bounded in size and
depth. Scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema),
because YAML 1.1 turns the key ``on`` into ``true``, the code ``021`` into 17, the word ``no`` into
false and ``12:30`` into 750.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from datalab.i18n import Phrase

LARGEST = 1_000_000
DEEPEST = 30
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,60})")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]{1,60}|(0|[1-9][0-9]{0,60})(\.[0-9]{0,60})?)([eE][-+]?[0-9]{1,3})?"
)
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    ".inf": float("inf"),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}

# Control characters (an escape sequence would be obeyed by the terminal that shows a problem),
# halves of characters, and marks that make a text read otherwise than it is.
_NO_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
)

Place = Sequence[str | int]
Repeated = tuple[tuple[str | int, ...], int, int]


class Unreadable(Exception):
    """The text is no YAML that the lab reads; ``line`` counts from 1."""

    def __init__(self, line: int, reason: Phrase) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


@dataclass
class Document:
    """``value`` is the whole file; ``repeated`` are the keys that stand twice in one mapping.

    Each of those with its place, its line and the line where it stood first.
    """

    value: Any
    root: yaml.Node | None
    repeated: list[Repeated] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """The line of ``place``, or of the nearest thing around it that exists."""
        node, line = self.root, 1
        for step in place:
            found = _child(node, step)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    def at(self, place: Place) -> Any:
        """The value at ``place``, or None."""
        value = self.value
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def read(path: Path) -> Document:
    """Read ``path`` without executing or expanding anything in it.

    Raises
    ------
    Unreadable
        for a file that is too large, no UTF-8, no YAML, or uses anchors or tags.
    """
    try:
        if not path.is_file():
            raise Unreadable(1, Phrase("this is not a file"))
        if path.stat().st_size > LARGEST:
            raise Unreadable(
                1,
                Phrase(
                    "this file is larger than {limit} bytes; data belong beside it, not in it",
                    limit=LARGEST,
                ),
            )
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(
            1, Phrase("this file cannot be opened: {reason}", reason=error.strerror or "")
        ) from None
    return parse(content)


def parse(content: bytes) -> Document:
    """The document in ``content``; raises :class:`Unreadable` as :func:`read` does."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, Phrase("this file is not UTF-8 text; save it as UTF-8")) from None
    try:
        _refuse_the_dangerous(text)
        root = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_line_of(error), _reason(error, text)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        raise Unreadable(line, _odd()) from None
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError):
        raise Unreadable(1, Phrase("this file is not readable YAML")) from None
    document = Document(None, root)
    if root is not None:
        document.value = _plain(root, document.repeated)
    return document


def _refuse_the_dangerous(text: str) -> None:
    """Look at the stream of events before any tree is built from it."""
    depth = documents = 0
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=LOADER)
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Unreadable(line, Phrase("one file describes one dataset; remove the '---'"))
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable(
                line, Phrase("anchors (&) and aliases (*) are not read here; write the value out")
            )
        elif getattr(event, "tag", None):
            raise Unreadable(line, Phrase("tags (!…) are not read here; write a plain value"))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise Unreadable(line, Phrase("this is nested too deep to be a dataset"))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line_of(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark is not None else 1


def _reason(error: yaml.MarkedYAMLError, text: str) -> Phrase:
    lines = text.splitlines()
    line = _line_of(error)
    if (
        0 < line <= len(lines)
        and "\t" in lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
    ):
        return Phrase("this line is indented with a tab; YAML wants spaces")
    problem = error.problem or ""
    if "mapping values are not allowed" in problem:
        return Phrase("a ':' followed by a space stands inside the text; put the text in quotes")
    if "found character '\\t'" in problem:
        return Phrase("this line is indented with a tab; YAML wants spaces")
    return Phrase("this is not readable YAML ({detail})", detail=problem)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _plain(node: yaml.Node, repeated: list[Repeated], place: tuple[str | int, ...] = ()) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, repeated, (*place, n)) for n, item in enumerate(node.value)]
    mapping: dict[str, Any] = {}
    first: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(line, Phrase("a key is one word, not a list or a mapping"))
        _scalar(key)
        here = (*place, key.value)
        if key.value in mapping:
            repeated.append((here, line, first[key.value]))
        mapping[key.value] = _plain(value, repeated, here)
        first.setdefault(key.value, line)
    return mapping


def _odd() -> Phrase:
    return Phrase("this file holds characters that no text has; save it as UTF-8 text")


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if _NO_TEXT.search(text):
        raise Unreadable(node.start_mark.line + 1, _odd())
    if node.style:  # quoted (plain is None, or "" where libyaml reads), or a block of text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
