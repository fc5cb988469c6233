"""Who uses a dataset gets a letter before it changes; who only looks on gets none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from datalab.announcement import letter, readers
from datalab.lake.index import read_index
from datalab.lake.notice import all_notices
from datalab.lineage.store import Lineage
from tests.portal.desk import now
from tests.portal.test_dataset_versions import Lab


def test_owners_of_projects_and_holders_of_tokens_are_written_to(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.use()
    store = lab.desk.store
    with store.writing() as database:
        database.execute("UPDATE accounts SET email = name || '@example.org'")
    lineage = Lineage(lab.settings.lineage)
    lineage.note_holder("entrepreneur", "trees", now())
    lineage.note_holder("student", "trees", now())
    lab.trees({"code": "varchar"}, "code\na\n")
    assert lab.refresh("trees") == {"trees": "kept"}
    notice = all_notices(lab.settings.lake)["trees"]
    assert (notice.projects, notice.holders) == (1, 2)
    found = {account.name: uses for account, uses in readers(lab.settings, notice, now())}
    assert found == {"entrepreneur": [""], "student": ["velos-dijon", ""]}
    entry = read_index(lab.settings.lake)["trees"]
    account, uses = next(iter(readers(lab.settings, notice, now())))
    made = letter(entry, notice, account, uses, "https://lab.test/services/datalab")
    text = made.body
    assert "height" in text
    assert "/datasets/trees/versions" in text
    assert datetime.now(UTC).strftime("%Y") in made.subject
