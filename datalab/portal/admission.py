"""How one reader stands to a restricted dataset: what they have of it, who can grant more, and what
they asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from starlette.requests import Request

from datalab.catalog.dataset import Dataset, Mask
from datalab.i18n import Language, translate
from datalab.people import accounts, grants
from datalab.people.audience import MARK, Audience, mask_of
from datalab.people.identity import GROUP_NAMES
from datalab.people.store import Store
from datalab.portal.access import barrier
from datalab.portal.figures import DIJON
from datalab.portal.language import now
from datalab.portal.library import Holding
from datalab.portal.person import Person, person_of
from datalab.portal.reader import Reader


@dataclass(frozen=True)
class Masked:
    """One column of a mask in words."""

    column: str
    said: str


@dataclass(frozen=True)
class Admission:
    """``mask`` says what is masked for this reader, None where nothing is. ``whom`` can grant
    access; ``ask`` is where it is asked for, ``manage`` where it is granted."""

    mask: list[Masked] | None
    until: str | None
    whom: str
    ask: str | None
    waiting: bool
    manage: str | None


def admission_of(
    request: Request, holding: Holding, reader: Reader, language: Language
) -> Admission | None:
    """None for a dataset that is not restricted."""
    if holding.dataset.access != "restricted":
        return None
    state, person = request.app.state, person_of(request) if reader.via == "session" else None
    whole = holding.whole.dataset if holding.whole else holding.dataset
    mask = mask_of(holding.entry.lake)
    mine = (
        grants.listed(state.store, dataset=holding.id, account=reader.name) if reader.name else []
    )
    moment = now().timestamp()
    held = [one.until for one in mine if one.holds(moment)]
    # Who reads it whole has nothing to ask for.
    more = barrier(holding, reader) == "restricted" or mask is not None
    address = f"{state.prefix}/datasets/{holding.id}/access"
    manages = person is not None and may_grant(person, whole)
    return Admission(
        mask=masked(holding.dataset.masks[0], language) if mask is not None else None,
        until=day_of(max(held) - 1) if held else None,
        whom=steward_of(state.store, whole, language),
        ask=address if more and not manages else None,
        waiting=any(one.state == "asked" for one in mine),
        manage=address if manages else None,
    )


def may_grant(person: Person, dataset: Dataset) -> bool:
    """The steward, by account or by group, and who holds the right for every dataset."""
    own = dataset.steward in {person.name, f"account:{person.name}", *person.groups}
    return own or person.may("grant:access")


def steward_of(store: Store, dataset: Dataset, language: Language) -> str:
    """Who answers for a dataset, as people read it."""
    name = dataset.steward.removeprefix("account:")
    if name in GROUP_NAMES:
        return GROUP_NAMES[name].in_(language)
    account = accounts.find(store, name)
    if account is not None:
        return account.display
    return translate("its steward ({name})", language, name=name)


def stewards_to_tell(store: Store, dataset: Dataset, moment: float) -> list[accounts.Account]:
    """Accounts that can answer a request: the steward's own, else who holds the right."""
    everybody = [one for one in accounts.accounts(store) if one.may_enter(moment)]
    name = dataset.steward.removeprefix("account:")
    own = [one for one in everybody if name == one.name or name in one.groups]
    return own or [one for one in everybody if "stewards" in one.groups]


def masked(mask: Mask, language: Language) -> list[Masked]:
    """What a mask does, column by column."""
    return [
        Masked(column, rule.in_words(language))
        for column, rule in mask.rules.items()
        if rule.kind != "show"
    ]


def versions_of(dataset: Dataset, language: Language) -> list[tuple[str, str]]:
    """What can be granted of a dataset, the widest first: version and words."""
    found = [(dataset.id, translate("the whole table", language))]
    for mask in dataset.masks:
        words = ", ".join(f"{one.column} : {one.said}" for one in masked(mask, language))
        if language == "en":
            words = words.replace(" : ", ": ")
        said = translate("masked “{name}” ({words})", language, name=mask.name, words=words)
        found.append((f"{dataset.id}{MARK}{mask.name}", said))
    return found


def version_in_words(dataset: Dataset | None, version: str, language: Language) -> str:
    """What a grant lets somebody read."""
    mask = mask_of(version)
    if mask is None:
        return translate("the whole table", language)
    if dataset is not None and mask not in {one.name for one in dataset.masks}:
        return translate("a mask that is no more (“{name}”)", language, name=mask)
    return translate("masked “{name}”", language, name=mask)


def audience_in_words(dataset: Dataset, language: Language) -> list[tuple[str, str]]:
    """Whom the file of a dataset names, and for which version."""

    def said(name: str) -> str:
        if name == "others":
            return translate("the other members of the lab", language)
        known = GROUP_NAMES.get(name)
        return known.in_(language) if known else name.removeprefix("account:")

    audience = Audience.of(dataset.id, dataset.as_json())
    found = [(said(n), translate("the whole table", language)) for n in sorted(audience.whole)]
    for mask in dataset.masks:
        words = version_in_words(dataset, f"{dataset.id}{MARK}{mask.name}", language)
        found += [(said(name), words) for name in mask.for_]
    return found


def day_of(moment: float) -> str:
    """The day in Dijon of a moment; a grant is over at the end of its last day."""
    return datetime.fromtimestamp(moment, UTC).astimezone(DIJON).date().isoformat()


def end_of(text: str) -> float:
    """The end of a day (ISO 8601) in Dijon, in Unix seconds; 0 where it is no day."""
    try:
        day = date.fromisoformat(text.strip()) + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=DIJON).timestamp()
    except (ValueError, OverflowError):
        return 0.0
