"""Conditions of a questionnaire: the small part of XPath that XLSForm authors use, and no more.

A text such as ``${age} >= 18 and selected(${days}, 'monday')`` becomes a :class:`Expression`,
plain nested lists that the server computes here and a browser in ``static/conditions.js``: one
table of cases tries both. Answers are texts, several choices one text with spaces between, what
was not answered the empty text (https://getodk.github.io/xforms-spec/#xpath-functions).

Two texts compare as texts with ``=``; with ``<`` as days where both are ISO dates, as numbers
otherwise. ``regex`` takes only patterns without groups, which no answer can make slow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datalab.i18n import Phrase

LONGEST = 1_000
DEEPEST = 40
Value = str | float | bool
Tree = list[Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|\$\{\s*(?P<name>[A-Za-z_][\w.-]*)\s*\}|(?P<word>[A-Za-z][\w-]*)"
    r"|(?P<sign><=|>=|!=|[=<>+*(),.-])|(?P<end>$))",
    re.ASCII,
)
# How tightly each holds, weakest first; all are read from the left.
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("=", "!="),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "div", "mod"),
)
# name: fewest and most arguments
FUNCTIONS: dict[str, tuple[int, int]] = {
    "selected": (2, 2),
    "count-selected": (1, 1),
    "not": (1, 1),
    "true": (0, 0),
    "false": (0, 0),
    "string-length": (1, 1),
    "number": (1, 1),
    "string": (1, 1),
    "int": (1, 1),
    "round": (1, 1),
    "abs": (1, 1),
    "min": (1, 10),
    "max": (1, 10),
    "if": (3, 3),
    "coalesce": (2, 2),
    "concat": (1, 20),
    "regex": (2, 2),
    "today": (0, 0),
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"\s*-?(\d+(\.\d*)?|\.\d+)\s*", re.ASCII)
# Characters, classes and what repeats them; no group, no alternative, no look around.
_PATTERN = re.compile(
    r"\^?(?:(?:\\[dws.\-+*?()\[\]/]|\[\^?(?:\\[dws.\-\]]|[^\]\\\[])+\]|[^\\\[\](){}|^$*+?])"
    r"(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})?)*\$?"
)
_UNBOUNDED = re.compile(r"[*+]|\{\d+,\}")


class Unreadable(Exception):
    """A text is no condition that is read here; ``reason`` says why."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Expression:
    """``tree`` is what is computed; ``names`` are the questions it looks at."""

    tree: Tree
    names: frozenset[str]

    def value(self, answers: Mapping[str, str], own: str = "", today: str = "") -> Value:
        """What it comes to; ``own`` is what ``.`` stands for, ``today`` an ISO date."""
        return _value(self.tree, answers, own, today)

    def holds(self, answers: Mapping[str, str], own: str = "", today: str = "") -> bool:
        return _truth(self.value(answers, own, today))


def parse(text: str) -> Expression:
    """The condition that ``text`` says.

    Raises
    ------
    Unreadable
    """
    if len(text) > LONGEST:
        raise Unreadable(Phrase("it is longer than {most} characters", most=LONGEST))
    reader = _Reader(text)
    tree = reader.level(0, 0)
    if reader.kind != "end":
        raise reader.unexpected()
    return Expression(tree, frozenset(reader.names))


class _Reader:
    """Looks at one word of the text at a time."""

    def __init__(self, text: str) -> None:
        self.text, self.place, self.start = text, 0, 0
        self.names: set[str] = set()
        self.kind, self.word = "", ""
        self.next()

    def next(self) -> None:
        self.start = self.place
        found = _TOKEN.match(self.text, self.place)
        if found is None:
            raise self.unexpected()
        self.kind = str(found.lastgroup)
        self.word, self.place = found[self.kind], found.end()

    def unexpected(self) -> Unreadable:
        rest = self.text[self.start :].strip()
        if not rest:
            return Unreadable(Phrase("it ends too early"))
        return Unreadable(Phrase("“{rest}” is not understood there", rest=rest[:40]))

    def is_sign(self, *words: str) -> bool:
        return self.kind in {"sign", "word"} and self.word in words

    def expect(self, sign: str) -> None:
        if not self.is_sign(sign):
            raise self.unexpected()
        self.next()

    def level(self, level: int, depth: int) -> Tree:
        if depth > DEEPEST:
            raise Unreadable(Phrase("it is nested too deep"))
        if level == len(_LEVELS):
            return self.single(depth)
        left = self.level(level + 1, depth)
        while self.is_sign(*_LEVELS[level]):
            sign = self.word
            self.next()
            left = [sign, left, self.level(level + 1, depth)]
        return left

    def single(self, depth: int) -> Tree:
        kind, word = self.kind, self.word
        if kind == "number":
            self.next()
            return ["value", float(word)]
        if kind == "text":
            self.next()
            return ["value", word[1:-1]]
        if kind == "name":
            self.names.add(word)
            self.next()
            return ["answer", word]
        if self.is_sign("."):
            self.next()
            return ["own"]
        if self.is_sign("-"):
            self.next()
            return ["-", ["value", 0.0], self.single(depth + 1)] if depth < DEEPEST else self.deep()
        if self.is_sign("("):
            self.next()
            inner = self.level(0, depth + 1)
            self.expect(")")
            return inner
        if kind == "word":
            return self.call(word, depth)
        raise self.unexpected()

    def deep(self) -> Tree:
        raise Unreadable(Phrase("it is nested too deep"))

    def call(self, name: str, depth: int) -> Tree:
        if name not in FUNCTIONS:
            if not self.text[self.place :].lstrip().startswith("("):
                reason = "“{name}” is not understood there; an answer is written {answer}"
                raise Unreadable(Phrase(reason, name=name, answer=f"${{{name}}}"))
            known = ", ".join(sorted(FUNCTIONS))
            reason = "“{name}” is no function that is known here; known are {known}"
            raise Unreadable(Phrase(reason, name=name, known=known))
        self.next()
        self.expect("(")
        arguments: list[Tree] = []
        while not self.is_sign(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.level(0, depth + 1))
        self.next()
        fewest, most = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            raise Unreadable(Phrase("{name}() is given too much or too little", name=name))
        if name == "regex":
            _check_pattern(arguments[1])
        return [name, *arguments]


