"""The open-data duty of a commune as a document, one for page and PDF, and as a proof file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from datalab import __version__
from datalab.i18n import Language, translate
from datalab.participation.documents.block import (
    Block,
    Document,
    Heading,
    Item,
    Items,
    Paragraph,
    Table,
)
from datalab.portal import figures
from datalab.portal.duty import Case, Duty, Publication
from datalab.portal.duty_words import ANSWERS, APPLIES, CHECKED, MEASURES, REASONS, SENTENCES
from datalab.portal.page import plain

NONE = "–"
HOW = (
    "sha256 of json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(',', ':')) "
    "as UTF-8"
)


@dataclass(frozen=True)
class Proof:
    """What was checked, when and with what; ``sha256`` is that of ``content`` (see ``how``)."""

    checked_at: str
    lab_version: str
    address: str
    what_was_checked: list[str]
    what_was_not: list[str]
    content: dict[str, Any]
    sha256: str
    how: str = HOW


def proof_of(case: Case, moment: datetime, address: str) -> Proof:
    """The proof file of one state of the lake: the same state gives the same ``sha256``."""
    content: dict[str, Any] = plain(case)
    teller = _Teller(case)
    return Proof(
        moment.isoformat(timespec="seconds"),
        __version__,
        address,
        teller.checked(),
        teller.unchecked(),
        content,
        digest_of(content),
    )


def digest_of(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def document_of(case: Case, moment: datetime, address: str) -> Document:
    """The whole, to print: title, answer, details, and the proof at its end."""
    teller, proof = _Teller(case), proof_of(case, moment, address)
    title = teller.t("Open-data duty: {name}", name=case.name)
    blocks = (
        Heading(1, title),
        Paragraph(teller.answer(), "lead"),
        *teller.reasons(),
        *teller.blocks(),
        *teller.publish(),
        *teller.proven(proof),
    )
    subject = teller.t("What the commune has to publish, and what the lab holds of it")
    return Document(title, subject, case.language, "", case.at, blocks)


def blocks_of(case: Case) -> tuple[Block, ...]:
    """What stands below the answer, for the page: what is missing and what is there."""
    return tuple(_Teller(case).blocks())


def duties_of(case: Case) -> tuple[tuple[str, Items], ...]:
    """What to publish in groups, for the page: the first is open there, the others are not."""
    return tuple(_Teller(case).duties())


def reasons_of(case: Case) -> list[str]:
    return [one.text for one in _Teller(case).reasons()]


def answer_of(case: Case) -> str:
    return _Teller(case).answer()


class _Teller:
    def __init__(self, case: Case) -> None:
        self.case = case

    def t(self, message: str, **facts: object) -> str:
        return translate(message, self.case.language, **facts)

    def number(self, value: float) -> str:
        return figures.number(value, self.case.language)

    def answer(self) -> str:
        case = self.case
        return SENTENCES[case.verdict.answer].in_(case.language).format(name=case.name)

    def reasons(self) -> list[Paragraph]:
        case = self.case
        measures = ", ".join(
            MEASURES[one.kind]
            .in_(case.language)
            .format(count=self.number(one.inhabitants), year=one.year)
            for one in case.measures
            if one.inhabitants is not None
        )
        staff = NONE if case.staff is None else self.number(case.staff)
        told = [
            REASONS[reason].in_(case.language).format(measures=measures, staff=staff)
            for reason in case.verdict.reasons
        ]
        if case.declared:
            told.append(
                self.t("This number of agents is the one you typed; nobody has checked it.")
            )
        return [Paragraph(one) for one in told]

    def blocks(self) -> Iterator[Block]:
        case = self.case
        yield Heading(2, self.t("What is missing"))
        if case.missing:
            yield Items(tuple(Item(f"{one.title} ({one.schema})") for one in case.missing))
        yield Paragraph(
            self.t(
                "Of {count} duties that are surely those of {name}, {schemas} have a schema that "
                "the lab can hold a file against; {valid} valid publications are in the lab.",
                count=self.number(len(case.of("yes"))),
                name=case.name,
                schemas=self.number(sum(bool(one.schema) for one in case.of("yes"))),
                valid=self.number(len(case.valid)),
            )
        )
        yield Heading(2, self.t("What the lab holds, and whether it is valid"))
        there = [one for duty in case.duties for one in duty.there]
        if there:
            yield Table(
                self.t("Publications of {name} in the lab", name=case.name),
                tuple(
                    self.t(one)
                    for one in (
                        *("Dataset", "Schema", "Rows held against it", "Result", "Licence"),
                        "Published on",
                    )
                ),
                tuple(self._row(one) for one in there),
            )
        else:
            yield Paragraph(
                self.t(
                    "Nothing yet: no dataset of the lab is a publication of {name}. What it may "
                    "publish elsewhere (its site, data.gouv.fr) is not known here.",
                    name=case.name,
                )
            )

    def duties(self) -> Iterator[tuple[str, Items]]:
        """What to publish, by whether it is this commune's; each with its texts."""
        case = self.case
        for applies in ("yes", "unknown", "if", "recommended", "no"):
            found = case.of(applies)
            if found:
                name = f"{APPLIES[applies].in_(case.language)} ({len(found)})"
                yield name, Items(tuple(self._item(one) for one in found))

    def publish(self) -> Iterator[Block]:
        yield Heading(2, self.t("What to publish"))
        yield Paragraph(
            self.t(
                "The open-data duty is not the only one: some duties are those of every commune, "
                "others of larger ones."
            )
        )
        for name, items in self.duties():
            yield Heading(3, name)
            yield items
        yield Paragraph(
            self.t("This is a reading of public texts, no legal advice. Ask a lawyer in doubt."),
            "note",
        )

    def proven(self, proof: Proof) -> Iterator[Block]:
        yield Heading(2, self.t("Proof"))
        day = figures.instant(proof.checked_at, self.case.language)
        yield Items(
            (
                Item(self.t("Checked on {day}", day=day)),
                Item(self.t("With version {version} of the lab", version=proof.lab_version)),
                Item(self.t("Fingerprint of the content (SHA-256): {sum}", sum=proof.sha256)),
                Item(
                    self.t("The same as a file: {address}", address=f"{proof.address}/proof.json")
                ),
            )
        )
        yield Heading(3, self.t("What was checked"))
        yield Items(tuple(Item(one) for one in proof.what_was_checked))
        yield Heading(3, self.t("What was not"))
        yield Items(tuple(Item(one) for one in proof.what_was_not))
        yield Table(
            self.t("Made of these datasets"),
            tuple(self.t(one) for one in ("Dataset", "Snapshot", "Published on", "SHA-256")),
            tuple(
                (
                    one.title,
                    str(one.snapshot),
                    figures.day(one.published_at, self.case.language),
                    one.sha256 or NONE,
                )
                for one in self.case.sources
            ),
        )

    def checked(self) -> list[str]:
        there = [one for duty in self.case.duties for one in duty.there]
        return [
            self.t("The population, by {count} measures", count=len(self.case.measures)),
            *(
                self.t(
                    "{title}: {rows} rows held against {schema} {version}",
                    title=one.title,
                    rows=self.number(one.rows),
                    schema=one.schema,
                    version=one.version,
                )
                for one in there
            ),
        ]

    def unchecked(self) -> list[str]:
        told = [
            self.t("What the commune publishes outside of the lab"),
            self.t("Whether the content is true: a valid file may hold wrong facts"),
            self.t("Duties without a schema"),
        ]
        if self.case.verdict.staff == "unknown" or self.case.declared:
            told.insert(0, self.t("The number of agents"))
        return told

    def _item(self, one: Duty) -> Item:
        language = self.case.language
        since = figures.day(one.in_force, language) if one.in_force else ""
        source = f"{one.legal_source} ({CHECKED[one.checked].in_(language)})"
        details = [_together(source, language)]
        if since:
            details.append(self.t("In force since {day} at the latest", day=since))
        if one.schema:
            version = f" {one.schema_version}" if one.schema_version else ""
            details.append(self.t("Schema: {schema}", schema=f"{one.schema}{version}"))
        if one.note:
            details.append(_together(one.note, language))
        what = _together(f"{one.title}{self._colon()}{one.what}", language)
        return Item(what, tuple(details))

    def _colon(self) -> str:
        return "\u00a0: " if self.case.language == "fr" else ": "

    def _row(self, one: Publication) -> tuple[str, ...]:
        language = self.case.language
        result = {
            True: self.t("valid"),
            False: self.t("{count} rows at fault", count=self.number(one.faulty)),
            None: self.t("too large to be held whole"),
        }[one.valid]
        when = figures.day(one.published_at, language)
        if one.stale:
            when += f" ({self.t('late')})"
        license = one.license
        if not one.license_legal:
            license += f" ({self.t('not one that the law lists')})"
        return (
            one.title,
            f"{one.schema} {one.version}",
            self.number(one.rows),
            result,
            license,
            when,
        )


def _together(text: str, language: Language) -> str:
    """No line begins with French punctuation, or with the number of an article."""
    if language != "fr":
        return text
    return re.sub(r" (?=[;:!?»])|(?<=«) |(?<=\bart\.) |(?<=n°) ", "\u00a0", text)


def answer_word(case: Case) -> str:
    return ANSWERS[case.verdict.answer].in_(case.language)
