"""Our values for the charts of zero-to-jupyterhub and Dask Gateway, and our own objects.

Where ``DATALAB_CHARTS`` names a folder that holds both charts they are rendered with them and every
object is checked; everywhere, each key that we set is compared with the keys that we rely on.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from datalab.settings import CHECKOUT, Settings

FOLDER = CHECKOUT / "deploy" / "kubernetes"
OWN = [*sorted((FOLDER / "own").glob("*.yaml")), FOLDER / "depot.yaml"]
CHARTS = {"hub": "jupyterhub", "gateway": "dask-gateway"}
VERSION = "1.32"  # of Kubernetes, the least that the chart of the hub accepts
# What the charts pass on as it is: below it the keys are those of Kubernetes, or ours.
FREE = re.compile(
    r"hub\.(extraEnv|extraConfig|extraVolumes|extraVolumeMounts|resources|networkPolicy\.ingress)"
    r"|singleuser\.(extraPodConfig|networkPolicy\.egress)|proxy\.chp\.resources|ingress\.tls"
    r"|gateway\.(resources|extraConfig|backend\.environment)"
    r"|gateway\.backend\.(worker|scheduler)\.extra(Pod|Container)Config"
)


def values(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return found


def keys(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    """Every key that is set, as a path with dots."""
    for name, value in tree.items():
        path = f"{above}{name}"
        if isinstance(value, dict) and value and not FREE.fullmatch(path):
            yield from keys(value, f"{path}.")
        else:
            yield path


def relied_on(name: str) -> set[str]:
    """``keys-<name>.txt``: copied by hand from the chart's documentation, one a line."""
    return set((FOLDER / f"keys-{name}.txt").read_text().split())


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_every_key_is_one_of_the_chart(name: str) -> None:
    assert set(keys(values(name))) - relied_on(name) == set()


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_no_key_is_relied_on_for_nothing(name: str) -> None:
    assert relied_on(name) - set(keys(values(name))) == set()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("hub", ("singleuser", "memroy")),
        ("hub", ("hub", "networkPolicy", "enable")),
        ("hub", ("cull", "user")),
        ("gateway", ("gateway", "auth", "jupyterhub", "apiTokenFromSecretname")),
        ("gateway", ("gateway", "backend", "worker", "core")),
    ],
)
def test_a_typo_is_noticed(name: str, path: tuple[str, ...]) -> None:
    changed = copy.deepcopy(values(name))
    inside = changed
    for part in path[:-1]:
        inside = inside[part]
    inside[path[-1]] = True
    assert set(keys(changed)) - relied_on(name) == {".".join(path)}


# -- no secret, no open door ---------------------------------------------------------------------


def objects() -> list[dict[str, Any]]:
    return [one for path in OWN for one in yaml.safe_load_all(path.read_text()) if one]


def test_no_secret_stands_in_a_file() -> None:
    secret = re.compile(r"(?i)(password|token|secret|apikey)\w*:\s*['\"]?[\w+/=-]{8,}")
    harmless = re.compile(
        r"secretName|SecretName|SecretKey|automountServiceAccountToken|secretKeyRef"
    )
    for path in FOLDER.rglob("*.yaml"):
        for line in path.read_text().splitlines():
            assert not secret.search(line) or harmless.search(line), f"{path.name}: {line}"


def test_the_values_name_settings_of_the_lab() -> None:
    known = {f"DATALAB_{name.upper()}" for name in Settings.model_fields}
    known |= {"DATALAB_PORTAL_TOKEN", "DATALAB_GATEWAY_TOKEN", "DATALAB_LAKE"}
    for path in FOLDER.rglob("*.yaml"):
        assert set(re.findall(r"DATALAB_[A-Z_]+", path.read_text())) <= known


def test_lakes_are_written_by_the_refresher_alone() -> None:
    writers = []
    for one in objects():
        if one["kind"] == "Deployment":
            (container,) = one["spec"]["template"]["spec"]["containers"]
            lake = [m for m in container["volumeMounts"] if m["name"] == "lake"]
            if not lake[0].get("readOnly"):
                writers.append(one)
    (refresher,) = writers
    assert refresher["metadata"]["name"] == "datalab-refresher"
    assert refresher["spec"]["replicas"] == 1
    assert refresher["spec"]["strategy"]["type"] == "Recreate", "never two writers"


