"""What a look at the object store does where there is nothing to send or to take."""

from __future__ import annotations

import shutil

import pytest

from datalab.depot.keeping import step
from datalab.depot.ledger import STATE, state
from datalab.errors import DepotAway, DepotEmpty
from datalab.lake.layout import COPY
from tests.depot.bucket import NAME
from tests.depot.labs import Labs, files


def test_a_store_that_lost_everything_takes_no_copy_with_it(labs: Labs) -> None:
    labs.bring()
    there = files(labs.there.lake)
    labs.bucket.stop()
    shutil.rmtree(labs.bucket.folder / NAME / "dijon")
    labs.bucket.start()
    with pytest.raises(DepotEmpty, match="reste ici"):
        step(labs.there)
    assert files(labs.there.lake) == there
    said = state(labs.there.run)
    assert said is not None
    assert said.since
    step(labs.here, take=True)
    step(labs.there)
    assert labs.rows() == labs.place.rows()


def test_looks_that_find_nothing_new_write_nothing(labs: Labs) -> None:
    labs.bring()
    step(labs.here)
    step(labs.there)
    kept = [labs.here.run / STATE, labs.there.run / STATE, labs.there.lake / COPY]
    before = [path.stat().st_ino for path in kept]
    for _ in range(3):
        assert (step(labs.here), step(labs.there)) == ([], [])
    assert [path.stat().st_ino for path in kept] == before
    labs.bucket.stop()
    with pytest.raises(DepotAway):
        step(labs.there)
    labs.bucket.start()
    step(labs.there)
    again = state(labs.there.run)
    assert again is not None
    assert again.since is None, "it is told at once that it answers again"


def test_the_command_says_what_it_cannot_do_here(labs: Labs) -> None:
    untried = labs.command("depot", "status")
    assert "encore été envoyé" in untried.communicate(timeout=60)[0]
    assert untried.returncode == 1
    pulled = labs.command("depot", "pull")
    assert "DATALAB_DEPOT_READER" in pulled.communicate(timeout=60)[1]
    assert pulled.returncode == 2
