"""Maps show what the data say, to everyone, and tell nobody else who looks at them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from datalab.errors import NothingToDraw, SeveralValuesPerPlace, UnknownColumn, UnknownMethod
from datalab.notebook.lab import Lab
from datalab.notebook.map import Map
from tests.notebook.conftest import COMMUNES, HOSTILE, STOPS, Workshop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    Visit = Callable[[str], tuple[Page, list[str], list[str]]]


def test_a_ratio_is_shown_by_colours(lab: Lab) -> None:
    drawn = lab.dataset("communes").map(column="poverty_rate", k=2)
    assert drawn.scene.kind == "choropleth"
    assert drawn.classification is not None
    assert drawn.classification.k == 2
    assert sum(drawn.classification.counts) == 4
    text = repr(drawn)
    assert "Fisher-Jenks" in text
    assert "(%)" in text
    assert "k\u00a0=\u00a02" in text
    assert "Atelier & fils" in text
    assert f"version n°\u00a0{lab.dataset('communes').snapshot}" in text


def test_a_count_is_shown_by_circles_whose_area_is_proportional(lab: Lab) -> None:
    drawn = lab.dataset("communes").map()
    assert drawn.scene.kind == "circles"
    radius = {mark.label: mark.radius for mark in drawn.scene.marks}
    assert radius["Abeille"] is not None
    assert radius["Zéphyr"] is not None
    assert (radius["Abeille"] / radius["Zéphyr"]) ** 2 == pytest.approx(15300 / 90)
    assert "proportionnelle" in repr(drawn)


def test_colouring_a_count_is_possible_and_warned_of(lab: Lab) -> None:
    drawn = lab.dataset("communes").map(column="population", kind="choropleth")
    assert drawn.scene.kind == "choropleth"
    assert "Attention" in repr(drawn)


def test_a_missing_value_is_no_zero_and_says_why(lab: Lab) -> None:
    drawn = lab.dataset("communes").map(column="poverty_rate")
    (missing,) = [mark for mark in drawn.scene.marks if mark.missing]
    assert missing.label == "Zéphyr"
    assert "secret statistique" in missing.shown
    assert "secret statistique" in drawn.scene.keys[-1].words
    assert "(1 lieu)" in drawn.scene.legend()


def test_the_title_is_short_and_the_whole_description_stands_in_the_notes(lab: Lab) -> None:
    scene = lab.dataset("communes").map().scene
    assert scene.title == "Population 2022 (habitants)"
    assert "Population 2022 : les habitants" in scene.notes


def test_points_lie_on_the_communes_and_many_are_clustered(lab: Lab) -> None:
    few, many = lab.dataset("town-halls").map(), lab.dataset("stops").map()
    assert few.scene.kind == many.scene.kind == "points"
    assert len(few.scene.background) == len(COMMUNES)
    assert len(many.scene.marks) == STOPS
    from datalab.notebook.leaflet import clustered

    assert not clustered(few.scene)
    assert clustered(many.scene)


def test_a_map_of_a_dataset_says_its_title_once(lab: Lab) -> None:
    for name in ("communes", "stops"):
        drawn = lab.dataset(name).map()
        lines = repr(drawn).splitlines()
        assert lines.count(drawn.scene.title) == 1
        assert lab.dataset(name).title in (drawn.scene.title, drawn.scene.subtitle)
    assert "<br></figcaption>" not in drawn._repr_html_()


def test_places_take_their_names_from_the_boundaries(lab: Lab) -> None:
    history = lab.dataset("population-history").map(column="population", where="census_year=2022")
    assert {mark.label for mark in history.scene.marks} == {"Émilienne", "Zéphyr"}


def test_several_values_for_a_place_ask_for_a_choice(lab: Lab) -> None:
    history = lab.dataset("population-history")
    with pytest.raises(SeveralValuesPerPlace, match=r'where="census_year = 2022"') as refused:
        history.map(column="population")
    assert history.map(column="population", where=refused.value.facts["where"]).scene.marks


def test_wrong_names_are_explained(lab: Lab) -> None:
    communes = lab.dataset("communes")
    with pytest.raises(UnknownColumn, match="population"):
        communes.map(column="populations")
    with pytest.raises(UnknownMethod, match="quantiles"):
        communes.map(column="poverty_rate", method="quantile5")
    with pytest.raises(UnknownMethod, match="circles"):
        communes.map(kind="heat")
    with pytest.raises(NothingToDraw):
        communes.map(where="population > 1e9")
    with pytest.raises(NothingToDraw, match="manquent"):
        communes.map(column="poverty_rate", where="name = 'Zéphyr'")


def test_texts_make_categories(lab: Lab) -> None:
    drawn = lab.dataset("communes").map(column="name")
    assert drawn.scene.kind == "shapes"
    assert len(drawn.scene.keys) == len(COMMUNES)


def test_without_scripts_a_static_map_is_shown_with_a_plain_note(lab: Lab) -> None:
    shown = lab.dataset("communes").map(column="poverty_rate")._repr_html_()
    assert "<svg" in shown
    assert 'role="img"' in shown
    assert "<iframe" not in shown
    assert "Carte fixe" in shown


def test_the_same_values_stand_in_a_table_and_everything_is_escaped(lab: Lab) -> None:
    drawn = lab.dataset("communes").map(column="poverty_rate")
    for shown in (drawn._repr_html_(), drawn.svg()):
        assert "<img src=x" not in shown
        assert "&lt;/script&gt;" in shown
    assert "<caption" in drawn._repr_html_()
    assert "12,5" in drawn.scene.table()


def with_assets(workshop: Workshop, assets: Path, **more: Any) -> Lab:
    return workshop.lab("fr", assets=assets, **more)


def test_no_page_names_a_third_party(workshop: Workshop, assets: Path) -> None:
    lab = with_assets(workshop, assets, assets_url="/services/datalab/assets/")
    for name, column in [("communes", "poverty_rate"), ("communes", None), ("stops", None)]:
        shown = lab.dataset(name).map(column=column)._repr_html_()
        addresses = set(re.findall(r"(?:src|href)=(?:&quot;|\")([^\"&]+)", shown))
        assert addresses
        assert all(address.startswith("/services/datalab/assets/") for address in addresses)


class Outside(BaseHTTPRequestHandler):
    """The rest of the world: whatever the browser asks beyond this machine is written down."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(502)

    do_CONNECT = do_POST = do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str], tuple[Page, list[str], list[str]]]]:
    """Opens an address: the page, what it asked beyond this machine, what it complained of.

    The browser's own list of requests misses those of a sandboxed frame, so a proxy listens.
    """
    Outside.asked.clear()
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Outside)
    Thread(target=proxy.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{proxy.server_port}"
    context = browser.new_context(proxy={"server": address, "bypass": "127.0.0.1"})

    def opened(address: str) -> tuple[Page, list[str], list[str]]:
        page, said = context.new_page(), list[str]()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        page.goto(address)
        return page, Outside.asked, said

    yield opened
    context.close()
    proxy.shutdown()
    proxy.server_close()


def test_what_a_dataset_says_is_no_template(workshop: Workshop, assets: Path) -> None:
    """branca renders folium's pages twice; the second time values would run as code."""
    drawn = with_assets(workshop, assets).dataset("communes").map(column="poverty_rate")
    for shown in (drawn._repr_html_(), drawn.folium().get_root().render()):
        assert "7*7" in shown
        assert "\\\\ 49" not in shown


def write_as_output(drawn: Map, path: Path) -> str:
    """The map as it stands in the output of a notebook."""
    text = f'<!DOCTYPE html><meta charset="utf-8"><body>{drawn._repr_html_()}</body>'
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


@pytest.mark.browser
def test_the_proxy_hears_what_a_sandboxed_frame_asks(visit: Visit, tmp_path: Path) -> None:
    inner = "<script src='http://third.example/x.js'></script>"
    page_ = tmp_path / "page.html"
    page_.write_text(f'<iframe sandbox="allow-scripts" srcdoc="{inner}"></iframe>')
    page, asked, _ = visit(page_.as_uri())
    page.wait_for_timeout(300)
    assert asked == ["http://third.example/x.js"]
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "column", "shapes"),
    [("communes", "poverty_rate", 5), ("communes", "population", 5), ("town-halls", None, 20)],
)
def test_a_map_draws_itself_without_asking_anybody(
    visit: Visit,
    workshop: Workshop,
    assets: Path,
    tmp_path: Path,
    name: str,
    column: str | None,
    shapes: int,
) -> None:
    drawn = with_assets(workshop, assets).dataset(name).map(column=column)
    address = write_as_output(drawn, tmp_path / "output.html")
    page, asked, said = visit(address)
    marks = page.frame_locator("iframe").locator("path.leaflet-interactive")
    marks.first.wait_for()
    assert marks.count() == shapes
    assert marks.first.bounding_box()["width"] > 2  # type: ignore[index]
    assert asked == []
    assert said == []
    page.close()