def test_every_container_is_limited_and_holds_no_right_of_the_machine() -> None:
    for one in objects():
        if one["kind"] != "Deployment":
            continue
        pod = one["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
            assert "livenessProbe" in container


def test_notebooks_reach_no_machine_of_the_cluster_but_what_they_need() -> None:
    policy = values("hub")["singleuser"]["networkPolicy"]
    assert policy["enabled"] is True
    assert policy["egressAllowRules"]["privateIPs"] is False
    assert policy["egressAllowRules"]["cloudMetadataServer"] is False


def test_selectors_find_what_they_are_for() -> None:
    everything = objects()
    labels = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in everything
        if one["kind"] == "Deployment"
    ]
    for one in everything:
        if one["kind"] in {"Service", "PodDisruptionBudget"}:
            wanted = one["spec"]["selector"]
            wanted = wanted.get("matchLabels", wanted)
            assert any(wanted.items() <= found.items() for found in labels), one["metadata"]


@pytest.mark.parametrize("path", OWN, ids=lambda path: str(path.stem))
def test_our_own_objects_are_what_kubernetes_expects(path: Path) -> None:
    validate = pytest.importorskip("kubernetes_validate")
    for one in yaml.safe_load_all(path.read_text()):
        validate.validate(one, VERSION, strict=True)


def test_a_typo_in_an_object_is_noticed() -> None:
    validate = pytest.importorskip("kubernetes_validate")
    wrong = copy.deepcopy(next(one for one in objects() if one["kind"] == "Deployment"))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(validate.ValidationError):
        validate.validate(wrong, VERSION, strict=True)


# -- with the charts -----------------------------------------------------------------------------


@pytest.fixture
def charts(tmp_path: Path) -> Path:
    given = os.environ.get("DATALAB_CHARTS")
    if not given:
        pytest.skip("DATALAB_CHARTS names no folder with the charts")
    pytest.importorskip("helm_python")
    for name in CHARTS.values():
        shutil.copytree(Path(given) / name, tmp_path / name)
        schema = tmp_path / name / "values.schema.yaml"
        if schema.exists():  # as a release of the chart has it
            document = json.dumps(yaml.safe_load(schema.read_text()))
            schema.with_suffix(".json").write_text(document)
    return tmp_path


def rendered(chart: Path, given: dict[str, Any]) -> list[dict[str, Any]]:
    import helm_python

    with helm_python.Chart.load(str(chart)) as loaded:
        told = loaded.render(given, name="lab", namespace="datalab")
    return [
        one
        for file, text in told.items()
        if file.endswith(".yaml")
        for one in yaml.safe_load_all(text)
        if one
    ]


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_the_real_chart_renders_objects_that_kubernetes_expects(name: str, charts: Path) -> None:
    validate = pytest.importorskip("kubernetes_validate")
    found = rendered(charts / CHARTS[name], values(name))
    assert len(found) > 10
    for one in found:
        if "traefik" not in one["apiVersion"]:  # its kinds are the chart's own
            validate.validate(one, VERSION, strict=True)


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_the_real_chart_knows_every_key(name: str, charts: Path) -> None:
    from jsonschema import Draft7Validator

    schema = json.loads((charts / CHARTS[name] / "values.schema.json").read_text())
    defaults = yaml.safe_load((charts / CHARTS[name] / "values.yaml").read_text())
    whole = merged(defaults, values(name))
    assert [e.message for e in Draft7Validator(schema).iter_errors(whole)] == []
    if name == "hub":
        whole["singleuser"]["memroy"] = {"limit": "2G"}
        assert list(Draft7Validator(schema).iter_errors(whole)), "the chart notices it too"
    unknown = {path for path in relied_on(name) if not known(defaults, schema, path.split("."))}
    assert unknown == set()


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Values as Helm puts them together."""
    found = dict(below)
    for key, value in above.items():
        under = found.get(key)
        both = isinstance(value, dict) and isinstance(under, dict)
        found[key] = merged(under, value) if both else value  # type: ignore[arg-type]
    return found


def known(defaults: Any, schema: Any, path: list[str]) -> bool:
    """Whether a chart has a key: among its defaults, or in its schema."""
    inside: Any = defaults
    for part in path:
        if not isinstance(inside, dict) or part not in inside:
            break
        inside = inside[part]
    else:
        return True
    for part in path:
        schema = schema.get("properties", {}).get(part)
        if schema is None:
            return False
    return True


def test_the_hub_that_is_rendered_reaches_the_lake_read_only(charts: Path) -> None:
    found = rendered(charts / "jupyterhub", values("hub"))
    hub = next(o for o in found if o["kind"] == "Deployment" and o["metadata"]["name"] == "hub")
    (container,) = hub["spec"]["template"]["spec"]["containers"]
    mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
    assert mounts["/srv/datalab/lake"]["readOnly"] is True
    policies = {o["metadata"]["name"] for o in found if o["kind"] == "NetworkPolicy"}
    assert {"hub", "proxy", "singleuser"} <= policies
