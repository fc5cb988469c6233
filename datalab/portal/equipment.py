"""Equipment on the map of the control room: any published dataset of that role, without code.

A dataset says ``role: equipment`` and has the columns ``id``, ``state``, and ``longitude`` and
``latitude`` (or ``geometry``). The state ``ok`` needs nobody; every other one is drawn by itself.
Far out, the many that are well are counted in cells, so that what is sent stays small however
many there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from datalab.errors import DatalabError, UnknownDataset
from datalab.i18n import Language
from datalab.lake.connection import identifier
from datalab.participation.request_list import METRES_PER_DEGREE, distance
from datalab.portal.library import Holding, Shelf
from datalab.portal.rows import Table, is_geometry, open_table

WELL = "ok"
MOST_POINTS = 1_500  # drawn one by one
MOST_FAILING = 1_000  # drawn one by one from any distance
CELL = 56  # pixels of a cell on the screen
MOST_ACROSS = 80
NEAR_METRES = 120.0
MOST_NEAR = 6
Box = tuple[float, float, float, float]  # west, south, east, north


@dataclass(frozen=True)
class Layer:
    """A dataset of equipment. ``states`` are its words for states, in the reader's language."""

    id: str
    title: str
    synthetic: bool
    states: dict[str, str]


@dataclass(frozen=True)
class Thing:
    """One piece of equipment beside a case; ``metres`` away."""

    dataset: str
    id: str
    state: str
    said: str
    well: bool
    metres: float
    synthetic: bool


def layers(shelf: Shelf, language: Language) -> list[Layer]:
    """Every dataset of equipment that is published and open, by title."""
    found = [_layer(holding, language) for holding, _ in _opened(shelf, language)]
    return sorted(found, key=lambda layer: layer.title)


def view(shelf: Shelf, dataset: str, box: Box, zoom: float, language: Language) -> dict[str, Any]:
    """What a map shows inside ``box``: single points, or cells with how many, and what fails.

    Raises
    ------
    UnknownDataset
        also where it is no equipment.
    """
    holding, opened = _one(shelf, dataset, language)
    relation, where = _placed(opened), "x BETWEEN ? AND ? AND y BETWEEN ? AND ?"
    bounds = [box[0], box[2], box[1], box[3]]
    drawn = f"SELECT id, state, round(x, 6), round(y, 6) FROM {relation} WHERE {where}"  # noqa: S608
    with shelf.reading() as cursor:
        many = f"SELECT count(*) FROM {relation} WHERE {where}"  # noqa: S608
        total = int((cursor.execute(many, bounds).fetchone() or (0,))[0])
        if total <= MOST_POINTS:
            points, cells = cursor.execute(drawn, bounds).fetchall(), []
        else:
            failing = f"{drawn} AND state <> '{WELL}' LIMIT {MOST_FAILING}"
            points = cursor.execute(failing, bounds).fetchall()
            cells = cursor.execute(_cells(relation, where, zoom, box), bounds).fetchall()
    layer = _layer(holding, language)
    states = list(layer.states) or sorted({str(row[1]) for row in points})
    places = {state: place for place, state in enumerate(states)}
    return {
        "total": total,
        "states": [[state, layer.states.get(state, state), state == WELL] for state in states],
        "points": [[x, y, places.get(str(state), -1), str(id)] for id, state, x, y in points],
        "cells": [[x, y, count, bad] for x, y, count, bad in cells],
        "synthetic": layer.synthetic,
    }


def near(shelf: Shelf, latitude: float, longitude: float, language: Language) -> list[Thing]:
    """Equipment of every kind around a place, the nearest first."""
    high = NEAR_METRES / METRES_PER_DEGREE
    wide = high / max(0.01, math.cos(math.radians(latitude)))
    bounds = [longitude - wide, longitude + wide, latitude - high, latitude + high]
    found: list[Thing] = []
    for holding, opened in _opened(shelf, language):
        layer = _layer(holding, language)
        asked = (
            f"SELECT id, state, x, y FROM {_placed(opened)} "  # noqa: S608
            "WHERE x BETWEEN ? AND ? AND y BETWEEN ? AND ?"
        )
        with shelf.reading() as cursor:
            rows = cursor.execute(asked, bounds).fetchall()
        for id, state, x, y in rows:
            metres = distance(latitude, longitude, y, x)
            if metres <= NEAR_METRES:
                said = layer.states.get(str(state), str(state or "–"))
                well = state == WELL
                found.append(
                    Thing(layer.id, str(id), str(state), said, well, metres, layer.synthetic)
                )
    return sorted(found, key=lambda thing: thing.metres)[:MOST_NEAR]


def exists(shelf: Shelf, dataset: str, id: str, language: Language) -> bool:
    """Whether a dataset of equipment holds ``id``."""
    try:
        _, opened = _one(shelf, dataset, language)
    except DatalabError:
        return False
    asked = f"SELECT 1 FROM {opened.sql} WHERE id = ?"  # noqa: S608
    with shelf.reading() as cursor:
        return cursor.execute(asked, [id]).fetchone() is not None


def _cells(relation: str, where: str, zoom: float, box: Box) -> str:
    """Counts in squares of the screen at ``zoom``; 256 pixels are the world at zoom 0.

    No more than :data:`MOST_ACROSS` squares lie side by side, whatever is asked.
    """
    wide = 360 / 2 ** min(22.0, max(0.0, zoom)) * CELL / 256
    high = wide * math.cos(math.radians((box[1] + box[3]) / 2))
    wide = max(wide, (box[2] - box[0]) / MOST_ACROSS)
    high = max(high, (box[3] - box[1]) / MOST_ACROSS)
    return (
        "SELECT round(avg(x), 5), round(avg(y), 5), count(*)::INTEGER, "  # noqa: S608
        f"count(*) FILTER (state <> '{WELL}')::INTEGER FROM {relation} WHERE {where} "
        f"GROUP BY floor(x / {wide:.9f}), floor(y / {high:.9f})"
    )


def _placed(opened: Table) -> str:
    """The table with its place as ``x`` and ``y``."""
    if {"longitude", "latitude"} <= opened.columns.keys():
        x, y = "longitude::DOUBLE", "latitude::DOUBLE"
    else:
        shape = next(name for name, type_ in opened.columns.items() if is_geometry(type_))
        x, y = (f"ST_{axis}(ST_Centroid({identifier(shape)}))" for axis in "XY")
    return f"(SELECT id, state, {x} AS x, {y} AS y FROM {opened.sql})"  # noqa: S608


def _opened(shelf: Shelf, language: Language) -> list[tuple[Holding, Table]]:
    found = []
    for holding in shelf.holdings.values():
        if holding.dataset.role != "equipment":
            continue
        try:
            opened = open_table(shelf, holding, language)
        except DatalabError:  # reserved, or never published
            continue
        if {"id", "state"} <= opened.columns.keys():
            found.append((holding, opened))
    return found


def _one(shelf: Shelf, dataset: str, language: Language) -> tuple[Holding, Table]:
    for holding, opened in _opened(shelf, language):
        if holding.id == dataset:
            return holding, opened
    raise UnknownDataset(dataset, [holding.id for holding, _ in _opened(shelf, language)])


def _layer(holding: Holding, language: Language) -> Layer:
    values = holding.dataset.columns["state"].values or {}
    return Layer(
        holding.id,
        holding.dataset.title.in_(language),
        holding.dataset.provenance == "synthetic",
        {state: text.in_(language) for state, text in values.items()},
    )
