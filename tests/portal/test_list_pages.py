"""A list that is longer than one page, of more datasets than most labs have."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from datalab.catalog.catalog import Catalog
from datalab.connectors.registry import source_models
from datalab.lake.writer import Writer
from datalab.portal.listing import PAGE
from tests.portal.desk import Desk
from tests.test_refresh import CSV, Plain, described


def many(desk: Desk, catalog: Path, count: int) -> None:
    """Datasets that no refresh has met yet are listed as well."""
    theme = catalog / "environment"
    theme.mkdir(parents=True)
    for number in range(count):
        document = yaml.dump(described(f"trees-{number:03}"), Dumper=Plain, sort_keys=False)
        (theme / f"trees-{number:03}.yaml").write_text(document, encoding="utf-8")
        (theme / f"trees-{number:03}.csv").write_text(CSV, encoding="utf-8")
    with Writer(desk.settings.lake, desk.settings.writer, "tests") as writer:
        writer.announce(list(Catalog.load(catalog, source_models())))


def test_every_page_of_a_long_list_opens_and_leads_to_its_neighbours(
    desk: Desk, tmp_path: Path
) -> None:
    many(desk, tmp_path / "many", 2 * PAGE + 1)
    browser = desk.browser()
    pages = [browser.get(f"datasets/?page={number}") for number in (1, 2, 3)]
    assert [page.status_code for page in pages] == [200, 200, 200]
    told = [(p.text.count('rel="prev"'), p.text.count('rel="next"')) for p in pages]
    assert told == [(0, 1), (1, 1), (1, 0)]
    seen = [set(re.findall(r"datasets/(trees-\d{3})\"", page.text)) for page in pages]
    assert [len(names) for names in seen] == [PAGE, PAGE, 1]
    assert len(set.union(*seen)) == 2 * PAGE + 1
    beyond = browser.get("datasets/?page=4")
    assert beyond.status_code == 200
    assert "its last one is page 3" in beyond.text
    assert 'rel="prev" href="/services/datalab/datasets/?page=3"' in beyond.text
    assert "datasets/trees-" not in beyond.text
    narrowed = browser.get("datasets/?q=trees&page=2")
    assert "q=trees" in narrowed.text
    assert narrowed.status_code == 200