def _check_pattern(argument: Tree) -> None:
    pattern = argument[1] if argument[0] == "value" else None
    fits = isinstance(pattern, str) and _PATTERN.fullmatch(pattern)
    if not fits or len(_UNBOUNDED.findall(str(pattern))) > 2:
        raise Unreadable(
            Phrase("regex() takes a quoted pattern without groups or alternatives here")
        )
    try:
        re.compile(str(pattern))
    except re.error:
        raise Unreadable(Phrase("regex() is given a pattern that cannot be read")) from None


def _value(tree: Tree, answers: Mapping[str, str], own: str, today: str) -> Value:
    head, rest = tree[0], tree[1:]
    if head == "value":
        found: Value = rest[0]
        return found
    if head == "answer":
        return answers.get(rest[0], "")
    if head == "own":
        return own
    if head == "today":
        return today

    def of(branch: Tree) -> Value:
        return _value(branch, answers, own, today)

    if head == "and":
        return _truth(of(rest[0])) and _truth(of(rest[1]))
    if head == "or":
        return _truth(of(rest[0])) or _truth(of(rest[1]))
    if head == "if":
        return of(rest[1] if _truth(of(rest[0])) else rest[2])
    return _WORK[head](*[of(branch) for branch in rest])


def _truth(value: Value) -> bool:
    return bool(value) and value == value  # nothing is true of what is no number


def _number(value: Value) -> float:
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else math.nan
    return float(value)


def text_of(value: Value) -> str:
    """A value as it is written into an answer."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(round(value, 9))


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return _truth(left) == _truth(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return _number(left) == _number(right)


def _pair(left: Value, right: Value) -> tuple[Any, Any]:
    dates = [isinstance(side, str) and bool(_DATE.fullmatch(side)) for side in (left, right)]
    return (left, right) if all(dates) else (_number(left), _number(right))


def _divided(left: Value, right: Value) -> float:
    above, below = _number(left), _number(right)
    if below == 0:
        return math.nan if above == 0 or math.isnan(above) else math.copysign(math.inf, above)
    return above / below


def _rest(left: Value, right: Value) -> float:
    above, below = _number(left), _number(right)
    return math.nan if below == 0 or not math.isfinite(above) else math.fmod(above, below)


def _whole(function: Callable[[float], float], value: Value) -> float:
    number = _number(value)
    return float(function(number)) if math.isfinite(number) else number


def _extreme(choose: Callable[..., float], *values: Value) -> float:
    numbers = [_number(value) for value in values]
    return math.nan if any(map(math.isnan, numbers)) else choose(numbers)


_WORK: dict[str, Callable[..., Value]] = {
    "=": _equal,
    "!=": lambda a, b: not _equal(a, b),
    "<": lambda a, b: (lambda p: p[0] < p[1])(_pair(a, b)),
    "<=": lambda a, b: (lambda p: p[0] <= p[1])(_pair(a, b)),
    ">": lambda a, b: (lambda p: p[0] > p[1])(_pair(a, b)),
    ">=": lambda a, b: (lambda p: p[0] >= p[1])(_pair(a, b)),
    "+": lambda a, b: _number(a) + _number(b),
    "-": lambda a, b: _number(a) - _number(b),
    "*": lambda a, b: _number(a) * _number(b),
    "div": _divided,
    "mod": _rest,
    "selected": lambda a, b: text_of(b) in text_of(a).split(),
    "count-selected": lambda a: float(len(text_of(a).split())),
    "not": lambda a: not _truth(a),
    "true": lambda: True,
    "false": lambda: False,
    "string-length": lambda a: float(len(text_of(a))),
    "number": _number,
    "string": text_of,
    "int": lambda a: _whole(math.trunc, a),
    "round": lambda a: _whole(lambda n: math.floor(n + 0.5), a),
    "abs": lambda a: abs(_number(a)),
    "min": lambda *a: _extreme(min, *a),
    "max": lambda *a: _extreme(max, *a),
    "coalesce": lambda a, b: a if text_of(a) != "" else b,
    "concat": lambda *a: "".join(map(text_of, a)),
    "regex": lambda a, b: bool(re.fullmatch(str(b), text_of(a), re.ASCII)),
}
