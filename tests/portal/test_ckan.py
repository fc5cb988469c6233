"""CKAN's Action API, asked by ckanapi as it comes."""

from __future__ import annotations

from typing import Any

import ckanapi
import pytest
from starlette.testclient import TestClient

from tests.portal.conftest import SENTINEL


@pytest.fixture(scope="module")
def remote(address: str) -> ckanapi.RemoteCKAN:
    return ckanapi.RemoteCKAN(address)


def test_ckanapi_lists_and_shows_datasets(remote: ckanapi.RemoteCKAN) -> None:
    names = remote.action.package_list()
    assert {"communes", "for-members", "many-rows"} <= set(names)
    package = remote.action.package_show(id="communes")
    assert package["license_id"] == "lov2"
    assert package["organization"]["name"] == "atelier"
    assert [group["name"] for group in package["groups"]] == ["territory"]
    formats = {resource["format"] for resource in package["resources"]}
    assert formats == {"CSV", "Parquet", "Arrow", "XLSX", "GeoJSON", "JSON"}
    listed = remote.action.current_package_list_with_resources(limit=2, offset=1)
    assert [one["name"] for one in listed] == names[1:3]
    shown = remote.action.resource_show(id="communes.csv")
    assert shown["url"].endswith("/datasets/communes.csv")


def test_ckanapi_searches(remote: ckanapi.RemoteCKAN) -> None:
    found = remote.action.package_search(
        q="*:*", fq='license_id:"lov2" -res_format:GeoJSON', rows=2, sort="name desc",
        **{"facet.field": ["organization", "res_format"]},
    )  # fmt: skip
    assert len(found["results"]) == 2
    names = [one["name"] for one in found["results"]]
    assert names == sorted(names, reverse=True)
    assert found["facets"]["organization"] == {"atelier": found["count"]}
    assert "GeoJSON" not in found["facets"]["res_format"]
    assert remote.action.package_search(q="communes")["results"][0]["name"].startswith("commune")
    assert remote.action.package_search(fq="tags:logement")["count"] == 1
    assert remote.action.package_search(fq="name:(communes OR many-rows)")["count"] == 2
    with pytest.raises(ckanapi.errors.SearchQueryError):
        remote.action.package_search(fq="colour:red")


def test_ckanapi_reads_rows(remote: ckanapi.RemoteCKAN) -> None:
    def ask(**given: Any) -> Any:
        return remote.action.datastore_search(resource_id="communes.csv", **given)

    everything = ask()
    assert everything["total"] == 4
    assert everything["fields"][:2] == [
        {"id": "_id", "type": "int"},
        {"id": "insee_code", "type": "text"},
    ]
    assert [one["_id"] for one in everything["records"]] == [1, 2, 3, 4]
    some = ask(filters={"insee_code": ["21001", "21003"]}, sort="population desc", fields=["name"])
    assert [one["name"] for one in some["records"]] == ["abeille", "Émilienne"]
    assert some["total"] == 2
    assert ask(limit=1, offset=3)["records"][0]["name"] == "<b>Ouest</b>"
    assert ask(q="zephyr")["total"] == 1
    assert ask(records_format="lists", limit=1)["records"][0][:2] == [1, "21001"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"resource_id": "communes.csv", "filters": "{"},
        {"resource_id": "communes.csv", "filters": {"colour": "red"}},
        {"resource_id": "communes.csv", "filters": {"population": "many"}},
        {"resource_id": "communes.csv", "limit": -1},
        {"resource_id": "communes.csv", "sort": "colour desc"},
        {"resource_id": "communes.csv", "fields": ["name; DROP TABLE"]},
    ],
)
def test_what_is_wrong_is_told_as_ckan_does(
    remote: ckanapi.RemoteCKAN, given: dict[str, Any]
) -> None:
    with pytest.raises(ckanapi.ValidationError) as told:
        remote.call_action("datastore_search", given)
    assert told.value.error_dict["__type"] == "Validation Error"


def test_what_is_not_there_and_what_is_closed(
    remote: ckanapi.RemoteCKAN, client: TestClient
) -> None:
    missing = {"package_show": "x", "resource_show": "communes.exe", "group_show": "x"}
    for action, id in missing.items():
        with pytest.raises(ckanapi.NotFound):
            remote.call_action(action, {"id": id})
    for name in ("for-members", "for-named", "not-to-pass-on"):
        assert remote.action.package_show(id=name)["resources"] == []
        with pytest.raises(ckanapi.NotAuthorized):
            remote.action.datastore_search(resource_id=name)
        asked = client.get("api/3/action/datastore_search", params={"resource_id": name})
        assert asked.status_code == 403
        assert SENTINEL not in asked.text
    answer = client.post("api/3/action/package_delete", json={"id": "communes"})
    assert answer.status_code == 400
    assert answer.json() == "Bad request - Action name not known: package_delete"
    assert client.post("api/3/action/package_show", content=b"{").status_code == 400
    assert client.post("api/3/action/package_show", content=b"[" * 70_000).status_code == 413


def test_the_other_actions(remote: ckanapi.RemoteCKAN) -> None:
    assert remote.action.organization_list() == ["atelier"]
    shown = remote.action.organization_show(id="atelier", include_datasets=True)
    assert shown["package_count"] == len(shown["packages"])
    assert remote.action.group_list(all_fields=True)[0]["name"] == "territory"
    assert remote.action.group_show(id="territory")["title"]
    assert remote.action.tag_list() == ["logement"]
    assert "lov2" in {one["id"] for one in remote.action.license_list()}
    assert remote.action.site_read() is True
    assert remote.action.status_show()["site_url"].startswith("http://127.0.0.1")
    assert "facets" in remote.action.help_show(name="package_search")
