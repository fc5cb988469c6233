"""The peers of a municipality: marks of others of its stratum, of which nobody learns whose."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.methods.maturity import Answer, scores
from datalab.methods.peerage import Closing, settled
from datalab.participation.grid import Grid, grid_of, same_themes
from datalab.participation.maturity import Assessment
from datalab.participation.tables.maturity import MATURITY, MATURITY_ANSWER


@dataclass(frozen=True)
class Peerage:
    """Means by municipality and theme, and who speaks for each municipality."""

    means: dict[str, dict[str, float | None]]
    speakers: dict[str, str]


def peerage(connection: Connection, grid: Grid, own: Assessment) -> Peerage:
    """Of the closed assessments that count for ``own`` (:func:`datalab.methods.peerage.settled`).

    One made with another edition of the grid gives the themes that have the same statements there.
    What whoever began the first assessment of that municipality began elsewhere is no peer of it;
    its team changes nothing, or letting an account in and out would tell what that one said.
    """
    asked = select(MATURITY.c.commune, MATURITY.c.begun_by).where(MATURITY.c.turn == 1)
    speakers = {row.commune: row.begun_by for row in connection.execute(asked)}
    asked = select(MATURITY).where(MATURITY.c.state == "closed", MATURITY.c.commune != own.commune)
    rows = connection.execute(asked.order_by(MATURITY.c.closed_at, MATURITY.c.id)).all()
    editions = {row.id: row.grid for row in rows}
    closings = [Closing(r.id, r.commune, r.stratum, speakers[r.commune]) for r in rows]
    ours = {speakers.get(own.commune, own.begun_by)}
    counted = settled(closings, own.stratum, ours)
    given: dict[str, dict[str, Answer]] = {one.id: {} for one in counted.values()}
    chosen = select(MATURITY_ANSWER).where(MATURITY_ANSWER.c.maturity_id.in_(list(given)))
    for row in connection.execute(chosen):
        given[row.maturity_id][row.item] = Answer(row.level, row.applicable)
    same = {edition: same_themes(grid, grid_of(edition)) for edition in set(editions.values())}
    means = {
        commune: {
            score.theme: score.mean
            for score in scores(grid.items, given[one.id])
            if score.theme in same[editions[one.id]]
        }
        for commune, one in counted.items()
    }
    return Peerage(means, {commune: one.speaker for commune, one in counted.items()})
