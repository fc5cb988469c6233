"""A pod is given what its account may read, read-only, and of projects the work alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datalab.hub.pods import Preparing, mounts_of
from datalab.hub.view import View
from datalab.settings import Settings
from tests.hub.lab import in_a_loop_of_its_own
from tests.portal.desk import Desk

kubespawner = pytest.importorskip("kubespawner")
CONFIG = """apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
users: [{name: u, user: {}}]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    desk = Desk(tmp_path / "home")
    for name in ("open", "members", "restricted-water"):
        folder = desk.settings.lake / name
        folder.mkdir(parents=True)
        (folder / "index.json").write_text('{"datasets": {}}')
    return desk.settings


def manifest(settings: Settings, account: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The pod of an account, as KubeSpawner would ask Kubernetes for it."""
    folder = settings.home / "kube.yaml"
    folder.write_text(CONFIG)
    from kubernetes_asyncio.client import ApiClient
    from kubernetes_asyncio.config import kube_config

    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(folder))

    async def made() -> Any:
        spawner = kubespawner.KubeSpawner(_mock=True)
        spawner.user = SimpleNamespace(
            name=account, url=f"/user/{account}/", escaped_name=account, id=1
        )
        spawner.volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": "claim"}}]
        spawner.volume_mounts = [{"name": "home", "mountPath": "/home/jovyan"}]
        spawner.automount_service_account_token = False
        prepare = Preparing(settings)
        prepare(spawner)
        prepare(spawner)  # a second start adds nothing
        pod = await spawner.get_pod_manifest()
        async with ApiClient() as client:
            return client.sanitize_for_serialization(pod)

    return in_a_loop_of_its_own(made())


def shown(pod: Any) -> dict[str, tuple[str | None, bool]]:
    (container,) = pod["spec"]["containers"]
    return {
        one["mountPath"]: (one.get("subPath"), bool(one.get("readOnly")))
        for one in container["volumeMounts"]
    }


@pytest.mark.parametrize(
    ("account", "lakes"), [("citizen", {"open"}), ("student", {"open", "members"})]
)
def test_a_person_is_given_the_lakes_they_may_read(
    settings: Settings, account: str, lakes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = manifest(settings, account, monkeypatch)
    mounts = shown(pod)
    assert {place for place in mounts if place.startswith("/lake")} == {f"/lake/{n}" for n in lakes}
    for name in lakes:
        assert mounts[f"/lake/{name}"] == (name, True)
    assert mounts["/home/jovyan"] == (None, False)
    assert pod["spec"]["automountServiceAccountToken"] is False
    claims = {v.get("persistentVolumeClaim", {}).get("claimName") for v in pod["spec"]["volumes"]}
    assert "datalab-state" not in claims, "nothing of the lab's own state is near"
    pytest.importorskip("kubernetes_validate").validate(pod, "1.32", strict=True)


def test_an_account_that_is_nobodys_is_given_what_is_open(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = shown(manifest(settings, "nobody", monkeypatch))
    assert {place for place in mounts if place.startswith("/lake")} == {"/lake/open"}


def test_a_project_lives_in_its_work_and_sees_what_its_members_see_read_only(
    settings: Settings,
) -> None:
    work, seen = settings.shared / "rue" / "work", settings.shared / "rue" / "shown"
    for folder in (work, seen):
        folder.mkdir(parents=True)
    view = View({"open": settings.lake / "open"}, work=work, shown=((seen, "/project", False),))
    given = mounts_of(view, settings)
    by_place = {one["mountPath"]: one for one in given.mounts}
    assert by_place["/home/jovyan"]["subPath"] == "projects/rue/work"
    assert by_place["/project"]["readOnly"] is True
    assert {one["name"] for one in given.volumes} == {"lake", "state"}


@pytest.mark.parametrize("place", ["", "..", "lake/../../secrets"])
def test_nothing_outside_a_claim_is_ever_mounted(settings: Settings, place: str) -> None:
    view = View({"open": settings.lake / place})
    with pytest.raises(ValueError, match=r"subpath|whole claim"):
        mounts_of(view, settings)
