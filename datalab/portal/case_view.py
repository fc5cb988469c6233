"""Cases as pages show them: what it is, where, how far it is, and what happened, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from datalab.i18n import Language, translate
from datalab.participation import journal, request_list, service
from datalab.participation.case_list import Case
from datalab.participation.case_words import STEPS, sentence
from datalab.participation.journal import Change
from datalab.participation.request_state import STATE_NAMES
from datalab.participation.service import Service

HOUR, DAY = 3_600.0, 86_400.0


@dataclass(frozen=True)
class Step:
    """One of the steps that every case goes through; ``reached`` or not yet."""

    name: str
    title: str
    reached: bool
    here: bool


@dataclass(frozen=True)
class Moment:
    """Something that happened to a case; ``who`` is "lab" or "reporter", ``again`` that it was
    opened again then."""

    at: float
    said: str
    text: str
    who: str
    again: bool = False


@dataclass(frozen=True)
class Answer:
    """The last answer; ``before`` says that the case was opened again since."""

    text: str
    before: bool


@dataclass(frozen=True)
class CaseCard:
    """A case in a list."""

    id: str
    icon: str
    service: str
    state: str
    state_title: str
    status: str
    said: str
    place: str
    requested_at: float
    age: str
    picture: str | None
    alternative: str


@dataclass(frozen=True)
class CaseView:
    """A case on its page. ``late`` says that the delay that was announced is over."""

    card: CaseCard
    sentence: str
    steps: list[Step]
    moments: list[Moment]
    answers_by: str
    expected_at: float | None
    late: bool
    latitude: float | None
    longitude: float | None
    decimals: int
    duplicate_of: str | None
    followers: int


def card_of(
    case: Case,
    services: Mapping[str, Service],
    communes: Mapping[str, str],
    language: Language,
    now: float,
) -> CaseCard:
    commune = communes.get(case.commune or "", "")
    # Whoever gave no point may have typed the name of the commune alone.
    place = ", ".join(dict.fromkeys(part for part in (case.street, commune) if part))
    return CaseCard(
        id=case.id,
        icon=case.service_code,
        service=services[case.service_code].name(language),
        state=case.state,
        state_title=STATE_NAMES[case.state].in_(language),
        status=case.status,
        said=case.said,
        place=place,
        requested_at=case.requested_at,
        age=age(now - case.requested_at, language),
        picture=case.picture,
        alternative=case.alternative,
    )


def case_view(
    connection: Connection,
    case: Case,
    communes: Mapping[str, str],
    language: Language,
    now: float,
    followers: int,
) -> CaseView:
    services = services_of(connection)
    happened = moments(connection, case.id, case.requested_at, language)
    late = case.status == "open" and case.expected_at is not None and case.expected_at < now
    return CaseView(
        card=card_of(case, services, communes, language, now),
        sentence=sentence_now(case.state, case.read, happened, language),
        steps=steps(case.state, language),
        moments=happened,
        answers_by=case.agency or translate("the services of Dijon Métropole", language),
        expected_at=case.expected_at,
        late=late,
        latitude=case.latitude,
        longitude=case.longitude,
        decimals=case.decimals,
        duplicate_of=case.duplicate_of,
        followers=followers,
    )


def sentence_of(case: Case, language: Language) -> str:
    """How far a case is, where its history is not at hand."""
    again = case.reopened > 0
    answered = bool(case.status_notes) and not again
    return sentence(case.state, language, read=case.read, answered=answered, again=again)


def services_of(connection: Connection) -> dict[str, Service]:
    """Every service by its code, those no longer offered too."""
    return {one.code: one for one in service.services(connection, every=True)}


def steps(state: str, language: Language) -> list[Step]:
    place = next(i for i, (_, _, states) in enumerate(STEPS) if state in states)
    return [
        Step(name, title.in_(language), i <= place, i == place)
        for i, (name, title, _) in enumerate(STEPS)
    ]


def moments(
    connection: Connection, id: str, requested_at: float, language: Language
) -> list[Moment]:
    """What everybody may know of the history of a case, in order; what was undone left out."""
    texts = {note.id: note.text for note in request_list.notes(connection, [id])[id]}
    found = [Moment(requested_at, translate("It was reported.", language), "", "reporter")]
    for change in standing(journal.since(connection, 0, f"request:{id}")):
        said, text, again = "", "", False
        for row in change.rows:
            before, after = row["before"] or {}, row["after"] or {}
            if row["table"] == "request" and before:
                moved = "state" in after and after["state"] != before.get("state")
                said = sentence(after["state"], language) if moved else said
                if after.get("moderation") == "accepted" != before.get("moderation"):
                    said = translate("An agent has read it and published it.", language)
                if (before.get("status"), after.get("status")) == ("closed", "open"):
                    said, again = translate("It was opened again.", language), True
            elif row["table"] == "note" and row["id"] in texts:
                text = texts[row["id"]]
        if said or text:
            who = "reporter" if change.actor.startswith("author:") else "lab"
            # The machine's own note on a reopening says what the sentence says.
            text = "" if change.kind == "request.reopen" else text
            found.append(Moment(change.at, said, text, who, again))
    return found


def answer_in(happened: list[Moment]) -> Answer | None:
    """The last answer of an agent in what happened, None where there is none."""
    last, before = None, False
    for one in happened:
        if one.who == "lab" and one.text:
            last, before = one.text, False
        elif one.again:
            before = True
    return Answer(last, before) if last is not None else None


def sentence_now(state: str, read: bool, happened: list[Moment], language: Language) -> str:
    """How far a case is, after all that ``happened``."""
    answer = answer_in(happened)
    return sentence(
        state,
        language,
        read=read,
        answered=answer is not None and not answer.before,
        again=any(one.again for one in happened),
    )


def standing(changes: list[Change]) -> list[Change]:
    """Changes that nobody took back, without those that took something back."""
    kept: dict[int, Change] = {}
    back: dict[int, Change] = {}
    for change in changes:
        if change.undoes in kept:
            back[change.id] = kept.pop(change.undoes)
        elif change.undoes in back:
            again = back.pop(change.undoes)
            kept[change.id] = again
        else:
            kept[change.id] = change
    return sorted(kept.values(), key=lambda one: one.id)


def age(seconds: float, language: Language) -> str:
    """How long ago, as people say it."""
    if seconds < HOUR:
        minutes = max(1, round(seconds / 60))
        return translate("{count} min ago", language, count=minutes)
    if seconds < DAY:
        return translate("{count} h ago", language, count=round(seconds / HOUR))
    days = round(seconds / DAY)
    if days < 2:
        return translate("yesterday", language)
    if days < 60:
        return translate("{count} days ago", language, count=days)
    return translate("{count} months ago", language, count=round(days / 30))


def distance(metres: float, language: Language) -> str:
    """A distance no more exact than the places it is between."""
    near = max(10, round(metres / 10) * 10)
    return translate("about {metres} m away", language, metres=near)
