"""A file is dropped, looked at, corrected, tried and published; others send theirs to a steward."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dulwich.objects import Commit
from dulwich.repo import Repo

from datalab.catalog.catalog import Catalog
from datalab.connectors.registry import source_models
from datalab.people import audit
from datalab.proposal import MOST, Proposals
from datalab.refresh import refresh
from tests.hub.lab import eventually
from tests.portal.desk import ORIGIN, PAGE, Browser, Desk

POINTS = (
    "Nom de l'arbre;Longitude;Latitude;Hauteur (m);Planté le\n"
    + "".join(
        f"Chêne {n};{5.0 + n / 1000:.4f};{47.3 + n / 1000:.4f};{n},5;{n:02d}/03/2001\n"
        for n in range(1, 21)
    )
).replace(".", ",")
PEOPLE = "Nom;Courriel;Voix\n" + "".join(
    f"Durand {n};agent{n}@exemple.fr;{n}\n" for n in range(1, 21)
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("proposals") / "home")
    return made


@pytest.fixture
def proposals(desk: Desk) -> Iterator[Proposals]:
    found = Proposals(desk.settings.proposals)
    yield found
    for one in list(found):
        found.delete(one.id)


def dropped(browser: Browser, name: str, text: str, url: str = "", **headers: str) -> Any:
    sent = {**PAGE, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **headers}
    return browser.client.post(
        "datasets/new",
        data={"_token": browser.token, "url": url},
        files={"file": (name, text.encode(), "text/csv")},
        headers=sent,
        follow_redirects=False,
    )


def begun(browser: Browser, proposals: Proposals, text: str = POINTS) -> str:
    answer = dropped(browser, "arbres.csv", text)
    assert answer.status_code == 303, answer.text
    id = str(answer.headers["location"].rsplit("/", 1)[-1])
    eventually(lambda: proposals.get(id).state != "reading", "the file is read")
    eventually(lambda: not proposals.get(id).trying, "its rows are tried")
    assert proposals.get(id).state == "draft", proposals.get(id).problem
    return id


def tried(browser: Browser, proposals: Proposals, number: str, /, **more: str) -> None:
    """Try the draft, and wait for what becomes of it."""
    answer = browser.post(f"datasets/new/{number}", fields(proposals, number, do="try", **more))
    assert answer.status_code == 303, answer.text
    eventually(lambda: not proposals.get(number).trying, "the trial is over")


FILLED = {
    "title_fr": "Arbres d’essai",
    "title_en": "Trial trees",
    "description_fr": "Vingt arbres.",
    "description_en": "Twenty trees.",
    "publisher": "Ville d’essai",
    "license": "lov2",
    "steward": "espaces-verts",
    "theme": "environment",
    "periodicity": "annual",
    "access": "open",
}


def fields(proposals: Proposals, number: str, /, **more: str) -> dict[str, str]:
    one = proposals.get(number)
    return {**one.typed, **FILLED, "version": str(one.version), **more}


def test_a_steward_publishes_what_nobody_described(desk: Desk, proposals: Proposals) -> None:
    steward = desk.browser_of("steward")
    id = begun(steward, proposals)
    page = steward.get(f"datasets/new/{id}")
    assert page.status_code == 200, page.text
    assert '<h1 class="long">arbres.csv</h1>' in page.text
    assert "Hauteur (m)" in page.text
    assert "Encoding" in page.text
    tried(steward, proposals, id, id="arbres-essai")
    page = steward.get(f"datasets/new/{id}").text
    assert "It can be published." in page
    assert "Chêne 7" in page
    sent = steward.post(
        f"datasets/new/{id}", fields(proposals, id, id="arbres-essai", do="publish")
    )
    assert sent.status_code == 303, sent.text
    root = desk.settings.own_catalog
    written = root / "environment/arbres-essai.yaml"
    document = yaml.safe_load(written.read_text("utf-8"))
    assert document["title"]["fr"] == "Arbres d’essai"
    assert set(document["map"]) >= {"longitude", "latitude"}
    catalog = Catalog.load(desk.settings.catalog, source_models(), root)
    assert [problem for problem in catalog.problems if "arbres-essai" in str(problem)] == []
    with Repo(str(root)) as repo:
        commit = repo[repo.head()]
        assert isinstance(commit, Commit)
        assert commit.author.startswith(b"steward ")
    assert "being published" in steward.get(f"datasets/new/{id}").text
    record = refresh(["arbres-essai"], desk.settings, "tests")[0]
    assert (record.state, record.rows) == ("published", 20), record.error
    page = steward.get(f"datasets/new/{id}").text
    assert "datasets/arbres-essai" in page
    assert "open?dataset=arbres-essai" in page
    assert steward.get("datasets/arbres-essai").status_code == 200


def test_anybody_else_sends_it_and_a_steward_answers(desk: Desk, proposals: Proposals) -> None:
    citizen, steward = desk.browser_of("citizen"), desk.browser_of("steward")
    id = begun(citizen, proposals)
    assert steward.get(f"datasets/new/{id}").status_code == 404, "a draft is its author's alone"
    form = citizen.get(f"datasets/new/{id}").text
    assert 'value="Data stewards"' in form
    assert 'value="stewards"' not in form, "a group is shown by its name"
    assert proposals.get(id).typed["steward"] == "stewards", "and kept as what it is"
    tried(citizen, proposals, id, id="arbres-deux")
    refused = citizen.post(
        f"datasets/new/{id}", fields(proposals, id, id="arbres-deux", do="publish")
    )
    assert refused.status_code == 403
    sent = citizen.post(f"datasets/new/{id}", fields(proposals, id, id="arbres-deux", do="send"))
    assert sent.status_code == 303, sent.text
    assert f"datasets/new/{id}" in steward.get("datasets/proposals").text
    assert citizen.get("datasets/proposals").status_code == 403
    assert desk.browser_of("student").get(f"datasets/new/{id}").status_code == 404
    bare = steward.post(f"datasets/new/{id}", fields(proposals, id, do="refuse"))
    assert bare.status_code == 422
    said = "Quelle licence ? <b>"
    assert (
        steward.post(
            f"datasets/new/{id}", fields(proposals, id, do="refuse", reason=said)
        ).status_code
        == 303
    )
    assert "Quelle licence ? &lt;b&gt;" in citizen.get(f"datasets/new/{id}").text
    again = citizen.post(f"datasets/new/{id}", fields(proposals, id, do="send"))
    assert again.status_code == 303, again.text
    accepted = steward.post(f"datasets/new/{id}", fields(proposals, id, do="publish"))
    assert accepted.status_code == 303, accepted.text
    with Repo(str(desk.settings.own_catalog)) as repo:
        commit = repo[repo.head()]
        assert isinstance(commit, Commit)
        assert commit.author.startswith(b"citizen ")
        assert b"Accepted-by: steward" in commit.message
    log = [(one.action, one.actor) for one in audit.entries(desk.store, noun="proposal")[:4]]
    assert log[::-1] == [
        ("proposal.send", "citizen"),
        ("proposal.refuse", "steward"),
        ("proposal.send", "citizen"),
        ("proposal.accept", "steward"),
    ]


def test_who_may_not_publish_is_refused_whatever_they_send(
    desk: Desk, proposals: Proposals
) -> None:
    citizen = desk.browser_of("citizen")
    id = begun(citizen, proposals)
    tried(citizen, proposals, id, id="arbres-droits")
    sent = citizen.post(f"datasets/new/{id}", fields(proposals, id, id="arbres-droits", do="send"))
    assert sent.status_code == 303, sent.text
    before = proposals.get(id)
    for deed in ("publish", "refuse"):
        said = fields(proposals, id, do=deed, reason="pour essayer")
        assert citizen.post(f"datasets/new/{id}", said).status_code == 422, "in other hands"
        for name in ("student", "agent", "facilitator", "entrepreneur"):
            assert desk.browser_of(name).post(f"datasets/new/{id}", said).status_code == 404, name
        assert desk.browser().post(f"datasets/new/{id}", said).status_code in {401, 403}
    assert proposals.get(id) == before
    operator = desk.browser_of("operator")
    said = fields(proposals, id, do="refuse", reason="pour essayer")
    assert operator.post(f"datasets/new/{id}", said).status_code == 303
    assert proposals.get(id).answered_by == "operator"


def test_a_restricted_dataset_names_who_reads_it(desk: Desk, proposals: Proposals) -> None:
    steward = desk.browser_of("steward")
    id = begun(steward, proposals)
    asked = {"id": "arbres-gardes", "access": "restricted", "title_en": "", "description_en": ""}
    nobody = {**fields(proposals, id, do="publish", **asked), "audience_stewards": ""}
    held = steward.post(f"datasets/new/{id}", nobody)
    assert held.status_code == 422
    assert "Choose who may read it" in held.text
    asked |= {"audience_agents": "yes", "audience_accounts": "student, personne"}
    strange = steward.post(f"datasets/new/{id}", fields(proposals, id, do="publish", **asked))
    assert strange.status_code == 422
    assert "called personne" in strange.text
    asked["audience_accounts"] = "student"
    tried(steward, proposals, id, **asked)
    done = steward.post(f"datasets/new/{id}", fields(proposals, id, do="publish", **asked))
    assert done.status_code == 303, done.text
    written = desk.settings.own_catalog / "environment/arbres-gardes.yaml"
    document = yaml.safe_load(written.read_text("utf-8"))
    assert document["audience"] == ["agents", "account:student"]
    assert document["title"] == {"fr": FILLED["title_fr"], "en": FILLED["title_fr"]}
    assert steward.get(f"datasets/new/{id}").status_code == 200, "there is no first record yet"


def test_personal_data_needs_a_decision(desk: Desk, proposals: Proposals) -> None:
    steward = desk.browser_of("steward")
    id = begun(steward, proposals, PEOPLE)
    page = steward.get(f"datasets/new/{id}").text
    assert "may be about persons" in page
    assert "agent7@exemple.fr" not in page
    held = steward.post(f"datasets/new/{id}", fields(proposals, id, id="agents", do="publish"))
    assert held.status_code == 422
    assert "Decide what becomes of this column." in held.text
    assert "Arbres d’essai" in held.text, "what was typed is kept"
    suspects = re.findall(r'name="(c\d+_personal)"', held.text)
    chosen = dict.fromkeys(suspects, "drop")
    tried(steward, proposals, id, id="agents", **chosen)
    sent = steward.post(
        f"datasets/new/{id}", fields(proposals, id, id="agents", do="publish", **chosen)
    )
    assert sent.status_code == 303, sent.text
    document = yaml.safe_load(
        (desk.settings.own_catalog / "environment/agents.yaml").read_text("utf-8")
    )
    assert "courriel" not in document["columns"]
    record = refresh(["agents"], desk.settings, "tests")[0]
    assert record.state == "published", record.error


def test_what_is_hostile_stays_text(desk: Desk, proposals: Proposals) -> None:
    student = desk.browser_of("student")
    text = "Valeur;<script>alert(1)</script>\n" + "1;=cmd|' /C calc'!A0\n" * 12
    id = str(dropped(student, "../../<img src=x>.csv", text).headers["location"].rsplit("/", 1)[-1])
    eventually(lambda: proposals.get(id).state == "draft", "the file is read")
    eventually(lambda: not proposals.get(id).trying, "its rows are tried")
    page = student.get(f"datasets/new/{id}").text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert not list(desk.settings.home.rglob("*img*"))
    evil = "Titre\nsource: {connector: file, path: /etc/passwd}\n# é: [&a *a]"
    student.post(f"datasets/new/{id}", fields(proposals, id, title_fr=evil, do="save"))
    read = yaml.safe_load(student.get(f"datasets/new/{id}.yaml").text)
    assert read["title"]["fr"] == evil
    assert read["source"]["path"].endswith(".csv")
    wrong = student.post(
        f"datasets/new/{id}", fields(proposals, id, id="../../etc", do="send", title_fr="Gardé")
    )
    assert wrong.status_code == 422
    assert 'id="id-wrong"' in wrong.text
    assert "Gardé" in wrong.text


def test_what_is_too_much_or_forged_is_refused(desk: Desk, proposals: Proposals) -> None:
    nobody, student = desk.browser(), desk.browser_of("student")
    assert nobody.get("datasets/new").status_code in (303, 401)
    assert dropped(nobody, "a.csv", POINTS).status_code in (303, 401, 403)
    forged = dropped(student, "a.csv", POINTS, Origin="https://elsewhere.test")
    assert forged.status_code == 403
    huge = dropped(student, "a.csv", "x", **{"Content-Length": "5000000000"})
    assert huge.status_code == 413
    assert list(proposals) == []
    for _ in range(MOST):
        proposals.create("student", 1e10)
    full = dropped(student, "a.csv", POINTS)
    assert full.status_code == 422
    assert "proposals already" in full.text


def test_a_link_inside_the_network_is_not_fetched(desk: Desk, proposals: Proposals) -> None:
    student = desk.browser_of("student")
    answer = dropped(student, "", "", url="http://127.0.0.1:9/etc.csv")
    assert answer.status_code == 303, answer.text
    id = str(answer.headers["location"].rsplit("/", 1)[-1])
    eventually(lambda: proposals.get(id).state == "unreadable", "the link is refused")
    assert "private network" in student.get(f"datasets/new/{id}").text
    wrong = dropped(student, "", "", url="file:///etc/passwd")
    assert wrong.status_code == 422
    assert "file:///etc/passwd" in wrong.text


def test_of_two_who_correct_at_once_the_second_is_told(desk: Desk, proposals: Proposals) -> None:
    student = desk.browser_of("student")
    id = begun(student, proposals)
    first, second = fields(proposals, id, do="save"), fields(proposals, id, do="save")
    assert student.post(f"datasets/new/{id}", first).status_code == 303
    late = student.post(f"datasets/new/{id}", {**second, "title_fr": "Le second"})
    assert late.status_code == 422
    assert "changed meanwhile" in late.text
    assert "Le second" in late.text


def test_what_is_no_table_says_why(desk: Desk, proposals: Proposals) -> None:
    student = desk.browser_of("student")
    answer = dropped(student, "bombe.zip", "%PDF-1.7 rien")
    id = answer.headers["location"].rsplit("/", 1)[-1]
    eventually(lambda: proposals.get(id).state == "unreadable", "the file is refused")
    assert "it is a PDF" in student.get(f"datasets/new/{id}").text
    assert student.post(f"datasets/new/{id}", {"do": "delete"}).status_code == 303
    assert not (Path(desk.settings.proposals) / id).exists()
