"""What is answered in a notebook counts on the page of whoever answered, and of nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from datalab.isolation.private import secret
from datalab.participation.tables.maturity import TRAINING_STEP
from tests.portal.desk import Desk

PAGE = "smart-territory/training/"
API = "api/v1/training/"


def passed_on(desk: Desk, module: str = "sql", **said: Any) -> Any:
    """As the hub passes it on."""
    key = {"X-Datalab-Hub": secret(desk.settings.secrets, "portal_token")}
    body = {"account": "student", "step": "sum", "answer": "258630", **said}
    return desk.browser().client.post(f"{API}{module}", json=body, headers=key)


def test_a_right_answer_of_a_notebook_counts_on_the_page_of_its_account_alone(desk: Desk) -> None:
    desk.browser_of("citizen")
    student = desk.browser_of("student")
    assert passed_on(desk).json() == {
        "module": "sql",
        "step": "sum",
        "passed": True,
        "steps": ["sum"],
    }
    assert "1 of 18 steps passed" in student.get(PAGE).text
    assert "0 of 18 steps passed" in desk.browser_of("citizen").get(PAGE).text
    # What was passed on the page is told to the notebook.
    student.post(PAGE, {"module": "sql", "step": "small", "answer": "10"})
    assert passed_on(desk).json()["steps"] == ["small", "sum"]


def test_nobody_says_that_they_passed_or_speaks_for_another(desk: Desk) -> None:
    student = desk.browser_of("student")
    wrong = passed_on(desk, answer="258632", passed=True, steps=["sum", "small", "join"])
    assert (wrong.json()["passed"], wrong.json()["steps"]) == (False, [])
    body = {"account": "student", "step": "sum", "answer": "258630"}
    client = desk.browser().client
    assert client.post(f"{API}sql", json=body).status_code == 401
    guessed = {"X-Datalab-Hub": "a" * 64}
    assert client.post(f"{API}sql", json=body, headers=guessed).status_code == 401
    # A browser's own session is not a program's key, and the body names nobody.
    assert student.client.post(f"{API}sql", json=body).status_code in {401, 403}
    assert passed_on(desk, account="nobody-at-all").status_code == 401
    assert passed_on(desk, account="proj-droits").status_code == 400
    assert "0 of 18 steps passed" in student.get(PAGE).text


@pytest.mark.parametrize(
    "said",
    [
        {"module": "cooking"},
        {"step": "nothing"},
        {"step": ["sum"]},
    ],
)
def test_an_unknown_step_is_no_step(desk: Desk, said: dict[str, Any]) -> None:
    desk.browser_of("student")
    assert passed_on(desk, **said).status_code == 404


@pytest.mark.parametrize("answer", [None, {}, {"a": [1]}, [[], {}], True, 10**400, "x" * 9_000])
def test_whatever_is_answered_is_read_or_not_right(desk: Desk, answer: object) -> None:
    desk.browser_of("student")
    found = passed_on(desk, answer=answer)
    assert (found.status_code, found.json()["passed"]) in {(200, False), (200, None)}


def test_the_same_answer_again_and_at_once_is_written_down_once(desk: Desk) -> None:
    desk.browser_of("student")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: passed_on(desk).status_code, range(12)))
    assert set(answers) == {200}
    with desk.app.state.participation.reading() as connection:
        (row,) = connection.execute(TRAINING_STEP.select()).mappings()
    assert (row["tries"], row["passed"], row["version"]) == (1, True, 1)


def test_a_link_from_a_project_fills_the_answer_in_and_passes_nothing(desk: Desk) -> None:
    student = desk.browser_of("student")
    page = student.get(f"{PAGE}?module=sql&step=sum&answer=258630").text
    assert 'value="258630"' in page
    assert "what your notebook answered" in page
    assert "0 of 18 steps passed" in page
    hostile = student.get(f"{PAGE}?module=sql&step=sum&answer=%22%3E%3Cscript%3Ealert(1)</script>")
    assert "<script>alert" not in hostile.text
    several = "module=personal-data&step=which&answer=plate&answer=address"
    page = student.get(f"{PAGE}?{several}").text
    assert page.count("checked") == 2
    assert student.get(f"{PAGE}?module=x&step=y&answer=z").status_code == 200
