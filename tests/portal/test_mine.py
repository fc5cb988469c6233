"""The page behind a private link, tried as its owner, as somebody else and as an attacker."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import select

from datalab.participation import author, mail
from datalab.participation.author import Author
from datalab.participation.contact import Vault
from datalab.participation.picture import encode_now, file_names
from datalab.participation.tables.author import AUTHOR, MESSAGE
from datalab.portal.own import COOKIE
from tests.participation.people import ANSWER, EMAIL, SAID, TYPED, everything, picture
from tests.portal.conftest import PREFIX
from tests.portal.desk import ORIGIN, TOKEN, Browser, Desk, now

PHOTO = io.BytesIO()
Image.new("RGB", (40, 30), "white").save(PHOTO, "JPEG")


class Own:
    """A desk at which Zoé took part in everything, and browsers with and without her link."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.store = desk, desk.app.state.participation
        self.vault = Vault(desk.settings.secrets)
        with self.store.writing() as connection:
            self.zoe: Author = everything(connection, self.vault)
            connection.execute(AUTHOR.update().values(expires_at=now() + 9e6))
            self.vault.keep(connection, self.zoe.id, EMAIL, now(), 100, self.zoe.secret)
        desk.settings.pictures.mkdir(parents=True)
        made = encode_now(PHOTO.getvalue(), desk.settings.home)
        for id in ("shown", "waiting"):
            for name in file_names(id):
                (desk.settings.pictures / name).write_bytes(made.large)
        self.root = f"mine/{self.zoe.secret}"

    def browser(self, *, holds: bool = False) -> Browser:
        made = self.desk.browser()
        if holds:
            made.client.cookies.set(COOKIE, self.zoe.secret, domain="lab.test", path=f"{PREFIX}/")
        found = TOKEN.search(made.get(f"{self.root}/stop").text)
        assert found
        made.token = found[1]
        return made

    def held(self) -> bool:
        with self.store.reading() as connection:
            asked = select(AUTHOR.c.erased_at).where(AUTHOR.c.id == self.zoe.id)
            return connection.execute(asked).scalar_one() is None


@pytest.fixture
def own(desk: Desk) -> Own:
    return Own(desk)


def test_the_page_shows_what_was_sent_and_every_way_out(own: Own) -> None:
    page = own.browser().get(f"{own.root}/")
    assert page.status_code == 200
    assert TYPED in page.text
    assert "z•••@exemple.fr" in page.text
    assert EMAIL not in page.text
    assert f"{ORIGIN}{PREFIX}/{own.root}" in page.text
    for way in ("export.json", "delete", "stop"):
        assert f"{own.root}/{way}" in page.text


def test_the_page_is_kept_by_no_cache_and_told_to_nobody(own: Own) -> None:
    browser = own.browser(holds=True)
    for path in ("", "delete", "stop", "export.json"):
        answer = browser.get(f"{own.root}/{path}")
        assert answer.headers["Cache-Control"] == "private, no-store", path
        assert answer.headers["Referrer-Policy"] == "strict-origin", path
        assert answer.headers["X-Robots-Tag"] == "noindex", path
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_script_in_a_notebook_learns_no_link(own: Own) -> None:
    """Notebooks live at the same origin: their scripts are sent the same cookies."""
    browser = own.browser(holds=True)
    assert own.zoe.secret in browser.get("mine/").text
    for mode in ("cors", "same-origin", "no-cors"):
        page = browser.get("mine/", **{"Sec-Fetch-Mode": mode})
        assert own.zoe.secret not in page.text
        assert "This browser holds no private link" in page.text


