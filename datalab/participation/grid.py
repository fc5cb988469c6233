"""The editions of the grid of self-assessment: themes, statements and the words of each level."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from datalab.i18n import Language
from datalab.methods import maturity

FOLDER = Path(__file__).parent / "grids"
KEY = r"^[a-z]+(-[a-z]+)*$"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(Strict):
    """The same in both languages."""

    fr: str
    en: str

    def in_(self, language: Language) -> str:
        return self.en if language == "en" else self.fr


class Statement(Strict):
    """``levels`` are the anchors of 0 to 4; ``first`` is what to do from 0 and 1, ``further`` from
    2 and 3; ``applies`` says when it may be left out."""

    id: str = Field(pattern=KEY)
    title: Said
    visible: bool
    months: int = Field(ge=1, le=24)
    applies: Said | None = None
    levels: tuple[Said, Said, Said, Said, Said]
    first: Said
    further: Said

    def action(self, level: int) -> Said:
        return self.first if level < 2 else self.further


class Theme(Strict):
    id: str = Field(pattern=KEY)
    title: Said
    stake: Said
    items: tuple[Statement, ...]


class Grid(Strict):
    """An edition. What was answered keeps the edition it was answered with."""

    edition: str
    published: datetime.date
    license: str
    title: Said
    themes: tuple[Theme, ...]

    @property
    def items(self) -> list[maturity.Item]:
        return [
            maturity.Item(one.id, theme.id, one.visible, one.months)
            for theme in self.themes
            for one in theme.items
        ]

    def theme(self, id: str) -> Theme | None:
        return next((one for one in self.themes if one.id == id), None)

    def statement(self, id: str) -> Statement | None:
        return next((one for theme in self.themes for one in theme.items if one.id == id), None)


@cache
def editions() -> tuple[str, ...]:
    """From the oldest to the newest."""
    named = [path.stem for path in FOLDER.glob("*.yaml")]
    return tuple(sorted(named, key=lambda name: tuple(int(part) for part in name.split("-"))))


@cache
def grid_of(edition: str) -> Grid:
    """
    Raises
    ------
    KeyError
        where there is no such edition.
    """
    if edition not in editions():
        raise KeyError(edition)
    return Grid.model_validate(yaml.safe_load((FOLDER / f"{edition}.yaml").read_text("utf-8")))


@dataclass(frozen=True)
class Edited:
    """What changed from one edition to another, in statements. A statement keeps its id as long as
    its anchors mean the same, so ``kept`` ones are comparable, and a theme is where all its are."""

    before: str
    after: str
    kept: int
    added: int
    dropped: int


def edited(before: Grid, after: Grid) -> Edited:
    old, new = ({one.id for one in grid.items} for grid in (before, after))
    kept, added, dropped = len(old & new), len(new - old), len(old - new)
    return Edited(before.edition, after.edition, kept, added, dropped)


def same_themes(one: Grid, other: Grid) -> frozenset[str]:
    """Themes with the same statements in both editions: their marks are comparable."""
    held = {theme.id: {item.id for item in theme.items} for theme in other.themes}
    return frozenset(
        theme.id for theme in one.themes if {item.id for item in theme.items} == held.get(theme.id)
    )


def newest() -> Grid:
    return grid_of(editions()[-1])


def as_rows(grid: Grid) -> list[dict[str, object]]:
    """One row per statement and level: the grid as a table."""
    return [
        {
            "edition": grid.edition,
            "theme": theme.id,
            "theme_fr": theme.title.fr,
            "theme_en": theme.title.en,
            "statement": one.id,
            "statement_fr": one.title.fr,
            "statement_en": one.title.en,
            "level": level,
            "anchor_fr": anchor.fr,
            "anchor_en": anchor.en,
            "action_fr": one.action(level).fr if level < maturity.HIGHEST else "",
            "action_en": one.action(level).en if level < maturity.HIGHEST else "",
            "visible": one.visible,
            "months": one.months,
        }
        for theme in grid.themes
        for one in theme.items
        for level, anchor in enumerate(one.levels)
    ]
