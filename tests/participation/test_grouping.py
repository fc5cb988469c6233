"""Grouping: clusters, moves and merges that two people may do at once, and take back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from datalab.errors import CannotMove, CannotUndo, FieldRefused, Stale, UnknownItem
from datalab.i18n import LANGUAGES
from datalab.participation import agenda, contribution, grouping, journal, undoing, vote
from datalab.participation.contribution import Contribution
from datalab.participation.grouping import Cluster
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.template import TEMPLATES, fill
from tests.participation.room import accepted, idea, joined, opened


def group(store: Store, session: Session, title: str) -> Cluster:
    with store.writing() as connection:
        return grouping.make(
            connection, session, title=title, receipt=f"make-{title}", now=5.0, actor="ana"
        )


def move(
    store: Store, session: Session, one: Contribution, to: str | None, before: str | None = None
) -> Contribution:
    with store.writing() as connection:
        one = contribution.get(connection, session, one.id)
        return grouping.move(connection, session, one, to, before=before, now=6.0, actor="ana")


def merge(store: Store, session: Session, one: Contribution, into: Contribution) -> Contribution:
    with store.writing() as connection:
        pair = [contribution.get(connection, session, id) for id in (one.id, into.id)]
        return grouping.merge(connection, session, *pair, now=7.0, actor="ana")


def lane(store: Store, session: Session, cluster: str | None) -> list[str]:
    with store.reading() as connection:
        told = contribution.contributions(connection, session, states=("accepted",))
        return [one.said for one in told if one.cluster_id == cluster]


def undo_last(store: Store, session: Session, actor: str = "ana") -> None:
    with store.writing() as connection:
        done = undoing.last(connection, session)[0]
        undoing.undo(connection, session, done.id, now=9.0, actor=actor)


def test_contributions_are_put_in_groups_and_in_order(store: Store) -> None:
    session = opened(store)
    streets = group(store, session, "Rues")
    ideas = [accepted(store, session, f"Idée {n}") for n in range(4)]
    for one in ideas:
        move(store, session, one, streets.id)
    assert lane(store, session, streets.id) == ["Idée 0", "Idée 1", "Idée 2", "Idée 3"]
    move(store, session, ideas[3], streets.id, before=ideas[1].id)
    assert lane(store, session, streets.id) == ["Idée 0", "Idée 3", "Idée 1", "Idée 2"]
    move(store, session, ideas[0], None)
    assert lane(store, session, None) == ["Idée 0"]


def test_an_order_stays_however_often_two_change_places(store: Store) -> None:
    session = opened(store)
    first, second, third = (accepted(store, session, f"Idée {n}", now=float(n)) for n in range(3))
    for _ in range(40):
        move(store, session, third, None, before=second.id)
        assert lane(store, session, None)[1] == "Idée 2"
        move(store, session, second, None, before=third.id)
        assert lane(store, session, None) == ["Idée 0", "Idée 1", "Idée 2"]
    assert first.cluster_id is None


def test_a_group_goes_and_comes_back_with_all_it_held(store: Store) -> None:
    session = opened(store)
    streets = group(store, session, "Rues")
    move(store, session, accepted(store, session, "Des bancs"), streets.id)
    with store.writing() as connection:
        grouping.remove(connection, session, streets, now=7.0, actor="ana", seen=1)
    assert lane(store, session, None) == ["Des bancs"]
    undo_last(store, session)
    assert lane(store, session, streets.id) == ["Des bancs"]


def test_making_a_group_is_not_undone_under_what_lies_in_it(store: Store) -> None:
    session = opened(store)
    streets = group(store, session, "Rues")
    one = accepted(store, session, "Des bancs")
    move(store, session, one, streets.id)
    with store.reading() as connection:
        (made,) = [d for d in undoing.last(connection, session) if d.kind == "cluster.make"]
    with pytest.raises(CannotUndo), store.writing() as connection:
        undoing.undo(connection, session, made.id, now=9.0, actor="ana")
    move(store, session, one, None)
    with store.writing() as connection:
        undoing.undo(connection, session, made.id, now=9.0, actor="ana")
        assert grouping.clusters(connection, session) == []


def test_what_is_joined_brings_its_dots_along_and_takes_them_back(store: Store) -> None:
    session = opened(store, dots=3)
    benches, seats = accepted(store, session, "Des bancs"), accepted(store, session, "Des sièges")
    stools = accepted(store, session, "Des tabourets")
    who = joined(store, session, "Merle")
    with store.writing() as connection:
        session = vote.open_vote(connection, session, now=5.0, actor="ana")
        vote.cast(connection, session, who, seats, 2, now=6.0)
        vote.cast(connection, session, who, benches, 1, now=6.0)
    merge(store, session, stools, seats)
    merged = merge(store, session, seats, benches)
    assert (merged.state, merged.merged_into) == ("merged", benches.id)
    with store.writing() as connection:
        inside = grouping.merged(connection, session, benches.id)
        assert {one.id for one in inside} == {seats.id, stools.id}
        assert dict(vote.counts(connection, session)) == {benches.id: 3}
        benches = contribution.get(connection, session, benches.id)
        assert vote.cast(connection, session, who, benches, 2, now=8.0) == 1
        assert dict(vote.counts(connection, session)) == {benches.id: 2}
        seats = contribution.get(connection, session, seats.id)
        alone = grouping.split(connection, session, seats, now=9.0, actor="ana")
        assert (alone.state, alone.merged_into) == ("accepted", None)


def test_only_what_may_be_seen_is_joined(store: Store) -> None:
    session = opened(store)
    shown, waiting = accepted(store, session, "Des bancs"), idea(store, session, "Des sièges")
    marked = idea(store, session, "Écrivez à jean@exemple.fr")
    with pytest.raises(CannotMove):
        merge(store, session, shown, shown)
    with pytest.raises(CannotMove):
        merge(store, session, shown, waiting)
    with pytest.raises(CannotMove):
        merge(store, session, marked, shown)
    assert merge(store, session, waiting, shown).said == "Des sièges"


def test_what_others_were_joined_with_sets_them_free_when_it_goes(store: Store) -> None:
    session = opened(store)
    who = joined(store, session, "Merle")
    first, second = accepted(store, session, "Un", who), accepted(store, session, "Deux")
    merge(store, session, second, first)
    with store.writing() as connection:
        first = contribution.get(connection, session, first.id)
        contribution.withdraw(connection, session, first, now=9.0, author=who)
    assert lane(store, session, None) == ["Deux"]


def test_of_two_who_move_the_same_card_one_is_told(store: Store) -> None:
    session = opened(store)
    groups = [group(store, session, f"Groupe {n}") for n in range(4)]
    one = accepted(store, session, "Des bancs")

    def once(to: Cluster) -> bool:
        try:
            with store.writing() as connection:
                grouping.move(
                    connection, session, one, to.id, now=6.0, actor="ana", seen=one.version
                )
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(once, groups)) == 1


def test_the_last_changes_say_what_they_were_about_and_are_undone_by_anybody(
    store: Store,
) -> None:
    session = opened(store, phases=("diverge",))
    one = accepted(store, session, "Des bancs")
    with store.writing() as connection:
        contribution.reject(connection, session, one, reason="Double", now=8.0, actor="ben")
        told = undoing.last(connection, session)
    assert [(d.actor, d.said.in_("en")) for d in told] == [
        ("ben", "did not show “Des bancs”"),
        ("ana", "showed “Des bancs”"),
        ("ana", "opened the session"),
        ("ana", "added the phase “Diverge”"),
    ]
    undo_last(store, session)
    assert lane(store, session, None) == ["Des bancs"]
    with store.reading() as connection:
        again, before = undoing.last(connection, session)[:2]
    assert (again.undoes, before.undone) == (before.id, True)


def test_what_people_sent_is_not_undone_for_them(store: Store) -> None:
    session, other = opened(store), opened(store, receipt="other")
    who = joined(store, session, "Merle")
    idea(store, session, "Des bancs", who)
    with store.reading() as connection:
        sent = journal.newest(connection)
    for place in (session, other):
        with pytest.raises(CannotUndo), store.writing() as connection:
            undoing.undo(connection, place, sent, now=9.0, actor="ana")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_makes_a_whole_agenda_in_either_language(store: Store, name: str) -> None:
    told = set()
    for language in LANGUAGES:
        session = opened(store, receipt=f"{name}-{language}")
        with store.writing() as connection:
            fill(connection, session, TEMPLATES[name], language=language, now=2.0, actor="ana")
            phases = agenda.phases(connection, session)
            assert sum(p.seconds for p in phases) == 60 * TEMPLATES[name].minutes
            assert len(grouping.clusters(connection, session)) == len(TEMPLATES[name].groups)
            told.add(tuple(p.instruction for p in phases))
    assert len(told) == (1 if name == "empty" else 2)


def test_a_group_needs_a_name_and_is_made_once(store: Store) -> None:
    session = opened(store)
    assert group(store, session, "Rues") == group(store, session, "Rues")
    with pytest.raises(FieldRefused):
        group(store, session, "  ")
    with pytest.raises(UnknownItem), store.reading() as connection:
        grouping.get(connection, session, "nothing")