def test_the_export_is_whole(own: Own) -> None:
    answer = own.browser().get(f"{own.root}/export.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    held = answer.json()["held"]
    assert TYPED in json.dumps(held["contribution"], ensure_ascii=False)
    assert ANSWER in json.dumps(held["response"], ensure_ascii=False)
    assert EMAIL in held["contact"][0]["encrypted"]
    jpeg = base64.b64decode(held["picture"][0]["jpeg_base64"])
    assert Image.open(io.BytesIO(jpeg)).size == (40, 30)


@pytest.mark.parametrize("what", ["all", "unsigned"])
def test_everything_is_deleted_pictures_on_disk_included(own: Own, what: str) -> None:
    browser = own.browser(holds=True)
    asked = browser.get(f"{own.root}/delete")
    assert "cannot be undone" in asked.text
    done = browser.post(f"{own.root}/delete", {"what": what})
    assert done.status_code == 303
    page = browser.follow(done)
    assert "It is done" in page.text
    assert own.zoe.secret not in page.text
    assert not own.held()
    left = {path.name for path in own.desk.settings.pictures.iterdir()}
    assert left == (set(file_names("shown")) if what == "unsigned" else set())
    gone = browser.get(f"{own.root}/")
    assert gone.status_code == 404
    assert "private link leads nowhere" in gone.text
    whole = Path(own.store.url.removeprefix("sqlite:///"))
    said = whole.read_bytes() + whole.with_name(f"{whole.name}-wal").read_bytes()
    assert TYPED.encode() not in said
    assert EMAIL.encode() not in said
    assert (SAID.encode() in said) is (what == "unsigned")


def test_deleting_needs_a_choice_and_the_page_of_the_portal(own: Own) -> None:
    browser = own.browser()
    assert browser.post(f"{own.root}/delete").status_code == 422
    assert browser.post(f"{own.root}/delete", {"what": "x"}).status_code == 422
    for refused in (
        {"Origin": "http://evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "", "Sec-Fetch-Site": ""},
        {"Origin": "null", "Sec-Fetch-Site": ""},
    ):
        answer = browser.post(f"{own.root}/delete", {"what": "all"}, **refused)
        assert answer.status_code == 403, refused
    answer = browser.post(f"{own.root}/delete", {"what": "all", "_token": "0" * 64})
    assert answer.status_code == 403
    other = own.desk.browser()
    assert other.post(f"{own.root}/delete", {"what": "all", "_token": browser.token}).status_code
    assert own.held()


@pytest.mark.parametrize(
    "secret", ["x", "x" * 27, "..%2f..", "%00", "é", "' OR 1=1 --", "a" * 3000, "<script>"]
)
def test_a_wrong_link_says_only_that_it_leads_nowhere(own: Own, secret: str) -> None:
    browser = own.browser()
    for path in ("", "delete", "export.json", "stop", "pictures/shown.jpg"):
        answer = browser.get(f"mine/{secret}/{path}")
        assert answer.status_code == 404
        assert "<script>" not in answer.text.replace("<script defer", "")
    assert browser.post(f"mine/{secret}/delete", {"what": "all"}).status_code == 404


def test_letters_are_stopped_from_the_page_and_by_the_button_of_a_mail_program(own: Own) -> None:
    browser = own.browser()
    with own.store.writing() as connection:
        assert mail.send(connection, own.zoe.id, "news", {"title": "T", "news": "N"}, now())
    # A mail program that opens links to look at them changes nothing.
    assert browser.get(f"{own.root}/stop").status_code == 200
    with own.store.reading() as connection:
        assert own.vault.reveal(connection, own.zoe.id) == EMAIL
    done = own.desk.browser().client.post(
        f"{own.root}/stop",
        content="List-Unsubscribe=One-Click",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        follow_redirects=False,
    )
    assert done.status_code == 303
    with own.store.reading() as connection:
        assert own.vault.reveal(connection, own.zoe.id) is None
        assert connection.execute(select(MESSAGE)).first() is None


def test_the_button_of_a_mail_program_takes_no_flood_of_bytes(own: Own) -> None:
    answer = own.desk.browser().client.post(f"{own.root}/stop", content=b"x" * 300_000)
    assert answer.status_code == 413
    forged = own.browser().post(f"{own.root}/stop", {"_token": "0" * 64})
    assert forged.status_code == 403
    with own.store.reading() as connection:
        assert own.vault.reveal(connection, own.zoe.id) == EMAIL


def test_an_address_is_given_on_the_page_where_the_lab_sends_letters(own: Own) -> None:
    browser = own.browser()
    browser.post(f"{own.root}/stop")
    assert 'name="email"' not in browser.get(f"{own.root}/").text
    more = {"smtp": SecretStr("smtp://127.0.0.1"), "mail_from": "a@b.fr"}
    own.desk.app.state.settings = own.desk.settings.model_copy(update=more)
    assert 'name="email"' in browser.get(f"{own.root}/").text
    wrong = browser.post(f"{own.root}/email", {"email": 'zoe"<b>'})
    assert wrong.status_code == 422
    assert "is not an e-mail address" in wrong.text
    assert 'value="zoe&#34;&lt;b&gt;"' in wrong.text
    assert browser.post(f"{own.root}/email", {"email": "zoe@exemple.fr"}).status_code == 303
    with own.store.reading() as connection:
        found = own.vault.contact(connection, own.zoe.id)
    assert found is not None
    assert (found.email, found.secret) == ("zoe@exemple.fr", own.zoe.secret)


def test_a_borrowed_phone_forgets_the_link_and_nothing_else(own: Own) -> None:
    browser = own.browser(holds=True)
    assert "forget the link here" in browser.get(f"{own.root}/").text
    browser.follow(browser.post(f"{own.root}/leave"))
    assert own.zoe.secret not in browser.get("mine/").text
    assert own.held()
    assert "forget the link here" not in browser.get(f"{own.root}/").text


def test_pictures_are_seen_by_who_may_and_as_nothing_but_pictures(own: Own) -> None:
    anybody, moderator = own.desk.browser(), own.desk.browser_of("facilitator")
    owner = own.browser(holds=True)
    with own.store.writing() as connection:
        connection.exec_driver_sql("UPDATE session SET facilitators = '[\"facilitator\"]'")
    for browser, status in ((anybody, 404), (moderator, 200), (owner, 200)):
        assert browser.get("pictures/shown.jpg").status_code == 200
        assert browser.get("pictures/waiting.jpg").status_code == status
    assert own.desk.browser_of("student").get("pictures/waiting.jpg").status_code == 404
    assert anybody.get(f"{own.root}/pictures/waiting.jpg").status_code == 200
    with own.store.writing() as connection:
        picture(connection, None, "somebodys")
    assert anybody.get(f"{own.root}/pictures/somebodys.jpg").status_code == 404
    answer = owner.get("pictures/waiting.jpg")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    for name in ("../participation.sqlite", "shown.png", "shown", "..%2fx.jpg", ".shown.jpg"):
        assert anybody.get(f"pictures/{name}").status_code == 404


def test_a_moderator_paints_a_face_over_and_nobody_else_does(own: Own) -> None:
    with own.store.writing() as connection:
        connection.exec_driver_sql("UPDATE session SET facilitators = '[\"facilitator\"]'")
    path = "pictures/waiting/black-out"
    moderator = own.desk.browser_of("facilitator")
    page = moderator.get(path)
    assert page.text.count('name="box"') == 108
    assert moderator.post(path).status_code == 422
    assert moderator.post(path, {"box": ["99-0", "x", "-1-2"]}).status_code == 422
    done = moderator.post(path, {"box": ["0-0", "11-8"]})
    assert done.status_code == 303
    found = Image.open(own.desk.settings.pictures / "waiting.jpg").convert("L")
    dark = [int(str(found.getpixel(at))) < 100 for at in ((1, 1), (38, 28), (20, 15))]
    assert dark == [True, True, False]
    assert own.desk.browser_of("student").get(path).status_code == 403
    assert own.desk.browser_of("student").post(path, {"box": "0-0"}).status_code == 403
    assert own.desk.browser().get(path).status_code in (303, 401)


def test_the_register_is_a_page_and_a_document(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get("privacy/")
    assert page.status_code == 200
    document = browser.get("privacy.json").json()
    assert [entry["id"] for entry in document["activities"]][:4] == [
        "sessions",
        "surveys",
        "reports",
        "contacts",
    ]
    for entry in document["activities"]:
        assert entry["title"] in page.text.replace("&#39;", "'")
        assert all(entry[name] for name in ("purpose", "basis", "data", "recipients", "retention"))
    assert "an address: 365 days at most" in page.text
    desk.app.state.settings = desk.settings.model_copy(update={"privacy_contact": "dpo@dijon.test"})
    assert "write to dpo@dijon.test" in browser.get("privacy/").text
    french = browser.get("privacy/", **{"Accept-Language": "fr"}).text
    assert "Base légale" in french
    assert not re.search(r"<dd>[^<]*\b(the|and|of)\b[^<]*</dd>", french)


def test_the_secret_of_a_link_is_in_no_table(own: Own) -> None:
    with own.store.reading() as connection:
        assert author.of_secret(connection, own.zoe.secret, now()).id == own.zoe.id
    own.store.close()
    for path in own.desk.settings.home.rglob("*"):
        if path.is_file():
            assert own.zoe.secret.encode() not in path.read_bytes(), path
