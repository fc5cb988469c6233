"""A survey from its first answer to its dataset, on both databases."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from datalab.catalog.catalog import Catalog
from datalab.connectors.registry import source_models
from datalab.errors import (
    AlreadyAnswered,
    InvalidAddress,
    SurveyExists,
    SurveyFixed,
    UnknownResponse,
)
from datalab.participation import (
    author,
    campaign,
    code_book,
    erasure,
    journal,
    release,
    response,
    results,
    survey,
)
from datalab.participation.answers import check
from datalab.participation.bands import edges_of
from datalab.participation.campaign import Campaign, Draft
from datalab.participation.definition import read_yaml
from datalab.participation.questionnaire import as_json, of_json
from datalab.participation.response import Sender
from datalab.participation.store import Store
from datalab.participation.survey import Survey
from datalab.participation.tables.author import AUTHOR
from datalab.participation.tables.journal import MARK
from datalab.participation.tables.survey import RELEASED_ANSWER, RESPONSE
from tests.participation.test_questionnaire import childcare

DAY = date(2026, 11, 22)
NOW = 1_800_000_000.0
SENTINEL = "DO-NOT-TELL-4711"


def opened(store: Store) -> tuple[Survey, Campaign]:
    with store.writing() as connection:
        made = survey.make(connection, childcare(), "petite-enfance", NOW, "agent")
        made = survey.open_(connection, made, NOW, "agent")
        draft = Draft("Courrier", "Parents", 40)
        return made, campaign.add(connection, made, draft, NOW, "agent")


def send(
    store: Store, asked: Survey, to: Campaign, number: int, **answers: str | list[str]
) -> response.Response:
    raw: dict[str, list[str]] = {"commune": ["dijon"], "young_children": ["0"], "expecting": ["no"]}
    raw |= {name: [v] if isinstance(v, str) else v for name, v in answers.items()}
    checked = check(asked.questionnaire, raw, DAY)
    assert checked.problems == {}
    sender = Sender(f"secret-of-respondent-{number}", "fr")
    now = NOW + number / 1000  # one after the other
    return store.write(
        lambda c: response.submit(c, asked, to, sender, checked, f"receipt-{number:012}", now)
    )


def released(store: Store) -> dict[str, dict[str, str | float | None]]:
    rows: dict[str, dict[str, str | float | None]] = {}
    with store.reading() as connection:
        for row in connection.execute(select(RELEASED_ANSWER)).mappings():
            value = row["answer"] if row["answer"] is not None else row["number"]
            rows.setdefault(row["respondent"], {})[row["question"]] = value
    return rows


def released_anew(store: Store, asked: Survey) -> release.Released:
    with store.writing() as connection:
        return release.release(connection, asked, NOW)


def test_the_same_receipt_is_one_response_and_another_one_is_told(store: Store) -> None:
    asked, to = opened(store)
    first = send(store, asked, to, 1)
    assert send(store, asked, to, 1) == first
    checked = check(asked.questionnaire, {}, DAY, only="")
    sender = Sender("secret-of-respondent-1", "fr")
    with pytest.raises(AlreadyAnswered):
        store.write(lambda c: response.submit(c, asked, to, sender, checked, "other-receipt", NOW))
    with store.reading() as connection:
        assert len(response.counted(connection, asked)) == 1
        assert len(connection.execute(select(AUTHOR)).all()) == 1
        assert campaign.received(connection, asked) == {to.id: 1}


def test_what_was_begun_is_gone_on_with_and_counts_only_once_sent(store: Store) -> None:
    asked, to = opened(store)
    part = check(asked.questionnaire, {"commune": ["dijon"]}, DAY)
    sender = Sender("secret-of-respondent-1", "fr")
    for _ in range(2):
        store.write(lambda c: response.keep(c, asked, to, sender, part, NOW))
    with store.reading() as connection:
        assert response.counted(connection, asked) == []
    made = send(store, asked, to, 1)
    with pytest.raises(AlreadyAnswered):
        store.write(lambda c: response.keep(c, asked, to, sender, part, NOW))
    with store.reading() as connection:
        assert [r.id for r in response.counted(connection, asked)] == [made.id]


def test_addresses_are_checked_and_unique(store: Store) -> None:
    opened(store)
    with store.writing() as connection:
        with pytest.raises(SurveyExists):
            survey.make(connection, childcare(), "petite-enfance", NOW, "agent")
        for slug in ("", "É", "a--b", "-a", "a" * 41, "../x"):
            with pytest.raises(InvalidAddress):
                survey.make(connection, childcare(), slug, NOW, "agent")


def test_an_edition_takes_nothing_from_who_answered(store: Store) -> None:
    asked, to = opened(store)
    send(store, asked, to, 1)
    reworded = childcare().model_copy(update={"title": {"fr": "Autrement dit"}})
    whole = as_json(childcare())
    shorter = of_json({**whole, "sections": whole["sections"][:1]})
    with store.writing() as connection:
        again = survey.edit(connection, asked, reworded, NOW, "agent", asked.version)
        assert again.edition == 2
        with pytest.raises(SurveyFixed):
            survey.edit(connection, again, shorter, NOW, "agent")
        assert [e.number for e in survey.editions(connection, again)] == [2, 1]


def test_a_text_leaves_only_accepted_and_screened(store: Store) -> None:
    asked, to = opened(store)
    for number in range(5):
        send(store, asked, to, number, idea=f"Un avis, écrivez à {SENTINEL}@exemple.fr")
    released_anew(store, asked)
    assert all("idea" not in row for row in released(store).values())
    with store.writing() as connection:
        one, two = response.texts(connection, asked)[:2]
        response.decide(connection, asked, one.response, "idea", "accepted", NOW, "agent")
        change = response.decide(connection, asked, two.response, "idea", "rejected", NOW, "agent")
        assert [t.state for t in response.texts(connection, asked, "rejected")] == ["rejected"]
        journal.undo(connection, change.id, at=NOW, actor="agent")
        assert response.texts(connection, asked, "rejected") == []
        with pytest.raises(UnknownResponse):
            response.decide(connection, asked, one.response, "commune", "accepted", NOW, "agent")
    released_anew(store, asked)
    said = [row["idea"] for row in released(store).values() if "idea" in row]
    assert len(said) == 1
    assert SENTINEL not in json.dumps(said)
    assert str(said[0]).startswith("Un avis")


def test_what_leaves_leads_back_to_nobody(store: Store) -> None:
    asked, to = opened(store)
    for number in range(23):
        send(
            store,
            asked,
            to,
            number,
            commune="outside" if number == 0 else "dijon",
            age=str(20 + number),
            young_children="1",
            care=["creche", "parents"],
            since="2024-05-17",
            place=["47.321987", "5.041234"],
        )
    done = released_anew(store, asked)
    assert (done.respondents, done.waiting) == (20, 3), "in lots of the smallest cell"
    rows = released(store)
    assert set(rows) == {str(n) for n in range(1, 21)}
    backgrounds = Counter((r.get("commune"), r.get("age"), r.get("family")) for r in rows.values())
    assert min(backgrounds.values()) >= 5
    assert "outside" not in {r.get("commune") for r in rows.values()}
    one = next(iter(rows.values()))
    assert (one["place_latitude"], one["place_longitude"]) == (47.32, 5.04)
    assert one["since"] == "2024-05-01"
    assert (one["care__creche"], one["care__school"], one["audience"]) == (1.0, 0.0, "Parents")
    assert one["answered_on"] == "2027-01-15"
    text = json.dumps(rows)
    assert not any(word in text for word in ("receipt", "secret", "47.3219", "05-17"))
    with store.reading() as connection:
        assert release.changed(connection) == []
        assert connection.execute(select(MARK.c.dataset)).scalars().all().count(asked.dataset) == 1
    with store.writing() as connection:
        closed = survey.close(connection, asked, NOW, "agent")
        assert [s.slug for s in release.changed(connection)] == ["petite-enfance"]
        assert release.release(connection, closed, NOW).respondents == 23


def test_fewer_answers_than_the_smallest_cell_give_no_dataset(store: Store) -> None:
    asked, to = opened(store)
    for number in range(4):
        send(store, asked, to, number)
    with store.writing() as connection:
        closed = survey.close(connection, asked, NOW, "agent")
    released_anew(store, closed)
    assert released(store) == {}


def test_who_is_erased_leaves_the_results_or_stays_without_words(store: Store) -> None:
    asked, to = opened(store)
    sent = [
        send(
            store,
            asked,
            to,
            n,
            young_children="1",
            care="school",
            idea=f"{SENTINEL} {n}",
            place=["47.3219", "5.0412"],
        )
        for n in range(6)
    ]
    with store.writing() as connection:
        response.decide(connection, asked, sent[0].id, "idea", "accepted", NOW, "agent")
        gone = author.get(connection, str(sent[0].author_id))
        stays = author.get(connection, str(sent[1].author_id))
        assert gone is not None
        assert stays is not None
        erasure.erase(connection, gone, NOW, keep=False)
        response.decide(connection, asked, sent[1].id, "idea", "rejected", NOW, "agent")
        erasure.erase(connection, stays, NOW, keep=True)
    with store.reading() as connection:
        left = {r.id: r for r in response.counted(connection, asked)}
    assert sent[0].id not in left
    kept = left[sent[1].id]
    assert "idea" not in kept.answers
    assert kept.answers["place"] == [47.32, 5.04]
    assert kept.author_id is None
    with store.reading() as connection:
        rows = connection.execute(select(RESPONSE.c.id, RESPONSE.c.answers)).all()
    assert sum(SENTINEL in json.dumps(answers) for _, answers in rows) == 4


def test_results_hide_few_people_and_what_would_give_them_back(store: Store) -> None:
    asked, to = opened(store)
    where = ["dijon"] * 12 + ["first_ring"] * 9 + ["elsewhere"] * 2
    for number, commune in enumerate(where):
        send(
            store,
            asked,
            to,
            number,
            commune=commune,
            gave_up="yes" if number % 2 else "no",
            expecting="yes",
        )
    with store.reading() as connection:
        answers = response.counted(connection, asked)
    variables = asked.questionnaire.variables
    found = results.summary(asked, answers, variables["commune"], "fr")
    counts = {line.category: line.count for line in found.lines}
    assert counts == {"dijon": 12, "first_ring": None, "elsewhere": None, "outside": 0}
    assert found.lines[0].share == pytest.approx(12 / 23)
    cross = results.cross(asked, answers, variables["gave_up"], variables["commune"], "fr")
    totals = dict(zip(cross.columns, cross.rows[-1][1], strict=True))
    assert totals["Dijon"] == 12
    assert [v for k, v in totals.items() if v is None] == [None, None]


@pytest.mark.parametrize(
    ("typed", "edges"),
    [
        ([0] * 40 + [2], []),  # one class: neither the value nor that somebody has it
        ([0] * 40 + [1] * 9 + [3], [1.0]),
        ([0] * 9 + [1] * 9, None),
        ([320.5], []),
        ([], []),
        ([float(n) for n in range(100)], [20.0, 40.0, 60.0, 80.0]),
    ],
)
def test_classes_of_numbers_do_not_tell_what_one_person_answered(
    typed: list[float], edges: list[float] | None
) -> None:
    kind = "integer" if typed and isinstance(typed[0], int) else "decimal"
    text = f"title: T\nsections: [{{name: a, questions: [{{name: n, type: {kind}, label: N}}]}}]"
    variable = read_yaml(text.encode()).variables["n"]
    assert edges_of(variable, [*typed, None], 5) == edges


def test_no_mean_gives_back_what_is_hidden(store: Store) -> None:
    asked, to = opened(store)
    two = {"young_children": "2", "care": "creche", "access_near": "easy"}
    for number in range(40):
        send(store, asked, to, number, **(two if number == 7 else {}))
    with store.reading() as connection:
        answers = response.counted(connection, asked)
    found = results.summary(asked, answers, asked.questionnaire.variables["young_children"], "fr")
    assert (len(found.lines), found.mean) == (1, None)
    assert "2" not in found.lines[0].label


def test_weights_follow_the_margins_of_a_campaign(store: Store) -> None:
    asked, to = opened(store)
    for number in range(20):
        send(store, asked, to, number, commune="dijon" if number < 15 else "first_ring")
    margins = {
        "commune": {"dijon": 1, "first_ring": 1, "elsewhere": 0, "outside": 0},
        "gone": {"x": 1},
    }
    with store.writing() as connection:
        to = campaign.change(connection, asked, to, {"margins": margins}, NOW, "agent", to.version)
        answers = response.counted(connection, asked)
    raked, comparisons = results.weigh(asked, to, answers)
    assert raked is not None
    assert raked.weights[0] == pytest.approx(2 / 3)
    assert list(comparisons) == ["commune"]
    found = results.summary(
        asked, answers, asked.questionnaire.variables["commune"], "fr", raked.weights
    )
    assert [line.weighted for line in found.lines[:2]] == pytest.approx([0.5, 0.5])


def test_rows_leave_with_a_weight_that_tells_no_more_than_the_row(store: Store) -> None:
    asked, to = opened(store)
    for number in range(40):
        where = "dijon" if number < 20 else "first_ring" if number < 36 else "outside"
        send(store, asked, to, number, commune=where, age=str(27 if number % 2 else 33))
    margins = {
        "commune": {"dijon": 60, "first_ring": 30, "elsewhere": 0, "outside": 10},
        "age": {"-": 0, "25-": 50, "30-": 50, "35-": 0, "40-": 0},
    }
    released_anew(store, asked)
    assert {"weight" in row for row in released(store).values()} == {False}, "no margins so far"
    with store.writing() as connection:
        campaign.change(connection, asked, to, {"margins": margins}, NOW, "agent", to.version)
        assert release.changed(connection) == [asked], "margins that were typed change the rows"
    released_anew(store, asked)
    rows = list(released(store).values())
    weighted = [row for row in rows if "weight" in row]
    assert 0 < len(weighted) < 40
    assert all(("audience" in row) == ("weight" in row) for row in rows), "no group, no weight"
    assert sum(float(row["weight"] or 0) for row in weighted) == pytest.approx(
        len(weighted), abs=0.01
    )
    weights: dict[tuple[object, ...], set[object]] = {}
    for row in weighted:
        weights.setdefault((row.get("commune"), row.get("age")), set()).add(row["weight"])
    assert len(weights) > 1
    assert all(len(found) == 1 for found in weights.values()), "alike in what left, alike in weight"
    heavy = {
        where: sum(float(r["weight"] or 0) for r in weighted if r.get("commune") == where)
        for where in ("dijon", "first_ring")
    }
    assert heavy["dijon"] / heavy["first_ring"] == pytest.approx(2, abs=0.01)


def test_two_campaigns_to_one_group_with_other_margins_give_no_weight(store: Store) -> None:
    asked, to = opened(store)
    for number in range(10):
        send(store, asked, to, number, commune="dijon" if number < 5 else "first_ring")
    with store.writing() as connection:
        for shares in ((1, 1), (2, 1)):
            margins = {"commune": dict(zip(("dijon", "first_ring"), shares, strict=True))}
            draft = Draft("Affiche", "Parents", None)
            more = campaign.add(connection, asked, draft, NOW, "agent")
            campaign.change(
                connection, asked, more, {"margins": margins}, NOW, "agent", more.version
            )
    released_anew(store, asked)
    assert {"weight" in row for row in released(store).values()} == {False}


def test_the_dataset_of_a_survey_is_a_dataset_like_any_other(store: Store, tmp_path: Path) -> None:
    asked, _ = opened(store)
    code_book.publish(asked, tmp_path)
    catalog = Catalog.load(tmp_path, source_models())
    assert catalog.problems == []
    dataset = catalog.get("survey-petite-enfance")
    assert dataset.columns["age"].values is not None
    assert set(dataset.columns["age"].values) == {"<25", "25-29", "30-34", "35-39", "40+"}
    assert "care__creche" in dataset.columns
    assert dataset.columns["weight"].type == "double"
    assert "raked" in dataset.columns["weight"].description.en
    names = [column.name for column in code_book.code_book(asked.questionnaire)]
    assert len(names) == len(set(names))
