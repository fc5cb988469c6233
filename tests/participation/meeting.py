"""A whole session as it happens, from draft to closed, for tests of what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, update

from datalab.participation import agenda, contribution, decision, grouping, session, vote
from datalab.participation.author import make
from datalab.participation.contribution import Contribution
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.tables.session import PARTICIPANT

BEGIN = 1_795_539_600.0  # 2026-11-24 18:00 in Dijon
EXACT = (5.0415123, 47.3223987)
STREET = "14 bis rue Verrerie"
REFUSED = "Le maire est un voleur-sentinelle"
PHONE = "06 12 34 56 78"
MEETING: dict[str, Any] = {
    "title": "Rue apaisée",
    "question": "Comment apaiser la rue d’Auxonne ?",
    "place": "Maison de quartier",
    "starts_at": BEGIN,
    "ends_at": BEGIN + 7200,
}


@dataclass
class Meeting:
    """A session at work; ``clock`` is in seconds since the epoch."""

    store: Store
    session: Session
    clock: float = BEGIN
    count: int = 0

    def tick(self, seconds: float = 1.0) -> float:
        self.clock += seconds
        return self.clock

    def receipt(self) -> str:
        self.count += 1
        return f"receipt-{self.session.id}-{self.count}"

    def person(self, pseudonym: str, way: str = "phone") -> str:
        with self.store.writing() as connection:
            who = make(
                connection,
                kind="participant",
                now=self.tick(),
                expires_at=BEGIN + 1e8,
                consent="1",
                pseudonym=pseudonym,
            )
            row = {"author_id": who.id, "session_id": self.session.id, "pseudonym": pseudonym}
            connection.execute(insert(PARTICIPANT).values(**row, way=way, joined_at=self.clock))
        return who.id

    def leave(self, who: str) -> None:
        with self.store.writing() as connection:
            gone = update(PARTICIPANT).where(PARTICIPANT.c.author_id == who)
            connection.execute(gone.values(left_at=self.tick()))

    def said(self, who: str, text: str, *, accept: bool = True, **more: Any) -> Contribution:
        with self.store.writing() as connection:
            one = contribution.submit(
                connection,
                self.session,
                author=who,
                text=text,
                receipt=self.receipt(),
                now=self.tick(),
                **more,
            )
            if accept and one.state == "submitted":
                one = contribution.accept(
                    connection, self.session, one, now=self.tick(), actor="ana"
                )
        return one

    def phase(self, title: str, kind: str, seconds: int) -> agenda.Phase:
        with self.store.writing() as connection:
            return agenda.add(
                connection,
                self.session,
                kind=kind,
                title=title,
                seconds=seconds,
                receipt=self.receipt(),
                now=BEGIN - 100,
                actor="ana",
            )

    def start(self, phase: agenda.Phase) -> None:
        with self.store.writing() as connection:
            held = session.get(connection, self.session.id)
            now = self.tick()
            fresh = agenda.get(connection, held, phase.id)
            agenda.start(connection, held, fresh, now=now, actor="ana")
            self.session = session.get(connection, held.id)

    def vote(self, given: dict[str, dict[str, int]]) -> None:
        with self.store.writing() as connection:
            self.session = vote.open_vote(connection, self.session, now=self.tick(), actor="ana")
            for who, dots in given.items():
                for id, count in dots.items():
                    one = contribution.get(connection, self.session, id)
                    vote.cast(connection, self.session, who, one, count, now=self.tick())
            self.session = vote.close_vote(connection, self.session, now=self.tick(), actor="ana")

    def decide(self, text: str, *answers: str, **more: Any) -> decision.Decision:
        told = {"owner": "Service voirie", "due": "2027-03-01", **more}
        with self.store.writing() as connection:
            return decision.make(
                connection,
                self.session,
                text=text,
                receipt=self.receipt(),
                now=self.tick(),
                actor="ana",
                answers=answers,
                **told,
            )

    def close(self) -> Session:
        with self.store.writing() as connection:
            held = session.get(connection, self.session.id)
            self.session = session.close(connection, held, now=self.tick(), actor="ana")
        return self.session

    def reopen(self) -> None:
        with self.store.writing() as connection:
            self.session = session.open(connection, self.session, now=self.tick(), actor="ana")


def begun(store: Store, **more: Any) -> Meeting:
    """One that is open, without an agenda."""
    with store.writing() as connection:
        made = session.create(
            connection, now=BEGIN - 1000, actor="ana", **{"receipt": "meeting", **MEETING, **more}
        )
        made = session.open(connection, made, now=BEGIN, actor="ana")
    return Meeting(store, made)


def held(store: Store, **more: Any) -> Meeting:
    """One in which everything happened that minutes tell of; still open."""
    meeting = begun(store, **more)
    gather = meeting.phase("Recueillir", "diverge", 600)
    meeting.phase("Rester ensemble", "inform", 300)
    choose = meeting.phase("Choisir", "converge", 300)
    meeting.start(gather)
    zoe, ali, eva = (meeting.person(name) for name in ("Zoé", "Ali", "Eva"))
    paper = meeting.person("Papier", "paper")
    benches = meeting.said(
        zoe, "Poser des bancs à l’ombre", longitude=EXACT[0], latitude=EXACT[1],
        commune="21231", place=STREET,
    )  # fmt: skip
    seats = meeting.said(ali, "Des bancs pour les aînés")
    trees = meeting.said(paper, "Planter des tilleuls", way="paper", entered_by="ana")
    slow = meeting.said(eva, f"Rouler à 20 km/h, appelez-moi au {PHONE}")
    meeting.said(eva, "Près de l’école surtout", kind="comment", parent=benches.id)
    angry = meeting.said(zoe, REFUSED, accept=False)
    meeting.said(ali, "Encore à relire", accept=False)
    with store.writing() as connection:
        made = meeting.session
        contribution.reject(
            connection, made, angry, reason="insulte", now=meeting.tick(), actor="ana"
        )
        group = grouping.make(
            connection, made, title="S’asseoir", receipt="g1", now=meeting.tick(), actor="ana"
        )
        grouping.move(connection, made, benches, group.id, now=meeting.tick(), actor="ana")
        fresh = contribution.get(connection, made, benches.id)
        grouping.merge(connection, made, seats, fresh, now=meeting.tick(), actor="ana")
    meeting.leave(eva)
    meeting.tick(900)
    meeting.start(choose)
    meeting.vote({zoe: {benches.id: 2, trees.id: 1}, ali: {slow.id: 1}})
    meeting.decide("Poser dix bancs", seats.id, objections=["Il faut les entretenir"])
    return meeting
