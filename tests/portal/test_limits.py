"""A classroom gets through, a flood does not, and no address is kept."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from datalab.errors import TooFast
from datalab.portal import limits
from datalab.portal.limits import MOST_BUCKETS, RATES, Act, Limits, Rate, address_of
from tests.portal.desk import Desk

NOW = 1_790_000_000.0
SCHOOL = "193.51.82.104"


def test_forty_phones_of_a_classroom_all_get_through() -> None:
    buckets = Limits()
    acts: tuple[Act, ...] = ("join", "contribution", "vote")
    for act, times in zip(acts, (1, 5, 9), strict=True):
        each, together = RATES[act]
        for turn in range(times):
            for phone in range(40):
                at = NOW + turn * 6
                assert not buckets.take(act, f"address {SCHOOL}", together, at), act
                assert not buckets.take(act, f"visitor {phone}", each, at), act


def test_three_hundred_people_of_one_room_join_within_a_minute() -> None:
    buckets = Limits()
    for person in range(300):
        assert not buckets.take("join", "address x", RATES["join"][1], NOW + person / 5)


@pytest.mark.parametrize("act", RATES)
def test_a_flood_is_held_back_and_told_how_long_to_wait(act: Act) -> None:
    each, together = RATES[act]
    for rate in (each, together):
        buckets = Limits()
        passed = sum(not buckets.take(act, "x", rate, NOW + n / 1000) for n in range(5000))
        assert passed <= rate.burst + 5 * rate.each_second + 1
        while not (wait := buckets.take(act, "x", rate, NOW + 5)):
            pass
        assert 0 < wait <= 1 / rate.each_second
        assert not buckets.take(act, "x", rate, NOW + 5.01 + wait)


def test_others_are_not_held_back() -> None:
    buckets, rate = Limits(), Rate(1, 0.1)
    assert not buckets.take("report", "one", rate, NOW)
    assert buckets.take("report", "one", rate, NOW)
    assert not buckets.take("report", "two", rate, NOW)
    assert not buckets.take("vote", "one", rate, NOW)


def test_no_address_is_kept_and_the_key_is_forgotten_every_day() -> None:
    buckets = Limits()
    for number in range(50):
        buckets.take("report", f"address 10.0.0.{number}", RATES["report"][1], NOW)
    held = repr(vars(buckets))
    assert "10.0.0" not in held
    first = buckets._key
    buckets.take("report", "address 10.0.0.1", RATES["report"][1], NOW + 86_400)
    assert buckets._key != first
    assert len(buckets._full) == 1


def test_memory_is_bounded() -> None:
    buckets = Limits()
    for number in range(MOST_BUCKETS + 500):
        buckets.take("report", str(number), RATES["report"][1], NOW)
    assert len(buckets._full) == MOST_BUCKETS


def asked(host: str) -> Request:
    return Request({"type": "http", "client": (host, 1), "headers": []})


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert address_of(asked("2001:db8:1:2::a")) == address_of(asked("2001:db8:1:2:ffff::b"))
    assert address_of(asked("2001:db8:1:2::a")) != address_of(asked("2001:db8:1:3::a"))
    assert address_of(asked("::ffff:10.0.0.1")) == "10.0.0.1"
    assert address_of(asked("not-an-address")) == "unknown"


def test_a_browser_that_throws_its_cookie_away_is_held_by_its_address(desk: Desk) -> None:
    def arriving(cookie: bytes) -> Request:
        headers = [(b"cookie", b"datalab-visitor=" + cookie)] if cookie else []
        scope = {"type": "http", "app": desk.app, "client": (SCHOOL, 1), "headers": headers}
        return Request(scope)

    for _ in range(int(RATES["report"][1].burst)):
        limits.allow(arriving(b""), "report")
    with pytest.raises(TooFast):
        limits.allow(arriving(b""), "report")
    with pytest.raises(TooFast):
        limits.allow(arriving(b"x" * 43), "report")
