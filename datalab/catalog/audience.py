"""Rules of ``audience``, ``masks`` and ``overlap``: who is named, and what a mask leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from datalab.catalog.dataset import Dataset, Mask
from datalab.catalog.mask import Rule
from datalab.catalog.mistake import Mistake
from datalab.errors import nearest
from datalab.i18n import Phrase

# The groups of the lab, as the room of people knows them too; a test holds both lists together.
GROUPS = (
    "students",
    "citizens",
    "entrepreneurs",
    "agents",
    "stewards",
    "facilitators",
    "operators",
)
OTHERS = "others"
ACCOUNT = re.compile(r"account:[a-z][a-z0-9]*(-[a-z0-9]+)*")


def mistakes_in(dataset: Dataset) -> Iterator[Mistake]:
    """Everything that would give a table to nobody, or to somebody it was not meant for."""
    restricted = dataset.access == "restricted"
    if restricted and not dataset.audience and not dataset.masks:
        yield Mistake(
            ("audience",), Phrase("a restricted dataset says who may read it: add 'audience'")
        )
    if dataset.audience and not restricted:
        yield Mistake(
            ("audience",), Phrase("an audience is only kept where 'access' is restricted")
        )
    if dataset.masks and not restricted:
        yield Mistake(("masks",), Phrase("a mask is only kept where 'access' is restricted"))
    yield from _names(("audience",), dataset.audience, GROUPS)
    seen: set[str] = set()
    for number, mask in enumerate(dataset.masks):
        place = ("masks", number)
        yield from _names((*place, "for"), mask.for_, (*GROUPS, OTHERS))
        if mask.name in seen:
            yield Mistake((*place, "name"), Phrase("two masks are called '{name}'", name=mask.name))
        seen.add(mask.name)
        yield from _columns(dataset, mask, (*place, "columns"))


def _names(
    place: tuple[str | int, ...], names: Iterable[str], known: tuple[str, ...]
) -> Iterator[Mistake]:
    for name in names:
        if name not in known and not ACCOUNT.fullmatch(name):
            yield Mistake(
                place,
                Phrase(
                    "there is no group '{name}'; the groups are {known}, and an account is "
                    "written 'account:name'",
                    name=name,
                    known=", ".join(known),
                ),
                nearest(name, known),
            )


def _columns(dataset: Dataset, mask: Mask, place: tuple[str | int, ...]) -> Iterator[Mistake]:
    for name, rule in mask.rules.items():
        column = dataset.columns.get(name)
        if column is None:
            yield Mistake(
                (*place, name),
                Phrase(
                    "there is no column '{column}'; the columns are {known}",
                    column=name,
                    known=", ".join(dataset.columns),
                ),
                nearest(name, dataset.columns),
            )
        elif not rule.fits(column.type):
            yield Mistake(
                (*place, name),
                Phrase(
                    "'{rule}' cannot mask a column of type {type}",
                    rule=mask.columns[name],
                    type=column.type,
                ),
            )
    if _hides(mask.rules, dataset):
        yield Mistake(place, Phrase("this mask hides every column"))
    for name, column in dataset.columns.items():
        if column.personal and name not in mask.rules:
            yield Mistake(
                place,
                Phrase(
                    "the column '{column}' is personal: say what becomes of it, or 'show'",
                    column=name,
                ),
            )


def _hides(rules: dict[str, Rule], dataset: Dataset) -> bool:
    return all(name in rules and rules[name].kind == "hide" for name in dataset.columns)
