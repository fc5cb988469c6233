"""Minutes in words: what each section of the document says, in one language."""

from __future__ import annotations

from collections.abc import Iterator

from datalab.i18n import Language, Phrase, translate
from datalab.participation.agenda import KINDS
from datalab.participation.documents.block import (
    Block,
    Document,
    Heading,
    Item,
    Items,
    Paragraph,
    Table,
    printable,
)
from datalab.participation.documents.dates import clock, day
from datalab.participation.harvest import UNDESCRIBED, Group, Idea
from datalab.participation.minutes import Minutes

NONE = "–"
WAYS = {
    "phone": Phrase("With a phone, without an account"),
    "account": Phrase("With an account of the lab"),
    "paper": Phrase("On paper, typed in by the facilitation"),
    "facilitator": Phrase("Facilitation"),
}
COUNTED = {
    "accepted": Phrase("Shown to everybody"),
    "merged": Phrase("Joined with another one"),
    "submitted": Phrase("Not read yet"),
    "rejected": Phrase("Not published"),
    "withdrawn": Phrase("Taken back by who sent it"),
}


def tell(minutes: Minutes, language: Language, follow_up: str = "", project: str = "") -> Document:
    """The document; ``follow_up``: where decisions are followed, ``project``: its title."""
    teller = _Teller(minutes, language, follow_up, project or minutes.project or "")
    title = teller.t("Minutes: {title}", title=minutes.title)
    return Document(
        title=printable(title),
        subject=printable(minutes.question),
        language=language,
        mark=teller.mark(),
        at=minutes.closed_at or minutes.opened_at or minutes.starts_at or 0.0,
        blocks=tuple(_clean(block) for block in teller.blocks(title)),
    )


def _clean(block: Block) -> Block:
    match block:
        case Heading():
            return Heading(block.level, " ".join(printable(block.text).split("\n")))
        case Paragraph():
            return Paragraph(printable(block.text), block.kind)
        case Items():
            return Items(
                tuple(
                    Item(printable(i.text), tuple(map(printable, i.details))) for i in block.items
                )
            )
        case Table():
            rows = tuple(tuple(map(printable, row)) for row in block.rows)
            return Table(block.caption, block.head, rows)


