"""Large files in pieces, and how a host is asked."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from datalab.connectors import http
from datalab.connectors.transfer import Patience
from datalab.errors import SourceTooLarge, SourceUnreachable
from tests.connectors.conftest import HURRIED, Answer, DatasetFor, Recorded

BODY = bytes(range(256)) * 40
SHA = hashlib.sha256(BODY).hexdigest()
DATED = {"Last-Modified": "Sun, 01 Nov 2026 10:00:00 GMT"}


def fetch(dataset: Any, cache: Path, patience: Patience = HURRIED, limit: int = 100_000) -> Any:
    return http.fetch(dataset, cache=cache, max_bytes=limit, patience=patience)


def rest(start: int, **headers: str) -> Answer:
    told = {"Content-Range": f"bytes {start}-{len(BODY) - 1}/{len(BODY)}", **headers}
    return Answer(206, BODY[start:], told)


@pytest.mark.parametrize("validator", [{"ETag": '"1"'}, DATED])
def test_only_the_rest_of_a_broken_body_is_asked_for(
    validator: dict[str, str], server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    broken = Answer(body=BODY[:3000], announced=len(BODY), headers=validator)
    url = server.says("/a.bin", broken, rest(3000, **validator))
    fetched = fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    assert fetched.sha256 == SHA
    asked = server.asked[1][1]
    assert asked["range"] == "bytes=3000-"
    assert asked["if-range"] == next(iter(validator.values()))
    assert not list(cache.rglob(".resume*"))


def test_a_later_run_goes_on_where_the_last_one_stopped(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    tag = {"ETag": '"1"'}
    url = server.says("/a.bin", Answer(body=BODY[:3000], announced=len(BODY), headers=tag))
    dataset = dataset_for(connector="http", url=url, allow_private=True)
    with pytest.raises(SourceUnreachable):
        fetch(dataset, cache, Patience(attempts=1, pause=0))
    server.says("/a.bin", rest(3000, **tag))
    assert fetch(dataset, cache).sha256 == SHA
    assert server.asked[-1][1]["range"] == "bytes=3000-"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=BODY, headers={"ETag": '"2"'}),  # it changed: all of the new one
        rest(2000, ETag='"1"'),  # another place than asked for
        Answer(206, BODY[3000:], {"Content-Range": "nonsense"}),
        Answer(416, b""),
        rest(3000, ETag='"2"'),  # the rest of something else
    ],
    ids=["changed", "elsewhere", "nonsense", "416", "other"],
)
def test_pieces_of_two_versions_are_never_put_together(
    answer: Answer, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    broken = Answer(body=b"x" * 3000, announced=len(BODY), headers={"ETag": '"1"'})
    url = server.says("/a.bin", broken, answer, Answer(body=BODY, headers={"ETag": '"2"'}))
    assert fetch(dataset_for(connector="http", url=url, allow_private=True), cache).sha256 == SHA


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}, {"Content-Encoding": "br"}])
def test_without_a_strong_validator_nothing_is_gone_on_with(
    headers: dict[str, str], server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    broken = Answer(body=BODY[:3000], announced=len(BODY), headers=headers)
    url = server.says("/a.bin", broken, Answer(body=BODY))
    assert fetch(dataset_for(connector="http", url=url, allow_private=True), cache).sha256 == SHA
    assert all("range" not in asked for _, asked in server.asked)


def test_a_rest_that_is_too_large_is_left_unread(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    tag = {"ETag": '"1"'}
    broken = Answer(body=BODY[:3000], announced=4000, headers=tag)
    large = Answer(206, BODY, {"Content-Range": "bytes 3000-99999999/100000000", **tag})
    url = server.says("/a.bin", broken, large)
    with pytest.raises(SourceTooLarge):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache, limit=5000)
    assert not list(cache.rglob(".resume*"))


@dataclass(frozen=True)
class Watched(Patience):
    """Remembers each wait and does not take it."""

    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def test_between_two_questions_to_a_host_lies_a_pause(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    patience = Watched(pause=30.0)
    for path in ("/a.bin", "/b.bin"):
        url = server.says(path, Answer(body=BODY))
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache, patience)
    (wait,) = patience.waits
    assert 20 < wait <= 30


def test_a_host_is_asked_one_question_at_a_time(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    thinking = threading.Event()
    first = server.says("/a.bin", Answer(body=BODY, held=thinking))
    second = server.says("/b.bin", Answer(body=BODY))
    datasets = [dataset_for(connector="http", url=u, allow_private=True) for u in (first, second)]
    threads = [threading.Thread(target=fetch, args=(one, cache)) for one in datasets]
    threads[0].start()
    while not server.asked:
        threads[0].join(0.01)
    threads[1].start()
    threads[1].join(0.2)
    assert [path for path, _ in server.asked] == ["/a.bin"]
    thinking.set()
    for thread in threads:
        thread.join()
    assert [path for path, _ in server.asked] == ["/a.bin", "/b.bin"]


def test_a_host_that_asked_for_quiet_is_left_alone_by_the_next_run(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/a.bin", Answer(429, headers={"Retry-After": "3600"}))
    other = server.says("/b.bin", Answer(body=BODY))
    with pytest.raises(SourceUnreachable):
        fetch(dataset_for(connector="http", url=url, allow_private=True), cache)
    with pytest.raises(SourceUnreachable, match="avant le"):
        fetch(dataset_for(connector="http", url=other, allow_private=True), cache)
    assert [path for path, _ in server.asked] == ["/a.bin"]
