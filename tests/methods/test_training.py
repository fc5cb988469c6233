"""What a training step accepts, and what it never falls over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.training import MODULES, check, step
from datalab.notebook.training import Training

ALL = [(module.id, one) for module in MODULES for one in module.steps]
anything = st.one_of(
    st.none(), st.booleans(), st.floats(), st.text(), st.lists(st.text()), st.integers()
)


def test_there_are_six_modules_of_steps_with_one_way_to_be_right() -> None:
    assert [one.id for one in MODULES] == [
        "open-data",
        "personal-data",
        "map",
        "sql",
        "python",
        "workshop",
    ]
    for _, one in ALL:
        assert (one.number is None) == bool(one.accept)
        assert not one.choices or one.accept < set(one.choices)


@pytest.mark.parametrize("answer", [258_630, 258_630.0, "258 630", "258\u202f630", "258630"])
def test_a_number_is_read_as_people_write_it(answer: object) -> None:
    one = step("sql", "sum")
    assert one is not None
    assert check(one, answer).passed is True
    assert check(one, 258_632).passed is False


def test_of_several_choices_all_are_needed_and_no_other() -> None:
    one = step("personal-data", "which")
    assert one is not None
    assert check(one, ["address", "plate"]).passed is True
    assert check(one, ["plate"]).passed is False
    assert check(one, ["plate", "address", "total"]).passed is False
    assert check(one, ...).passed is None


@given(anything)
def test_nothing_that_is_answered_is_an_error(answer: object) -> None:
    for _, one in ALL:
        assert check(one, answer).passed in {None, True, False}


def test_a_notebook_keeps_what_was_passed_and_forgives_a_broken_file(tmp_path: Path) -> None:
    sql = Training("sql", tmp_path)
    assert sql.check("sum", 1).passed is False
    assert sql.check("sum", 258_630).done == 1
    assert "1" in sql.check("small", ...)._repr_html_()
    assert Training("sql", tmp_path).passed() == ["sum"]
    assert Training("map", tmp_path).passed() == []
    (tmp_path / ".datalab-training.json").write_text("[broken", encoding="utf-8")
    assert sql.passed() == []
    assert Training("sql", tmp_path / "not there").check("sum", 258_630).passed is True
    with pytest.raises(ValueError, match="open-data"):
        Training("cooking")
