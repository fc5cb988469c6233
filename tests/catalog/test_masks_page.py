"""The example of the page on masks is a dataset as it stands, and reads as the page says."""

from __future__ import annotations

import re
from pathlib import Path

from datalab.catalog.catalog import Catalog
from datalab.catalog.mask import WORDS
from datalab.connectors.registry import source_models
from datalab.people.audience import Audience

PAGE = Path(__file__).resolve().parents[2] / "docs" / "masks.md"
LAKE = "restricted-home-visits"


def test_the_example_loads_and_says_who_reads_what(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    example = re.search(r"```yaml\n# catalog/(\S+)\n(.*?)```", text, re.S)
    assert example
    path = tmp_path / example[1]
    path.parent.mkdir()
    path.write_text(example[2], encoding="utf-8")
    path.with_suffix(".csv").write_text("name,born,postcode,income,person,district\n")
    catalog = Catalog.load(tmp_path, source_models())
    assert catalog.problems == []
    dataset = catalog.datasets["home-visits"]
    audience = Audience.of(dataset.id, dataset.as_json())

    def widest(*groups: str, account: str = "x") -> list[str]:
        return list(audience.read_by(account, groups, (), member="citizens" not in groups))[:1]

    assert widest("agents") == widest("citizens", account="jeanne") == [LAKE]
    assert widest("students") == [f"{LAKE}--students"]
    assert widest("entrepreneurs") == [f"{LAKE}--others"]
    assert widest("citizens") == []
    assert all(f"`{word}`" in text for word in WORDS)
