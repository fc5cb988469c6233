"""Joining, consent, readings, tips, teams, export and the end of a household."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import inspect, select, text

from datalab.errors import (
    AlreadyDone,
    HouseholdRefused,
    NoConsent,
    UnknownHousehold,
)
from datalab.households import action, consent, household, ledger, personal, reading, tip, voucher
from datalab.households.linky import read
from datalab.households.migrations.schema import bring_up_to_date
from datalab.households.store import Store
from datalab.households.tables import METADATA
from datalab.households.vault import Vault
from tests.households.conftest import invited
from tests.households.test_linky import curve

NOW = 1_790_000_000.0
TODAY = date(2026, 9, 21)


def join(store: Store, vault: Vault, name: str = "Les Tilleuls") -> household.Household:
    with store.writing() as connection:
        _, secret = household.join(connection, vault, name, "centre", "flat", NOW)
        return household.opened(connection, vault, secret)


def test_the_migration_makes_the_tables_that_the_code_describes(store: Store) -> None:
    found = inspect(store.engine)
    assert set(found.get_table_names()) - {"alembic_version"} == set(METADATA.tables)
    for name, table in METADATA.tables.items():
        assert {c["name"] for c in found.get_columns(name)} == set(table.c.keys())
    bring_up_to_date(store.engine)


def test_a_home_joins_without_an_address_and_its_link_is_not_kept(
    store: Store, vault: Vault
) -> None:
    with store.writing() as connection:
        _, secret = household.join(connection, vault, "  Les   Tilleuls ", "north", "house", NOW)
        assert household.opened(connection, vault, secret).name == "Les Tilleuls"
        with pytest.raises(UnknownHousehold):
            household.opened(connection, vault, secret[:-1])
        held = connection.execute(text("SELECT digest, cipher FROM household")).one()
    assert secret not in str(held)
    assert b"Tilleuls" not in bytes(held.cipher)


@pytest.mark.parametrize(
    "wrong",
    [
        ("", "centre", "house"),
        ("A", "Dijon", "house"),
        ("A", "centre", "tent"),
        ("x" * 61, "centre", "flat"),
    ],
)
def test_what_cannot_be_a_home_is_refused(
    store: Store, vault: Vault, wrong: tuple[str, str, str]
) -> None:
    with pytest.raises(HouseholdRefused), store.writing() as connection:
        household.join(connection, vault, *wrong, NOW)


def test_who_takes_the_database_without_the_key_reads_nothing(
    store: Store, vault: Vault, tmp_path: object
) -> None:
    home = join(store, vault)
    with store.writing() as connection:
        consent.give(connection, home.id, "electricity", "readings", NOW)
        reading.note(
            connection, vault, home.id, "electricity", TODAY, 12345.6, today=TODAY, now=NOW
        )
        vault.path.unlink()
        assert reading.indexes(connection, vault, home.id, "electricity") == {}
    assert vault.path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_was_turned_still_opens_what_was_sealed(vault: Vault) -> None:
    sealed = vault.sealed({"a": 1})
    vault.turn()
    assert vault.opened(sealed) == {"a": 1}
    assert vault.opened(b"no cipher") is None


def test_nothing_is_kept_of_a_domain_without_consent_to_it(store: Store, vault: Vault) -> None:
    home = join(store, vault)
    with store.writing() as connection:
        consent.give(connection, home.id, "gas", "follow", NOW)
        with pytest.raises(NoConsent):
            action.pledge(connection, home.id, "shower", "try", NOW)
        with pytest.raises(NoConsent):
            reading.note(connection, vault, home.id, "gas", TODAY, 1, today=TODAY, now=NOW)
        consent.give(connection, home.id, "electricity", "readings", NOW)
        with pytest.raises(NoConsent):  # a curve tells more than readings
            reading.take_curve(connection, vault, home.id, read(curve(TODAY, 1).encode()), NOW)
        for domain, use in (("waste", "readings"), ("gas", "curve"), ("sun", "follow")):
            with pytest.raises(HouseholdRefused):
                consent.give(connection, home.id, domain, use, NOW)


def test_to_withdraw_is_one_step_and_deletes_what_it_allowed(store: Store, vault: Vault) -> None:
    home = join(store, vault)
    with store.writing() as connection:
        for use in ("curve", "readings"):
            consent.give(connection, home.id, "electricity", use, NOW)
            consent.give(connection, home.id, "electricity", use, NOW)
        reading.take_curve(connection, vault, home.id, read(curve(TODAY, 2).encode()), NOW)
        reading.note(connection, vault, home.id, "electricity", TODAY, 7, today=TODAY, now=NOW)
        assert consent.withdraw(connection, home.id, "electricity", "curve", NOW + 1) == 1
        assert reading.days(connection, vault, home.id, "electricity") == {}
        assert reading.indexes(connection, vault, home.id, "electricity") == {TODAY: 7}
        assert consent.standing(connection, home.id) == {("electricity", "readings")}
        consent.give(connection, home.id, "electricity", "curve", NOW + 2)
        ended = [one.withdrawn_at for one in consent.history(connection, home.id)]
    assert sorted(ended, key=str) == [NOW + 1, None, None]


def test_a_file_sent_twice_changes_nothing_and_months_must_be_whole(
    store: Store, vault: Vault
) -> None:
    home = join(store, vault)
    with store.writing() as connection:
        consent.give(connection, home.id, "electricity", "curve", NOW)
        file = read(curve(date(2026, 1, 30), 31).encode())
        for _ in range(2):
            assert reading.take_curve(connection, vault, home.id, file, NOW) == 31
        kept = reading.days(connection, vault, home.id, "electricity")
    assert kept == file.days
    assert reading.whole_months(kept) == {date(2026, 2, 1): 28 * 12.0}


def test_a_meter_never_runs_backwards(store: Store, vault: Vault) -> None:
    home = join(store, vault)
    with store.writing() as connection:
        consent.give(connection, home.id, "water", "readings", NOW)

        def note(day: date, shown: float) -> None:
            reading.note(connection, vault, home.id, "water", day, shown, today=TODAY, now=NOW)

        note(date(2026, 1, 1), 100)
        note(date(2026, 3, 1), 130)
        for day, shown in (
            (date(2026, 2, 1), 99),
            (date(2026, 2, 1), 131),
            (date(2026, 9, 22), 200),
            (date(2026, 9, 1), float("nan")),
            (date(2026, 9, 1), -1),
        ):
            with pytest.raises(HouseholdRefused):
                note(day, shown)
        note(date(2026, 2, 1), 115)
        kept = reading.indexes(connection, vault, home.id, "water")
    assert [value for _, _, value in reading.used(kept)] == [15, 15]


def test_an_action_counts_again_when_its_time_is_over(store: Store, vault: Vault) -> None:
    home = join(store, vault)
    with store.writing() as connection:
        consent.give(connection, home.id, "gas", "follow", NOW)
        assert action.pledge(connection, home.id, "attic", "year", NOW) == 200
        with pytest.raises(AlreadyDone):
            action.pledge(connection, home.id, "attic", "try", NOW + 300 * 86_400)
        assert action.pledge(connection, home.id, "attic", "try", NOW + 365 * 86_400) == 50
        with pytest.raises(HouseholdRefused):
            action.pledge(connection, home.id, "fly", "year", NOW)
    assert {one.domain for one in action.CATALOGUE} == set(consent.DOMAINS)


def test_a_team_holds_ten_homes_and_shows_points_from_three_on(store: Store, vault: Vault) -> None:
    homes = [join(store, vault, f"Foyer {n}") for n in range(11)]
    with store.writing() as connection:
        code = household.make_team(connection, homes[0].id, "Rue Haute", NOW)
        household.enter_team(connection, homes[1].id, f" {code.lower()} ")
        found = household.team_of(connection, homes[0].id)
        assert found is not None
        assert (found.homes, found.points) == (2, None)
        for home in homes[2:10]:
            household.enter_team(connection, home.id, code)
        with pytest.raises(HouseholdRefused, match="dix foyers"):
            household.enter_team(connection, homes[10].id, code)
        household.enter_team(connection, homes[9].id, code)  # who is in may knock again
        with pytest.raises(HouseholdRefused, match="aucune équipe"):
            household.enter_team(connection, homes[10].id, "nothing")
        consent.give(connection, homes[3].id, "water", "follow", NOW)
        action.pledge(connection, homes[3].id, "shower", "try", NOW)
        found = household.team_of(connection, homes[0].id)
        assert found is not None
        assert (found.homes, found.points) == (10, 10)
        household.leave_team(connection, homes[0].id)
        assert household.team_of(connection, homes[0].id) is None


def test_a_tip_is_read_before_all_others_read_it(store: Store, vault: Vault) -> None:
    home = join(store, vault)
    with store.writing() as connection:
        consent.give(connection, home.id, "water", "follow", NOW)
        one = tip.write(connection, home.id, "water", "Un seau\n sous\x00 la douche ", NOW)
        other = tip.write(connection, home.id, "water", "Réclame", NOW)
        assert tip.feed(connection) == []
        with pytest.raises(HouseholdRefused):
            tip.decide(connection, other, False, " ", NOW)
        tip.decide(connection, other, False, "publicité", NOW)
        tip.decide(connection, one, True, "", NOW)
        with pytest.raises(AlreadyDone):
            tip.decide(connection, one, False, "trop tard", NOW)
        (shown,) = tip.feed(connection)
        assert shown.text == "Un seau\nsous  la douche"
        assert "household" not in vars(shown)
        with pytest.raises(HouseholdRefused):
            tip.write(connection, home.id, "water", "x" * 501, NOW)


def test_all_is_exported_and_then_all_is_erased(store: Store, vault: Vault) -> None:
    home, stays = join(store, vault), join(store, vault, "Voisins")
    with store.writing() as connection:
        for domain, use in (("water", "follow"), ("water", "readings"), ("electricity", "curve")):
            consent.give(connection, home.id, domain, use, NOW)
        reading.note(connection, vault, home.id, "water", TODAY, 77.5, today=TODAY, now=NOW)
        reading.take_curve(connection, vault, home.id, read(curve(TODAY, 1).encode()), NOW)
        for n in range(11):
            action.pledge(connection, home.id, "rain", "try", NOW + n * 7 * 86_400)
        one = tip.write(connection, home.id, "water", "Un seau", NOW)
        tip.decide(connection, one, True, "", NOW)
        shop, _ = voucher.add_merchant(connection, "Boulangerie", NOW)
        invited(connection, vault, home.id)
        code = voucher.issue(connection, vault, home.id, shop, 200, NOW)
    with store.reading() as connection:
        document = personal.export(connection, vault, home, NOW)
    assert json.loads(json.dumps(document)) == document
    assert document["readings"]["water"]["index"] == {"2026-09-21": 77.5}
    assert document["readings"]["electricity"]["daily_kwh"] == {"2026-09-21": 12.0}
    assert document["points"]["balance"] == 240
    assert sum(one["points"] for one in document["points"]["entries"]) == 240
    assert document["vouchers"][0]["code"] == code
    assert len(document["actions"]) == 11
    assert document["tips"][0]["text"] == "Un seau"
    with store.writing() as connection:
        personal.erase(connection, home, NOW)
    with store.reading() as connection:
        for table in METADATA.sorted_tables:
            rows = connection.execute(select(table)).all()
            assert home.id not in str(rows), table.name
        assert ledger.audit(connection) == ledger.Books(0, 0, 0, 0)
        assert [one.text for one in tip.feed(connection)] == ["Un seau"]
        assert voucher.shown(connection, shop, code, NOW).state == "cancelled"
        assert ledger.account_of(connection, household=stays.id)
