"""Controls of a notebook: their values, what a reader sent, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from datalab.errors import InvalidControl
from datalab.notebook.controls import MIME, Control, Controls, given_values


def controls(**given: Any) -> Controls:
    return Controls("fr", given)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Control]:
    """What the cells show."""
    found: list[Control] = []
    monkeypatch.setattr(
        "datalab.notebook.controls.display", lambda control, language: found.append(control)
    )
    return found


def test_without_a_reader_a_control_is_its_own_value() -> None:
    made = controls()
    assert made.choice("Commune", ["Dijon", "Quetigny"], "Quetigny") == "Quetigny"
    assert made.choice("Première", ["Dijon", "Quetigny"], None) == "Dijon"
    assert made.slider("Part", 0, 10, 4, None) == 4
    assert made.number("Seuil", 1.5, None, None) == 1.5
    assert made.text("Titre", "Bonjour") == "Bonjour"
    assert made.checkbox("Détail", True) is True


def test_what_a_reader_sent_takes_the_place_of_the_value(shown: list[Control]) -> None:
    made = controls(Commune="Quetigny", Année="2024", Part="7", Seuil="2,5", Titre="", Détail=False)
    assert made.choice("Commune", ["Dijon", "Quetigny"], "Dijon") == "Quetigny"
    assert made.choice("Année", [2023, 2024], None) == 2024
    part = made.slider("Part", 0, 10, 4, None)
    assert (part, type(part)) == (7, int)
    assert made.number("Seuil", 1.5, 0, 5) == 2.5
    assert made.text("Titre", "Bonjour") == ""
    assert made.checkbox("Détail", True) is False
    assert [control.note for control in shown] == [""] * 6


@pytest.mark.parametrize("asked", ["99", "-1", "4.5", "nan", "inf", "beaucoup", None, [], {}, True])
def test_a_number_that_does_not_fit_is_replaced_and_said(
    asked: object, shown: list[Control]
) -> None:
    assert controls(Part=asked).slider("Part", 0, 10, 4, None) == 4
    said = [control.note for control in shown]
    assert said == [""] if asked is None else "le calcul a pris 4" in said[0]


@pytest.mark.parametrize("asked", ["Lyon", 3, ["Dijon"], {"a": 1}, "Dijon "])
def test_an_option_that_is_not_offered_is_replaced_and_said(
    asked: object, shown: list[Control]
) -> None:
    assert controls(Commune=asked).choice("Commune", ["Dijon", "Quetigny"], "Dijon") == "Dijon"
    assert "le calcul a pris Dijon" in shown[0].note


def test_texts_and_boxes_take_nothing_else(shown: list[Control]) -> None:
    made = controls(Titre="x" * 1001, Détail="yes")
    assert made.text("Titre", "Bonjour") == "Bonjour"
    assert made.checkbox("Détail", False) is False
    assert all(control.note for control in shown)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda c: c.choice("A", ["x", "y"], "z"),
            "« z » ne fait pas partie de ses options : x, y",
        ),
        (lambda c: c.choice("A", [], None), "une liste de 1 à 200 options"),
        (lambda c: c.choice("A", "abc", "a"), "une liste de 1 à 200 options"),
        (lambda c: c.choice("A", [1, "1"], 1), "se lisent de la même façon"),
        (lambda c: c.choice("A", [object()], None), "des textes ou des nombres"),
        (lambda c: c.slider("A", 10, 1, None, None), "borne basse 10 n’est pas inférieure"),
        (lambda c: c.slider("A", 1, 1, None, None), "borne basse 1 n’est pas inférieure"),
        (lambda c: c.slider("A", 0, 10, 11, None), "sa valeur 11 n’est pas comprise entre 0 et 10"),
        (lambda c: c.slider("A", 0, 10, None, 0), "son pas 0 ne convient pas"),
        (lambda c: c.slider("A", 0, float("nan"), None, None), "sont des nombres"),
        (lambda c: c.slider("A", "0", 1, None, None), "sont des nombres"),
        (lambda c: c.number("A", 7, 8, 9), "n’est pas comprise"),
        (lambda c: c.text("A", 5), "un texte de 1000 caractères au plus"),
        (lambda c: c.checkbox("A", "yes"), "True ou False"),
        (lambda c: c.checkbox("  ", True), "un texte de 1 à 100 caractères"),
        (lambda c: c.checkbox("x" * 101, True), "un texte de 1 à 100 caractères"),
        (lambda c: c.checkbox(5, True), "un texte de 1 à 100 caractères"),
    ],
)
def test_a_control_that_nobody_could_use_is_refused_in_a_sentence(make: Any, said: str) -> None:
    with pytest.raises(InvalidControl) as error:
        make(controls())
    assert said in str(error.value).replace("\u00a0", " ").replace("\u202f", "")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"x"', "[" * 99_999, "x" * 200_000])
def test_damaged_values_count_as_none(text: str) -> None:
    assert given_values(text) == {}


def executed(*sources: str, values: dict[str, Any] | None = None) -> Any:
    """A notebook run in a real kernel, which may be told values."""
    first = "from datalab.notebook.controls import Controls\n"
    if values is not None:
        told = json.dumps(json.dumps(values))
        first += f"import os\nos.environ['DATALAB_CONTROLS'] = {told}\n"
    cells = [nbformat.v4.new_code_cell(f"{first}c = Controls.of_environment('fr')")]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=60, allow_errors=True).execute()
    return notebook.cells[1:]


def test_a_cell_shows_one_quiet_line_and_tells_the_page_what_it_needs() -> None:
    (cell,) = executed(
        "v = c.choice('Commune <b>', ['Dijon', 'Talant'], 'Dijon'); print(v)",
        values={"Commune <b>": "Talant"},
    )
    bundle = cell.outputs[0].data
    line = "Commune <b> : Talant — réglable dans la vue guidée"
    assert bundle["text/plain"].replace("\u00a0", " ") == line
    assert "<b>" not in bundle["text/html"]
    told = dict(bundle[MIME])
    assert (told["kind"], told["value"], told["default"]) == ("choice", "Talant", "Dijon")
    assert told["options"] == ["Dijon", "Talant"]
    assert cell.outputs[1].text == "Talant\n"


def test_a_label_belongs_to_one_control() -> None:
    once, again = executed(
        "for _ in range(2): c.checkbox('Détail', True)",
        "c.checkbox('Autre', True); c.checkbox('Détail', True)",
        values={},
    )
    for cell in (once, again):
        assert cell.outputs[-1].ename == "DuplicateControl"


def test_a_cell_of_a_live_notebook_runs_as_often_as_one_likes() -> None:
    first, second = executed("c.checkbox('Détail', True)", "c.checkbox('Détail', True)")
    assert [out.output_type for cell in (first, second) for out in cell.outputs] == [
        "display_data",
        "execute_result",
    ] * 2
