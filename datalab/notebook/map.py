"""The map of one column of a dataset: what to draw, how to class it, what the legend says."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalab.i18n import translate
from datalab.notebook.assets import Assets
from datalab.notebook.classification import Classification
from datalab.notebook.composer import compose
from datalab.notebook.scene import Scene

if TYPE_CHECKING:
    from datalab.notebook.dataset import Dataset

HEIGHT = 480


class Map:
    """An interactive map with its legend; shows itself in a notebook.

    Attributes
    ----------
    scene
        what is drawn, as a plain value.
    classification
        bounds, counts and method of the classes; None where nothing was classed.
    """

    def __init__(self, dataset: Dataset, scene: Scene, classes: Classification | None) -> None:
        self.dataset = dataset
        self.scene = scene
        self.classification = classes

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        column: str | None = None,
        *,
        method: str = "fisher_jenks",
        k: int | None = None,
        where: str | None = None,
        kind: str = "auto",
    ) -> Map:
        """See :meth:`Dataset.map`.

        Raises
        ------
        NoPlaces, UnknownColumn, UnknownMethod, SeveralValuesPerPlace, NothingToDraw
        """
        scene, classes = compose(dataset, column, method, k, where, kind)
        return cls(dataset, scene, classes)

    # -- showing ----------------------------------------------------------------------------

    def _assets(self, inline: bool = False) -> Assets:
        lab = self.dataset.lab
        return Assets(None if inline else lab.assets_url, lab.assets)

    def folium(self) -> Any:
        """The folium map itself, to add layers to."""
        from datalab.notebook.leaflet import folium_map

        return folium_map(self.scene, self._assets())

    def svg(self) -> str:
        """The map as a static drawing."""
        from datalab.notebook.drawing import svg

        return svg(self.scene)

    def save(self, path: str | Path) -> Path:
        """Write the map as one HTML file (or ``.svg``) that needs no network to be looked at."""
        from datalab.notebook.leaflet import standalone

        path = Path(path)
        assets = self._assets(inline=True)
        if path.suffix == ".svg" or not assets.found:
            document = self.svg() if path.suffix == ".svg" else self._static_page()
        else:
            document = standalone(self.scene, assets)
        path.write_text(document, encoding="utf-8")
        return path

    def _static_page(self) -> str:
        scene = self.scene
        return (
            f'<!DOCTYPE html><html lang="{scene.language}"><meta charset="utf-8">'
            f"<title>{escape(scene.title)}</title><h1>{escape(scene.title)}</h1>"
            f"{self.svg()}{scene.legend()}{scene.table()}</html>"
        )

    def _repr_html_(self) -> str:
        scene, assets = self.scene, self._assets()
        if assets.found:
            from datalab.notebook.leaflet import page

            # Scripts only, and no origin: what a dataset says can never reach the notebook.
            drawn = (
                f'<iframe title="{escape(scene.description)}" sandbox="allow-scripts" '
                f'style="width:100%;height:{HEIGHT}px;box-sizing:border-box;border:1px solid #999" '
                f'srcdoc="{escape(page(scene, assets))}"></iframe>'
            )
            note = ""
        else:
            drawn = self.svg()
            sentence = translate(
                "A static map: the scripts of the interactive one are not installed here "
                "(datalab up does it).",
                scene.language,
            )
            note = f"<p>{escape(sentence)}</p>"
        subtitle = f"<br>{escape(scene.subtitle)}" if scene.subtitle else ""
        return (
            f'<figure lang="{scene.language}" style="margin:0;max-width:62em">'
            f"<figcaption><strong>{escape(scene.title)}</strong>{subtitle}"
            f"</figcaption>{drawn}{note}{scene.legend()}{scene.table()}</figure>"
        )

    def __repr__(self) -> str:
        scene = self.scene
        lines = [scene.title, *filter(None, [scene.subtitle])]
        lines += [f"  {key.words} {key.count}".rstrip() for key in scene.keys]
        return "\n".join([*lines, *scene.notes])
