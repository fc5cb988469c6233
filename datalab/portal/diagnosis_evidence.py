"""What stands behind the findings of a diagnosis: answers that were collected, and decisions.

Answers are those of a whole campaign of a closed questionnaire, weighted where it has margins,
with small counts hidden as on the page of its results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from datalab.i18n import Language, translate
from datalab.participation import finding_link, response, results
from datalab.participation.campaign import Campaign
from datalab.participation.decision import STATES
from datalab.participation.finding_link import Held
from datalab.participation.results import Line
from datalab.participation.survey import Survey
from datalab.portal import figures


@dataclass(frozen=True)
class Evidence:
    """In one line each: an answer to a question of a campaign, a decision of a workshop."""

    answers: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()


def evidence_of(connection: Connection, commune: str, language: Language) -> Mapping[str, Evidence]:
    """By indicator. What was opened again since it was linked is left out until it is closed."""
    linked = finding_link.links(connection, commune)
    if not linked:
        return {}
    held, campaigns = finding_link.decisions(connection), finding_link.campaigns(connection)
    found: dict[str, tuple[list[str], list[str]]] = {}
    for one in linked:
        answers, decisions = found.setdefault(one.finding, ([], []))
        if one.decision_id in held:
            decisions.append(decision_line(held[one.decision_id or ""], language))
        elif one.campaign_id in campaigns:
            survey, campaign = campaigns[one.campaign_id or ""]
            if one.question in survey.questionnaire.variables:
                answers.append(_answers(connection, survey, campaign, one.question, language))
    return {id: Evidence(tuple(said), tuple(done)) for id, (said, done) in found.items()}


def decision_line(held: Held, language: Language) -> str:
    """Its words, who takes it on, what became of it, and the workshop that made it."""
    one = held.decision
    told = STATES[one.state].in_(language) if one.state in STATES else ""
    return " · ".join(part for part in (one.text, one.owner, told, held.session) if part)


def _answers(
    connection: Connection, survey: Survey, campaign: Campaign, question: str, language: Language
) -> str:
    everything = response.counted(connection, survey)
    mine = [one for one in everything if one.campaign_id == campaign.id]
    least, others = survey.smallest_cell, len(everything) - len(mine)
    variable = survey.questionnaire.variables[question]
    asked = survey.questionnaire.label_of(variable, language)
    if len(mine) < least or 0 < others < least:
        # Those who answered elsewhere would be known by taking away.
        return translate(
            "Answers linked: “{question}”, campaign “{campaign}”: not enough answers to be told "
            "(under {least}).",
            language, question=asked, campaign=campaign.title, least=least,
        )  # fmt: skip
    raked = results.weigh(survey, campaign, mine)[0]
    weights = raked.weights if raked and raked.converged else None
    told = results.summary(survey, mine, variable, language, weights)
    lines = "; ".join(_line(line, weights is not None, least, language) for line in told.lines)
    facts = {"question": asked, "campaign": campaign.title, "lines": lines}
    facts["count"] = figures.number(len(mine), language)
    if weights is None:
        return translate(
            "Answers linked: “{question}”, campaign “{campaign}”, {count} answers, not weighted: "
            "{lines}.",
            language, **facts,
        )  # fmt: skip
    source = campaign.margins_source or translate("source not stated", language)
    return translate(
        "Answers linked: “{question}”, campaign “{campaign}”, {count} answers, weighted to the "
        "population ({source}): {lines}.",
        language, source=source, **facts,
    )  # fmt: skip


def _line(line: Line, weighted: bool, least: int, language: Language) -> str:
    share = line.weighted if weighted else line.share
    if share is None:
        said = translate(
            "hidden (under {least}, or protecting such a count)", language, least=least
        )
    else:
        said = figures.percent(share, language)
    return f"{line.label} {said}"
