"""Personal tokens: shown once, counted, dead with their account, and never read by anybody else."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from datalab.people import accounts, audit, tokens
from tests.portal.closed import DAY, Closed
from tests.portal.desk import now


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    return Closed(tmp_path_factory.mktemp("tokens"))


@pytest.fixture(autouse=True)
def _as_before(closed: Closed) -> None:
    """Each test has the quota of a new day."""
    closed.desk.app.state.quotas._used.clear()
    with closed.desk.store.writing() as database:
        database.execute("DELETE FROM token_uses")


def test_a_token_is_shown_once_and_kept_as_a_digest(closed: Closed) -> None:
    browser = closed.desk.browser_of("agent")
    until = tokens_day(30)
    answer = browser.post("me/tokens", {"name": "Tableau de bord", "until": until})
    found = re.search(r'id="words">(dlt_[\w-]{43})<', answer.text)
    assert found
    assert answer.headers["cache-control"] == "private, no-store"
    listed = browser.get("me/tokens").text
    assert "Tableau de bord" in listed
    assert found[1] not in listed
    store = Path(closed.desk.store.path)
    held = b"".join(path.read_bytes() for path in store.parent.glob("people.sqlite*"))
    assert found[1].encode() not in held
    assert closed.client(found[1]).get("datasets/residents.csv").status_code == 200


def tokens_day(days: int) -> str:
    from datalab.portal.admission import day_of

    return day_of(now() + days * DAY)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "until": "2099-01-01"}, "say which program"),
        ({"name": "x", "until": "2000-01-01"}, "not after today"),
        ({"name": "x", "until": "2099-01-01"}, "a year at most"),
        ({"name": "x", "until": "demain"}, "not after today"),
        ({"name": "x" * 81, "until": "2099-01-01"}, "at most 80 characters"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    closed: Closed, fields: dict[str, str], said: str
) -> None:
    answer = closed.desk.browser_of("agent").post("me/tokens", fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_revoked_token_opens_nothing(closed: Closed) -> None:
    browser = closed.desk.browser_of("agent")
    made, words = tokens.make(closed.desk.store, now(), "agent", "x", now() + DAY)
    assert closed.client(words).get("datasets/sealed.csv").status_code == 200
    browser.post(f"me/tokens/{made.id}/revoke")
    answer = closed.client(words).get("datasets/sealed.csv")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "token-refused"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_nobody_revokes_or_sees_the_token_of_another(closed: Closed) -> None:
    made, words = tokens.make(closed.desk.store, now(), "agent", "à moi", now() + DAY)
    stranger = closed.desk.browser_of("student")
    assert "à moi" not in stranger.get("me/tokens").text
    assert stranger.post(f"me/tokens/{made.id}/revoke").status_code == 404
    assert closed.client(words).get("datasets/sealed.csv").status_code == 200
    assert closed.desk.browser().get("me/tokens").status_code == 401


@pytest.mark.parametrize("shown", ["dlt_" + "a" * 43, "x", "dlt_", "a" * 4000, "dlt_\x00"])
def test_a_wrong_token_is_refused_and_not_taken_for_nobody(closed: Closed, shown: str) -> None:
    for scheme in ("Bearer", "token", "bEaReR"):
        headers = {"Authorization": f"{scheme} {shown}".encode()}
        answer = closed.client().get("datasets/places.csv", headers=headers)
        assert answer.status_code == 401, answer.text


def test_a_token_dies_with_its_account_at_once(closed: Closed) -> None:
    closed.desk.add("passager", "agents")
    words = closed.token("passager")
    client = closed.client(words)
    assert client.get("datasets/sealed.csv").status_code == 200
    accounts.set_groups(closed.desk.store, now(), "operator", "passager", ["citizens"])
    assert client.get("datasets/sealed.csv").status_code == 403
    accounts.set_groups(closed.desk.store, now(), "operator", "passager", ["agents"])
    closed.disable("passager")
    assert client.get("datasets/sealed.csv").status_code == 401
    accounts.remove(closed.desk.store, now(), "operator", "passager")
    assert client.get("datasets/sealed.csv").status_code == 401
    with closed.desk.store.reading() as database:
        left = database.execute("SELECT count(*) FROM tokens WHERE account = 'passager'")
        assert left.fetchone()[0] == 0


def test_an_expired_token_opens_nothing(closed: Closed) -> None:
    past = now() - 2 * DAY
    _, words = tokens.make(closed.desk.store, past, "agent", "ancien", past + DAY)
    assert closed.client(words).get("datasets/sealed.csv").status_code == 401


def test_a_token_changes_nothing(closed: Closed) -> None:
    client = closed.client(closed.token("operator"))
    for path in ("me/tokens", "people/", "datasets/residents/access", "machine/"):
        assert client.get(path).status_code in {401, 403, 404, 405}, path
    assert client.post("me/display", data={"display": "x"}).status_code in {401, 403}


def test_answers_say_what_is_left(closed: Closed) -> None:
    client = closed.client(closed.token("agent"))
    answer = client.get("datasets/places.csv")
    limit = answer.headers["ratelimit"]
    policy = answer.headers["ratelimit-policy"]
    assert re.fullmatch(r'"minute";r=119;t=\d+, "day";r=19999;t=\d+, "bytes";r=\d+;t=\d+', limit), (
        limit
    )
    assert policy.startswith('"minute";q=120;w=60, "day";q=20000;w=86400, "bytes";q=')
    assert policy.endswith(';qu="content-bytes"')
    assert "authorization" in answer.headers["vary"].lower()
    assert "private" in answer.headers["cache-control"]
    assert "ratelimit" not in closed.client().get("datasets/places.csv").headers


def test_a_spent_quota_is_told_as_json(closed: Closed, monkeypatch: pytest.MonkeyPatch) -> None:
    quotas = closed.desk.app.state.quotas
    few = quotas.settings.model_copy(update={"token_requests_per_day": 2})
    monkeypatch.setattr(quotas, "settings", few)
    client = closed.client(closed.token("agent"))
    assert [client.get("datasets/places.csv").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get("datasets/places.csv")
    error = answer.json()["error"]
    assert error["code"] == "quota-spent"
    assert error["details"]["most"] == 2
    assert int(answer.headers["retry-after"]) == error["details"]["seconds"] > 0
    assert '"day";r=0' in answer.headers["ratelimit"]


def test_bytes_are_counted_and_survive_a_restart(closed: Closed) -> None:
    from datalab.portal.quota import Quotas

    words = closed.token("agent")
    client, quotas = closed.client(words), closed.desk.app.state.quotas
    size = len(client.get("datasets/places.csv").content)
    found = tokens.find(closed.desk.store, words, now())
    assert found
    quotas.write(now())
    again = Quotas(closed.desk.store, closed.desk.settings)
    left = re.search(r'"bytes";r=(\d+)', again.headers(found[0].id, now())["RateLimit"])
    assert left
    assert int(left[1]) == closed.desk.settings.token_bytes_per_day - size
    assert tokens.find(closed.desk.store, words, now())[0].used_at  # type: ignore[index]


def test_what_two_workers_counted_is_one_quota(closed: Closed) -> None:
    from datalab.portal.quota import Quotas

    words = closed.token("agent")
    found = tokens.find(closed.desk.store, words, now())
    assert found
    id, settings = found[0].id, closed.desk.settings
    one, other = Quotas(closed.desk.store, settings), Quotas(closed.desk.store, settings)
    for quotas, times in ((one, 3), (other, 4)):
        for _ in range(times):
            quotas.take(id, now())
    for quotas in (one, other, one, other):
        quotas.write(now())
    other.take(id, now())
    one.take(id, now())
    one.write(now())
    other.write(now())
    assert tokens.used_today(closed.desk.store, id, int(now() // 86_400)) == (9, 0)
    left = re.search(r'"day";r=(\d+)', other.headers(id, now())["RateLimit"])
    assert left
    assert int(left[1]) == settings.token_requests_per_day - 9


def test_an_address_has_a_limit_and_is_written_nowhere(
    closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.testclient import TestClient

    quotas = closed.desk.app.state.quotas
    few = quotas.settings.model_copy(update={"anonymous_requests_per_minute": 3})
    monkeypatch.setattr(quotas, "settings", few)
    base = str(closed.client().base_url)
    here = TestClient(closed.desk.app, base_url=base, client=("203.0.113.77", 1))
    found = [here.get("datasets/places.csv").status_code for _ in range(5)]
    assert found[0] == 200
    assert found[-1] == 429
    answer = here.get("datasets/places.csv")
    assert answer.json()["error"]["code"] == "quota-spent"
    assert int(answer.headers["retry-after"]) > 0
    assert here.get("datasets/places").status_code == 200, "pages are no data"
    other = TestClient(closed.desk.app, base_url=base, client=("203.0.113.78", 1))
    assert other.get("datasets/places.csv").status_code == 200
    home = closed.desk.settings.home
    files = [path for path in home.rglob("*") if path.is_file()]
    assert not any(b"203.0.113" in path.read_bytes() for path in files)


def test_words_of_a_token_are_in_no_log(closed: Closed, caplog: pytest.LogCaptureFixture) -> None:
    words = closed.token("agent")
    with caplog.at_level(logging.DEBUG):
        closed.client(words).get("datasets/sealed.csv")
        closed.client(words[:-1] + "?").get("datasets/sealed.csv")
    assert words not in caplog.text
    told = [str(vars(entry)) for entry in audit.entries(closed.desk.store)]
    assert not any(words in text for text in told)
