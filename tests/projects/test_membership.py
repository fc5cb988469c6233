"""Who is in a project, what it reads because of that, and changes that are never lost."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from datalab.errors import (
    AlreadyMember,
    InvalidManifest,
    LastOwner,
    MemberCannotEnter,
    NotAMember,
    ProjectClosed,
    UnknownAccount,
    UnknownProject,
    UnknownRole,
)
from datalab.people import accounts, audit, departures
from datalab.projects import lifecycle, membership
from datalab.projects.reading import Reading
from tests.projects.shop import NOW, Shop


def invite(shop: Shop, name: str, role: str = "editor", slug: str = "pistes") -> None:
    membership.invite(shop.projects, shop.store, NOW, "alice", slug, name, role)  # type: ignore[arg-type]


def test_a_member_comes_changes_role_and_goes_and_all_is_written_down(shop: Shop) -> None:
    shop.create("pistes")
    invite(shop, "bob")
    projects, store = shop.projects, shop.store
    membership.change_role(projects, store, NOW, "alice", "pistes", "bob", "viewer")
    assert projects.get("pistes").manifest.role_of("bob") == "viewer"
    membership.remove(projects, store, NOW, "alice", "pistes", "bob")
    assert projects.get("pistes").manifest.role_of("bob") is None
    written = [e.detail for e in audit.entries(store) if e.action == "project.member"]
    assert [(d.get("before"), d["after"]) for d in reversed(written)] == [
        (None, "editor"),
        ("editor", "viewer"),
        ("viewer", None),
    ]


def test_the_last_owner_stays(shop: Shop) -> None:
    shop.create("pistes", members={"bob": "editor"})
    with pytest.raises(LastOwner):
        membership.remove(shop.projects, shop.store, NOW, "alice", "pistes", "alice")
    with pytest.raises(LastOwner):
        membership.change_role(shop.projects, shop.store, NOW, "alice", "pistes", "alice", "editor")
    membership.change_role(shop.projects, shop.store, NOW, "alice", "pistes", "bob", "owner")
    left = membership.remove(shop.projects, shop.store, NOW, "alice", "pistes", "alice")
    assert left.manifest.owners == ("bob",)


def test_what_cannot_be_is_said(shop: Shop) -> None:
    shop.create("pistes")
    with pytest.raises(UnknownAccount):
        invite(shop, "alise")
    with pytest.raises(UnknownRole):
        invite(shop, "bob", "chief")
    with pytest.raises(AlreadyMember):
        invite(shop, "alice")
    with pytest.raises(NotAMember):
        membership.remove(shop.projects, shop.store, NOW, "alice", "pistes", "bob")
    with pytest.raises(UnknownProject):
        invite(shop, "bob", slug="welcome")
    accounts.disable(shop.store, NOW, "test", "bob")
    with pytest.raises(MemberCannotEnter):
        invite(shop, "bob")
    lifecycle.archive(shop.projects, shop.store, NOW, "alice", "pistes")
    with pytest.raises(ProjectClosed):
        invite(shop, "carole")


def test_a_guest_can_be_a_member_until_the_stay_ends(shop: Shop) -> None:
    shop.create("pistes")
    accounts.add(
        shop.store, NOW, "test", "invite-0123456789", ["citizens"], kind="guest",
        expires_at=NOW + 60,
    )  # fmt: skip
    invite(shop, "invite-0123456789")
    manifest = shop.projects.get("pistes").manifest
    assert "invite-0123456789" in shop.reading().writers(manifest)
    assert "invite-0123456789" not in shop.reading(NOW + 61).writers(manifest)


def test_a_project_reads_what_all_its_members_read(shop: Shop) -> None:
    project = shop.create("pistes")
    assert shop.reading().of_project(project.manifest) == {"open", "members", "restricted-health"}
    invite(shop, "bob")
    project = shop.projects.get("pistes")
    assert shop.reading().of_project(project.manifest) == {"open", "members"}
    invite(shop, "carole", "viewer")
    project = shop.projects.get("pistes")
    assert shop.reading().of_project(project.manifest) == {"open"}


def test_what_a_new_member_would_take_away_is_known_before(shop: Shop) -> None:
    project = shop.create("pistes")
    effect = membership.effect_of_adding(project, "carole", shop.reading())
    assert [(d.id, d.lake, d.title["fr"]) for d in effect.lost] == [
        ("budgets", "members", "Jeu budgets"),
        ("health", "restricted-health", "Jeu health"),
    ]
    assert membership.effect_of_adding(project, ["bob"], shop.reading()).lost[0].id == "health"
    invite(shop, "carole")
    again = membership.effect_of_removing(shop.projects.get("pistes"), "carole", shop.reading())
    assert [d.id for d in again.gained] == ["budgets", "health"]
    with pytest.raises(UnknownAccount):
        membership.effect_of_adding(project, "nobody", shop.reading())


@pytest.mark.parametrize("text", ["", "{", '{"datasets": []}', '{"datasets": {"x": 1}}', "[]"])
def test_a_damaged_index_grants_nothing(shop: Shop, text: str) -> None:
    (shop.home / "lake" / "restricted-health" / "index.json").write_text(text)
    assert shop.reading().of_account("alice") == {"open", "members"}


def test_a_restricted_lake_that_names_nobody_is_read_by_nobody(shop: Shop) -> None:
    shop.publish("restricted-secret", "secret")
    shop.person("stewart", "stewards")
    shop.person("olga", "operators")
    for name in ("stewart", "olga", "alice"):
        assert "restricted-secret" not in shop.reading().of_account(name)
    assert "restricted-health" in shop.reading().of_account("stewart")


def test_who_cannot_sign_in_reads_nothing(shop: Shop) -> None:
    accounts.disable(shop.store, NOW, "test", "alice")
    assert shop.reading().of_account("alice") == frozenset()
    assert shop.reading().of_account("never-seen") == frozenset()


def _invite(home: Path, name: str) -> None:
    invite(Shop(home), name, "viewer")


def test_changes_made_at_once_are_all_kept(shop: Shop) -> None:
    shop.create("pistes")
    names = [f"person-{number}" for number in range(12)]
    for name in names:
        shop.person(name)
    with ProcessPoolExecutor(6) as pool:
        list(pool.map(_invite, [shop.home] * len(names), names))
    members = {m.account for m in shop.projects.get("pistes").manifest.members}
    assert members == {"alice", *names}
    assert audit.first_broken(shop.store) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id: [",
        "id: other\ntitle: {fr: x, en: x}\npurpose: {fr: x, en: x}\n",
        "id: pistes\ntitle: x\n",
        "id: pistes\ntitle: {fr: x, en: x}\npurpose: {fr: x, en: x}\nadmin: true\n",
        "id: pistes\ntitle: {fr: x, en: x}\npurpose: {fr: x, en: x}\n"
        "members: [{account: bob, role: root}]\n",
        "!!python/object/apply:os.system ['touch /tmp/hacked']",
        "a: &a [x, x]\nb: &b [*a, *a]\n",
        "- " * 5000,
        "x: " + "y" * 300_000,
        "\x00\x01",
    ],
)
def test_a_manifest_that_says_nothing_true_is_named_and_hides_no_other(
    shop: Shop, text: str
) -> None:
    shop.create("pistes")
    shop.create("other-one")
    (shop.projects.root / "pistes" / "project.yaml").write_text(text)
    with pytest.raises(InvalidManifest) as refused:
        shop.projects.get("pistes")
    assert "pistes/project.yaml" in refused.value.message("en")
    with pytest.raises(InvalidManifest):
        invite(shop, "bob")
    assert [p.slug for p, _ in shop.projects.of("alice")] == ["other-one"]


def test_names_in_a_manifest_that_are_no_accounts_give_nothing(shop: Shop) -> None:
    project = shop.create("pistes")
    path = project.folder / "project.yaml"
    more = "- {account: '../x', role: owner}\n- {account: proj-other-one, role: editor}\n"
    path.write_text(path.read_text().replace("members:\n", f"members:\n{more}"))
    reading: Reading = shop.reading()
    manifest = shop.projects.get("pistes").manifest
    assert reading.writers(manifest) == ("alice",)
    assert reading.of_project(manifest) == {"open", "members", "restricted-health"}


def test_the_next_holder_of_a_name_inherits_nothing(shop: Shop) -> None:
    """Even where a manifest could not be read while the first one left."""
    shop.create("pistes", members={"bob": "editor"})
    accounts.remove(shop.store, NOW, "test", "bob")
    departures.finish(shop.store, "bob")
    accounts.add(shop.store, NOW + 60, "test", "bob", ["students"])
    manifest, reading = shop.projects.get("pistes").manifest, shop.reading(NOW + 61)
    born = accounts.get(shop.store, "bob").created_at
    assert reading.present(manifest) == reading.writers(manifest) == ("alice",)
    assert manifest.role_of("bob", born) is None
    assert shop.projects.of("bob", born) == []
    membership.invite(shop.projects, shop.store, NOW + 90, "alice", "pistes", "bob", "viewer")
    manifest = shop.projects.get("pistes").manifest
    assert [(m.account, m.role) for m in manifest.members] == [
        ("alice", "owner"),
        ("bob", "viewer"),
    ]
    assert reading.present(manifest) == ("alice", "bob")
    assert reading.writers(manifest) == ("alice",)
