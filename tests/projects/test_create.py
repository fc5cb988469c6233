"""A project is made whole or not at all, and an address belongs to one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from datalab.errors import (
    DatalabError,
    InvalidDescription,
    InvalidSlug,
    MemberCannotEnter,
    NoOwner,
    ProjectExists,
    ReservedSlug,
    UnknownAccount,
    UnknownRole,
    UnknownTemplate,
)
from datalab.isolation.homes import Homes
from datalab.people import accounts, audit
from datalab.projects import create as creating
from datalab.projects.lifecycle import purge
from datalab.projects.project import Project
from tests.projects.shop import NOW, Shop


def test_a_new_project_has_its_folder_its_manifest_and_its_first_notebook(shop: Shop) -> None:
    project = shop.create("pistes", title="Pistes cyclables", template="map")
    assert project.manifest.title.fr == "Pistes cyclables"
    assert project.manifest.owners == ("alice",)
    assert project.manifest.datasets == ("commune-boundaries", "commune-indicators")
    assert (project.work / "carte.ipynb").is_file()
    assert (project.shown / "project.yaml").read_text() == (
        project.folder / "project.yaml"
    ).read_text()
    assert audit.entries(shop.store)[0].action == "project.create"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_its_work_belongs_to_its_own_account_and_the_rest_to_the_lab(shop: Shop) -> None:
    homes = Homes(shop.home / "accounts", separate=True)
    project = creating.create(
        shop.projects, homes, shop.store, NOW, "alice", "pistes", "Pistes", template="survey"
    )
    uid = homes.uid("proj-pistes")
    assert {path.stat().st_uid for path in (project.work, *project.work.rglob("*"))} == {uid}
    assert uid != homes.uid("proj-autre")
    lab_owned = [project.folder, project.shown, project.records, project.folder / "project.yaml"]
    assert {path.stat().st_uid for path in lab_owned} == {0}
    assert stat.S_IMODE(project.records.stat().st_mode) == 0o700
    assert stat.S_IMODE((project.work / ".jupyter").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "slug",
    [
        "../x", "x/../y", "ab", "a" * 41, "Pistes", "pistes-", "-pistes", "pis--tes", "pistes\n",
        "pist\u0435s", "ｐistes", "pistés", "pistes.", "", " pistes", "proj_x", "%2e%2e", "\x00ab",
    ],
)  # fmt: skip
def test_an_address_is_plain_letters_and_nothing_else(shop: Shop, slug: str) -> None:
    with pytest.raises(InvalidSlug):
        shop.create(slug)
    assert list(shop.projects.root.glob("*")) == []


def test_pages_of_the_portal_keep_their_addresses(shop: Shop) -> None:
    with pytest.raises(ReservedSlug) as refused:
        shop.create("new")
    assert "new-lab-2" in refused.value.message("en")


def test_a_reference_of_the_lab_keeps_its_address_too(shop: Shop) -> None:
    with pytest.raises(ProjectExists):
        shop.create("welcome")


def test_a_taken_address_comes_with_a_free_one(shop: Shop) -> None:
    shop.create("pistes")
    with pytest.raises(ProjectExists) as refused:
        shop.create("pistes", owner="bob")
    assert refused.value.facts["other"] == "pistes-2"
    shop.create("pistes-2")
    with pytest.raises(ProjectExists) as refused:
        shop.create("pistes")
    assert refused.value.facts["other"] == "pistes-3"
    longest = "a" * 40
    shop.create(longest)
    with pytest.raises(ProjectExists) as refused:
        shop.create(longest)
    shop.create(str(refused.value.facts["other"]))


def _create(home: Path, owner: str) -> str:
    try:
        Shop(home).create("pistes", owner=owner)
    except ProjectExists:
        return "taken"
    return owner


def test_of_people_who_choose_the_same_address_at_once_one_gets_it(shop: Shop) -> None:
    people = ["alice", "bob"] * 4
    with ProcessPoolExecutor(8) as pool:
        answers = list(pool.map(_create, [shop.home] * len(people), people))
    won = [answer for answer in answers if answer != "taken"]
    assert len(won) == 1
    assert shop.projects.get("pistes").manifest.owners == (won[0],)
    assert [path.name for path in shop.projects.root.iterdir() if path.is_dir()] == ["pistes"]


def test_a_crash_while_one_is_made_leaves_none(shop: Shop) -> None:
    code = (
        "import os, pathlib, shutil, sys; from tests.projects.shop import Shop; "
        "shutil.copyfile = lambda *a: os._exit(9); "
        "Shop(pathlib.Path(sys.argv[1])).create('pistes', template='map')"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(shop.home)], check=False)
    assert ended.returncode == 9
    assert "pistes" not in shop.projects.slugs()
    left = [path for path in shop.projects.root.iterdir() if path.is_dir()]
    assert len(left) == 1
    os.utime(left[0], (NOW - 7200, NOW - 7200))
    purge(shop.projects, shop.store, NOW, 30)
    assert not left[0].exists()
    assert shop.create("pistes").slug == "pistes"


Making = Callable[[Shop], Project]


@pytest.mark.parametrize(
    ("making", "error"),
    [
        (lambda shop: shop.create("one", members={"zoe": "editor"}), UnknownAccount),
        (lambda shop: shop.create("one", members={"bob": "king"}), UnknownRole),
        (lambda shop: shop.create("one", template="../../etc"), UnknownTemplate),
        (lambda shop: shop.create("one", owner="terminal:root"), NoOwner),
        (lambda shop: shop.create("one", title="x" * 121), InvalidDescription),
        (lambda shop: shop.create("one", title=" \n "), InvalidDescription),
        (lambda shop: shop.create("one", title="a\x07b"), InvalidDescription),
        (lambda shop: shop.create("one", purpose="x" * 2001), InvalidDescription),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(
    shop: Shop, making: Making, error: type[DatalabError]
) -> None:
    with pytest.raises(error):
        making(shop)
    assert list(shop.projects.root.glob("[a-z]*")) == []


def test_a_closed_account_cannot_be_a_member(shop: Shop) -> None:
    accounts.disable(shop.store, NOW, "test", "bob")
    with pytest.raises(MemberCannotEnter):
        shop.create("one", members={"bob": "editor"})


def test_a_title_in_one_line_survives_as_it_was_typed(shop: Shop) -> None:
    title = "L’été à vélo : « où ? » & <b>combien</b> — {naïf} 🚲"
    assert shop.create("one", title=title).manifest.title.fr == title
