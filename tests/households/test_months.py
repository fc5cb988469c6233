"""Editions of several months, held against each other as an attacker would."""

from __future__ import annotations

import random

import pytest

from datalab.households import cells
from datalab.households.consent import DOMAINS
from datalab.households.household import DWELLINGS, QUARTERS
from datalab.households.months import Cell, counts_of, gives_away
from datalab.methods.attack import intervals, total

PLACES = "abcde"
RELATIONS = [total(("t", "all", "n"), [("t", place, "n") for place in PLACES])]
FIRST = (120, 20, None, None, 30, 40)


def month(*counts: int | None) -> dict[Cell, int | None]:
    return {("t", row, "n"): n for row, n in zip(("all", *PLACES), counts, strict=True)}


@pytest.mark.parametrize(
    ("second", "tells"),
    [
        (FIRST, False),
        ((140, 40, None, None, 30, 40), False),  # twenty more, and where they are is shown
        ((123, 20, None, None, 30, 40), True),  # three more
        ((140, 37, None, None, 30, 40), True),  # seventeen are shown, three are left
        # Nobody came, and what was hidden is shown: it was the same before.
        ((120, 20, None, 17, 30, None), True),
        # At least nobody left, and so the hidden ones were no more than those that are shown.
        ((131, 31, 6, None, None, 40), True),
        # Some came and some went: nothing follows.
        ((120, 60, None, None, None, 20), False),
    ],
)
def test_two_months_tell_more_than_one(second: tuple[int | None, ...], tells: bool) -> None:
    found = gives_away([month(*FIRST)], month(*second), lambda _: RELATIONS, fewest=11, distance=5)
    assert found is tells


def test_an_edition_is_held_against_all_of_the_year_before() -> None:
    up, back = (140, 40, None, None, 30, 40), (123, 23, None, None, 30, 40)
    known = [month(*FIRST), month(*up)]
    assert gives_away(known, month(*back), lambda _: RELATIONS, fewest=11, distance=5)


def newcomer(chance: random.Random) -> cells.Home:
    domains = frozenset(domain for domain in DOMAINS if chance.random() < 0.5)
    quarter = chance.choices(QUARTERS, (9, 5, 3, 1, 1))[0]
    dwelling = chance.choices(DWELLINGS, (4, 1))[0]
    stage = chance.choices(cells.STAGES, (2, 3, 5))[0]
    whose = chance.choices(("ada", "ben", "cleo"), (6, 3, 1))[0]
    return cells.Home(quarter, dwelling, domains or frozenset({"water"}), stage, whose)


def test_who_solves_all_months_of_a_growing_town_at_once_learns_no_hidden_count() -> None:
    """Homes only join here, and the attacker knows it."""
    chance = random.Random(4)  # noqa: S311 (a town, no secret)
    homes = [newcomer(chance) for _ in range(60)]
    known: dict[str, dict[str, object]] = {}
    for number in range(1, 7):
        name = f"2026-{number:02d}"
        document = cells._next(known, homes, name)
        assert document is not None
        known[str(document["counted"])] = document
        homes += [newcomer(chance) for _ in range(chance.choice((4, 40, 90)))]
    assert 1 < len(known) < 6, "some months were shown, and some had to wait"
    shown = [counts_of(one["tables"]) for one in known.values()]  # type: ignore[arg-type]
    published: dict[object, float | None] = {}
    lines: list[dict[object, float]] = []
    for number, counts in enumerate(shown):
        published |= {(number, cell): None if n is None else float(n) for cell, n in counts.items()}
        lines += [{(number, k): s for k, s in one.items()} for one in cells.relations(counts)]
        for cell in counts.keys() & shown[number - 1].keys() if number else ():
            if cell[:2] == ("ambassador", cells.OTHERS):
                continue  # who is among them changes
            published["joined", number, cell] = None
            lines.append(
                {(number, cell): -1.0, (number - 1, cell): 1.0, ("joined", number, cell): 1.0}
            )
    hidden = {key for key, n in published.items() if n is None and key[0] != "joined"}  # type: ignore[index]
    found = intervals(published, lines, only=hidden)
    assert hidden
    assert min(interval.width for interval in found.values()) > 10
