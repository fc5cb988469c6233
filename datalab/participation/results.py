"""Results of a survey: counts and shares, weighted and not, small cells suppressed everywhere.

A *category* of a question is a choice, a class of its numbers, a year of its dates, or "no
answer", which is counted like the others so that it cannot be told by subtraction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datalab.i18n import Language, translate
from datalab.methods import disclosure, raking
from datalab.methods.raking import Raked
from datalab.methods.representativeness import Comparison, compare
from datalab.participation.bands import edges_of, tells_one
from datalab.participation.campaign import Campaign
from datalab.participation.expression import text_of
from datalab.participation.questionnaire import Questionnaire, Variable
from datalab.participation.response import Response
from datalab.participation.survey import Survey

NONE = ""  # the category of who did not answer


@dataclass(frozen=True)
class Line:
    """``count`` is None where it is suppressed, and so are its shares (of 1)."""

    category: str
    label: str
    count: int | None
    share: float | None
    weighted: float | None


@dataclass(frozen=True)
class Summary:
    """One question. ``answered`` is None where it would tell how few did not answer."""

    variable: str
    label: str
    kind: str
    several: bool
    lines: list[Line]
    answered: int | None
    total: int
    mean: float | None
    weighted_mean: float | None
    suppressed: int


@dataclass(frozen=True)
class Cross:
    """One question by another: the last row and the last column are totals."""

    question: str
    by: str
    columns: list[str]
    rows: list[tuple[str, list[int | None]]]
    shares: list[list[float | None]]
    suppressed: int


@dataclass(frozen=True)
class Rate:
    """``share`` of 1 of the people invited who answered; None without a number of them."""

    received: int
    invited: int | None

    @property
    def share(self) -> float | None:
        return self.received / self.invited if self.invited else None


def categories(
    questionnaire: Questionnaire,
    variable: Variable,
    values: Sequence[Any],
    language: Language,
    edges: Sequence[float] | None = None,
) -> list[tuple[str, str]]:
    """Every category of a variable, in order, with what it is called; not "no answer"."""
    if variable.kind in {"one", "many"}:
        return [(c.name, questionnaire.say(c.label, language)) for c in variable.choices]
    if variable.kind == "yes":
        return [("yes", translate("yes", language))]
    if variable.kind in {"text", "place"}:
        return [("given", translate("answered", language))]
    if variable.kind == "date":
        return [(year, year) for year in sorted({str(v)[:4] for v in values if v is not None})]
    if edges is None:
        found = sorted({float(v) for v in values if v is not None})
        if variable.question.type == "scale":
            found = questionnaire.numbered(variable.question)
        return [(text_of(v), _number(v, language)) for v in found]
    if not edges:
        return [("-", translate("answered", language))]
    names = [f"{text_of(low)}-" for low in edges]
    named = [
        (name, _class(low, high, variable.kind == "integer", language))
        for name, low, high in zip(["-", *names], [None, *edges], [*edges, None], strict=True)
    ]
    least = variable.question.min
    return named[1:] if least is not None and edges[0] <= least else named


def category_of(variable: Variable, value: Any, edges: Sequence[float] | None) -> str:
    """The category that an answer is in."""
    if value is None:
        return NONE
    if variable.kind in {"one", "yes"}:
        return str(value)
    if variable.kind in {"text", "place"}:
        return "given"
    if variable.kind == "date":
        return str(value)[:4]
    if edges is None:
        return text_of(float(value))
    below = [edge for edge in edges if edge <= float(value)]
    return f"{text_of(below[-1])}-" if below else "-"


def summary(
    survey: Survey,
    responses: Sequence[Response],
    variable: Variable,
    language: Language,
    weights: Sequence[float] | None = None,
) -> Summary:
    """Counts and shares of one question; shares are of everybody who sent answers."""
    questionnaire, least = survey.questionnaire, survey.smallest_cell
    values = [response.answers.get(variable.name) for response in responses]
    weighing = list(weights) if weights is not None else [1.0] * len(values)
    edges = edges_of(variable, values, least)
    listed = categories(questionnaire, variable, values, language, edges)
    total = len(values)
    there = [value is not None for value in values]
    answered = sum(there)
    if variable.kind == "many":
        shown = disclosure.suppress_pair(answered, total, least)
        placed = [[NONE] if value is None else value for value in values]
        tally = Counter(name for names in placed for name in names)
        counts: dict[str, int | None] = {
            name: None
            if shown is not None and disclosure.suppress_pair(tally[name], shown, least) is None
            else disclosure.suppress_pair(tally[name], total, least)
            for name, _ in listed
        }
        counts[NONE] = None if shown is None else total - shown
    else:
        placed = [[category_of(variable, value, edges)] for value in values]
        tally = Counter(name for names in placed for name in names)
        exact = {name: tally[name] for name, _ in [*listed, (NONE, "")]}
        counts = dict(disclosure.suppress_list(exact, least))
        shown = None if counts[NONE] is None else answered
    heavy = sum(weighing)
    weighted = {
        name: sum(w for names, w in zip(placed, weighing, strict=True) if name in names)
        for name in counts
    }
    silent = translate("no answer, or not asked", language)
    lines = [
        Line(
            name,
            label,
            counts[name],
            _share(counts[name], total),
            weighted[name] / heavy if weights is not None and counts[name] is not None else None,
        )
        for name, label in [*listed, (NONE, silent)]
        if name != NONE or tally[NONE]
    ]
    mean, heavier = _means(variable, values, weighing, least)
    if any(counts[name] is None for name, _ in listed):
        mean = heavier = None  # with the counts beside it, it would give back what they hide
    return Summary(
        variable.name,
        questionnaire.label_of(variable, language),
        variable.kind,
        variable.kind == "many",
        lines,
        shown,
        total,
        mean,
        heavier if weights is not None else None,
        sum(line.count is None for line in lines),
    )


def cross(
    survey: Survey,
    responses: Sequence[Response],
    variable: Variable,
    by: Variable,
    language: Language,
) -> Cross:
    """One question by a background variable, both with one answer each.

    Raises
    ------
    ValueError
        where one of them has several answers, or nobody answered.
    """
    if "many" in {variable.kind, by.kind} or not responses:
        raise ValueError("a cross table is of one answer by one other")
    least = survey.smallest_cell
    sides = []
    for one in (variable, by):
        values = [response.answers.get(one.name) for response in responses]
        edges = edges_of(one, values, least)
        listed = [
            *categories(survey.questionnaire, one, values, language, edges),
            (NONE, translate("no answer", language)),
        ]
        sides.append((listed, [category_of(one, value, edges) for value in values]))
    (rows, down), (columns, across) = sides
    tally = Counter(zip(down, across, strict=True))
    counts = [[tally.get((r, c), 0) for c, _ in columns] for r, _ in rows]
    # What the table of each question alone hides stays hidden in its margin here.
    hidden = [
        [
            place
            for place, (name, _) in enumerate(listed)
            if disclosure.suppress_list({k: placed.count(k) for k, _ in listed}, least)[name]
            is None
        ]
        for listed, placed in sides
    ]
    table = disclosure.suppress_table(counts, least, rows=hidden[0], columns=hidden[1])
    everybody = translate("together", language)
    named = [label for _, label in rows] + [everybody]
    shares = [
        [_share(cell, table.cells[-1][place]) for place, cell in enumerate(line)]
        for line in table.cells
    ]
    return Cross(
        survey.questionnaire.label_of(variable, language),
        survey.questionnaire.label_of(by, language),
        [label for _, label in columns] + [everybody],
        [(label, list(line)) for label, line in zip(named, table.cells, strict=True)],
        shares,
        sum(cell is None for line in table.cells for cell in line),
    )


def background(questionnaire: Questionnaire) -> list[Variable]:
    """Variables that others may be looked at by: one answer out of few."""
    return [
        variable
        for variable in questionnaire.variables.values()
        if variable.kind == "one" or (variable.question.bands and variable.kind != "many")
    ]


def weigh(
    survey: Survey, campaign: Campaign, responses: Sequence[Response]
) -> tuple[Raked | None, dict[str, Comparison]]:
    """Weights of the answers of a campaign, and each margin beside what was obtained.

    No weights where there are no margins, or nobody is in any of them.
    """
    margins = usable(survey.questionnaire, campaign.margins)
    sample = {
        name: [_category(survey, name, response) for response in responses] for name in margins
    }
    comparisons = {}
    for name, margin in margins.items():
        tally = Counter(category or NONE for category in sample[name])
        comparisons[name] = compare(tally, margin)
    try:
        raked = raking.rake(sample, margins) if margins and responses else None
    except ValueError:
        raked = None
    return raked, comparisons


def usable(
    questionnaire: Questionnaire, margins: Mapping[str, Mapping[str, float]] | None
) -> dict[str, dict[str, float]]:
    """Margins of variables that the questionnaire (still) has."""
    known = {variable.name for variable in background(questionnaire)}
    return {
        name: {category: float(size) for category, size in margin.items()}
        for name, margin in (margins or {}).items()
        if name in known and sum(margin.values()) > 0
    }


def _category(survey: Survey, name: str, response: Response) -> str | None:
    variable = survey.questionnaire.variables[name]
    found = category_of(variable, response.answers.get(name), variable.question.bands)
    return found or None


def _share(count: int | None, of: int | None) -> float | None:
    return count / of if count is not None and of else None


def _means(
    variable: Variable, values: Sequence[Any], weights: Sequence[float], least: int
) -> tuple[float | None, float | None]:
    """Mean and weighted mean of numbers, where enough people answered and none outweighs all."""
    pairs = [
        (float(v), w) for v, w in zip(values, weights, strict=True) if isinstance(v, int | float)
    ]
    numeric = variable.kind in {"integer", "decimal"}
    if not numeric or len(pairs) < 2 * least or tells_one([v for v, _ in pairs]):
        return None, None
    heavy = sum(w for _, w in pairs)
    return sum(v for v, _ in pairs) / len(pairs), sum(v * w for v, w in pairs) / heavy


def _number(value: float, language: Language) -> str:
    text = text_of(value)
    return text.replace(".", ",") if language == "fr" else text


def _class(low: float | None, high: float | None, whole: bool, language: Language) -> str:
    if low is None:
        return translate("below {high}", language, high=_number(high or 0, language))
    if high is None:
        return translate("{low} and more", language, low=_number(low, language))
    last = high - 1 if whole else high
    if whole and last == low:
        return _number(low, language)
    facts = {"low": _number(low, language), "high": _number(last, language)}
    if whole:
        return translate("{low} to {high}", language, **facts)
    return translate("{low} to less than {high}", language, **facts)