@pytest.mark.browser
def test_many_points_are_clustered_in_the_page(
    visit: Visit, workshop: Workshop, assets: Path, tmp_path: Path
) -> None:
    drawn = with_assets(workshop, assets).dataset("stops").map()
    page, asked, said = visit(write_as_output(drawn, tmp_path / "output.html"))
    clusters = page.frame_locator("iframe").locator(".marker-cluster")
    clusters.first.wait_for()
    assert clusters.count() > 1
    assert asked == []
    assert said == []
    page.close()


@pytest.mark.browser
def test_what_a_dataset_says_never_becomes_code(
    visit: Visit, workshop: Workshop, assets: Path, tmp_path: Path
) -> None:
    drawn = with_assets(workshop, assets).dataset("communes").map(column="poverty_rate")
    page, _, said = visit(write_as_output(drawn, tmp_path / "output.html"))
    frame = page.frame_locator("iframe")
    marks = frame.locator("path.leaflet-interactive")
    place = [mark.label for mark in drawn.scene.marks].index(HOSTILE)
    marks.nth(place).hover()
    tooltip = frame.locator(".leaflet-tooltip")
    tooltip.wait_for()
    assert HOSTILE in tooltip.inner_text().replace("\u200b", "")
    assert page.evaluate("window.stolen") is None
    assert said == []
    page.close()


