"""Minutes: what happened, all of it, and nothing that is not for everybody."""

from __future__ import annotations

from datalab.participation import agenda, contribution, decision, foreword, journal, vote
from datalab.participation.documents.telling import tell
from datalab.participation.minutes import Minutes, minutes
from datalab.participation.store import Store
from tests.participation.meeting import BEGIN, PHONE, REFUSED, STREET, begun, held

COMMUNES = {"21231": "Dijon"}


def of(store: Store, session: str) -> Minutes:
    from datalab.participation import session as sessions

    with store.reading() as connection:
        return minutes(connection, sessions.get(connection, session), COMMUNES)


def test_minutes_tell_what_happened(store: Store) -> None:
    meeting = held(store)
    session = meeting.close()
    told = of(store, session.id)
    assert not told.draft
    assert told.attendance.ways == {"phone": 3, "paper": 1}
    assert (told.attendance.total, told.attendance.peak) == (4, 4)
    assert told.counts == {
        "accepted": 4, "merged": 1, "submitted": 1, "rejected": 1, "withdrawn": 0,
    }  # fmt: skip
    (group, rest) = told.groups
    (benches,) = group.ideas
    assert (group.title, benches.text, benches.commune) == (
        "S’asseoir", "Poser des bancs à l’ombre", "Dijon",
    )  # fmt: skip
    assert benches.merged == ("Des bancs pour les aînés",)
    assert benches.comments == ("Près de l’école surtout",)
    assert (benches.dots, benches.voters) == (2, 1)
    assert {idea.text for idea in rest.ideas} >= {"Planter des tilleuls"}
    assert rest.title == ""
    assert (told.votes.participants, told.votes.dots) == (2, 4)
    assert len(told.votes.ties) == 1, "two ideas with one dot each"
    (made,) = told.decisions
    assert made.answers == ("Poser des bancs à l’ombre",), "told by what it was merged into"
    assert made.objections == ("Il faut les entretenir",)
    assert "Poser des bancs à l’ombre" not in told.undecided
    assert "Planter des tilleuls" in told.undecided
    assert (told.moderation.rejected, told.moderation.waiting, told.moderation.masked) == (1, 1, 1)


def test_minutes_hold_nothing_that_is_not_for_everybody(store: Store) -> None:
    meeting = held(store)
    told = repr(of(store, meeting.close().id))
    for hidden in (REFUSED, PHONE, STREET, "5.0415", "Zoé", "Encore à relire", "insulte"):
        assert hidden not in told


def test_phases_are_told_as_they_were_and_as_they_were_planned(store: Store) -> None:
    meeting = held(store)
    with store.writing() as connection:
        running = agenda.running(connection, meeting.session)
        assert running is not None
        agenda.extend(connection, meeting.session, running, now=meeting.tick(), actor="ana")
    told = of(store, meeting.close().id)
    gather, nothing, choose = told.phases
    assert (gather.planned, nothing.planned, choose.planned) == (600, 300, 300)
    assert gather.lasted > 900
    assert nothing.runs == ()
    ((start, end),) = choose.runs
    assert end == told.closed_at, "closing ends the phase that runs"
    assert start > BEGIN


def test_a_start_that_was_undone_is_not_told(store: Store) -> None:
    meeting = begun(store)
    gather = meeting.phase("Recueillir", "diverge", 600)
    meeting.start(gather)
    with store.writing() as connection:
        newest = journal.newest(connection)
        journal.undo(connection, newest, at=meeting.tick(), actor="ana")
    assert of(store, meeting.session.id).phases[0].runs == ()


def test_a_closed_session_says_the_same_whatever_becomes_of_its_decisions(store: Store) -> None:
    meeting = held(store)
    session = meeting.close()
    before = of(store, session.id)
    with store.writing() as connection:
        (made,) = decision.decisions(connection, session)
        values = {"state": "done", "news": "Posés", "owner": "Un autre", "due": "2030-01-01"}
        decision.update(connection, session, made, values, now=meeting.tick(60), actor="ben")
    assert of(store, session.id) == before


def test_a_session_that_was_opened_again_has_a_second_edition(store: Store) -> None:
    meeting = held(store)
    meeting.close()
    meeting.reopen()
    assert of(store, meeting.session.id).draft
    meeting.close()
    assert of(store, meeting.session.id).edition == 2


def test_a_foreword_is_kept_changed_and_taken_back(store: Store) -> None:
    meeting = begun(store)
    for text in ("Merci à tous.", "Merci à toutes et tous."):
        with store.writing() as connection:
            change = foreword.write(
                connection, meeting.session, text, now=meeting.tick(), actor="ana"
            )
    assert of(store, meeting.session.id).foreword == "Merci à toutes et tous."
    with store.writing() as connection:
        journal.undo(connection, change.id, at=meeting.tick(), actor="ana")
    assert of(store, meeting.session.id).foreword == "Merci à tous."


def test_an_empty_session_has_minutes_too(store: Store) -> None:
    told = of(store, begun(store).session.id)
    assert told.draft
    assert (told.ideas, told.decisions, told.attendance.total) == ((), (), 0)


def test_what_came_after_the_closing_is_told_as_such(store: Store) -> None:
    meeting = begun(store)
    who = meeting.person("Zoé")
    meeting.said(who, "À temps")
    waiting = meeting.said(who, "Relue après", accept=False)
    meeting.close()
    with store.writing() as connection:
        contribution.accept(connection, meeting.session, waiting, now=meeting.tick(), actor="ana")
    meeting.decide("Notée après")
    told = of(store, meeting.session.id)
    assert {idea.text: idea.late for idea in told.ideas} == {"À temps": False, "Relue après": True}
    assert [(made.text, made.late) for made in told.decisions] == [("Notée après", True)]


def test_hidden_counts_stay_hidden_in_a_draft_while_people_vote(store: Store) -> None:
    meeting = begun(store)
    who = meeting.person("Zoé")
    idea = meeting.said(who, "Des bancs")
    meeting.vote({who: {idea.id: 2}})
    assert of(store, meeting.session.id).votes.dots == 2
    with store.writing() as connection:
        vote.open_vote(connection, meeting.session, now=meeting.tick(), actor="ana")
    assert of(store, meeting.session.id).votes.dots == 0


def test_a_vote_that_was_opened_again_says_that_its_counts_can_be_compared(store: Store) -> None:
    meeting = begun(store)
    who, other = meeting.person("Zoé"), meeting.person("Ali")
    idea = meeting.said(who, "Des bancs")
    meeting.vote({who: {idea.id: 2}})

    def says() -> bool:
        blocks = tell(of(store, meeting.session.id), "en").blocks
        return any("opened 2 times" in getattr(block, "text", "") for block in blocks)

    assert of(store, meeting.session.id).votes.rounds == 1
    assert not says()
    meeting.vote({other: {idea.id: 1}})
    assert of(store, meeting.session.id).votes.rounds == 2
    assert says()
