"""Letters to a real mail server: what they hold, when they come again, what stays outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from datalab.participation import letter, mail
from datalab.participation.author import Author
from datalab.participation.contact import Vault
from datalab.participation.letter import DELAYS, MailServer, deliver
from datalab.participation.store import Store
from datalab.participation.tables.author import MESSAGE
from datalab.settings import Settings
from tests.participation.office import Door, Office, opened
from tests.participation.payloads import HEADERS
from tests.participation.people import EMAIL, NOW, somebody

ROOT = "https://lab.test/services/datalab"


@pytest.fixture
def office() -> Iterator[tuple[Office, int]]:
    with opened() as found:
        yield found


@pytest.fixture
def settings(office: tuple[Office, int], tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        smtp=SecretStr(f"smtp://127.0.0.1:{office[1]}"),
        mail_from="Labo <labo@dijon.test>",
    )


def reader(store: Store, settings: Settings, **more: Any) -> Author:
    """Somebody who left an address."""
    with store.writing() as connection:
        who = somebody(connection)
        Vault(settings.secrets).keep(connection, who.id, EMAIL, NOW, 10, who.secret, **more)
    return who


def queue(store: Store, who: Author, title: str = "Un banc") -> bool:
    with store.writing() as connection:
        return mail.send(connection, who.id, "news", {"title": title, "news": "Posé."}, NOW)


def test_a_letter_holds_the_private_link_and_a_way_to_stop(
    store: Store, settings: Settings, office: tuple[Office, int]
) -> None:
    who = reader(store, settings)
    assert queue(store, who)
    assert deliver(store, settings, ROOT, NOW) == 1
    assert deliver(store, settings, ROOT, NOW + 9000) == 0
    (got,) = office[0].letters
    link = f"{ROOT}/mine/{who.secret}"
    text = got.get_content().replace("\r\n", "\n")
    assert (got["To"], got["From"]) == (EMAIL, "Labo <labo@dijon.test>")
    assert "« Un banc »" in text.replace("\u00a0", " ")
    assert f"{link}\n" in text
    assert f"{link}/stop" in text
    assert got["List-Unsubscribe"] == f"<{link}/stop>"
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Message-ID"].endswith("@dijon.test>")


def test_who_left_no_address_gets_no_letter(store: Store, settings: Settings) -> None:
    with store.writing() as connection:
        who = somebody(connection)
    assert not queue(store, who)
    other = reader(store, settings)
    assert queue(store, other)
    with store.writing() as connection:
        Vault(settings.secrets).forget(connection, other.id)
    assert deliver(store, settings, ROOT, NOW) == 0


@pytest.mark.parametrize("smuggled", HEADERS)
def test_no_header_can_be_smuggled_in(
    store: Store, settings: Settings, office: tuple[Office, int], smuggled: str
) -> None:
    mail.TEMPLATES["tried"] = mail.Template(
        subject=type(mail.TEMPLATES["news"].subject)("{title}"),
        body=mail.TEMPLATES["news"].body,
    )
    who = reader(store, settings)
    with store.writing() as connection:
        mail.send(connection, who.id, "tried", {"title": smuggled, "news": smuggled}, NOW)
    assert deliver(store, settings, ROOT, NOW) == 1
    (got,) = office[0].letters
    del mail.TEMPLATES["tried"]
    assert set(got.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert got["Subject"].startswith("x ")


def test_a_server_that_is_busy_is_asked_again_later_and_one_that_refuses_is_not(
    store: Store, settings: Settings, office: tuple[Office, int]
) -> None:
    who = reader(store, settings)
    queue(store, who)
    office[0].answers = ["451 busy", "451 busy"]
    assert deliver(store, settings, ROOT, NOW) == 0
    assert deliver(store, settings, ROOT, NOW + DELAYS[0] - 1) == 0
    assert len(office[0].answers) == 1
    assert deliver(store, settings, ROOT, NOW + DELAYS[0] + 1) == 0
    assert deliver(store, settings, ROOT, NOW + DELAYS[0] + DELAYS[1] + 2) == 1
    queue(store, who)
    office[0].answers = ["550 no such person"]
    assert deliver(store, settings, ROOT, NOW) == 0
    assert deliver(store, settings, ROOT, NOW + 10**8) == 0
    with store.reading() as connection:
        problems = connection.execute(select(MESSAGE.c.problem)).scalars().all()
    assert "550 no such person" in problems


def test_a_server_that_is_away_loses_no_letter(store: Store, settings: Settings) -> None:
    who = reader(store, settings)
    queue(store, who)
    away = settings.model_copy(update={"smtp": SecretStr("smtp://127.0.0.1:9")})
    at = NOW
    for delay in DELAYS:
        assert deliver(store, away, ROOT, at) == 0
        at += delay + 1
    assert deliver(store, settings, ROOT, at) == 1


def test_the_lab_signs_in_and_sends_no_password_in_the_clear_elsewhere(
    store: Store, settings: Settings, office: tuple[Office, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = SecretStr(f"smtp://labo:s3cret%2F@127.0.0.1:{office[1]}")
    who = reader(store, settings)
    queue(store, who)
    assert deliver(store, settings.model_copy(update={"smtp": named}), ROOT, NOW) == 1
    assert office[0].signed_in == [b"labo"]
    server = MailServer.of(named.get_secret_value())
    assert server is not None
    monkeypatch.setattr("socket.getfqdn", lambda: "lab.test")
    elsewhere = MailServer("127.0.0.2", server.port, False, server.user, server.password)
    door = Door(office[0], hostname="127.0.0.2", port=server.port)
    door.start()
    try:
        with pytest.raises(Exception, match="no encryption"):
            elsewhere.open()
    finally:
        door.stop()
    assert office[0].signed_in == [b"labo"]


def test_letters_speak_the_language_of_their_reader() -> None:
    from datalab.participation.contact import Contact

    row = {"language": "en", "template": "news", "facts": {"title": "T", "news": "N"}, "id": "i"}
    made = letter.letter(row, Contact(EMAIL), "a@b.fr", ROOT, NOW)
    assert made["Subject"] == "News about what you sent to the data lab"
    assert "List-Unsubscribe" not in made


def test_no_letter_is_sent_where_no_server_is_set(store: Store, tmp_path: Path) -> None:
    none = Settings(home=tmp_path)
    assert not letter.possible(none)
    assert deliver(store, none, ROOT, NOW) == 0
    with pytest.raises(ValueError, match="DATALAB_SMTP"):
        MailServer.of("http://x")
