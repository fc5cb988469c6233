"""From a notebook to a public page: what is let through, what is refused, what comes back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from datalab.people import audit
from datalab.portal.publishing import hidden
from datalab.projects import draft as drafts
from datalab.restoring import restore
from tests.portal.conftest import SENTINEL
from tests.portal.desk import Browser
from tests.portal.press import PIXEL, SLUG, SURE, Press, document

PAGE = f"pages/{SLUG}/"
PUBLICATIONS = f"projects/{SLUG}/publications"
READ = "import datalab\nlab = datalab.connect()\n"


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Press:
    return Press(tmp_path_factory.mktemp("press"))


@pytest.fixture
def owner(press: Press) -> Browser:
    return press.desk.browser_of("student")


@pytest.fixture(scope="module")
def counted(press: Press) -> str:
    """A page that stands published for all tests here."""
    name = press.notebook(
        "communes.ipynb",
        "#! # Les communes\n\n## Deux\n\n#### Cinq **sauts**\n\n## Trois\n\n# Encore",
        READ + "lab.dataset('communes').df()['population'].sum()",
    )
    answer = press.publish(press.desk.browser_of("student"), name)
    assert answer.status_code == 303, answer.text
    return "communes"


def test_anybody_reads_the_page(press: Press, counted: str) -> None:
    answer = press.desk.browser().get(PAGE + counted)
    assert answer.status_code == 200
    assert "17100" in answer.text
    assert "<details" in answer.text
    assert "lab.dataset(" in answer.text
    assert "<h2>Deux</h2>" in answer.text
    assert "<h3>Cinq" in answer.text
    assert "<h2>Trois</h2>" in answer.text
    assert "<h2>Encore</h2>" in answer.text, "one title a page"
    assert "Student" in answer.text, "authors by the name they are shown under"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-same-origin" not in policy
    assert "script-src 'none'" in policy
    assert "_token" not in answer.text


def test_the_page_names_its_snapshots(press: Press, counted: str) -> None:
    view = document(press.desk.browser().get(f"{PAGE}{counted}.json"))
    assert [(s["dataset"], s["snapshot"]) for s in view["sources"]] == [
        ("communes", view["sources"][0]["snapshot"])
    ]
    source = view["sources"][0]
    assert source["license"] == "lov2"
    assert source["at"]
    assert len(source["sha256"]) == 64
    assert "account" not in str(view)
    assert "student" not in str(view)
    known = press.desk.browser().get(source["href"].removeprefix("/services/datalab/"))
    assert known.status_code == 200


def test_it_stands_in_the_lists(press: Press, counted: str) -> None:
    browser = press.desk.browser()
    for path in ("", "projects/", "pages/", f"projects/{SLUG}/"):
        assert f"/pages/{SLUG}/{counted}" in browser.get(path).text, path
    assert [p["name"] for p in document(browser.get("pages.json"))["pages"]].count(counted) == 1


def test_a_cell_that_fails_is_named_and_nothing_is_published(press: Press, owner: Browser) -> None:
    name = press.notebook("broken.ipynb", "a = 1", "# the division\nb = a / 0")
    address = press.prepare(owner, name)
    page = owner.get(address)
    assert "Cell 2 fails" in page.text
    assert "# the division" in page.text
    assert "ZeroDivisionError: division by zero" in page.text
    owner.post(address, SURE)
    assert press.desk.browser().get(f"{PAGE}broken").status_code == 404


@pytest.mark.parametrize("dataset", ["for-members", "for-named", "not-to-pass-on"])
@pytest.mark.parametrize("how", ["lab.dataset('{id}').df()", "lab.sql('FROM {name}').df()"])
def test_reserved_rows_never_get_out(press: Press, owner: Browser, dataset: str, how: str) -> None:
    code = how.format(id=dataset, name=dataset.replace("-", "_"))
    address = press.prepare(owner, press.notebook("reserved.ipynb", READ + code))
    page = owner.get(address)
    assert SENTINEL not in page.text
    assert "publish" not in owner.post(address, SURE).headers.get("location", "drafts")[-12:]
    draft = drafts.find(press.project, address.rpartition("/")[2])
    assert draft.state in {"failed", "refused"}
    if "dataset" in how:
        assert [one.dataset for one in draft.barred] == [dataset]
        assert dataset in page.text


def test_not_even_around_the_library(press: Press, owner: Browser) -> None:
    """A notebook that opens the files itself finds none of what may not leave."""
    code = (
        "import os, glob\n"
        "found = [p for p in glob.glob('/lake/**', recursive=True) if os.path.isfile(p)]\n"
        "inside = b''.join(open(p, 'rb').read() for p in found)\n"
        "print(len(found), b'DO-NOT-TELL' in inside, sorted(os.listdir('/lake')))"
    )
    address = press.prepare(owner, press.notebook("around.ipynb", code))
    assert hidden(press.desk.app.state.library.shelf())
    draft = drafts.find(press.project, address.rpartition("/")[2])
    node = drafts.result(press.project, draft)
    assert node.cells[0].outputs[0].text.endswith("False ['open']\n")


def test_the_network_is_not_there(press: Press, owner: Browser) -> None:
    code = "import socket\nsocket.create_connection(('127.0.0.1', 80), 2)"
    address = press.prepare(owner, press.notebook("network.ipynb", code))
    assert drafts.find(press.project, address.rpartition("/")[2]).state == "failed"


PICTURES = (
    "from IPython.display import Image, SVG, display\nimport base64\n"
    f"data = base64.b64decode('{PIXEL}')\n"
    "display(Image(data=data, alt='Un point rouge.'))\n"
    "display(Image(data=data))\n"
    'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>\'))'
)


def test_each_picture_needs_its_words(press: Press, owner: Browser) -> None:
    address = press.prepare(owner, press.notebook("pictures.ipynb", PICTURES))
    page = owner.get(address)
    assert "Un point rouge." in page.text, "what the notebook says is kept"
    keys = [k.split('"')[0] for k in page.text.split('name="alt:')[1:]]
    assert len(keys) == 3
    refused = owner.post(address, {**SURE, f"alt:{keys[1]}": "Encore un point."})
    assert refused.status_code == 422
    assert refused.text.count("Say in a sentence what is to be seen here.") == 1
    assert "Encore un point." in refused.text
    assert "Combien nous sommes." in refused.text
    words = {f"alt:{key}": f"Image {key}" for key in keys}
    assert owner.post(address, {**SURE, **words}).status_code == 303
    public = press.desk.browser().get(f"{PAGE}pictures").text
    for key in keys:
        assert f'alt="Image {key}"' in public


@pytest.mark.parametrize("field", ["title", "summary", "sure"])
def test_nothing_is_published_half_described(press: Press, owner: Browser, field: str) -> None:
    address = press.prepare(owner, press.notebook("half.ipynb", "1 + 1"))
    answer = owner.post(address, {**SURE, field: ""})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert press.desk.browser().get(f"{PAGE}half").status_code == 404


def test_versions_stand_side_by_side(press: Press, owner: Browser) -> None:
    name = press.notebook("versions.ipynb", "print('premier')")
    press.publish(owner, name)
    first = document(press.desk.browser().get(f"{PAGE}versions/v/1.json"))
    press.notebook("versions.ipynb", "print('second')")
    press.publish(owner, name, title="Deux")
    browser = press.desk.browser()
    assert "second" in browser.get(f"{PAGE}versions").text
    old = browser.get(f"{PAGE}versions/v/1").text
    assert "premier" in old
    assert "Read the newest version" in old
    again = document(browser.get(f"{PAGE}versions/v/1.json"))
    assert again["parts"] == first["parts"]
    assert again["title"] == first["title"]
    assert browser.get(f"{PAGE}versions/v/3").status_code == 404
    assert browser.get(f"{PAGE}versions/v/1/notebook.ipynb").json()["nbformat"] == 4


@pytest.mark.parametrize(
    ("who", "status"),
    [("student", 303), ("steward", 303), ("operator", 303), ("citizen", 403), ("agent", 403)],
)
def test_who_may_take_a_page_back(press: Press, counted: str, who: str, status: int) -> None:
    browser, anybody = press.desk.browser_of(who), press.desk.browser()
    address = f"{PUBLICATIONS}/{counted}/withdraw"
    answer = browser.post(address, {"reason": "Une erreur de calcul."})
    assert answer.status_code == status
    if status == 303:
        gone = anybody.get(PAGE + counted)
        assert gone.status_code == 410
        assert "Une erreur de calcul." in gone.text
        assert anybody.get(f"{PAGE}{counted}/v/1").status_code == 410
        assert anybody.get(f"{PAGE}{counted}.json").json()["error"]["code"] == (
            "publication-withdrawn"
        )
        listed = document(anybody.get("pages.json"))["pages"]
        assert counted not in [page["name"] for page in listed]
        assert browser.post(f"{PUBLICATIONS}/{counted}/restore").status_code == 303
        told = [entry.action for entry in audit.entries(press.desk.store, limit=2)]
        assert told == ["publication.restore", "publication.withdraw"]
    assert anybody.get(PAGE + counted).status_code == 200


def test_a_reason_is_needed(press: Press, owner: Browser, counted: str) -> None:
    answer = owner.post(f"{PUBLICATIONS}/{counted}/withdraw", {"reason": " "})
    assert answer.status_code == 422
    assert press.desk.browser().get(PAGE + counted).status_code == 200


@pytest.mark.parametrize("who", ["citizen", "agent", "operator"])
def test_only_writers_publish(press: Press, who: str) -> None:
    browser = press.desk.browser_of(who)
    press.notebook("theirs.ipynb", "1")
    assert browser.get(PUBLICATIONS).status_code == 403
    answer = browser.post(PUBLICATIONS, {"notebook": "theirs.ipynb"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "notebook", ["../project.yaml", "/etc/passwd", ".hidden.ipynb", "none.ipynb", "a\0.ipynb", ""]
)
def test_a_name_that_is_no_notebook(press: Press, owner: Browser, notebook: str) -> None:
    assert owner.post(PUBLICATIONS, {"notebook": notebook}).status_code == 404


def test_a_forged_form_publishes_nothing(press: Press, owner: Browser) -> None:
    answer = owner.post(PUBLICATIONS, {"notebook": "communes.ipynb", "_token": "0" * 64})
    assert answer.status_code == 403
    sent = owner.post(PUBLICATIONS, {"notebook": "communes.ipynb"}, Origin="http://evil.test")
    assert sent.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "communes/v/1/files/..%2fpage.json",
        "communes/v/1/files/page.json",
        "communes/v/0",
        "..%2f..%2frecords/x",
        "communes/v/1/files/1-000000000000.html",
    ],
)
def test_no_address_leads_elsewhere(press: Press, counted: str, path: str) -> None:
    assert press.desk.browser().get(PAGE + path).status_code in {404, 422}


def test_a_dataset_that_is_closed_later_closes_the_page(press: Press, owner: Browser) -> None:
    name = press.notebook("later.ipynb", READ + "len(lab.dataset('many-rows'))")
    press.publish(owner, name)
    anybody = press.desk.browser()
    assert anybody.get(f"{PAGE}later").status_code == 200
    path = press.workshop.theme / "many-rows.yaml"
    before = path.read_text()
    try:
        path.write_text(before + "access: members\n")
        press.workshop.refresh("many-rows")
        gone = anybody.get(f"{PAGE}later")
        assert gone.status_code == 410
        assert "many-rows" in gone.text
        assert anybody.get(f"{PAGE}later.json").status_code == 410
    finally:
        path.write_text(before)
        press.workshop.refresh("many-rows")


def test_the_archive_of_the_project(press: Press, counted: str) -> None:
    answer = press.desk.browser_of("citizen").get(f"projects/{SLUG}/export.zip?data=1")
    assert answer.status_code == 200
    assert answer.content[:2] == b"PK"
    again = press.desk.browser_of("student").get(f"projects/{SLUG}/export.zip?data=1")
    assert again.content == answer.content
    assert press.desk.browser_of("agent").get(f"projects/{SLUG}/export.zip").status_code == 403


def test_a_page_says_when_its_data_have_newer_ones(press: Press, counted: str) -> None:
    anybody = press.desk.browser()
    assert "Newer data" not in anybody.get(PAGE + counted).text
    path = press.workshop.theme / "communes.csv"
    before = path.read_text()
    try:
        path.write_text(before.replace("15300", "15301"))
        assert press.workshop.refresh("communes") == {"communes": "published"}
        view = document(anybody.get(f"{PAGE}{counted}.json"))
        newest = anybody.get("datasets/communes/versions.json").json()["versions"][0]
        assert view["sources"][0]["newer_at"] == newest["at"]
        assert "Newer data exist since" in anybody.get(PAGE + counted).text
        restore(press.workshop.settings, "communes", None, "steward", "faux", datetime.now(UTC))
        assert "Newer data" not in anybody.get(PAGE + counted).text, "the same rows in front again"
    finally:
        path.write_text(before)
