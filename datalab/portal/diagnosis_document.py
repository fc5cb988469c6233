"""The diagnosis of a commune as a document: one sequence of blocks for the page and for the PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from datalab.i18n import Language, translate
from datalab.methods.diagnosis import LEVELS, Diagnosis, Figure, Finding, Value
from datalab.methods.indicator import INDICATOR_OF
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
from datalab.portal.diagnosis_evidence import Evidence
from datalab.portal.diagnosis_words import (
    ASKED,
    COUNTS,
    EVIDENCE,
    GROUPS,
    INDICATORS,
    NOTES,
    REASONS,
    SECTORS,
    THEMES,
)
from datalab.portal.survey_upload import question_of

NONE = "–"
SYMBOLS = ("%", "% per year", "EUR/year")


@dataclass(frozen=True)
class Source:
    """A dataset that the diagnosis was made of, at one snapshot."""

    id: str
    title: str
    publisher: str
    license: str
    snapshot: int
    published_at: str


def tell(
    made: Diagnosis,
    sources: Sequence[Source],
    language: Language,
    at: float,
    address: str = "",
    evidence: Mapping[str, Evidence] | None = None,
    aside: Sequence[str] = (),
) -> Document:
    """The document; ``at`` is when its data were published, ``evidence`` what people answered and
    decided by indicator, ``aside`` figures of income of another year or source."""
    teller = _Teller(made, sources, language, address, evidence or {}, aside)
    title = teller.t("Territorial diagnosis of {name}", name=made.name)
    return Document(
        title=title,
        subject=teller.t("Territorial agreement with the CAF (CTG): figures to discuss"),
        language=language,
        mark="",
        at=at,
        blocks=(Heading(1, title), *teller.blocks()),
    )


@dataclass(frozen=True)
class _Teller:
    made: Diagnosis
    sources: Sequence[Source]
    language: Language
    address: str
    evidence: Mapping[str, Evidence]
    aside: Sequence[str]

    def t(self, message: str, **facts: object) -> str:
        return translate(message, self.language, **facts)

    def number(self, value: float, digits: int = 0) -> str:
        """With that many decimals, also where they are zeros."""
        return figures.number(Decimal(f"{value:.{digits}f}"), self.language, zeros=True)

    def why(self, reason: str) -> str:
        """Why a cell holds no figure, in a word; a dash where nothing comparable is held."""
        return REASONS[reason].in_(self.language) if reason in REASONS else NONE

    def unit(self, name: str) -> str:
        return figures.unit(name, self.language)

    def value(self, figure: Figure, value: Value) -> str:
        if value.value is None:
            return self.why(value.reason)
        signed = "+" if figure.id.endswith("_change") and value.value > 0 else ""
        return signed + self.number(value.value, figure.digits)

    def blocks(self) -> list[Block]:
        return [
            *self.opening(),
            *self.findings(),
            *self.themes(),
            *self.comparisons(),
            *self.sectors(),
            *self.counts(),
            *self.method(),
        ]

    def opening(self) -> list[Block]:
        made = self.made
        people = {count.id: count for count in made.counts}["population"]
        here, there = people.commune or 0.0, people.metropole or 1.0
        lead = self.t(
            "{name} (INSEE code {code}) had {count} inhabitants in 2022, {share} of Dijon "
            "Métropole (municipal population, INSEE).",
            name=made.name, code=made.insee, count=self.number(here),
            share=figures.percent(here / there, self.language),
        )  # fmt: skip
        note = self.t(
            "This document is made of published data alone, by one method for the {count} "
            "communes. It is where a shared diagnosis begins: each finding is to be confirmed, "
            "corrected or dropped with those who live and work here.",
            count=made.communes,
        )
        return [Paragraph(lead, "lead"), Paragraph(note)]

    def findings(self) -> list[Block]:
        found: list[Block] = [Heading(2, self.t("What stands out"))]
        if not self.made.findings:
            return [*found, Paragraph(self.t("Nothing far from the métropole was found."))]
        found.append(
            Paragraph(
                self.t(
                    "Largest differences to the métropole, measured by how much communes differ "
                    "from one another. A difference is neither good nor bad by itself."
                ),
                "note",
            )
        )
        items = [self.finding(n, one) for n, one in enumerate(self.made.findings, 1)]
        return [*found, Items(tuple(items))]

    def finding(self, number: int, one: Finding) -> Item:
        figure = self.made.figure(one.id)
        said = self.value(figure, figure.at("commune"))
        name = INDICATORS[one.id].in_(self.language)
        # Other units are told by the name of the indicator.
        if figure.unit in SYMBOLS:
            said = f"{said}\u00a0{self.unit(figure.unit)}"
        if one.reference is None:
            text = self.t(
                "F{number}. {what}: {value} ({year}).",
                number=number, what=name, value=said, year=figure.years,
            )  # fmt: skip
        else:
            text = self.t(
                "F{number}. {what}: {value}, against {other} in the métropole ({year}).",
                number=number, what=name, value=said, year=figure.years,
                other=self.value(figure, figure.at("metropole")),
            )  # fmt: skip
        rank = self.t(
            "Place {rank} of {count} communes whose figure is shown, the largest first.",
            rank=one.rank,
            count=one.ranked,
        )
        title, asked = question_of(*ASKED[one.id], self.language)
        behind = self.evidence.get(one.id, Evidence())
        return Item(
            text,
            (
                rank,
                self.t("Asked in the survey “{survey}”: {question}", survey=title, question=asked),
                *(behind.answers or [self.t("Answers linked: none yet.")]),
                *(
                    [self.t("Decision linked: {said}", said=said) for said in behind.decisions]
                    or [self.t("Decision linked: none yet; it is written in the workshop.")]
                ),
            ),
        )

    def themes(self) -> list[Block]:
        rows = []
        for id, theme in THEMES.items():
            there = [
                INDICATORS[one.id].in_(self.language)
                for one in INDICATOR_OF.values()
                if id in one.themes and self.made.figure(one.id).at("commune").value is not None
            ]
            rows.append(
                (
                    theme.name.in_(self.language),
                    "\n".join(there) or self.t("nothing yet"),
                    theme.missing.in_(self.language),
                    theme.holder.in_(self.language),
                )
            )
        head = (
            self.t("Theme of the agreement"),
            self.t("Figures here"),
            self.t("What is missing"),
            self.t("Who holds it"),
        )
        return [
            Heading(2, self.t("The themes of the agreement, one by one")),
            Table(self.t("What can be told, and what has to be asked for"), head, tuple(rows)),
        ]

    def comparisons(self) -> list[Block]:
        found: list[Block] = [
            Heading(2, self.t("Beside larger territories")),
            Paragraph(
                self.t(
                    "Each line is of one year, in the limits of today: {name}, Dijon Métropole, "
                    "Côte-d’Or, Bourgogne-Franche-Comté, France (without Mayotte); the rank is "
                    "that among communes whose figure is shown, the largest first. “–”: no "
                    "comparable figure of that year at that level is held here, and none is taken "
                    "from elsewhere. "
                    "“Hidden”: see “Small counts”. “Secret (INSEE)”: INSEE does not publish it.",
                    name=self.made.name,
                ),
                "note",
            ),
        ]
        head = tuple(
            self.t(name)
            for name in (
                "Indicator (unit, year)", "Commune", "Métropole", "Département", "Region",
                "France", "Rank",
            )
        )  # fmt: skip
        for title, ids in GROUPS:
            rows = []
            for id in ids:
                figure = self.made.figure(id)
                name = INDICATORS[id].in_(self.language)
                place = f"{figure.rank}/{figure.ranked}" if figure.rank else NONE
                cells = [self.value(figure, figure.at(level)) for level in LEVELS]
                rows.append((f"{name} ({self.unit(figure.unit)}, {figure.years})", *cells, place))
            found.append(Table(title.in_(self.language), head, tuple(rows)))
            if "median_income" in ids and self.aside:
                found.append(Items(tuple(Item(said) for said in self.aside)))
        return found

    def sectors(self) -> list[Block]:
        rows = []
        for one in self.made.sectors:
            quotient = (
                self.why(one.reason) if one.quotient is None else self.number(one.quotient, 2)
            )
            rows.append(
                (
                    SECTORS[one.id].in_(self.language),
                    self.count(one.commune),
                    self.count(one.metropole),
                    quotient,
                )
            )
        head = (
            self.t("Sector"), self.made.name, "Dijon Métropole", self.t("Location quotient"),
        )  # fmt: skip
        note = self.t(
            "Location quotient: share of the sector here divided by its share in the métropole; "
            "1 is alike, 2 is twice as much. It is of establishments, not of jobs."
        )
        return [
            Heading(2, self.t("Establishments by sector")),
            Table(self.t("Establishments with employees, 2024 (INSEE)"), head, tuple(rows)),
            Paragraph(note, "note"),
        ]

    def count(self, value: float | None) -> str:
        return self.why("suppressed") if value is None else self.number(value)

    def counts(self) -> list[Block]:
        rows = tuple(
            (
                f"{COUNTS[one.id].in_(self.language)} ({one.years})",
                self.count(one.commune),
                self.count(one.metropole),
            )
            for one in self.made.counts
            if one.id in COUNTS
        )
        head = (self.t("Count (year)"), self.made.name, "Dijon Métropole")
        years = tuple(
            (str(year), self.number(people), EVIDENCE[evidence].in_(self.language))
            for year, people, evidence in self.made.population
        )
        found: list[Block] = [
            Heading(2, self.t("The counts behind the rates")),
            Table(self.t("Counts, rounded to whole numbers"), head, rows),
        ]
        if years:
            names = (self.t("Census year"), self.t("Inhabitants"), self.t("What establishes it"))
            found.append(Table(self.t("Municipal population by census year"), names, years))
        return found

    def method(self) -> list[Block]:
        made = self.made
        items = [
            Item(
                self.t(
                    "Small counts: a count from 1 to {most} is hidden, and as many others as it "
                    "takes so that nobody can come within {distance} of a hidden count, even by "
                    "putting the documents of all communes side by side, with their rates, "
                    "quotients and ranks (checked by linear and integer programs). Hidden here: "
                    "{hidden}.",
                    most=int(made.threshold) - 1,
                    distance=int(made.distance),
                    hidden=made.hidden,
                ),
                (
                    self.t(
                        "INSEE publishes most of these counts itself, and the dataset "
                        "“{dataset}” holds them: this keeps nothing secret. The rule is the one "
                        "of our questionnaires, where it protects people; here it keeps anybody "
                        "from reading much into very few.",
                        dataset="commune-indicators",
                    ),
                ),
            ),
            *(Item(note.in_(self.language)) for note in NOTES),
        ]
        sources = [
            Item(
                self.t(
                    "{title} ({publisher}, {license}), snapshot {number} of {day}",
                    title=one.title,
                    publisher=one.publisher,
                    license=one.license,
                    number=one.snapshot,
                    day=figures.day(one.published_at, self.language),
                )
            )
            for one in self.sources
        ]
        found: list[Block] = [Heading(2, self.t("Method and limits")), Items(tuple(items))]
        found += [Heading(2, self.t("Sources")), Items(tuple(sources))]
        if self.address:
            said = self.t(
                "To be read again, or for another commune: {address}", address=self.address
            )
            found.append(Paragraph(said, "note"))
        return found
