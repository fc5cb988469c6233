"""Archived, restored, deleted with days of grace, purged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datalab.errors import ProjectClosed, StillOpen
from datalab.isolation.homes import Homes
from datalab.people import audit
from datalab.projects import lifecycle
from tests.projects.shop import CHECKOUT, NOW, Shop

DAY = 86_400.0


def test_title_purpose_and_licence_change_and_the_address_stays(shop: Shop) -> None:
    shop.create("pistes")
    changed = lifecycle.describe(
        shop.projects, shop.store, NOW, "alice", "pistes", title="Vélo", license="cc-by-4.0"
    )
    assert (changed.slug, changed.manifest.title.fr, changed.manifest.license) == (
        "pistes",
        "Vélo",
        "cc-by-4.0",
    )
    assert audit.entries(shop.store)[0].detail == {"changed": ["title", "license"]}


def test_an_archived_project_is_read_and_nothing_in_it_changes(shop: Shop) -> None:
    shop.create("pistes")
    archived = lifecycle.archive(shop.projects, shop.store, NOW, "alice", "pistes")
    assert archived.manifest.status == "archived"
    with pytest.raises(ProjectClosed):
        lifecycle.describe(shop.projects, shop.store, NOW, "alice", "pistes", title="x")
    with pytest.raises(ProjectClosed):
        lifecycle.archive(shop.projects, shop.store, NOW, "alice", "pistes")
    restored = lifecycle.restore(shop.projects, shop.store, NOW, "alice", "pistes")
    assert restored.manifest.status == "active"
    with pytest.raises(StillOpen):
        lifecycle.restore(shop.projects, shop.store, NOW, "alice", "pistes")


def test_a_deleted_project_comes_back_within_the_days_of_grace(shop: Shop) -> None:
    shop.create("pistes", template="survey")
    lifecycle.delete(shop.projects, shop.store, NOW, "alice", "pistes")
    assert lifecycle.purge(shop.projects, shop.store, NOW + 29 * DAY, 30) == []
    restored = lifecycle.restore(shop.projects, shop.store, NOW, "alice", "pistes")
    assert (restored.work / "reponses.csv").is_file()
    assert lifecycle.purge(shop.projects, shop.store, NOW + 99 * DAY, 30) == []


def test_after_them_it_is_gone_and_its_address_free(shop: Shop) -> None:
    shop.create("pistes")
    shop.create("other-one")
    lifecycle.delete(shop.projects, shop.store, NOW, "alice", "pistes")
    assert lifecycle.purge(shop.projects, shop.store, NOW + 31 * DAY, 30) == ["pistes"]
    shipped = {path.parent.name for path in CHECKOUT.glob("projects/*/project.yaml")}
    assert set(shop.projects.slugs()) == {"other-one", *shipped}
    assert [p.name for p in shop.projects.root.iterdir() if p.is_dir()] == ["other-one"]
    assert audit.entries(shop.store)[0].action == "project.purge"
    assert shop.create("pistes").manifest.status == "active"


def test_deleting_twice_does_not_begin_the_days_again(shop: Shop) -> None:
    shop.create("pistes")
    lifecycle.delete(shop.projects, shop.store, NOW, "alice", "pistes")
    lifecycle.delete(shop.projects, shop.store, NOW + 20 * DAY, "alice", "pistes")
    assert lifecycle.purge(shop.projects, shop.store, NOW + 31 * DAY, 30) == ["pistes"]


def test_a_purge_does_not_follow_links_that_the_project_planted(shop: Shop) -> None:
    outside = shop.home / "precious"
    outside.mkdir()
    (outside / "file").write_text("x")
    project = shop.create("pistes")
    (project.work / "link").symlink_to(outside)
    lifecycle.delete(shop.projects, shop.store, NOW, "alice", "pistes")
    lifecycle.purge(shop.projects, shop.store, NOW + 31 * DAY, 30)
    assert (outside / "file").read_text() == "x"


def unused_homes(folder: Path) -> Homes:
    """Homes whose first uid no other lab of this machine happens to use now."""
    running = {path.stat().st_uid for path in Path("/proc").glob("[0-9]*") if path.exists()}
    for number in range(100):
        (folder / f"accounts-{number}").mkdir()
        homes = Homes(folder / f"accounts-{number}", separate=True)
        if homes.uid("proj-pistes") not in running:
            return homes
    raise AssertionError("every block of uids is in use")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_the_uid_of_a_project_is_free_only_once_it_is_gone(shop: Shop) -> None:
    homes = unused_homes(shop.home)
    shop.create("pistes")
    assert lifecycle.release(shop.projects, homes) == []
    lifecycle.delete(shop.projects, shop.store, NOW, "alice", "pistes")
    lifecycle.purge(shop.projects, shop.store, NOW + 31 * DAY, 30)
    assert lifecycle.release(shop.projects, homes) == ["proj-pistes"]
