"""What agents see: nobody, and nothing that linear programs could give back."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from datalab.households import cells, consent, household
from datalab.households.consent import DOMAINS
from datalab.households.household import DWELLINGS, QUARTERS
from datalab.households.store import Store
from datalab.households.vault import Vault
from datalab.methods.attack import intervals, total
from tests.households.conftest import invited

NOW = 1_790_000_000.0
Home = cells.Home


def town(seed: int, homes: int) -> list[Home]:
    chance = random.Random(seed)  # noqa: S311 (a town, no secret)
    sizes = [chance.randint(1, 12) for _ in QUARTERS]
    return [
        Home(
            chance.choices(QUARTERS, sizes)[0],
            chance.choices(DWELLINGS, (4, 1))[0],
            frozenset(d for d in DOMAINS if chance.random() < chance.choice((0.1, 0.5, 0.9)))
            or frozenset({"water"}),
            chance.choices(cells.STAGES, (2, 3, 5))[0],
            chance.choices(("ada", "ben", "cleo"), (6, 3, 1))[0],
        )
        for _ in range(homes)
    ]


def truth(homes: list[Home]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for row in (*QUARTERS, "all"):
        here = [home for home in homes if row in (home[0], "all")]
        found["dwelling", row, "all"] = len(here)
        for dwelling in DWELLINGS:
            found["dwelling", row, dwelling] = sum(home[1] == dwelling for home in here)
        for domain in DOMAINS:
            found[domain, row, "yes"] = sum(domain in home[2] for home in here)
            found[domain, row, "no"] = sum(domain not in home[2] for home in here)
        for stage in cells.STAGES:
            found["stage", row, stage] = sum(home.stage == stage for home in here)
    many = Counter(home.ambassador for home in homes)
    for home in homes:
        whose = home.ambassador if many[home.ambassador] >= cells.FEWEST else cells.OTHERS
        for name in ("all", "yes", "no"):
            found.setdefault(("ambassador", whose, name), 0)
        found["ambassador", whose, "all"] += 1
        found["ambassador", whose, "yes" if home.stage == "active" else "no"] += 1
    return found


@pytest.mark.parametrize("seed", range(3))
def test_an_attacker_with_linear_programs_comes_to_no_hidden_count(seed: int) -> None:
    homes = town(seed, 40 + 180 * seed)
    document = cells.protected(homes)
    assert document is not None
    real = truth(homes)
    shown = {
        (table, row, name): count
        for table, rows in document.items()
        for row, columns in rows.items()
        for name, count in columns.items()
    }
    assert set(shown) == set(real)
    for key, count in shown.items():
        assert count is None or count == real[key]
        assert count is None or count == 0 or count >= cells.FEWEST
    rows = (*QUARTERS, "all")
    whose = sorted(document["ambassador"])
    relations = [
        total(("ambassador", one, "all"), [("ambassador", one, n) for n in ("yes", "no")])
        for one in whose
    ]
    relations += [
        total(("dwelling", "all", "all"), [("ambassador", one, "all") for one in whose]),
        total(("stage", "all", "active"), [("ambassador", one, "yes") for one in whose]),
    ]
    for table in document.keys() - {"ambassador"}:
        names = [name for name in document[table]["all"] if name != "all"]
        relations += [total(("dwelling", r, "all"), [(table, r, n) for n in names]) for r in rows]
        relations += [
            total((table, "all", name), [(table, quarter, name) for quarter in QUARTERS])
            for name in (*names, *(["all"] if table == "dwelling" else []))
        ]
    hidden = [key for key, count in shown.items() if count is None]
    published = {key: None if count is None else float(count) for key, count in shown.items()}
    found = intervals(published, relations)
    assert hidden
    for key in hidden:
        assert found[key].high - found[key].low > 10, key
        assert found[key].high >= real[key] + 5 - 1e-6, key


def test_below_eleven_homes_nothing_is_shown(store: Store, vault: Vault) -> None:
    assert cells.protected(town(1, 10)) is None
    assert cells.edition(store, "2026-11", NOW) is None


def fill(store: Store, vault: Vault, many: int, quarter: str = "centre") -> list[str]:
    made = []
    with store.writing() as connection:
        for n in range(many):
            one, _ = household.join(connection, vault, f"Foyer {n}", quarter, "house", NOW)
            consent.give(connection, one, "water", "cells", NOW)
            made.append(one)
        invited(connection, vault, *made)
    return made


def test_only_homes_that_agreed_are_counted(store: Store, vault: Vault) -> None:
    made = fill(store, vault, 30)
    with store.writing() as connection:
        for one in made[:3]:
            consent.withdraw(connection, one, "water", "cells", NOW)
        discreet, _ = household.join(connection, vault, "Discret", "centre", "house", NOW)
        invited(connection, vault, discreet)
    found = cells.edition(store, "2026-11", NOW)
    assert found is not None
    assert found.homes == 27


def test_an_edition_stands_all_month_and_a_few_newcomers_wait(store: Store, vault: Vault) -> None:
    fill(store, vault, 30)
    first = cells.edition(store, "2026-10", NOW)
    fill(store, vault, 4)
    again = cells.edition(store, "2026-10", NOW)
    next_month = cells.edition(store, "2026-11", NOW)
    assert first == again == next_month
    assert first is not None
    assert (first.month, first.homes) == ("2026-10", 30)
    fill(store, vault, 20)
    later = cells.edition(store, "2026-12", NOW)
    assert later is not None
    assert (later.month, later.homes) == ("2026-12", 54)
