"""Who proposes hears the answer; who uses data hears that an update was kept out, then in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from datalab.correspondence import correspond
from datalab.inspection.draft import TO_FILL
from datalab.lineage.store import Lineage
from datalab.people import accounts
from datalab.proposal import Proposal, Proposals
from datalab.settings import Settings
from tests.participation.office import Office, opened
from tests.portal.conftest import described
from tests.portal.desk import Desk, now
from tests.portal.test_dataset_versions import COLUMNS, Lab

FEW = [{"type": "expect_table_row_count_to_be_between", "max_value": 2}]


@pytest.fixture
def office() -> Iterator[tuple[Office, int]]:
    with opened() as found:
        yield found


def mailing(settings: Settings, port: int) -> Settings:
    more = {
        "smtp": SecretStr(f"smtp://127.0.0.1:{port}"),
        "mail_from": "lab@dijon.test",
        "public_url": "https://lab.test",
    }
    return settings.model_copy(update=more)


def addressed(desk: Desk) -> None:
    with desk.store.writing() as database:
        database.execute("UPDATE accounts SET email = name || '@example.org'")


def told(office: Office) -> list[tuple[str, str]]:
    found = sorted((str(one["To"]).split("@")[0], str(one["Subject"])) for one in office.letters)
    office.letters.clear()
    return found


def did(proposals: Proposals, one: Proposal, by: str, what: str, **more: str) -> None:
    proposals.change(one.id, -1, by, what, now(), lambda before: replace(before, **more))  # type: ignore[arg-type]


def test_a_proposal_is_told_to_stewards_and_its_answer_to_its_author(
    tmp_path: Path, office: tuple[Office, int]
) -> None:
    desk = Desk(tmp_path / "home")
    addressed(desk)
    settings, proposals = mailing(desk.settings, office[1]), Proposals(desk.settings.proposals)
    (desk.settings.run / "ways/citizen").mkdir(parents=True)
    one = proposals.create("citizen", now(), name="arbres.csv")
    correspond(settings, now())
    assert told(office[0]) == [], "a draft concerns nobody else"
    did(proposals, one, "citizen", "send", state="sent", note="Bonjour\nBcc: a@b.fr")
    correspond(settings, now())
    sent = "Un jeu de données est proposé\u00a0: arbres.csv"
    assert told(office[0]) == [("operator", sent), ("steward", sent)]
    did(proposals, one, "steward", "refuse", state="refused", answer="Quelle licence ?")
    correspond(settings, now())
    assert "Quelle licence ?" in office[0].wait("Quelle licence ?")
    assert [to for to, _ in told(office[0])] == ["citizen"]
    notices = json.loads((desk.settings.run / "ways/citizen/notices.json").read_text("utf-8"))
    assert "Quelle licence ?" in notices["data"]["text"]["fr"]
    did(proposals, one, "steward", "publish", state="published", dataset="arbres")
    correspond(settings, now())
    assert "https://lab.test/services/datalab/datasets/arbres" in office[0].wait("a accepté")
    office[0].letters.clear()
    correspond(settings, now())
    assert told(office[0]) == [], "everything is told once"


def test_who_answers_and_who_uses_hear_of_a_broken_update_once_and_of_its_end(
    tmp_path: Path, office: tuple[Office, int]
) -> None:
    lab = Lab(tmp_path)
    lab.use()
    addressed(lab.desk)
    settings = mailing(lab.settings, office[1])
    Lineage(settings.lineage).note_holder("entrepreneur", "trees", now())
    correspond(settings, now())
    assert told(office[0]) == []
    document = described("trees", COLUMNS, key=["code"], expectations=FEW)
    lab.write(document, "code,height\na,1\nb,2\nc,3\n")
    assert lab.refresh("trees") == {"trees": "kept"}
    for _ in range(2):
        correspond(settings, now())
        lab.refresh("trees")
    subject = "Une mise à jour a été écartée\u00a0: Jeu trees"
    concerned = ["entrepreneur", "steward", "student"]
    said = office[0].wait("vous utilisez ces données (projet velos-dijon)")
    assert "contrôles non respectés" in said
    assert told(office[0]) == [(name, subject) for name in concerned]
    lab.write(document, "code,height\na,1\nb,2\n")
    assert lab.refresh("trees") == {"trees": "published"}
    correspond(settings, now())
    subject = "Les mises à jour arrivent à nouveau\u00a0: Jeu trees"
    assert told(office[0]) == [(name, subject) for name in concerned]
    correspond(settings, now())
    assert told(office[0]) == []


def test_letters_wait_for_a_mail_server_that_is_away(
    tmp_path: Path, office: tuple[Office, int]
) -> None:
    desk = Desk(tmp_path / "home")
    addressed(desk)
    proposals = Proposals(desk.settings.proposals)
    one = proposals.create("citizen", now(), name="arbres.csv")
    did(proposals, one, "citizen", "send", state="sent")
    correspond(mailing(desk.settings, 9), now())
    correspond(mailing(desk.settings, office[1]), now())
    assert [to for to, _ in told(office[0])] == ["operator", "steward"]


def test_each_is_written_to_in_the_language_in_which_they_read(
    tmp_path: Path, office: tuple[Office, int]
) -> None:
    lab = Lab(tmp_path)
    lab.use()
    addressed(lab.desk)
    settings = mailing(lab.settings, office[1])
    for name in ("student", "steward"):
        accounts.speak(lab.desk.store, name, "en")
    Lineage(settings.lineage).note_holder("student", "trees", now())
    way = settings.run / "ways" / lab.desk.app.state.projects.get("velos-dijon").account
    way.mkdir(parents=True)
    document = described("trees", COLUMNS, key=["code"], expectations=FEW)
    lab.write(document, "code,height\na,1\nb,2\nc,3\n")
    assert lab.refresh("trees") == {"trees": "kept"}
    correspond(settings, now())
    said = office[0].wait("You get this letter because you use these data (project velos-dijon, ")
    assert "1 of 1 checks failed." in said.replace("\u00a0", " ")
    assert {str(one["Content-Language"]) for one in office[0].letters} == {"en"}
    assert told(office[0]) == [
        ("steward", "An update was kept out: Set trees"),
        ("student", "An update was kept out: Set trees"),
    ]
    below = json.loads((way / "notices.json").read_text("utf-8"))["data"]["text"]
    assert "Jeu trees" in below["fr"]
    assert "Set trees" in below["en"]


def test_a_refused_address_holds_nobody_up_and_stands_in_no_log(
    tmp_path: Path, office: tuple[Office, int], caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path / "home")
    addressed(desk)
    with desk.store.writing() as database:
        database.execute("UPDATE accounts SET email = 'opérateur@é.test' WHERE name = 'operator'")
    proposals = Proposals(desk.settings.proposals)
    title = {"fr": "Arbres", "en": TO_FILL["en"]}
    one = proposals.create("citizen", now(), name="arbres.csv")
    did(proposals, one, "citizen", "send", state="sent", document={"title": title})  # type: ignore[arg-type]
    accounts.speak(desk.store, "steward", "en")
    for _ in range(2):
        correspond(mailing(desk.settings, office[1]), now())
    assert told(office[0]) == [("steward", "A dataset is proposed: Arbres")]
    assert caplog.messages == ["no letter about data to operator"]
