"""Telling a browser that there is news, where its person allowed it: Web Push without payload.

What is sent says nothing but "look": the browser then asks the lab what is new. Subscriptions lie
encrypted like contacts, and end with their author. RFC 8030 (push), RFC 8292 (VAPID).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from datalab.errors import PushRefused
from datalab.i18n import Phrase
from datalab.isolation.private import write_private
from datalab.participation.contact import Vault
from datalab.participation.store import Store
from datalab.participation.tables.author import PUSH

FILE = "push_key.pem"
LONGEST = 1_000  # characters of an address
MOST_EACH = 5  # browsers of one author
MOST_TRIES = 6
HOUR = 3_600.0
HEARD_FOR = 24 * HOUR  # how long a push service keeps a message for a phone that is off
GONE = (404, 410)
AT_ONCE = 50  # messages of one turn
Opener = Callable[[httpx.URL], httpx.Client]


@dataclass(frozen=True)
class Due:
    """One browser that is to be told."""

    id: str
    address: str
    tries: int


class PushKey:
    """The key by which push services know this lab, in ``folder`` (``settings.secrets``)."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    @property
    def public(self) -> str:
        """What a browser subscribes with: the point of the key, in base64url."""
        point = self._key().public_key()
        encoded = point.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return base64.urlsafe_b64encode(encoded).decode().rstrip("=")

    def headers(self, address: str, now: float, subject: str) -> dict[str, str]:
        """What proves to the push service at ``address`` who sends; ``subject`` is whom it asks."""
        url = httpx.URL(address)
        origin = f"{url.scheme}://{url.netloc.decode()}"
        claims = {"aud": origin, "exp": int(now + 12 * HOUR), "sub": subject}
        token = jwt.encode(claims, self._key(), algorithm="ES256")
        return {
            "Authorization": f"vapid t={token}, k={self.public}",
            "TTL": str(int(HEARD_FOR)),
            "Urgency": "normal",
            "Content-Length": "0",
        }

    def _key(self) -> ec.EllipticCurvePrivateKey:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            made = ec.generate_private_key(ec.SECP256R1())
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            pem = made.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            write_private(self.path, pem.decode())
            text = self.path.read_bytes()
        return cast(ec.EllipticCurvePrivateKey, serialization.load_pem_private_key(text, None))


def digest_of(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()[:32]


def subscribe(connection: Connection, vault: Vault, author: str, address: str, now: float) -> None:
    """Tell the browser behind ``address`` what concerns ``author`` from now on.

    Raises
    ------
    PushRefused
        where it is no address of a push service, or the author has many browsers already.
    """
    _check(address)
    asked = select(func.count()).select_from(PUSH)
    asked = asked.where(PUSH.c.author_id == author, PUSH.c.id != digest_of(address))
    if int(connection.execute(asked).scalar_one()) >= MOST_EACH:
        raise PushRefused(reason=Phrase("{count} browsers are told already", count=MOST_EACH))
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {
        "author_id": author,
        "cipher": vault.encrypt(address.encode()),
        "tries": 0,
        "created_at": now,
        "due_at": None,
    }
    statement = dialect.insert(PUSH).values(id=digest_of(address), **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[PUSH.c.id], set_=values))


def unsubscribe(connection: Connection, address: str) -> bool:
    """Tell that browser nothing any more; whether it was told."""
    return _drop(connection, digest_of(address))


def author_of(connection: Connection, address: str) -> str | None:
    """Whose browser ``address`` is: who holds the address asks what is new."""
    asked = select(PUSH.c.author_id).where(PUSH.c.id == digest_of(address))
    return connection.execute(asked).scalar()


def announce(connection: Connection, authors: Iterable[str], now: float) -> None:
    """Have the browsers of ``authors`` told soon."""
    connection.execute(
        update(PUSH).where(PUSH.c.author_id.in_(list(authors))).values(due_at=now, tries=0)
    )


def due(connection: Connection, vault: Vault, now: float) -> list[Due]:
    """Who is to be told now, the longest waiting first."""
    asked = select(PUSH).where(PUSH.c.due_at <= now).order_by(PUSH.c.due_at).limit(AT_ONCE)
    found = []
    for row in connection.execute(asked).mappings():
        plain = vault.decrypt(row["cipher"])
        found.append(Due(row["id"], (plain or b"").decode(), row["tries"]))
    return found


def deliver(
    store: Store, vault: Vault, key: PushKey, open_client: Opener, now: float, subject: str
) -> int:
    """Tell everybody who is due; how many were reached.

    ``open_client`` gives a client for one address, or raises where it may not be called: whoever
    subscribes could name a machine that only the lab reaches. ``subject`` is whom a push service
    may ask (a mailto: or https: address).
    """
    with store.reading() as connection:
        waiting = due(connection, vault, now)
    reached = 0
    for one in waiting:
        status = _told(key, open_client, one, now, subject)
        store.write(partial(note, one=one, status=status, now=now))
        reached += status is not None and 200 <= status < 300
    return reached


def _told(key: PushKey, open_client: Opener, one: Due, now: float, subject: str) -> int | None:
    """What the push service answered, None where it could not be reached."""
    try:
        _check(one.address)
        with open_client(httpx.URL(one.address)) as client:
            headers = key.headers(one.address, now, subject)
            return client.post(one.address, headers=headers).status_code
    except (PushRefused, PermissionError):
        return GONE[0]
    except httpx.HTTPError:
        return None


def note(connection: Connection, one: Due, status: int | None, now: float) -> None:
    """Write down what came of telling ``one``: done, gone, or to be tried again later."""
    if status is not None and 200 <= status < 300:
        values: dict[str, object] = {"due_at": None, "tries": 0}
    elif status in GONE or one.tries + 1 >= MOST_TRIES:
        _drop(connection, one.id)
        return
    else:
        values = {"due_at": now + 60.0 * 4**one.tries, "tries": one.tries + 1}
    connection.execute(update(PUSH).where(PUSH.c.id == one.id).values(**values))


def _drop(connection: Connection, id: str) -> bool:
    return bool(connection.execute(delete(PUSH).where(PUSH.c.id == id)).rowcount)


def _check(address: str) -> None:
    """Only what can be a push service; which network it lies in is looked at when it is called.

    Raises
    ------
    PushRefused
    """
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    plain = url.scheme == "https" and url.host and not url.userinfo and url.port in (None, 443)
    if not plain or len(address) > LONGEST or not address.isascii():
        raise PushRefused(reason=Phrase("this is not the address of a push service"))
