"""Addresses: encrypted with keys outside the database, for a time, and gone when asked."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from datalab.errors import ContactRefused
from datalab.participation.contact import FILE, Vault, email_of
from datalab.participation.retention import sweep
from datalab.participation.store import Store
from datalab.participation.tables.author import CONTACT
from datalab.settings import Settings
from tests.participation.people import EMAIL, NOW, somebody

DAY = 86_400


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "secrets")


def kept(store: Store, vault: Vault, days: float = 10) -> str:
    with store.writing() as connection:
        who = somebody(connection)
        vault.keep(connection, who.id, EMAIL, NOW, days, who.secret)
    return who.id


def test_the_database_alone_tells_no_address(store: Store, vault: Vault, tmp_path: Path) -> None:
    who = kept(store, vault)
    assert stat.S_IMODE((vault.path).stat().st_mode) == 0o600
    with store.reading() as connection:
        cipher = bytes(connection.execute(select(CONTACT.c.cipher)).scalar_one())
        assert EMAIL.encode() not in cipher
        assert vault.reveal(connection, who) == EMAIL
        assert Vault(tmp_path / "others").reveal(connection, who) is None
        assert vault.reveal(connection, "nobody") is None
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert EMAIL.encode() not in path.read_bytes(), path


def test_keys_are_rotated_and_the_old_one_opens_nothing_more(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    who = kept(store, vault)
    old = tmp_path / "old"
    old.mkdir()
    (old / FILE).write_text(vault.path.read_text())
    vault.add_key()
    with store.writing() as connection:
        assert vault.reveal(connection, who) == EMAIL
        assert vault.renew(connection) == 1
    assert len(vault.path.read_text().split()) == 2  # a crash here loses nothing
    vault.retire()
    assert len(vault.path.read_text().split()) == 1
    with store.reading() as connection:
        assert vault.reveal(connection, who) == EMAIL
        assert Vault(old).reveal(connection, who) is None


def test_an_address_is_replaced_forgotten_and_ends_by_itself(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    who = kept(store, vault)
    with store.writing() as connection:
        vault.keep(connection, who, "  new@exemple.fr ", NOW, 10)
        assert vault.reveal(connection, who) == "new@exemple.fr"
        assert vault.forget(connection, who)
        assert not vault.forget(connection, who)
        vault.keep(connection, who, EMAIL, NOW, 10)
    settings = Settings(home=tmp_path / "home")
    assert sweep(store, settings, NOW + 9 * DAY).contacts == 0
    assert sweep(store, settings, NOW + 11 * DAY).contacts == 1
    with store.reading() as connection:
        assert vault.reveal(connection, who) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zoe",
        "zoe@",
        "@exemple.fr",
        "zoe@exemple",
        "a b@exemple.fr",
        "zoe@exemple.fr\r\nBcc: x@y.fr",
        "zoe@exemple.fr\n",
        "zoe@exemple.fr, x@y.fr",
        "<zoe@exemple.fr>",
        "zoe@exem\x00ple.fr",
        f"{'a' * 65}@exemple.fr",
        f"zoe@{'a' * 260}.fr",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    if text.endswith("\n") and "Bcc" not in text:
        assert email_of(text) == "zoe@exemple.fr"
        return
    with pytest.raises(ContactRefused):
        email_of(text)


@pytest.mark.parametrize("text", ["a@b.fr", "prénom.nom+x@exemple.museum", "x_y@sous.dom-aine.fr"])
def test_real_addresses_are_taken(text: str) -> None:
    assert email_of(f" {text} ") == text
