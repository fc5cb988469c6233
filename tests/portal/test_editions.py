"""Pages of projects that come with the lab: published without anybody, under the same rules."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from datalab.isolation.homes import Homes
from datalab.isolation.sandbox import probe
from datalab.lineage.store import Lineage
from datalab.portal.editions import Made, owed, publish_due
from datalab.portal.library import Library
from datalab.portal.publishing import Press
from datalab.projects.edition import DAY
from datalab.projects.project import Projects
from tests.portal.conftest import PREFIX, Workshop, fill
from tests.portal.desk import Desk

READ = "import datalab\nlab = datalab.connect()\n"
COUNT = READ + "print(lab.dataset('communes').df()['population'].sum())"
PICTURE = "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')"
NOW = 1_900_000_000.0


class Shop:
    """A lake, and a project ``tour`` that came with the lab."""

    def __init__(self, root: Path) -> None:
        workshop = Workshop(root)
        fill(workshop)
        workshop.refresh()
        self.desk = Desk(workshop.settings.home)
        self.settings = self.desk.settings
        self.folder = self.settings.projects / "tour"
        self.folder.mkdir(parents=True)
        self.projects = Projects(self.settings.shared, self.settings.projects)
        self.library = Library(self.settings.lake)
        walls = probe(self.settings.home)
        homes = Homes(self.settings.home / "accounts", walls.mode in {"root", "setuid"})
        self.press = Press(self.settings, walls, homes, PREFIX)
        self.write(COUNT)

    def write(self, *cells: str, datasets: tuple[str, ...] = ("communes",), **page: Any) -> None:
        made = [new_markdown_cell("# Le tour"), *(new_code_cell(cell) for cell in cells)]
        (self.folder / "tour.ipynb").write_text(writes(new_notebook(cells=made)))
        text = {"fr": "Le tour", "en": "The tour"}
        note = {"notebook": "tour.ipynb", "title": text, "summary": text, **page}
        tool = {"address": "datasets/", "title": {"fr": "L’outil", "en": "The tool"}}
        manifest = {
            "id": "tour",
            "title": text,
            "purpose": text,
            "pages": [note],
            "tools": [{**tool, "summary": text}],
        }
        (self.folder / "project.yaml").write_text(
            yaml.safe_dump({**manifest, "datasets": list(datasets)}), encoding="utf-8"
        )

    def turn(self, now: float = NOW, slug: str | None = None) -> list[Made]:
        return list(publish_due(self.projects, self.library, self.press, now, slug=slug))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("editions"))


def test_a_page_that_comes_with_the_lab_is_published_with_the_labs_own_data(shop: Shop) -> None:
    shop.write(COUNT)
    (made,) = shop.turn()
    assert made.error == ""
    assert made.new
    desk = shop.desk
    answer = desk.browser().get("pages/tour/tour")
    assert answer.status_code == 200
    assert "17100" in answer.text
    for page in (desk.browser().get("").text, desk.browser().get("projects/tour/").text):
        assert "/services/datalab/pages/tour/tour" in page
        assert "The tool" in page
    users = Lineage(shop.settings.lineage).users_of("communes", NOW)
    assert {(page.project, page.page) for page in users.pages} == {("tour", "tour")}
    assert not (shop.folder / "records").exists(), "nothing is written into a checkout"


def test_it_is_made_again_only_when_something_changed(shop: Shop) -> None:
    shop.write(COUNT)
    shop.turn()
    assert shop.turn(NOW + 1) == []
    shop.write(COUNT, "print('autre')")
    (made,) = shop.turn(NOW + 2)
    assert made.new, "what is written shows at once"
    (again,) = shop.turn(NOW + 3, slug="tour")
    assert not again.new, "the very same page is no new version"
    assert again.page is not None
    assert again.page.version == (made.page.version if made.page else 0)


def test_data_that_change_by_the_hour_make_one_page_a_day(shop: Shop) -> None:
    shop.write(COUNT)
    shop.turn()
    (one,) = owed(shop.projects, shop.library.shelf())
    assert not one.due(NOW + 10 * DAY)
    changed = dataclasses.replace(one, data="other")
    assert one.before is not None
    assert not changed.due(one.before.at + DAY - 60)
    assert changed.due(one.before.at + DAY)


@pytest.mark.parametrize(
    ("cells", "page", "said"),
    [
        ((READ + "lab.dataset('no-such')",), {}, "no-such"),
        (("raise ValueError('halte')",), {}, "halte"),
        ((PICTURE,), {}, "pictures"),
    ],
    ids=["unknown", "failing", "wordless"],
)
def test_what_may_not_stand_is_not_published_and_says_why(
    shop: Shop, cells: tuple[str, ...], page: dict[str, Any], said: str
) -> None:
    shop.write(*cells, **page)
    (made,) = shop.turn()
    assert made.page is None
    assert said in made.error
    assert shop.turn(NOW + 60) == [], "it is not tried again at once"
    written = json.loads((shop.settings.home / "references/tour/records/editions.json").read_text())
    assert said in written["tour.ipynb"]["error"]


def test_a_page_waits_for_its_datasets(shop: Shop) -> None:
    shop.write(COUNT, datasets=("communes", "not-there-yet"))
    assert shop.turn() == []


def test_a_picture_with_words_stands(shop: Shop) -> None:
    shop.write(PICTURE, pictures=["Rien à voir"])
    (made,) = shop.turn()
    assert made.error == ""
    assert made.page is not None
    assert "Rien à voir" in [dict(part).get("words") for part in made.page.parts]
