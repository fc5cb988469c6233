"""What stands out, and what only seems to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from datalab.methods.topic import _discoveries, rhythms, season_of, standings

# Benjamini and Hochberg (1995), section 4.1: 15 ordered p values, of which the first four are
# rejected at a false discovery rate of 5 %.
PUBLISHED = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]


def test_the_published_example_keeps_four() -> None:
    assert _discoveries(PUBLISHED, 0.05) == [True] * 4 + [False] * 11
    assert _discoveries([], 0.05) == []


def test_a_topic_three_times_as_frequent_stands_out() -> None:
    counts = {(place, topic): 40 for place in "abcdef" for topic in ("road", "waste", "tags")}
    counts["a", "road"] = 160
    found = {(one.place, one.topic): one for one in standings(counts)}
    road = found["a", "road"]
    # 240 in a, 360 of roads, 840 in all.
    assert road.expected == pytest.approx(240 * 360 / 840)
    assert road.ratio == pytest.approx(160 / road.expected)
    assert road.low < road.ratio < road.high
    assert road.stands_out
    assert not found["b", "tags"].stands_out


def test_chance_alone_gives_few_findings() -> None:
    chance = np.random.default_rng(11)
    counts = {(p, t): int(chance.poisson(30)) for p in range(20) for t in range(5)}
    assert sum(one.stands_out for one in standings(counts)) <= 1


def test_where_little_is_expected_nothing_is_said() -> None:
    counts = {("small", "road"): 3, ("large", "road"): 500, ("large", "waste"): 500}
    assert {one.place for one in standings(counts)} == {"large"}
    assert standings({}) == ()


def test_a_season_is_told_by_the_days_it_has() -> None:
    days = {"winter": 90, "spring": 92, "summer": 92, "autumn": 91}
    even = {("waste", s): many for s, many in days.items()}
    peaked = {("parks", s): 20 for s in days} | {("parks", "summer"): 80}
    found = {one.topic: one for one in rhythms(even | peaked, days)}
    assert found["waste"].p_value == pytest.approx(1)
    assert found["parks"].peak == "summer"
    assert found["parks"].ratio == pytest.approx((80 / 92) / (140 / 365))
    expected = [140 * d / 365 for d in days.values()]
    assert found["parks"].p_value == pytest.approx(
        stats.chisquare([20, 20, 80, 20], expected).pvalue, rel=1e-6
    )


def test_a_rare_topic_has_no_season() -> None:
    assert rhythms({("rare", "winter"): 4}, {"winter": 90, "summer": 92}) == ()


def test_seasons_are_those_of_meteorologists() -> None:
    assert [season_of(month) for month in (1, 2, 3, 6, 9, 11, 12)] == [
        *("winter", "winter", "spring", "summer", "autumn", "autumn", "winter")
    ]
