"""A notebook stays open while data are published, kept back and mended."""

from __future__ import annotations

import threading

from datalab.notebook.lab import Lab
from tests.notebook.conftest import COMMUNES, Workshop

CHANGED = [(*COMMUNES[0][:2], 1201, *COMMUNES[0][3:]), *COMMUNES[1:]]


def populations(lab: Lab) -> list[int]:
    return [row[0] for row in lab.sql("SELECT population FROM communes").fetchall()]


def test_an_open_lab_keeps_reading_what_it_read(own_workshop: Workshop) -> None:
    lab = own_workshop.lab("fr")
    before = lab.dataset("communes")
    assert not lab.outdated
    own_workshop.write_communes(CHANGED)
    assert own_workshop.refresh("communes") == {"communes": "published"}
    assert lab.outdated
    assert populations(lab)[0] == 1200
    assert lab.dataset("communes").snapshot == before.snapshot
    assert "a été publiée depuis" in repr(lab.dataset("communes"))


def test_refresh_reads_the_newest_and_says_what_changed(own_workshop: Workshop) -> None:
    lab = own_workshop.lab("fr")
    before = lab.dataset("communes")
    own_workshop.write_communes(CHANGED)
    own_workshop.refresh("communes")
    (change,) = lab.refresh()
    assert change["id"] == "communes"
    assert change["before"] == before.snapshot
    assert populations(lab)[0] == 1201
    assert lab.dataset("communes").df()["population"].iloc[0] == 1201
    assert before.df()["population"].iloc[0] == 1200
    assert list(lab.refresh()) == []
    assert "Rien n’a changé" in repr(lab.refresh())


def test_a_snapshot_can_be_pinned(own_workshop: Workshop) -> None:
    first = own_workshop.lab().dataset("communes").snapshot
    own_workshop.write_communes(CHANGED)
    own_workshop.refresh("communes")
    lab = own_workshop.lab()
    pinned = lab.dataset("communes", snapshot=first)
    assert pinned.df()["population"].iloc[0] == 1200
    assert pinned.dask().compute()["population"].iloc[0] == 1200
    assert pinned.cite().snapshot == first
    assert lab.dataset("communes").df()["population"].iloc[0] == 1201
    assert [row["snapshot"] for row in pinned.snapshots][-1] == first


def test_a_kept_dataset_tells_which_row_broke_which_expectation(own_workshop: Workshop) -> None:
    lab = own_workshop.lab("fr")
    broken = [(*COMMUNES[0][:2], -5, *COMMUNES[0][3:]), *COMMUNES[1:]]
    own_workshop.write_communes(broken)
    assert own_workshop.refresh("communes") == {"communes": "kept"}
    communes = lab.dataset("communes")
    assert communes.df()["population"].iloc[0] == 1200
    quality = communes.quality
    assert quality.state == "kept"
    (failed,) = quality.failed
    assert failed.kwargs["column"] == "population"
    for shown in (repr(quality), quality._repr_html_()):
        assert "✗" in shown
        assert "insee_code = 21001" in shown
        assert "population = -5" in shown
        assert "n’a pas été publiée" in shown
    assert "attentes non tenues\u00a0: 1 sur 2" in repr(communes)
    own_workshop.write_communes(CHANGED)
    assert own_workshop.refresh("communes") == {"communes": "published"}
    assert lab.dataset("communes").quality.state == "published"
    lab.refresh()
    assert populations(lab)[0] == 1201


def test_opening_while_others_publish_always_gives_one_whole_state(
    own_workshop: Workshop,
) -> None:
    done = threading.Event()
    failures: list[BaseException] = []

    def publish() -> None:
        try:
            for turn in range(6):
                rows = [(*c[:2], 1000 + turn, *c[3:]) for c in COMMUNES]
                own_workshop.write_communes(rows)
                own_workshop.refresh("communes")
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    writer = threading.Thread(target=publish)
    writer.start()
    opened = 0
    while not done.is_set():
        lab = own_workshop.lab()
        communes = lab.dataset("communes")
        values = set(communes.df()["population"])
        assert values == set(populations(lab))
        assert len(values) in {1, len(COMMUNES)}
        opened += 1
    writer.join()
    assert failures == []
    assert opened > 0
    assert set(populations(own_workshop.lab())) == {1005}
