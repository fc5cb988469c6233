"""What an idea rests on: a cell of a published page, as long as everybody may read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from datalab.errors import FieldRefused
from datalab.participation.material import Material
from datalab.people.rights import ProjectRole
from datalab.portal.evidence import choices, evidence_of, link_of
from datalab.projects import publication
from datalab.projects.create import create
from datalab.projects.project import Project
from datalab.projects.publication import Facts
from datalab.projects.rendered import Part, Rendered
from tests.portal.desk import Desk, now

SLUG = "velos-dijon"
PAGE = Material("m", "s", 0, "page", "Les vélos", f"{SLUG}/comptages", 1)


@pytest.fixture
def state(tmp_path: Path) -> Any:
    """A portal with one published page of three parts, two of which show something."""
    desk = Desk(tmp_path / "home")
    found = desk.app.state
    about = ("student", SLUG, "Vélos à Dijon", "Compter.", "empty")
    members: dict[str, ProjectRole] = {"student": "owner"}
    create(found.projects, found.homes, desk.store, now(), *about, members=members)
    parts = [Part("text", "<p>Bonjour</p>"), Part("value", "42", "Vélos par jour")]
    publish(
        found.projects.get(SLUG), [*parts, Part("html", "<table><td>Rue&amp;place</td></table>")]
    )
    return found


def publish(project: Project, parts: list[Part]) -> None:
    facts = Facts(
        title="Les vélos",
        summary="",
        notebook="comptages.ipynb",
        language="fr",
        ran_at=now(),
        by="student",
        authors=("Student",),
        sources=(),
        license="lov2",
    )
    publication.publish(project, facts, Rendered("", parts, {}), nbformat.v4.new_notebook(), now())


def test_cells_that_show_something_are_offered_in_their_own_words(state: Any) -> None:
    (group,) = choices(state.library.shelf(), state.projects, [PAGE], "fr")
    assert [(choice.value, choice.label) for choice in group.choices] == [
        (f"page:{SLUG}/comptages@1#2", "Vélos par jour\N{NO-BREAK SPACE}: 42"),
        (f"page:{SLUG}/comptages@1#3", "Rue&place"),
    ]


def test_the_link_leads_to_that_version_whatever_comes_after(state: Any) -> None:
    publish(state.projects.get(SLUG), [Part("text", "<p>Tout a changé</p>")])
    shelf = state.library.shelf()
    kept = evidence_of(shelf, state.projects, [PAGE], f"page:{SLUG}/comptages@1#2")
    assert kept is not None
    assert kept["title"] == "Les vélos\N{NO-BREAK SPACE}: Vélos par jour\N{NO-BREAK SPACE}: 42"
    assert link_of(kept, "/p") == f"/p/pages/{SLUG}/comptages/v/1#part-2"


@pytest.mark.parametrize(
    "chosen",
    [
        f"page:{SLUG}/comptages@1#9",
        f"page:{SLUG}/comptages@7#1",
        f"page:{SLUG}/autre@1#1",
        "dataset:communes@1",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_material_of_the_session_is_refused(state: Any, chosen: str) -> None:
    with pytest.raises(FieldRefused):
        evidence_of(state.library.shelf(), state.projects, [PAGE], chosen)


def test_a_page_that_was_withdrawn_is_offered_no_more(state: Any) -> None:
    page = publication.find(state.projects.get(SLUG), "comptages")
    publication.withdraw(state.projects.get(SLUG), page.name, "Erreur.", "student", now())
    assert choices(state.library.shelf(), state.projects, [PAGE], "fr") == []