class _Teller:
    def __init__(self, minutes: Minutes, language: Language, follow_up: str, project: str) -> None:
        self.minutes, self.language = minutes, language
        self.follow_up, self.project = follow_up, project

    def t(self, message: str, **facts: object) -> str:
        return translate(message, self.language, **facts)

    def mark(self) -> str:
        if self.minutes.demonstration:
            return self.t("DEMONSTRATION")
        return self.t("DRAFT") if self.minutes.draft else ""

    def blocks(self, title: str) -> Iterator[Block]:
        yield Heading(1, title)
        yield from self.opening()
        yield from self.decisions()
        yield from self.contributions()
        yield from self.votes()
        yield from self.undecided()
        yield from self.course()
        yield from self.attendance()
        yield from self.moderation()
        yield from self.about()

    def opening(self) -> Iterator[Block]:
        held = self.minutes
        if held.demonstration:
            yield Paragraph(
                self.t("Demonstration: this session is there to be tried. Nothing of it counts."),
                "lead",
            )
        if held.draft:
            yield Paragraph(
                self.t("Draft: the session is not closed, and all of this may still change."),
                "lead",
            )
        facts = [Item(self.t("Question: {question}", question=held.question))]
        began = held.opened_at or held.starts_at
        if began is not None:
            facts.append(Item(self.t("Date: {when}", when=self.span(began))))
        if held.place:
            facts.append(Item(self.t("Place: {place}", place=held.place)))
        if self.project:
            facts.append(Item(self.t("Project: {project}", project=self.project)))
        total = sum(held.counts.values())
        facts.append(Item(self.t("Participants: {count}", count=held.attendance.total)))
        facts.append(Item(self.t("Contributions received: {count}", count=total)))
        facts.append(Item(self.t("Decisions: {count}", count=len(held.decisions))))
        yield Items(tuple(facts))
        if held.foreword:
            yield Heading(2, self.t("Foreword"))
            for part in held.foreword.split("\n\n"):
                yield Paragraph(part)

    def span(self, began: float) -> str:
        closed = self.minutes.closed_at
        first, start = day(began, self.language), clock(began, self.language)
        if closed is None:
            return self.t("{day}, from {start}", day=first, start=start)
        last, end = day(closed, self.language), clock(closed, self.language)
        if first == last:
            return self.t("{day}, {start} to {end}", day=first, start=start, end=end)
        return self.t(
            "from {first}, {start}, to {last}, {end}", first=first, start=start, last=last, end=end
        )

    def decisions(self) -> Iterator[Block]:
        yield Heading(2, self.t("Decisions"))
        if not self.minutes.decisions:
            yield Paragraph(self.t("No decision was made."))
        for number, made in enumerate(self.minutes.decisions, 1):
            yield Heading(3, self.t("Decision {number}", number=number))
            yield Paragraph(made.text, "quote")
            facts = [self.t("Who does it: {owner}", owner=made.owner)]
            if made.due:
                facts.append(self.t("Until: {day}", day=day(made.due, self.language)))
            items = [Item(fact) for fact in facts]
            if made.answers:
                answers = tuple(self.quoted(text) for text in made.answers)
                items.append(Item(self.t("It answers:"), answers))
            if made.objections:
                against = tuple(self.quoted(text) for text in made.objections)
                items.append(Item(self.t("Objections:"), against))
            else:
                items.append(Item(self.t("No objection was recorded.")))
            if made.late:
                items.append(Item(self.t("Written down after the session was closed.")))
            yield Items(tuple(items))

    def contributions(self) -> Iterator[Block]:
        held = self.minutes
        yield Heading(2, self.t("Contributions"))
        if not any(held.counts.values()):
            yield Paragraph(self.t("Nobody sent anything."))
            return
        rows = tuple(
            (said.in_(self.language), str(held.counts[state])) for state, said in COUNTED.items()
        )
        yield Table(
            self.t("Ideas and comments received"), (self.t("State"), self.t("How many")), rows
        )
        for group in held.groups:
            yield from self.group(group)
        if held.remarks:
            yield Heading(3, self.t("Remarks"))
            yield Items(tuple(Item(text) for text in held.remarks))

    def group(self, group: Group) -> Iterator[Block]:
        yield Heading(3, group.title or self.t("In no group"))
        counted = [
            self.t("{name}: {value}", name=said.in_(self.language), value=group.counts[state])
            for state, said in COUNTED.items()
            if group.counts[state]
        ]
        yield Paragraph(" · ".join(counted) or self.t("Nothing stayed in this group."), "note")
        if group.ideas:
            yield Items(tuple(self.idea(idea) for idea in group.ideas))

    def idea(self, idea: Idea) -> Item:
        details = []
        if idea.dots:
            details.append(
                self.t("Dots: {dots}, people: {people}", dots=idea.dots, people=idea.voters)
            )
        if idea.commune:
            details.append(self.t("Municipality: {name}", name=idea.commune))
        if idea.picture:
            shown = self.t("no description") if idea.picture == UNDESCRIBED else idea.picture
            details.append(self.t("Picture: {text}", text=shown))
        if idea.evidence:
            details.append(self.t("With it: {title}", title=idea.evidence))
        if idea.late:
            details.append(self.t("Shown after the session was closed."))
        details += [self.t("Joined: {text}", text=self.quoted(text)) for text in idea.merged]
        details += [self.t("Comment: {text}", text=self.quoted(text)) for text in idea.comments]
        return Item(idea.text, tuple(details))

    def votes(self) -> Iterator[Block]:
        votes = self.minutes.votes
        if not votes.dots:
            return
        yield Heading(2, self.t("Votes"))
        yield Paragraph(
            self.t(
                "Each participant had {quota} dots. {people} voted, with {dots} dots in all.",
                quota=votes.quota,
                people=votes.participants,
                dots=votes.dots,
            )
        )
        if votes.rounds > 1:
            yield Paragraph(
                self.t(
                    "The vote was opened {rounds} times: these are the counts of its last closing. "
                    "Those seen at an earlier closing differ by the dots given or taken back "
                    "since; where these are few, one may guess whose they are.",
                    rounds=votes.rounds,
                )
            )
        ranked = sorted((i for i in self.minutes.ideas if i.dots), key=lambda idea: -idea.dots)
        yield Table(
            self.t("Ideas by dots"),
            (self.t("Idea"), self.t("Dots"), self.t("People")),
            tuple((idea.text, str(idea.dots), str(idea.voters)) for idea in ranked),
        )
        if votes.ties:
            yield Paragraph(self.t("Equal in dots:"))
            yield Items(
                tuple(Item(" = ".join(self.quoted(text) for text in tie)) for tie in votes.ties)
            )

    def undecided(self) -> Iterator[Block]:
        if not self.minutes.undecided:
            return
        yield Heading(2, self.t("What was left open"))
        yield Paragraph(self.t("No decision answers these ideas yet:"))
        yield Items(tuple(Item(text) for text in self.minutes.undecided))

    def course(self) -> Iterator[Block]:
        if not self.minutes.phases:
            return
        yield Heading(2, self.t("How the session went"))
        rows = tuple(
            (
                phase.title,
                KINDS[phase.kind].in_(self.language) if phase.kind in KINDS else phase.kind,
                self.minutes_of(phase.planned),
                self.minutes_of(phase.lasted) if phase.runs else self.t("did not take place"),
                ", ".join(self.run(start, end) for start, end in phase.runs) or NONE,
            )
            for phase in self.minutes.phases
        )
        head = (
            self.t("Phase"),
            self.t("Kind"),
            self.t("Planned time"),
            self.t("Lasted"),
            self.t("When"),
        )
        yield Table(self.t("Phases, as planned and as they were"), head, rows)
        if self.minutes.materials:
            yield Paragraph(self.t("What was looked at:"))
            yield Items(tuple(Item(title) for title in self.minutes.materials))

    def minutes_of(self, seconds: float) -> str:
        if 0 < seconds < 30:
            return self.t("under a minute")
        return self.t("{minutes} min", minutes=round(seconds / 60))

    def run(self, start: float, end: float | None) -> str:
        until = "…" if end is None else clock(end, self.language)
        return f"{clock(start, self.language)}–{until}"

    def attendance(self) -> Iterator[Block]:
        attended = self.minutes.attendance
        yield Heading(2, self.t("Who took part"))
        if not attended.total:
            yield Paragraph(self.t("Nobody joined."))
            return
        yield Paragraph(
            self.t(
                "{total} in all, {peak} at the same time at most. No name is kept.",
                total=attended.total,
                peak=attended.peak,
            )
        )
        rows = tuple(
            (WAYS[way].in_(self.language) if way in WAYS else way, str(count))
            for way, count in attended.ways.items()
        )
        yield Table(
            self.t("Participants by the way they took part"),
            (self.t("Way"), self.t("How many")),
            rows,
        )

    def moderation(self) -> Iterator[Block]:
        how = self.minutes.moderation
        yield Heading(2, self.t("How texts were read before they were shown"))
        if how.before:
            yield Paragraph(self.t("The facilitation read each text before the others saw it."))
        else:
            yield Paragraph(
                self.t("Texts were shown at once, unless a machine found something to look at.")
            )
        rows = (
            (self.t("Shown with something covered, such as a phone number"), str(how.masked)),
            (self.t("Not published"), str(how.rejected)),
            (self.t("Not read yet"), str(how.waiting)),
        )
        yield Table(
            self.t("Texts that were not shown as they were sent"),
            (self.t("What was done"), self.t("How many")),
            rows,
        )

    def about(self) -> Iterator[Block]:
        yield Heading(2, self.t("About these minutes"))
        said = self.t(
            "Made by the data lab from what was recorded during the session. Texts are those that "
            "everybody may read; no name, no exact place, nothing that was not published."
        )
        if not self.minutes.draft and self.minutes.edition > 1:
            edition = self.t(
                "Edition {number}: the session was opened again after a first closing.",
                number=self.minutes.edition,
            )
            said = f"{said} {edition}"
        yield Paragraph(said, "note")
        if self.follow_up:
            where = self.t("What becomes of the decisions: {address}", address=self.follow_up)
            yield Paragraph(where, "note")

    def quoted(self, text: str) -> str:
        return f"«\u00a0{text}\u00a0»" if self.language == "fr" else f"“{text}”"
