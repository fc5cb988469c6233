"""Alerts: told once, by mail and webhook, said to be over; and a heartbeat whose end is noticed."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from datalab.i18n import Phrase
from datalab.settings import Settings
from datalab.watching.alarm import Alarm, Told
from datalab.watching.incident import Incident, incidents
from datalab.watching.state import Freshness, Memory, Part, State, Talk
from tests.portal.desk import Desk
from tests.watching.conftest import Outside

NOW = 1_795_539_600.0
DISK = Incident(
    "disk",
    "error",
    Phrase(
        "The disk is nearly full: {free:.1f} GB of {total:.0f} GB are free.", free=0.4, total=100.0
    ),
    Phrase("Stop notebook servers that nobody needs on the page “Machine”."),
)
KEEPER = "keeper-quiet"


class Post:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def post() -> Iterator[tuple[Post, str]]:
    kept = Post()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    yield kept, f"smtp://127.0.0.1:{port}"
    controller.stop()


def told(desk: Desk, outside: Outside, smtp: str) -> Settings:
    return desk.settings.model_copy(
        update={
            "smtp": SecretStr(smtp),
            "mail_from": "lab@dijon.test",
            "alert_mail": "garde@dijon.test, nuit@dijon.test",
            "alert_webhook": SecretStr(f"{outside.url}/hook/secret-of-the-hook"),
            "heartbeat_url": SecretStr(f"{outside.url}/beat"),
        }
    )


def state(**changes: Any) -> State:
    parts = tuple(Part(name, True, 1000.0) for name in ("supervisor", "hub", "portal", "keeper"))
    usual: dict[str, Any] = {
        "at": NOW,
        "parts": parts,
        "datasets": (),
        "disk_total": 10**11,
        "disk_free": 5 * 10**10,
        "memory": Memory(10**10, 5 * 10**9),
        "load": 0.1,
        "processors": 2,
        "talk": Talk(),
    }
    return State(**usual | changes)


def test_an_incident_is_told_once_and_said_to_be_over(
    desk: Desk, outside: Outside, post: tuple[Post, str]
) -> None:
    kept, smtp = post
    settings = told(desk, outside, smtp)
    (settings.run).mkdir(exist_ok=True)
    alarm = Alarm(settings)
    for seconds in (0, 30, 60):
        alarm.tell([DISK], NOW + seconds)
    (letter,) = kept.letters
    assert "garde@dijon.test" in letter["To"]
    assert "Le disque est presque plein" in letter.get_content()
    ((_, path, document),) = outside.asked
    assert path == "/hook/secret-of-the-hook"
    assert document["incidents"][0]["code"] == "disk"
    assert "presque plein" in document["text"]
    alarm.tell([DISK], NOW + 86_401)
    assert len(kept.letters) == 2, "it lasts: told again after a day"
    Alarm(settings).tell([], NOW + 86_500)
    assert "tout est rentré dans l’ordre" in kept.letters[-1]["Subject"]
    assert outside.asked[-1][2]["resolved"]
    Alarm(settings).tell([], NOW + 86_600)
    assert len(kept.letters) == 3


def test_an_alert_that_cannot_be_passed_on_is_tried_again(
    desk: Desk, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    settings = told(desk, outside, "").model_copy(update={"alert_mail": ""})
    settings.run.mkdir(exist_ok=True)
    outside.status = 500
    alarm = Alarm(settings)
    alarm.tell([DISK], NOW)
    assert "secret-of-the-hook" not in caplog.text
    outside.status = 200
    alarm.tell([DISK], NOW + 30)
    alarm.tell([DISK], NOW + 60)
    assert len(outside.asked) == 2
    outside.status = 500
    alarm.tell([], NOW + 90)
    outside.status = 200
    alarm.tell([], NOW + 120)
    assert [len(one[2]["resolved"]) for one in outside.asked[2:]] == [1, 1]


def test_a_damaged_memory_of_alerts_tells_again_instead_of_failing(
    desk: Desk, outside: Outside
) -> None:
    settings = told(desk, outside, "").model_copy(update={"alert_mail": ""})
    settings.run.mkdir(exist_ok=True)
    for broken in ("", "[]", '{"at": 1, "known": 3}', '{"at": "x", "known": {}}'):
        (settings.run / "alarms.json").write_text(broken)
        Alarm(settings).tell([DISK], NOW)
    assert len(outside.asked) == 4


def test_the_heartbeat_goes_out_while_the_lab_is_looked_after(desk: Desk, outside: Outside) -> None:
    settings = told(desk, outside, "").model_copy(
        update={"alert_mail": "", "alert_webhook": SecretStr("")}
    )
    settings.run.mkdir(exist_ok=True)
    alarm = Alarm(settings)
    moment = time.time()
    alarm.turn(moment)
    alarm.turn(moment + 30)
    assert [path for _, path, _ in outside.asked] == ["/beat"]
    alarm.turn(moment + 61)
    assert len(outside.asked) == 2
    assert Told.read(settings.run).at == moment + 61


def test_a_keeper_that_went_silent_stands_on_the_page(desk: Desk) -> None:
    found = incidents(state(), beat=NOW - 3600)
    assert [one.code for one in found] == [KEEPER]
    assert incidents(state(), beat=NOW - 60) == []


@pytest.mark.parametrize(
    ("changes", "more", "codes"),
    [
        ({}, {}, []),
        ({"parts": (Part("hub", True, 500.0), Part("portal", False))}, {}, ["part-down:portal"]),
        ({"parts": ()}, {}, []),
        ({"parts": (Part("hub", True, 500.0),)}, {"silent": ["hub"]}, ["part-silent:hub"]),
        ({"parts": (Part("hub", True, 5.0),)}, {"silent": ["hub"]}, []),
        ({"disk_free": 9 * 10**9}, {}, ["disk"]),
        ({"memory": Memory(10**10, 10**8)}, {}, ["memory"]),
        ({"talk": None}, {}, ["participation-down"]),
        ({"talk": Talk(late=2)}, {}, ["letters-late"]),
        ({}, {"failures": [{}] * 10}, ["many-failures"]),
        (
            {"datasets": (Freshness("a", "kept", False, False, 1.0, 1.0, 2, None),)},
            {},
            ["kept:a"],
        ),
        (
            {"datasets": (Freshness("a", "failed", False, False, 1.0, 1.0, 0, 3 * 86400.0),)},
            {},
            ["failed:a"],
        ),
        ({"datasets": (Freshness("a", "failed", False, False, 1.0, 1.0, 0, 60.0),)}, {}, []),
    ],
)
def test_what_is_wrong_is_said(
    changes: dict[str, Any], more: dict[str, Any], codes: list[str]
) -> None:
    found = incidents(state(**changes), **more)
    assert [one.code for one in found] == codes
    for one in found:
        french, english = one.said.in_("fr"), one.said.in_("en")
        assert french != english
        assert "{" not in french + english
        assert one.step.in_("fr") != one.step.in_("en")


def test_what_cannot_wait_stands_first() -> None:
    datasets = (Freshness("a", "kept", False, False, 1.0, 1.0, 2, None),)
    found = incidents(state(datasets=datasets, disk_free=10**8))
    assert [one.level for one in found] == ["error", "warning"]
    assert json.dumps([one.code for one in found]) == '["disk", "kept:a"]'
