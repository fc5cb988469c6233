"""An index that was read before is read again as soon as it is another file."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalab.lake.index import Entry, Kept, read_folder
from datalab.lake.layout import LakeFolder, write_json
from datalab.lake.ledger import Ledger
from datalab.lake.register import write_index


def entry(rows: int) -> Entry:
    return Entry("open", {"id": "trees", "theme": "energy", "sql_name": "trees"}, {"rows": rows})


def rows(place: LakeFolder) -> int | None:
    found = read_folder(place).get("trees")
    return found.record["rows"] if found and found.record else None


@pytest.fixture
def place(tmp_path: Path) -> LakeFolder:
    (tmp_path / "open").mkdir()
    return LakeFolder(tmp_path / "open")


def test_the_writer_reads_what_it_wrote_last(place: LakeFolder) -> None:
    assert rows(place) is None
    for number in range(10, 60):  # all of one size, in less than a tick of many clocks
        write_index(place, {"trees": entry(number)})
        assert rows(place) == number
        assert rows(place) == number


def test_a_file_that_somebody_else_put_in_place_is_seen_at_once(place: LakeFolder) -> None:
    write_index(place, {"trees": entry(1)})
    for number in range(10, 60):
        write_json(place.index, {"datasets": {"trees": entry(number).as_json()}})
        assert rows(place) == number


def test_a_file_is_parsed_once_and_again_when_it_is_another(place: LakeFolder) -> None:
    kept = Kept(settled=-1)  # no file is too young
    write_json(place.index, {"datasets": {"trees": entry(1).as_json()}})
    first = kept.read(place.index)
    assert kept.read(place.index) is first
    write_json(place.index, {"datasets": {"trees": entry(2).as_json()}})
    second = kept.read(place.index)
    assert second["datasets"]["trees"]["record"] == {"rows": 2}
    place.index.unlink()
    with pytest.raises(FileNotFoundError):
        kept.read(place.index)
    assert read_folder(place) == {}


def test_what_is_given_out_is_the_readers_own(place: LakeFolder) -> None:
    write_index(place, {"trees": entry(1)})
    read_folder(place).clear()
    assert rows(place) == 1


def test_runs_that_bring_nothing_do_not_write_the_whole_index_each(place: LakeFolder) -> None:
    names = [f"set-{number}" for number in range(100)]

    def noted(name: str, run: int) -> Entry:
        about = {"id": name, "theme": "energy", "sql_name": name}
        return Entry("open", about, {"run_id": f"{run}-{name}"})

    write_index(place, {name: noted(name, 1) for name in names})
    ledger, written = Ledger(), {place.index.stat().st_mtime_ns}
    for name in names:
        ledger.put(place, noted(name, 2))
        written.add(place.index.stat().st_mtime_ns)
        assert ledger.entry(place, name) == noted(name, 2)
    ledger.settle_all()
    assert len(written) < 12
    assert read_folder(place) == {name: noted(name, 2) for name in names}


def test_what_waits_is_written_with_what_does_not(place: LakeFolder) -> None:
    write_index(place, {f"{n}": Entry("open", {"id": f"{n}"}, {"rows": 1}) for n in range(50)})
    ledger = Ledger()
    ledger.put(place, Entry("open", {"id": "3"}, {"rows": 2}))
    assert read_folder(place)["3"].record == {"rows": 1}
    ledger.settle(place, Entry("open", {"id": "7"}, {"rows": 3}))
    assert {key: e.record["rows"] for key, e in read_folder(place).items() if e.record} == {
        **{f"{n}": 1 for n in range(50)},
        **{"3": 2, "7": 3},
    }
