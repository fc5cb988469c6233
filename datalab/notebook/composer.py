"""From rows with places to a Scene: classes, circles or categories, their legend and notes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datalab.errors import NothingToDraw, UnknownColumn, UnknownMethod
from datalab.i18n import Phrase, translate
from datalab.notebook.classification import NO_DATA, Classification, classify
from datalab.notebook.places import background, hint_of, labels, one_row_per_place, to_places
from datalab.notebook.scene import (
    CIRCLE_COLOR,
    Key,
    Kind,
    Mark,
    Scene,
    missing_key,
    places,
    radius_of,
)
from datalab.notebook.wording import day, number, spoken, unit

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from datalab.notebook.dataset import Dataset

Composed = tuple[Scene, Classification | None]
REASON = "_reason"
CLAUSE = re.compile(r"\s*[:;]\s|\.\s")  # a legend has room for the first clause
CODE = re.compile(r"\s*\([A-Z0-9_]+\)$")  # the producer's own name of a variable
KINDS = ("auto", "choropleth", "circles")
# Units of things that are counted or added up: twice the area holds twice as many.
COUNTED = frozenset(
    (
        "inhabitants", "people", "persons", "households", "dwellings", "homes", "jobs",
        "establishments", "companies", "births", "deaths", "vehicles", "trips", "stations",
        "pupils", "places", "points", "km²", "ha", "m²", "kW", "MW", "GW", "kWh", "MWh", "GWh",
        "t", "tonnes", "tCO2e",
    )
)  # fmt: skip
# Okabe and Ito, Color Universal Design (2008): eight colours told apart by colour-blind eyes.
CATEGORIES = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999",
)  # fmt: skip


def compose(
    dataset: Dataset, column: str | None, method: str, k: int | None, where: str | None, kind: str
) -> Composed:
    """The Scene of one column, and its classes where there are any; see :meth:`Dataset.map`."""
    if kind not in KINDS:
        raise UnknownMethod("kind", kind, KINDS).in_language(dataset.language)
    column = column or hint_of(dataset).get("value")
    known = dataset.relation().columns
    if column is not None and column not in known:
        raise UnknownColumn(dataset.id, column, known).in_language(dataset.language)
    frame = to_places(dataset, where)
    one_row_per_place(dataset, frame, column)
    frame = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    if frame.empty:
        raise _nothing(dataset, column, Phrase("no row has a place."))
    return _Composer(dataset, frame, column, method, k, kind).compose()


class _Composer:
    """Turns rows with places into a Scene."""

    def __init__(
        self,
        dataset: Dataset,
        frame: gpd.GeoDataFrame,
        column: str | None,
        method: str,
        k: int | None,
        kind: str,
    ) -> None:
        self.dataset, self.frame, self.column = dataset, frame, column
        self.method, self.k, self.kind = method, k, kind
        self.language = dataset.language
        columns = dataset.entry.dataset["columns"]
        self.described = columns.get(column) or {} if column else {}
        self.unit = unit(self.described.get("unit"), self.language)
        self.labels = labels(dataset, frame)
        self.on_points = set(frame.geometry.geom_type) <= {"Point", "MultiPoint"}

    def compose(self) -> Composed:
        import pandas as pd

        values = self.frame[self.column] if self.column else None
        if values is None:
            return self._plain()
        if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
            return self._categories(values)
        numbers = [None if pd.isna(v) else float(v) for v in values]
        counted = self.described.get("unit") in COUNTED
        if not any(v is not None for v in numbers):
            raise _nothing(self.dataset, self.column, Phrase("every value is missing."))
        positive = all(v >= 0 for v in numbers if v is not None)
        wants_circles = self.kind == "circles" or (self.kind == "auto" and counted)
        if wants_circles and positive and not self.on_points:
            return self._circles(numbers)
        return self._classes(numbers, warn=counted and not self.on_points)

    def _classes(self, numbers: list[float | None], warn: bool) -> Composed:
        language = self.language
        try:
            classes = classify(numbers, self.method, self.k)
        except UnknownMethod as error:
            raise error.in_language(language) from None
        marks = [
            Mark(label, shown, shape, classes.color(v), missing=v is None)
            for label, v, shown, shape in zip(
                self.labels, numbers, self._shown(numbers), self.frame.geometry, strict=True
            )
        ]
        keys = [
            Key(color, words, places(count, language))
            for color, words, count in zip(
                classes.colors, classes.labels(language), classes.counts, strict=True
            )
        ]
        if classes.missing:
            keys.append(missing_key(classes.missing, language))
        notes = [
            translate(
                "Classes: {method}, k = {k}.",
                language,
                method=classes.method_in_words(language),
                k=classes.k,
            )
        ]
        if warn:
            notes.append(
                translate(
                    "Caution: a count coloured by area makes large places look important; "
                    'kind="circles" or a ratio shows it better.',
                    language,
                )
            )
        return self._map("points" if self.on_points else "choropleth", marks, keys, notes, classes)

    def _circles(self, numbers: Sequence[float | None]) -> Composed:
        language = self.language
        largest = max(v for v in numbers if v is not None)
        shapes = list(self.frame.geometry)
        marks = [
            Mark(label, shown, shape, CIRCLE_COLOR, radius_of(v, largest))
            if v is not None
            else Mark(label, shown, shape, NO_DATA, 4.0, missing=True)
            for label, v, shown, shape in zip(
                self.labels, numbers, self._shown(numbers), shapes, strict=True
            )
        ]
        steps = [largest, largest / 4, largest / 16]
        keys = [
            Key(CIRCLE_COLOR, f"{number(s, language, digits=0)} {self.unit}".strip(),
                radius=radius_of(s, largest))
            for s in (_round(step) for step in steps) if s > 0
        ]  # fmt: skip
        missing = sum(v is None for v in numbers)
        if missing:
            keys.append(missing_key(missing, language))
        notes = [
            translate(
                "A count: the area of a circle is proportional to it "
                "(colours would mislead, because places differ in size).",
                language,
            )
        ]
        return self._map("circles", marks, keys, notes, None, shapes)

    def _categories(self, values: pd.Series[Any]) -> Composed:
        language = self.language
        words = self.described.get("values") or {}

        def said(value: Any) -> str:
            text = words.get(str(value))
            return str(text[language]) if text else spoken(value, language)

        counted = values.dropna().value_counts()
        if len(counted) > len(CATEGORIES):
            return self._plain(values)
        colors = dict(zip(counted.index, CATEGORIES, strict=False))
        missing = values.isna()
        marks = [
            Mark(label, "" if gone else said(v), shape, NO_DATA if gone else colors[v],
                 missing=bool(gone))
            for label, v, gone, shape in zip(
                self.labels, values, missing, self.frame.geometry, strict=True
            )
        ]  # fmt: skip
        keys = [Key(colors[v], said(v), places(int(n), language)) for v, n in counted.items()]
        if missing.any():
            keys.append(missing_key(int(missing.sum()), language))
        return self._map("points" if self.on_points else "shapes", marks, keys, [], None)

    def _plain(self, values: pd.Series[Any] | None = None) -> Composed:
        shown = [""] * len(self.frame) if values is None else [
            spoken(v, self.language) for v in values
        ]  # fmt: skip
        marks = [
            Mark(label, text, shape, "#9fc5d4")
            for label, text, shape in zip(self.labels, shown, self.frame.geometry, strict=True)
        ]
        return self._map("points" if self.on_points else "shapes", marks, [], [], None)

    def _shown(self, numbers: Sequence[float | None]) -> list[str]:
        """Each value with its unit; for a missing one the reason, where a column tells it."""
        said = []
        for value, reason in zip(numbers, self._reasons(), strict=True):
            if value is not None:
                said.append(f"{number(value, self.language)} {self.unit}".strip())
            else:
                said.append(
                    translate("no data", self.language) + (f" ({reason})" if reason else "")
                )
        return said

    def _reasons(self) -> list[str]:
        """Why each value is missing: the column ``<name>_reason`` beside it, in words."""
        column = f"{self.column}{REASON}"
        if column not in self.frame.columns:
            return [""] * len(self.frame)
        known = self.dataset.entry.dataset["columns"].get(column) or {}
        words = known.get("values") or {}
        found = self.frame[column].fillna("")
        return [words[v][self.language] if v in words else str(v) for v in found]

    def _map(
        self,
        kind: Kind,
        marks: list[Mark],
        keys: list[Key],
        notes: list[str],
        classes: Classification | None,
        shapes: Sequence[Any] = (),
    ) -> Composed:
        dataset, language = self.dataset, self.language
        about = (self.described.get("description") or {}).get(language, "")
        what = CODE.sub("", CLAUSE.split(about)[0]).strip(" .") or self.column or dataset.title
        full = [about] if about.strip(" .") != what else []
        scene = Scene(
            kind=kind,
            title=f"{what} ({self.unit})" if self.unit else what,
            subtitle=dataset.title if what != dataset.title else "",
            marks=marks,
            keys=keys,
            notes=[*full, *notes, _source(dataset)],
            headings=(translate("Place", language), self.unit or what),
            language=language,
            background=list(shapes) if kind == "circles" else self._behind(marks),
        )
        return scene, classes

    def _behind(self, marks: list[Mark]) -> list[Any]:
        """The communes behind points, where the points are among them."""
        if not self.on_points:
            return []
        communes = background(self.dataset)
        if communes is None:
            return []
        west, south, east, north = communes.total_bounds
        inside = sum(west <= m.shape.x <= east and south <= m.shape.y <= north for m in marks)
        return list(communes.geometry.dropna()) if inside * 2 >= len(marks) else []


def _source(dataset: Dataset) -> str:
    published = dataset.published
    return translate(
        "Source: {publisher}; dataset “{id}”, snapshot {snapshot} of {day}.",
        dataset.language,
        publisher=dataset.entry.dataset["publisher"],
        id=dataset.id,
        snapshot=dataset.snapshot,
        day=day(published.get("at"), dataset.language),
    )


def _nothing(dataset: Dataset, column: str | None, reason: Phrase) -> NothingToDraw:
    return NothingToDraw(dataset=dataset.id, column=column or "", reason=reason).in_language(
        dataset.language
    )


def _round(value: float) -> float:
    """``value`` down to 1, 2 or 5 times a power of ten, easy to compare: 159,941 to 100,000."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (5, 2, 1) if step * power <= value or step == 1)
