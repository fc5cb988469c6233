"""Access is asked for, granted, refused, taken back, and ends: what each person reads of it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from datalab import admittance
from datalab.people import audit, grants
from datalab.people.audience import Audience
from datalab.portal.admission import day_of
from datalab.projects.reading import Reading
from tests.portal.closed import DAY, Closed
from tests.portal.desk import now


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    return Closed(tmp_path_factory.mktemp("grants"))


def in_days(days: int) -> str:
    return day_of(now() + days * DAY)


ASKED = {"purpose": "Mémoire sur les écoles", "until": in_days(30)}


def asked(closed: Closed, who: str) -> grants.Grant:
    browser = closed.desk.browser_of(who)
    answer = browser.post("datasets/sealed/access", ASKED)
    assert answer.status_code == 303, answer.text
    assert "Mémoire sur les écoles" in browser.follow(answer).text
    return grants.listed(closed.desk.store, account=who, states=("asked",))[0]


def test_a_refusal_says_who_can_grant_and_offers_to_ask(closed: Closed) -> None:
    page = closed.desk.browser_of("citizen").get("datasets/sealed").text
    assert "Who can grant access: its steward (espaces)" in page
    assert "datasets/sealed/access" in page
    assert "Ask for access" in closed.desk.browser().get("datasets/sealed").text


def test_a_masked_reader_is_told_what_is_masked(closed: Closed) -> None:
    page = closed.desk.browser_of("student").get("datasets/residents").text
    assert "You read a masked version" in page
    assert "<code>born</code> year only" in page
    assert "Ask for the whole table" in page


def test_a_request_is_granted_read_and_taken_back(closed: Closed) -> None:
    one = asked(closed, "citizen")
    steward, citizen = closed.desk.browser_of("steward"), closed.desk.browser_of("citizen")
    assert "Mémoire sur les écoles" in steward.get("datasets/sealed/access").text
    assert "Citizen asks for “Set sealed”" in steward.get("access/requests").text
    fields = {"until": in_days(10), "reason": "Bon courage"}
    assert steward.post(f"access/{one.id}/grant", fields).status_code == 303
    assert "CANARIE-NOM" in citizen.get("datasets/sealed").text
    last = date.fromisoformat(in_days(10))
    said = f"You have access until {last.day} {last:%B %Y}."
    assert said in citizen.get("datasets/sealed").text, "the last day that was granted"
    assert "Bon courage" in citizen.get("access/").text
    page = steward.get("datasets/sealed/access").text
    assert "Who has access by grant" in page
    assert "/datasets/sealed<" in page, "the steward sees the reads"
    refused = steward.post(f"access/{one.id}/revoke", {"reason": ""})
    assert refused.status_code == 400
    assert "say why" in refused.text
    assert steward.post(f"access/{one.id}/revoke", {"reason": "Projet fini"}).status_code == 303
    assert "CANARIE-NOM" not in citizen.get("datasets/sealed").text
    assert "Projet fini" in citizen.get("access/").text
    deeds = [e.action for e in audit.entries(closed.desk.store, actor="citizen", noun="access")]
    assert deeds[0] == "access.revoke"
    assert {"access.ask", "access.grant", "access.read"} <= set(deeds)


def test_a_request_is_refused_with_a_reason(closed: Closed) -> None:
    one = asked(closed, "entrepreneur")
    steward = closed.desk.browser_of("steward")
    assert steward.post(f"access/{one.id}/refuse", {"reason": "Trop large"}).status_code == 303
    assert "Trop large" in closed.desk.browser_of("entrepreneur").get("access/").text
    assert steward.post(f"access/{one.id}/grant", {"until": in_days(3)}).status_code == 409


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"purpose": "", "until": in_days(3)}, "say what for"),
        ({"purpose": "x" * 30, "until": in_days(-3)}, "not after today"),
        ({"purpose": "x" * 30, "until": in_days(400)}, "a year at most"),
        ({"purpose": "x" * 30, "until": ""}, "not after today"),
    ],
)
def test_a_wrong_request_keeps_what_was_typed(
    closed: Closed, fields: dict[str, str], said: str
) -> None:
    answer = closed.desk.browser_of("student").post("datasets/sealed/access", fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert fields["purpose"] in answer.text


def test_nobody_asks_twice_or_answers_themselves(closed: Closed) -> None:
    one = asked(closed, "facilitator")
    browser = closed.desk.browser_of("facilitator")
    assert browser.post("datasets/sealed/access", ASKED).status_code == 409
    for deed in ("grant", "refuse", "revoke"):
        answer = browser.post(f"access/{one.id}/{deed}", {"reason": "moi", "until": in_days(3)})
        assert answer.status_code == 403
    assert browser.post(f"access/{one.id}/withdraw").status_code == 303
    assert grants.get(closed.desk.store, one.id).state == "withdrawn"


@pytest.mark.parametrize("who", ["student", "citizen", "agent", "facilitator", "entrepreneur"])
def test_only_stewards_grant(closed: Closed, who: str) -> None:
    browser = closed.desk.browser_of(who)
    fields = {"account": who, "purpose": "pour moi", "until": in_days(3)}
    assert browser.post("datasets/sealed/access/give", fields).status_code == 403
    assert browser.get("access/requests").status_code == 403
    assert "Last reads" not in browser.get("datasets/sealed/access").text
    assert closed.desk.browser().post("datasets/sealed/access/give", fields).status_code in {
        401,
        403,
    }


def test_the_steward_that_a_dataset_names_grants_it(closed: Closed) -> None:
    closed.desk.add("espaces", "agents")
    browser = closed.desk.browser_of("espaces")
    fields = {"account": "personne", "purpose": "essai", "until": in_days(3)}
    wrong = browser.post("datasets/sealed/access/give", fields)
    assert wrong.status_code == 404
    assert 'value="personne"' in wrong.text
    closed.desk.add("invitee", "citizens")
    fields["account"] = "invitee"
    assert browser.post("datasets/sealed/access/give", fields).status_code == 303
    assert "CANARIE-NOM" in closed.desk.browser_of("invitee").get("datasets/sealed").text


def test_a_dataset_that_is_not_restricted_has_no_page_of_access(closed: Closed) -> None:
    assert closed.desk.browser_of("steward").get("datasets/places/access").status_code == 404


def test_a_project_reads_the_widest_version_that_all_may(closed: Closed) -> None:
    def reading() -> Reading:
        return Reading(closed.desk.store, closed.desk.settings.lake, now())

    whole, students, others = (
        f"restricted-residents{mask}" for mask in ("", "--students", "--others")
    )
    assert whole in reading().of_members(["agent"])
    assert students not in reading().of_members(["agent"]), "one version is shown"
    assert students in reading().of_members(["agent", "student"])
    assert whole not in reading().of_members(["agent", "student"])
    shared = reading().of_members(["student", "entrepreneur"])
    assert not any(lake.startswith(whole) for lake in shared)
    closed.grant("entrepreneur", "residents--students")
    assert students in reading().of_members(["student", "entrepreneur"])
    assert others in reading().allowed("entrepreneur")
    assert not any(lake.startswith(whole) for lake in reading().of_members(["citizen"]))


def test_a_grant_is_told_before_it_ends_and_is_over_by_itself(closed: Closed) -> None:
    desk = closed.desk
    desk.add("bientot", "citizens")
    folder = desk.settings.run / "ways" / "bientot"
    folder.mkdir(parents=True)
    one = closed.grant("bientot", "sealed", days=1)
    reading = Reading(desk.store, desk.settings.lake, one.until - 1)
    assert "restricted-sealed" in reading.allowed("bientot")
    admittance.attend(desk.settings, one.until - 600)
    said = (folder / "notices.json").read_text()
    assert "Jeu sealed" in said
    assert "arrêté" in said
    over = Reading(desk.store, desk.settings.lake, one.until)
    assert "restricted-sealed" not in over.allowed("bientot")
    admittance.attend(desk.settings, one.until)
    assert grants.get(desk.store, one.id).state == "ended"
    assert audit.entries(desk.store, actor="bientot")[0].action == "access.end"


@pytest.mark.parametrize(
    ("groups", "account", "granted", "widest", "expected"),
    [
        (["agents"], "a", [], False, ["x", "x--wide", "x--narrow"]),
        (["students"], "a", [], False, ["x--wide"]),
        (["agents", "students"], "a", [], False, ["x--wide"]),
        (["agents", "students"], "a", [], True, ["x", "x--wide", "x--narrow"]),
        (["entrepreneurs"], "a", [], False, ["x--narrow"]),
        (["citizens"], "a", [], False, []),
        (["citizens"], "jeanne", [], False, ["x--wide"]),
        (["citizens"], "a", ["x--narrow"], False, ["x--narrow"]),
        (["students"], "a", ["x"], False, ["x", "x--wide", "x--narrow"]),
        (["citizens"], "a", ["y"], False, []),
        (["citizens"], "", [], True, []),
    ],
)
def test_who_reads_which_version(
    groups: list[str], account: str, granted: list[str], widest: bool, expected: list[str]
) -> None:
    audience = Audience(
        "x",
        frozenset({"agents"}),
        (
            ("wide", frozenset({"students", "account:jeanne"})),
            ("narrow", frozenset({"others"})),
        ),
        widest,
    )
    member = bool({"agents", "students", "entrepreneurs"} & set(groups))
    found = audience.read_by(account, groups, granted, member=member)
    assert [lake.removeprefix("restricted-") for lake in found] == expected


def test_the_commands_list_grant_and_revoke(closed: Closed, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from datalab.commands.access import access_command
    from datalab.commands.token import token_command

    home = ["--home", str(closed.desk.settings.home)]
    run = CliRunner()
    closed.desk.add("par-commande", "citizens")
    call = ["grant", "residents--students", "par-commande", "--purpose", "essai", *home]
    done = run.invoke(access_command, call)
    assert done.exit_code == 0, done.output
    listed = run.invoke(access_command, ["list", "residents", *home]).output
    found = re.search(r"^([0-9a-f]{10})  residents--students  par-commande", listed, re.MULTILINE)
    assert found, listed
    done = run.invoke(access_command, ["revoke", found[1], "--reason", "fini", *home])
    assert done.exit_code == 0, done.output
    made = run.invoke(token_command, ["make", "agent", "script", *home]).output
    words = re.search(r"dlt_[\w-]{43}", made)
    assert words
    assert closed.client(words[0]).get("datasets/sealed.csv").status_code == 200
    assert words[0] not in run.invoke(token_command, ["list", *home]).output
