"""A Scene as an interactive map: folium without any address of a third party.

folium's pages load scripts, styles and tiles from five other companies, which would learn who
looks at what. Here Leaflet comes from the lab, and the communes stand in for a street map. Texts
from data reach the page as JSON and are written as text, never as HTML.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.plugins import FastMarkerCluster
from folium.template import Template
from folium.utilities import JsCode

from datalab.i18n import translate
from datalab.notebook.assets import CLUSTER_SCRIPT, CLUSTER_STYLE, SCRIPT, STYLE, Assets
from datalab.notebook.scene import HATCH, POINT_RADIUS, Mark, Scene

MANY_POINTS = 200
OPENING = re.compile(r"\{(?=[{%#])")
DECIMALS = 1e-5  # degrees, about one metre
TOOLTIP = """function (feature, layer) {
    const words = document.createElement("span");
    words.textContent = feature.properties.tooltip;
    layer.bindTooltip(words, {sticky: true});
}"""


CLUSTER_POINT = """function (row) {
    const words = document.createElement("span");
    words.textContent = row[3];
    return L.circleMarker(new L.LatLng(row[0], row[1]), {radius: 6, color: "#333", weight: 1,
        fillColor: row[2], fillOpacity: 0.8}).bindTooltip(words);
}"""


class _Raw(Element):
    """HTML as it is: no template inside it."""

    _template = Template("{{ this.raw }}")

    def __init__(self, raw: str) -> None:
        super().__init__()
        self.raw = raw


class LabMap(folium.Map):
    """folium's Map with the lab's own assets and no tiles; the page can be zoomed by readers."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own attribute
    default_css: list[tuple[str, str]] = []  # noqa: RUF012
    _template = Template(
        """
        {% macro header(this, kwargs) %}
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
            html, body { margin: 0; height: 100%; font-family: system-ui, sans-serif; }
            #{{ this.get_name() }} { position: relative; height: {{ this.tall }}; width: 100%;
                                     background: #fff; }
        </style>
        {% endmacro %}
        {% macro html(this, kwargs) %}
        <div class="folium-map" id={{ this.get_name()|tojson }} role="region"
             aria-label="{{ this.words|e }}"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
            crs: L.CRS.EPSG3857, ...{{ this.options|tojavascript }}
        }).setView({{ this.middle|tojson }}, 10);
        (function (map, box) {
            // A frame below the fold has no size yet, and a map without size cannot be fitted:
            // fit whenever it gets one, until its reader moves it.
            let moved = false;
            const fit = function () {
                const place = map.getContainer();
                if (moved || !place.clientWidth || !place.clientHeight) { return; }
                map.invalidateSize({animate: false});
                map.fitBounds(box, {padding: [12, 12], animate: false});
            };
            for (const event of ["mousedown", "wheel", "touchstart", "keydown"]) {
                map.getContainer().addEventListener(event, function () { moved = true; });
            }
            new ResizeObserver(fit).observe(map.getContainer());
            fit();
        })({{ this.get_name() }}, {{ this.box|tojson }});
        L.control.zoom({zoomInTitle: {{ this.zoom[0]|tojson }},
                        zoomOutTitle: {{ this.zoom[1]|tojson }} }).addTo({{ this.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, scene: Scene, assets: Assets, tall: str = "100%") -> None:
        super().__init__(
            tiles=None, zoom_control=False, attributionControl=False, zoomSnap=0.25, maxZoom=18,
            zoom_start=11, location=(0, 0),
        )  # fmt: skip
        west, south, east, north = scene.bounds
        self.box = [[south, west], [north, east]]
        self.middle = [(south + north) / 2, (west + east) / 2]
        self.tall = tall
        self.words = inert(scene.description)
        self.zoom = [translate("Zoom in", scene.language), translate("Zoom out", scene.language)]
        self.options.pop("zoom", None)
        names = [SCRIPT, STYLE]
        if clustered(scene):
            names += [CLUSTER_SCRIPT, CLUSTER_STYLE]
        root = _figure(self)
        root.title = escape(inert(scene.title))
        root.header.add_child(_Raw(assets.header(names)), name="assets")


class _Hatch(MacroElement):
    """Draws places without data as hatched: a pattern inside the drawing of the layer."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        (function () {
            const drawing = {{ this._parent.get_name() }}.getPanes().overlayPane
                .querySelector("svg");
            if (!drawing) { return; }
            const defs = document.createElementNS("http://www.w3.org/2000/svg", "defs");
            defs.innerHTML = '<pattern id="{{ this.hatch }}" width="8" height="8" ' +
                'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
                '<rect width="8" height="8" fill="#d4d4d4"/>' +
                '<path d="M0 0V8" stroke="#777" stroke-width="3"/></pattern>';
            drawing.prepend(defs);
        })();
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.hatch = HATCH


class _Cluster(FastMarkerCluster):
    default_js: list[tuple[str, str]] = []  # noqa: RUF012
    default_css: list[tuple[str, str]] = []  # noqa: RUF012


