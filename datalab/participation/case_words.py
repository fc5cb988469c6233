"""What is said to people about a case: its state in a sentence, how long it takes, its letters."""

from __future__ import annotations

from datalab.i18n import Language, Phrase, translate
from datalab.participation.mail import TEMPLATES, Template

SENTENCES: dict[str, Phrase] = {
    "received": Phrase("It arrived. An agent is going to read it."),
    "acknowledged": Phrase("An agent has read it."),
    "assigned": Phrase("It was given to the team that takes care of it."),
    "scheduled": Phrase("The work is planned."),
    "in-progress": Phrase("The team is working on it."),
    "fixed": Phrase("It is repaired."),
    "not-ours": Phrase("This is not for the Métropole to solve."),
    "unable": Phrase("This cannot be done for the moment."),
    "duplicate": Phrase("It had been reported before: everything is followed in one place."),
    "answered": Phrase("The question has its answer."),
}
# What is true of a case that is "received" and not new any more.
OPENED_AGAIN = Phrase("It was opened again: an agent is going to look at it once more.")
ANSWERED = Phrase("An agent has answered. It is not closed yet.")
PUBLISHED = Phrase("An agent has read it and published it. It goes to the team now.")
# The steps that everybody sees, whatever number of states agents work with.
STEPS: tuple[tuple[str, Phrase, tuple[str, ...]], ...] = (
    ("received", Phrase("Received"), ("received", "acknowledged", "assigned")),
    ("progress", Phrase("In progress"), ("scheduled", "in-progress")),
    ("closed", Phrase("Closed"), ("fixed", "not-ours", "unable", "duplicate", "answered")),
)
LETTERS = {
    "case.received": Template(
        Phrase("Your report no. {number} arrived"),
        Phrase(
            "Hello,\n\nThank you. “{service}” has the number {number}. {delay}\n\n"
            "By your private link you see what becomes of it, and you can delete it:\n{link}\n\n"
            "Keep this link to yourself: whoever has it sees what you sent."
        ),
    ),
    "case.accepted": Template(
        Phrase("Your report no. {number} is published"),
        Phrase(
            "Hello,\n\nAn agent read “{service}”: everybody can see it now under the number "
            "{number}, without your name.\n\nFollow it by your private link:\n{link}"
        ),
    ),
    "case.refused": Template(
        Phrase("Your report no. {number} was not published"),
        Phrase(
            "Hello,\n\nAn agent read “{service}” and did not publish it. The reason:\n\n{news}\n\n"
            "You can send it again in other words. What you sent is here:\n{link}"
        ),
    ),
    "case.answered": Template(
        Phrase("News of the report no. {number}"),
        Phrase(
            "Hello,\n\nThere is news of “{service}”, no. {number}.\n\n{news}\n\n"
            "Everything about it is here:\n{link}"
        ),
    ),
    "case.closed": Template(
        Phrase("The report no. {number} is closed"),
        Phrase(
            "Hello,\n\n“{service}”, no. {number}, is closed.\n\n{news}\n\nIs it not solved? You "
            "can open it again for {days} days, and say how satisfied you are:\n{link}"
        ),
    ),
    "case.closed.followed": Template(
        Phrase("The report no. {number} is closed"),
        Phrase(
            "Hello,\n\n“{service}”, no. {number}, which you follow, is closed.\n\n{news}\n\n"
            "Everything about it is here:\n{link}"
        ),
    ),
    "case.reopened": Template(
        Phrase("The report no. {number} is open again"),
        Phrase(
            "Hello,\n\n“{service}”, no. {number}, was opened again: it goes back to the team.\n\n"
            "Everything about it is here:\n{link}"
        ),
    ),
}
TEMPLATES.update(LETTERS)


def sentence(
    state: str,
    language: Language,
    *,
    read: bool = False,
    answered: bool = False,
    again: bool = False,
) -> str:
    """How far a case is. ``read`` says that an agent accepted it, ``again`` that it was opened
    again, ``answered`` that something was answered (since then): only a new one waits unread."""
    if state == "received" and (answered or again or read):
        return (ANSWERED if answered else OPENED_AGAIN if again else PUBLISHED).in_(language)
    return SENTENCES[state].in_(language)


def delay(hours: float, language: Language) -> str:
    """How long ``hours`` are, as people say it."""
    if hours < 1.5:
        return translate("one hour", language)
    if hours < 48:
        return translate("{count} hours", language, count=round(hours))
    if hours < 24 * 60:
        return translate("{count} days", language, count=round(hours / 24))
    return translate("{count} months", language, count=round(hours / 24 / 30))