@pytest.mark.browser
def test_a_map_is_drawn_from_the_scripts_of_the_lab(
    visit: Visit, workshop: Workshop, assets: Path, tmp_path: Path
) -> None:
    class Portal(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
            super().end_headers()

        def log_message(self, _: str, *said: Any) -> None:
            served.append(str(said[0]))

    served: list[str] = []
    root = tmp_path / "site"
    (root / "services/datalab").mkdir(parents=True)
    (root / "services/datalab/assets").symlink_to(assets)
    lab = with_assets(workshop, assets, assets_url="/services/datalab/assets/")
    write_as_output(lab.dataset("communes").map(column="poverty_rate"), root / "output.html")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Portal, directory=str(root)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        page, asked, said = visit(f"{base}/output.html")
        page.frame_locator("iframe").locator("path.leaflet-interactive").first.wait_for()
        assert "GET /services/datalab/assets/leaflet.js HTTP/1.1" in served
        assert asked == []
        assert [text for text in said if "favicon" not in text and "404" not in text] == []
        page.close()
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.browser
def test_a_saved_map_is_one_file_that_everybody_can_use(
    visit: Visit, workshop: Workshop, assets: Path, tmp_path: Path
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    lab = with_assets(workshop, assets, assets_url="/services/datalab/assets/")
    path = lab.dataset("communes").map(column="poverty_rate").save(tmp_path / "carte.html")
    page, asked, said = visit(path.as_uri())
    page.locator("path.leaflet-interactive").first.wait_for()
    assert asked == []
    assert said == []
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found] == []
    page.close()
    drawing = lab.dataset("communes").map().save(tmp_path / "carte.svg")
    assert drawing.read_text(encoding="utf-8").startswith("<svg")