def clustered(scene: Scene) -> bool:
    return scene.kind == "points" and len(scene.marks) > MANY_POINTS


def folium_map(scene: Scene, assets: Assets, tall: str = "100%") -> LabMap:
    """The folium map of ``scene``, to look at or to add layers to."""
    result = LabMap(scene, assets, tall)
    if scene.background:
        features = [_feature(i, shape, {"tooltip": ""}) for i, shape in enumerate(scene.background)]
        _add(result, features, lambda _: {
            "color": "#9a9a9a", "weight": 1, "fillColor": "#efefef", "fillOpacity": 1,
            "interactive": False,
        }, tooltip=False)  # fmt: skip
    if clustered(scene):
        rows = [[m.shape.y, m.shape.x, m.color, inert(m.tooltip)] for m in scene.marks]
        cluster = _Cluster(rows, callback=CLUSTER_POINT)  # type: ignore[no-untyped-call]
        result.add_child(cluster)
    elif scene.kind in {"points", "circles"}:
        _add_circles(result, scene.marks)
    else:
        features = [
            _feature(
                i, m.shape,
                {"tooltip": inert(m.tooltip), "fill": f"url(#{HATCH})" if m.missing else m.color},
            )
            for i, m in enumerate(scene.marks)
        ]  # fmt: skip
        _add(result, features, lambda feature: {
            "color": "#444", "weight": 1, "fillOpacity": 1,
            "fillColor": feature["properties"]["fill"],
        })  # fmt: skip
    result.add_child(_Hatch())
    return result


def inert(text: str) -> str:
    """``text`` that no template engine reads as more than text.

    branca renders what folium has rendered once more as a Jinja template, so that ``{{ … }}`` in a
    value of a dataset would run as code in the reader's kernel. A zero-width space keeps the two
    characters apart.
    """
    return OPENING.sub("{\u200b", text)


def _feature(identifier: int, shape: Any, properties: dict[str, Any]) -> dict[str, Any]:
    import shapely

    rounded = shapely.set_precision(shape, DECIMALS, mode="pointwise")
    return {
        "type": "Feature",
        "id": str(identifier),
        "geometry": json.loads(shapely.to_geojson(rounded)),
        "properties": properties,
    }


def _add(result: LabMap, features: list[dict[str, Any]], style: Any, tooltip: bool = True) -> None:
    layer = folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=style,
        on_each_feature=JsCode(TOOLTIP) if tooltip else None,
        control=False,
        zoom_on_click=False,
    )
    result.add_child(layer)


def _add_circles(result: LabMap, marks: list[Mark]) -> None:
    """Large circles first, so that small ones stay visible on top of them."""
    rows = [
        [
            point.y, point.x, mark.color, inert(mark.tooltip),
            mark.radius if mark.radius is not None else POINT_RADIUS,
        ]
        for mark in sorted(marks, key=lambda mark: -(mark.radius or 0))
        for point in [
            mark.shape if mark.shape.geom_type == "Point" else mark.shape.representative_point()
        ]
    ]  # fmt: skip
    result.add_child(_Circles(rows))


class _Circles(MacroElement):
    """Circles from rows of latitude, longitude, colour, words, radius in pixels."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        (function () {
            const rows = {{ this.rows|tojson }};
            for (const row of rows) {
                const words = document.createElement("span");
                words.textContent = row[3];
                L.circleMarker([row[0], row[1]], {radius: row[4], color: "#333", weight: 1,
                    fillColor: row[2], fillOpacity: 0.75})
                    .bindTooltip(words).addTo({{ this._parent.get_name() }});
            }
        })();
        {% endmacro %}
        """
    )

    def __init__(self, rows: list[list[Any]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.rows = rows


def _figure(result: LabMap) -> Figure:
    figure = result.get_root()
    assert isinstance(figure, Figure)  # noqa: S101 - folium gives every map one
    return figure


def page(scene: Scene, assets: Assets) -> str:
    """The map alone as a whole HTML page."""
    figure = _figure(folium_map(scene, assets))
    return _spoken(str(figure.render()), scene)


def standalone(scene: Scene, assets: Assets) -> str:
    """The map with title, legend and table as a whole HTML page that needs no other file."""
    result = folium_map(scene, assets, tall="70vh")
    figure = _figure(result)
    subtitle = f"<p>{escape(scene.subtitle)}</p>" if scene.subtitle else ""
    heading = f"<h1>{escape(scene.title)}</h1>{subtitle}"
    figure.html.add_child(_Raw(f"<main>{heading}"), name="heading", index=0)
    document = _spoken(str(figure.render()), scene)
    document = document.replace(
        "<body>", '<body style="margin:1em auto;max-width:60em;padding:0 1em">', 1
    )
    before, end, after = document.rpartition("</body>")
    return f"{before}{scene.legend()}{scene.table()}</main>{end}{after}"


def _spoken(document: str, scene: Scene) -> str:
    """The page says its language; folium's template has no place for it."""
    return document.replace("<html>", f'<html lang="{scene.language}">', 1)
