"""What a refresh publishes is read at once, and a lake that is not there is no error."""

from __future__ import annotations

import threading
from pathlib import Path

from starlette.testclient import TestClient

from datalab.portal.app import create_app
from datalab.settings import Settings
from tests.portal.conftest import PREFIX, Workshop, described

COLUMNS: dict[str, object] = {"n": "integer", "word": "varchar"}


def portal(workshop: Workshop) -> TestClient:
    app = create_app(workshop.settings)
    return TestClient(app, base_url=f"http://lab.test{PREFIX}/", raise_server_exceptions=False)


def test_an_empty_lab_says_so_on_every_page(tmp_path: Path) -> None:
    client = TestClient(create_app(Settings(home=tmp_path)), base_url=f"http://lab.test{PREFIX}/")
    for page in ("", "datasets/", "index.json", "datasets.json", "health"):
        assert client.get(page).status_code == 200
    assert "datalab refresh --all" in client.get("datasets/").text
    assert client.get("datasets/communes.json").status_code == 404


def test_a_new_snapshot_is_read_and_the_old_one_stays(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write(described("words", COLUMNS), "n,word\n1,un\n")
    workshop.refresh()
    client = portal(workshop)
    first = client.get("datasets/words.json").json()
    assert [row["word"] for row in first["rows"]] == ["un"]
    workshop.write(described("words", COLUMNS), "n,word\n1,uno\n2,due\n")
    assert workshop.refresh() == {"words": "published"}
    second = client.get("datasets/words.json").json()
    assert [row["word"] for row in second["rows"]] == ["uno", "due"]
    assert second["total_rows"] == 2
    old = client.get(f"datasets/words.json?snapshot={first['snapshot']}").json()
    assert [row["word"] for row in old["rows"]] == ["un"]
    assert old["total_rows"] == 1
    assert client.get(f"datasets/words.csv?snapshot={first['snapshot']}").text.endswith("1,un\r\n")
    assert "uno" in client.get("datasets/words").text


def test_a_withdrawn_column_is_gone_from_old_snapshots_too(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write(described("words", COLUMNS), "n,word\n1,secret\n")
    workshop.refresh()
    client = portal(workshop)
    before = client.get("datasets/words.json").json()["snapshot"]
    fewer = described("words", {"n": "integer"}, transform="SELECT n FROM source")
    fewer["source"] = {
        "connector": "file",
        "path": "words.csv",
        "columns": {"n": "integer", "word": "varchar"},
    }
    workshop.write(fewer, "n,word\n1,secret\n")
    assert workshop.refresh() == {"words": "published"}
    for door in (f"json?snapshot={before}", f"csv?snapshot={before}", f"parquet?snapshot={before}"):
        answer = client.get(f"datasets/words.{door}")
        assert answer.status_code == 200
        assert b"secret" not in answer.content


def test_tightened_access_closes_every_door_at_once(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write(described("words", COLUMNS), "n,word\n1,secret\n")
    workshop.refresh()
    client = portal(workshop)
    snapshot = client.get("datasets/words.json").json()["snapshot"]
    workshop.write(described("words", COLUMNS, access="members"), "n,word\n1,secret\n")
    workshop.refresh()
    for door in ("csv", f"csv?snapshot={snapshot}", "parquet"):
        assert client.get(f"datasets/words.{door}").status_code == 403
    assert "secret" not in client.get("datasets/words").text
    assert client.get("datasets/words.json").json()["rows"] is None


def test_readers_never_fail_while_a_refresh_publishes(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write(described("words", COLUMNS), "n,word\n0,x\n")
    workshop.refresh()
    client = portal(workshop)
    done = threading.Event()
    wrong: list[str] = []

    def read() -> None:
        while not done.is_set():
            for door in ("json", "csv", "parquet"):
                answer = client.get(f"datasets/words.{door}")
                if answer.status_code != 200:
                    wrong.append(answer.text)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for n in range(1, 6):
            workshop.write(described("words", COLUMNS), f"n,word\n{n},x\n")
            assert workshop.refresh() == {"words": "published"}
            assert client.get("datasets/words.json").json()["rows"][0]["n"] == n
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []


def test_a_broken_index_leaves_the_last_state_standing(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write(described("words", COLUMNS), "n,word\n0,x\n")
    workshop.refresh()
    client = portal(workshop)
    assert client.get("datasets/words.json").status_code == 200
    (workshop.settings.lake / "open" / "index.json").write_text("{", encoding="utf-8")
    assert client.get("datasets/words.json").status_code == 200


def test_a_failure_of_ours_is_told_without_a_trace(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write(described("words", COLUMNS), "n,word\n0,x\n")
    workshop.refresh()
    client = portal(workshop)
    for file in (workshop.settings.lake / "open" / "data").rglob("*.parquet"):
        file.unlink()
    answer = client.get("datasets/words.csv")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "error"
    assert str(tmp_path) not in answer.text
    assert answer.headers["content-security-policy"]
    page = client.get("datasets/words", headers={"Accept": "text/html"})
    assert page.status_code == 500
    assert "Traceback" not in page.text
