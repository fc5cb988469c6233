"""What the page of a municipality shows of its self-assessment: one dataclass, page and files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request

from datalab.errors import DatalabError, NotInTheTeam
from datalab.i18n import Language, Phrase
from datalab.methods import maturity as method
from datalab.methods.maturity import STRATA, Move, Peers, Score
from datalab.participation import maturity
from datalab.participation.cell import guarded
from datalab.participation.grid import Edited, Grid, edited, same_themes
from datalab.participation.maturity import Assessment, Given
from datalab.participation.peerage import peerage
from datalab.participation.team import team
from datalab.portal.library import Shelf
from datalab.portal.page import PAGE_ONLY
from datalab.portal.person import Person
from datalab.portal.radar import Radar, draw
from datalab.portal.rows import open_table, read

COMMUNES = "communes"
CODE = re.compile(r"(\d\d|2[AB])\d{3}", re.ASCII)
STRATUM_NAMES: dict[str, Phrase] = {
    "under-2000": Phrase("fewer than 2,000 inhabitants"),
    "2000-3499": Phrase("2,000 to 3,499 inhabitants"),
    "3500-9999": Phrase("3,500 to 9,999 inhabitants"),
    "10000-19999": Phrase("10,000 to 19,999 inhabitants"),
    "20000-49999": Phrase("20,000 to 49,999 inhabitants"),
    "50000-99999": Phrase("50,000 to 99,999 inhabitants"),
    "100000-and-more": Phrase("100,000 inhabitants and more"),
}
assert STRATUM_NAMES.keys() == {name for name, _, _ in STRATA}  # noqa: S101


@dataclass(frozen=True)
class Row:
    """A theme: its score, that of the peers, and what moved since the last assessment."""

    id: str
    title: str
    score: Score
    peers: Peers | None
    move: Move | None

    @property
    def open(self) -> bool:
        """Whether a statement of it waits for an answer."""
        return self.score.answered < self.score.applicable


@dataclass(frozen=True)
class Action:
    """Something to begin with: from the words of one level to those of the next."""

    statement: str
    title: str
    theme: str
    level: int
    now: str
    next: str
    words: str
    visible: bool
    months: int


@dataclass(frozen=True)
class MaturityView:
    """``done`` of ``statements`` are answered or not applicable; ``enough`` peers were found;
    ``edited`` where the assessment before was made with another edition of the grid."""

    language: Language
    commune: str
    name: str
    population: int
    stratum: str
    grid: str
    turn: int
    state: str
    begun: str
    closed: str | None
    done: int
    statements: int
    themes: list[Row]
    actions: list[Action]
    enough: bool
    fewest: int
    edited: Edited | None
    turns: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    version: int = field(metadata=PAGE_ONLY)
    team: list[str] = field(metadata=PAGE_ONLY)
    radar: Radar = field(metadata=PAGE_ONLY)


def assessment_for(
    connection: Connection, person: Person, commune: str, turn: int | None = None
) -> Assessment:
    """The assessment that a person may see: of the team, or an operator.

    Raises
    ------
    UnknownAssessment, NotInTheTeam
    """
    one = maturity.get(connection, commune, turn)
    if person.name not in team(connection, commune) and not person.may("operate"):
        raise NotInTheTeam(commune=one.name)
    return one


def view_of(connection: Connection, one: Assessment, language: Language) -> MaturityView:
    grid, held = one.edition, maturity.answers(connection, one)
    given = {item: answer.answer for item, answer in held.items()}
    scores = {score.theme: score for score in method.scores(grid.items, given)}
    others = peerage(connection, grid, one)
    means = {**others.means, one.commune: {theme: score.mean for theme, score in scores.items()}}
    same = dict.fromkeys(means, one.stratum)
    compared = method.compare(one.commune, same, means, others.speakers)
    peers = {each.theme: each for each in compared}
    turns = [each for each in maturity.history(connection, one.commune) if each.turn <= one.turn]
    moves: dict[str, Move] = {}
    change: Edited | None = None
    if len(turns) > 1:
        change = edited(turns[-2].edition, grid) if turns[-2].grid != one.grid else None
        before = maturity.answers(connection, turns[-2])
        earlier = {item: answer.answer for item, answer in before.items()}
        moves = {each.theme: each for each in method.progress(grid.items, earlier, given)}
    rows = [
        Row(
            theme.id,
            theme.title.in_(language),
            scores[theme.id],
            peers.get(theme.id),
            moves.get(theme.id),
        )
        for theme in grid.themes
    ]
    enough = any(row.peers and row.peers.enough for row in rows)
    series = [[row.score.mean for row in rows]]
    if enough:
        series.insert(0, [row.peers.median if row.peers else None for row in rows])
    return MaturityView(
        language=language,
        commune=one.commune,
        name=one.name,
        population=one.population,
        stratum=one.stratum,
        grid=one.grid,
        turn=one.turn,
        state=one.state,
        begun=_day(one.begun_at),
        closed=_day(one.closed_at) if one.closed_at else None,
        done=sum(answer.done for answer in held.values()),
        statements=len(grid.items),
        themes=rows,
        actions=_actions(grid, given, language),
        enough=enough,
        fewest=method.FEWEST,
        edited=change,
        turns=[_turn(connection, each, grid) for each in turns],
        answers=[_answer(grid, held[item.id], language) for item in grid.items],
        version=one.version,
        team=team(connection, one.commune),
        radar=draw([row.title for row in rows], series),
    )


def csv_of(view: MaturityView) -> str:
    """One row per statement; what people typed is never a formula."""
    out = io.StringIO()
    names = list(view.answers[0])
    about = ["commune", "name", "population", "grid", "turn", "state"]
    writer = csv.DictWriter(out, [*about, *names], lineterminator="\r\n")
    writer.writeheader()
    for answer in view.answers:
        row = {**{name: getattr(view, name) for name in about}, **answer}
        writer.writerow({k: guarded(v) if isinstance(v, str) else v for k, v in row.items()})
    return out.getvalue()


def communes_of(shelf: Shelf) -> dict[str, tuple[str, int]]:
    """Name and municipal population (2022, inhabitants) by INSEE code, as the lake has them."""
    holding = shelf.holdings.get(COMMUNES)
    if holding is None or holding.good is None:
        return {}
    try:
        rows = read(shelf, open_table(shelf, holding, "fr"), limit=1000, offset=0).rows
        return {str(row["insee_code"]): (str(row["name"]), int(row["population"])) for row in rows}
    except (DatalabError, KeyError, TypeError, ValueError):
        # Another catalog may have a dataset of this name that is of something else.
        return {}


def _actions(grid: Grid, given: Mapping[str, method.Answer], language: Language) -> list[Action]:
    found = []
    for step in method.next_steps(grid.items, given):
        statement, theme = grid.statement(step.item), grid.theme(step.theme)
        assert statement is not None  # noqa: S101 - both are of this grid
        assert theme is not None  # noqa: S101
        found.append(
            Action(
                step.item,
                statement.title.in_(language),
                theme.title.in_(language),
                step.level,
                statement.levels[step.level].in_(language),
                statement.levels[step.level + 1].in_(language),
                statement.action(step.level).in_(language),
                step.visible,
                step.months,
            )
        )
    return found


def _turn(connection: Connection, one: Assessment, grid: Grid) -> dict[str, Any]:
    """Marks by theme; ``comparable`` are those of themes with the same statements in ``grid``."""
    held = maturity.answers(connection, one)
    given = {item: answer.answer for item, answer in held.items()}
    return {
        "turn": one.turn,
        "begun": _day(one.begun_at),
        "closed": _day(one.closed_at) if one.closed_at else None,
        "grid": one.grid,
        "comparable": sorted(same_themes(grid, one.edition)),
        "means": {
            score.theme: None if score.mean is None else round(score.mean, 2)
            for score in method.scores(one.edition.items, given)
        },
    }


def _answer(grid: Grid, held: Given, language: Language) -> dict[str, Any]:
    statement = grid.statement(held.item)
    assert statement  # noqa: S101 - an answer is to a statement of its grid
    return {
        "statement": held.item,
        "title": statement.title.in_(language),
        "level": held.level,
        "anchor": "" if held.level is None else statement.levels[held.level].in_(language),
        "applicable": held.applicable,
        "evidence": held.evidence,
        "comment": held.comment,
        "answered_by": held.answered_by or "",
        "answered_on": _day(held.answered_at) if held.answered_at else "",
    }


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def shelf_of(request: Request) -> Shelf:
    found: Shelf = request.app.state.library.shelf()
    return found
