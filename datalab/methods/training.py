"""Training modules: what each step asks, and whether an answer is right. Pure: no data is read.

Numbers are those of datasets of the lab, with their source in the step; a step says nothing of the
right answer but a hint. Six modules: open data, protection of personal data, reading a map, SQL,
Python, running a workshop.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from datalab.i18n import Phrase


@dataclass(frozen=True)
class Step:
    """``accept`` holds the right words (folded), all of which are needed; or ``number`` within
    ``tolerance``. ``choices`` are what a form offers."""

    id: str
    question: Phrase
    hint: Phrase
    number: float | None = None
    tolerance: float = 0.0
    accept: frozenset[str] = frozenset()
    choices: Mapping[str, Phrase] = field(default_factory=dict)


@dataclass(frozen=True)
class Module:
    id: str
    title: Phrase
    notebook: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Verdict:
    """``passed`` None: nothing was answered."""

    passed: bool | None
    said: Phrase


MODULES: tuple[Module, ...] = (
    Module(
        "open-data",
        Phrase("Open data"),
        "donnees-ouvertes.ipynb",
        (
            Step(
                "concerned",
                Phrase(
                    "How many of the 23 municipalities had more than 3,500 inhabitants (municipal "
                    "population, 2022)?"
                ),
                Phrase("Count the rows of “communes” whose “population” is above 3500."),
                number=9,
            ),
            Step(
                "contested",
                Phrase(
                    "How many figures does “published-figures” give for the topic "
                    "“response-balance”?"
                ),
                Phrase("Distinct values: a figure that is repeated counts once."),
                number=3,
            ),
            Step(
                "licence",
                Phrase("Which licence asks for no more than naming source and date?"),
                Phrase("It is the one of most datasets here; its page says what it asks."),
                accept=frozenset({"lov2"}),
                choices={
                    "lov2": Phrase("Licence Ouverte 2.0"),
                    "odbl": Phrase("ODbL: share alike"),
                    "none": Phrase("no licence: free to use"),
                },
            ),
        ),
    ),
    Module(
        "personal-data",
        Phrase("Protection of personal data"),
        "vie-privee.ipynb",
        (
            Step(
                "which",
                Phrase("Which of these columns are personal data? Name all of them."),
                Phrase("Directly or together with others: a plate number leads to a person."),
                accept=frozenset({"plate", "address"}),
                choices={
                    "plate": Phrase("number plate of a parked car"),
                    "address": Phrase("address of a house with its consumption"),
                    "total": Phrase("inhabitants of a municipality"),
                },
            ),
            Step(
                "rare",
                Phrase(
                    "A table shows 40 people in all, and 38 in the other category. How many are in "
                    "the hidden one?"
                ),
                Phrase("Whoever knows the total subtracts: a hidden cell needs a second one."),
                number=2,
            ),
            Step(
                "first",
                Phrase("What comes first before new sensors are put into service?"),
                Phrase("Ask what is needed before asking how to protect it."),
                accept=frozenset({"purpose"}),
                choices={
                    "purpose": Phrase("say the purpose, and whether less data would do"),
                    "encrypt": Phrase("encrypt all that is collected"),
                    "publish": Phrase("publish the data at once"),
                },
            ),
        ),
    ),
    Module(
        "map",
        Phrase("Reading a map"),
        "lire-une-carte.ipynb",
        (
            Step(
                "count",
                Phrase("How is a number of inhabitants drawn?"),
                Phrase("Colouring a large surface makes it look populated."),
                accept=frozenset({"circles"}),
                choices={
                    "circles": Phrase("by circles whose area follows the number"),
                    "colours": Phrase("by classes of colour"),
                },
            ),
            Step(
                "classes",
                Phrase("How many classes for 23 municipalities, by 1 + 3.3 log₁₀ n?"),
                Phrase("Round to the nearest whole number."),
                number=5,
            ),
            Step(
                "densest",
                Phrase("How many inhabitants per km² has the densest municipality (2022)?"),
                Phrase("The greatest value of “density” in “communes”, rounded to ten."),
                number=3958,
                tolerance=8,
            ),
        ),
    ),
    Module(
        "sql",
        Phrase("SQL"),
        "sql.ipynb",
        (
            Step(
                "sum",
                Phrase("How many inhabitants has the métropole (municipal population, 2022)?"),
                Phrase("SELECT sum(population) FROM communes"),
                number=258_630,
            ),
            Step(
                "small",
                Phrase("How many municipalities have fewer than 2,000 inhabitants (2022)?"),
                Phrase("SELECT count(*) FROM communes WHERE population < …"),
                number=10,
            ),
            Step(
                "join",
                Phrase("Which word joins two tables on a column of the same name?"),
                Phrase("JOIN … and the name in brackets."),
                accept=frozenset({"using"}),
            ),
        ),
    ),
    Module(
        "python",
        Phrase("Python"),
        "python.ipynb",
        (
            Step(
                "rows",
                Phrase("How many rows has the dataset “communes”?"),
                Phrase("len(…) of the table"),
                number=23,
            ),
            Step(
                "share",
                Phrase("What share of the inhabitants lives in Dijon, in % (2022)?"),
                Phrase("159,941 out of 258,630, to one decimal"),
                number=61.8,
                tolerance=0.06,
            ),
            Step(
                "missing",
                Phrase("What does an empty value of a rate mean?"),
                Phrase("INSEE hides rates of too few households."),
                accept=frozenset({"unknown"}),
                choices={"unknown": Phrase("not published or not known"), "zero": Phrase("zero")},
            ),
        ),
    ),
    Module(
        "workshop",
        Phrase("Running a workshop"),
        "animer-un-atelier.ipynb",
        (
            Step(
                "tables",
                Phrase("A world café for 30 people at tables of five: how many tables?"),
                Phrase("Divide, and round up."),
                number=6,
            ),
            Step(
                "facilitator",
                Phrase("May the facilitator add ideas of their own?"),
                Phrase("In a consensus workshop they hold the method, not the content."),
                accept=frozenset({"no"}),
                choices={"no": Phrase("no"), "yes": Phrase("yes, as anybody")},
            ),
            Step(
                "after",
                Phrase("What does a workshop owe its participants afterwards?"),
                Phrase("A contribution without an answer is the last one."),
                accept=frozenset({"answer"}),
                choices={
                    "answer": Phrase("what became of each contribution, and why"),
                    "photos": Phrase("photographs of the day"),
                    "thanks": Phrase("a letter of thanks"),
                },
            ),
        ),
    ),
)


def module(id: str) -> Module | None:
    return next((one for one in MODULES if one.id == id), None)


def step(module_id: str, step_id: str) -> Step | None:
    found = module(module_id)
    return next((one for one in found.steps if one.id == step_id), None) if found else None


def check(one: Step, answer: object) -> Verdict:
    """Whether ``answer`` is right: a number, a word, or several of them.

    Anything may be given: what cannot be read is not right, and never an error.
    """
    if answer is None or answer is ... or answer == "" or answer == []:
        return Verdict(None, Phrase("Not answered yet."))
    right = _is_number(one, answer) if one.number is not None else _words(answer) == one.accept
    said = Phrase("Right.") if right else Phrase("Not yet. A hint: {hint}", hint=one.hint)
    return Verdict(right, said)


def _is_number(one: Step, answer: object) -> bool:
    if isinstance(answer, bool) or one.number is None:
        return False
    if isinstance(answer, str):
        plain = "".join(answer.split()).replace("%", "").replace(",", ".")
        if len(plain) > 30:
            return False
        answer = plain
    try:
        value = float(answer)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False
    return math.isfinite(value) and abs(value - one.number) <= one.tolerance + 1e-9


def _words(answer: object) -> frozenset[str]:
    given: Iterable[object] = [answer]
    if isinstance(answer, list | tuple | set | frozenset):
        given = answer
    return frozenset(_folded(str(one)) for one in given)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text[:200].casefold().strip())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
