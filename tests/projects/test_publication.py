"""A page is parsed once, and what becomes of it is seen at once."""

from __future__ import annotations

import shutil

import nbformat
import pytest

from datalab.errors import UnknownPublication
from datalab.projects import publication
from datalab.projects.project import Project
from datalab.projects.publication import Facts, Publication, Source
from datalab.projects.rendered import Part, Rendered
from tests.projects.shop import Shop

NOW = 1_790_000_000.0
SOURCE = Source("communes", 3, {"fr": "Communes"}, "INSEE", "lov2", "Licence Ouverte", "2026-09-21")


def publish(project: Project, title: str) -> Publication:
    facts = Facts(title, "", "a.ipynb", "fr", NOW, "student", ("Ana",), (SOURCE,), "mit")
    rendered = Rendered(title, [Part("markdown", f"<p>{title}</p>")], {})
    return publication.publish(project, facts, rendered, nbformat.v4.new_notebook(), NOW)


def test_a_page_that_is_asked_for_again_is_the_same_page(shop: Shop) -> None:
    project = shop.create("velos")
    made = publish(project, "Un")
    (first,), (again,) = publication.of_project(project), publication.of_project(project)
    assert first == again == made
    assert again.sources == (SOURCE,)
    assert again.sources is first.sources, "it is parsed once"


def test_a_new_version_and_a_withdrawal_are_seen_at_once(shop: Shop) -> None:
    project = shop.create("velos")
    publish(project, "Un")
    assert publication.find(project, "a").title == "Un"
    publish(project, "Deux")
    assert publication.find(project, "a").title == "Deux"
    assert publication.find(project, "a", 1).title == "Un"
    publication.withdraw(project, "a", "une erreur", "student", NOW)
    (found,) = publication.of_project(project)
    assert found.withdrawal is not None
    assert found.withdrawal.reason == "une erreur"
    publication.restore(project, "a")
    assert publication.find(project, "a").withdrawal is None


def test_a_page_that_is_gone_or_another_one_in_its_place_is_seen_at_once(shop: Shop) -> None:
    project = shop.create("velos")
    folder = publish(project, "Un").folder.parent
    assert publication.find(project, "a").title == "Un"
    shutil.rmtree(folder)
    with pytest.raises(UnknownPublication):
        publication.find(project, "a")
    publish(project, "Autre")
    assert publication.find(project, "a").title == "Autre"
