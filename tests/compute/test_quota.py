"""How much of the compute service is whose."""

from __future__ import annotations

import pytest

from datalab.compute.quota import GIB, USUAL, Quota, quota_of, quotas


def test_the_most_generous_of_ones_groups_counts() -> None:
    known = quotas("students=2:1,agents=4:8:2,*=1:0.5")
    assert quota_of(["students"], known) == Quota(2, 1.0)
    assert quota_of(["students", "agents", "project-x"], known) == Quota(4, 8.0, 2)
    assert quota_of([], known) == Quota(1, 0.5)
    assert known["agents"].worker_memory == 2 * GIB


def test_who_is_not_named_has_none_where_nobody_says_everybody() -> None:
    assert quota_of(["citizens"], quotas("students=2:1")) is None


def test_the_usual_quotas_name_groups_of_the_lab() -> None:
    from datalab.people.rights import GROUPS

    assert set(quotas(USUAL)) - {"*"} <= set(GROUPS)


@pytest.mark.parametrize(
    "text", ["students", "students=0:1", "students=2:0", "Students=2:1", "a=2:1:0", "a=2;1", "=2:1"]
)
def test_a_quota_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="students=4:8"):
        quotas(f"agents=4:8,{text}")
