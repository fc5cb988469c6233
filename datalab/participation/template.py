"""Templates: agendas that have proved themselves, to start a session from and change freely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from datalab.i18n import Language, Phrase
from datalab.participation import agenda, grouping
from datalab.participation.session import Session


@dataclass(frozen=True)
class Step:
    kind: agenda.Kind
    minutes: int
    title: Phrase
    instruction: Phrase


@dataclass(frozen=True)
class Template:
    """``groups`` lie on the board from the start: tables of a world café."""

    name: str
    title: Phrase
    purpose: Phrase
    capacity: int
    dots: int
    steps: tuple[Step, ...]
    groups: tuple[Phrase, ...] = ()

    @property
    def minutes(self) -> int:
        return sum(step.minutes for step in self.steps)


WORKSHOP = Template(
    "workshop",
    Phrase("Evening workshop"),
    Phrase("Two hours with residents, in a neighbourhood room: from the data to a few decisions."),
    60,
    5,
    (
        Step(
            "inform",
            10,
            Phrase("Welcome"),
            Phrase(
                "Take a seat and join with the code. We recall the question and two rules: "
                "everybody is heard, nobody is interrupted."
            ),
        ),
        Step(
            "inform",
            15,
            Phrase("What we know"),
            Phrase("A short look at the maps and figures. Ask whatever is not clear."),
        ),
        Step(
            "diverge",
            30,
            Phrase("All ideas"),
            Phrase(
                "One idea at a time, in a few words. Say where if it is about a place. "
                "No idea is too small."
            ),
        ),
        Step(
            "cluster",
            20,
            Phrase("Put together what goes together"),
            Phrase("We read the ideas aloud, join those that say the same and name the groups."),
        ),
        Step(
            "converge",
            15,
            Phrase("Our priorities"),
            Phrase("Put your dots on the ideas that matter most to you, on one or on several."),
        ),
        Step(
            "decide",
            25,
            Phrase("Who does what"),
            Phrase(
                "For each idea that is kept: what is done, by whom, until when. Say objections."
            ),
        ),
        Step(
            "inform",
            5,
            Phrase("What comes next"),
            Phrase("Your private link tells you what becomes of your ideas. Thank you!"),
        ),
    ),
)
CLASS = Template(
    "class",
    Phrase("Class"),
    Phrase(
        "One lesson of 55 minutes with pupils or students, on a question of their surroundings."
    ),
    36,
    3,
    (
        Step(
            "inform",
            8,
            Phrase("The question"),
            Phrase("Look at the map or the figures: what surprises you? Join with the code."),
        ),
        Step(
            "diverge",
            15,
            Phrase("Everybody proposes"),
            Phrase("Two by two: at least three ideas. Say why as well as what."),
        ),
        Step(
            "cluster",
            10,
            Phrase("We sort"),
            Phrase("Which ideas are alike? Find a name for each group."),
        ),
        Step(
            "converge",
            7,
            Phrase("We vote"),
            Phrase("Three dots each. Choose for the whole class, not only for yourself."),
        ),
        Step(
            "decide",
            10,
            Phrase("What the class decides"),
            Phrase("What do we do, who takes it on, for when? Who disagrees says why."),
        ),
        Step(
            "inform",
            5,
            Phrase("What we learned"),
            Phrase("One sentence each: what would you need to know to go further?"),
        ),
    ),
)
CAFE = Template(
    "world-cafe",
    Phrase("World café"),
    Phrase(
        "Small tables of four to six, three rounds: each table has a host who stays and tells the "
        "next ones what was said."
    ),
    40,
    4,
    (
        Step(
            "inform",
            15,
            Phrase("Welcome and tables"),
            Phrase("Sit down by four to six. Each table chooses its host, who stays to the end."),
        ),
        Step(
            "diverge",
            20,
            Phrase("First round"),
            Phrase("Talk about the question at your table. Send what you want to keep."),
        ),
        Step(
            "inform",
            5,
            Phrase("Change of tables"),
            Phrase("Hosts stay; everybody else goes to another table, not all to the same."),
        ),
        Step(
            "diverge",
            20,
            Phrase("Second round"),
            Phrase("The host sums up in two minutes. Then go on from there."),
        ),
        Step(
            "inform",
            5,
            Phrase("Change of tables, again"),
            Phrase("Choose a table where you have not been yet."),
        ),
        Step(
            "diverge",
            20,
            Phrase("Third round"),
            Phrase("What comes back at every table? What was forgotten?"),
        ),
        Step(
            "cluster",
            20,
            Phrase("Harvest"),
            Phrase("Each host tells the three main points. We join what says the same."),
        ),
        Step(
            "converge",
            10,
            Phrase("The room's priorities"),
            Phrase("Put your dots on the ideas that the room should take further."),
        ),
        Step(
            "decide",
            20,
            Phrase("Commitments"),
            Phrase("Who takes what further, and until when? Write it down before you leave."),
        ),
    ),
    (Phrase("Table 1"), Phrase("Table 2"), Phrase("Table 3"), Phrase("Table 4")),
)
DIAGNOSIS = Template(
    "diagnosis",
    Phrase("Validate the findings of a diagnosis"),
    Phrase(
        "Two hours and a quarter with residents, associations, childminders and agents: each "
        "finding with its figure and the survey, confirmed, corrected or dropped, then decided on."
    ),
    60,
    3,
    (
        Step(
            "inform",
            10,
            Phrase("Why we are here"),
            Phrase(
                "A figure is not yet a finding: you say whether it is true here, and what it does "
                "not see. Everybody is heard, nobody is interrupted."
            ),
        ),
        Step(
            "inform",
            15,
            Phrase("The findings and their figures"),
            Phrase(
                "Take the diagnosis of the commune: findings F1, F2… For each, its figure, its "
                "year, what it is compared with and what is missing. Ask whatever is not clear."
            ),
        ),
        Step(
            "inform",
            15,
            Phrase("What the survey says"),
            Phrase(
                "Beside each finding: what parents, childminders and associations answered, how "
                "many they were, and how their answers were weighted."
            ),
        ),
        Step(
            "diverge",
            35,
            Phrase("Finding by finding"),
            Phrase(
                "Begin with the number of the finding, then: confirmed, to be corrected or to be "
                "dropped, and why. Attach the dataset that you rest on."
            ),
        ),
        Step(
            "cluster",
            15,
            Phrase("One group for each finding"),
            Phrase("We put each contribution with its finding; what fits none makes a new group."),
        ),
        Step(
            "converge",
            10,
            Phrase("The findings that count"),
            Phrase("Put your dots on what the agreement should act upon first."),
        ),
        Step(
            "decide",
            30,
            Phrase("A decision for each finding that is kept"),
            Phrase(
                "Begin with the number of the finding: what is decided, who takes it on, until "
                "when, and by which figure we shall see it. Say objections."
            ),
        ),
        Step(
            "inform",
            5,
            Phrase("What comes next"),
            Phrase("Your private link tells you what becomes of your ideas. Thank you!"),
        ),
    ),
    tuple(Phrase("Finding F{number}", number=number) for number in range(1, 7)),
)
EMPTY = Template(
    "empty",
    Phrase("From nothing"),
    Phrase("An empty agenda, to be filled phase by phase."),
    50,
    3,
    (),
)
TEMPLATES: Mapping[str, Template] = {t.name: t for t in (WORKSHOP, CLASS, CAFE, DIAGNOSIS, EMPTY)}


def fill(
    connection: Connection,
    session: Session,
    template: Template,
    *,
    language: Language,
    now: float,
    actor: str,
) -> None:
    """Give a new session the phases and groups of a template, in the words of ``language``."""
    for place, step in enumerate(template.steps):
        agenda.add(
            connection,
            session,
            kind=step.kind,
            title=step.title.in_(language),
            instruction=step.instruction.in_(language),
            seconds=60 * step.minutes,
            receipt=f"{session.id}-{place}",
            now=now,
            actor=actor,
        )
    for place, group in enumerate(template.groups):
        grouping.make(
            connection,
            session,
            title=group.in_(language),
            receipt=f"{session.id}-{place}",
            now=now,
            actor=actor,
        )
