"""What a private link shows of a questionnaire: the answers, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.i18n import Language, translate
from datalab.participation import campaign as campaigns
from datalab.participation import response, survey
from datalab.participation.author import Author
from datalab.participation.campaign import Campaign
from datalab.participation.tables.survey import CAMPAIGN
from datalab.portal.questionnaire_form import answer_in_words


@dataclass(frozen=True)
class OneSurvey:
    """``answers`` are (question, answer, what becomes of it); ``code`` leads on."""

    title: str
    state: str
    at: float
    dataset: str
    open: bool
    code: str
    answers: list[tuple[str, str, str]]


def mine_respondent(
    connection: Connection, author: Author, now: float, language: Language
) -> list[OneSurvey] | None:
    """The questionnaires that ``author`` answered; None where there are none."""
    found = []
    for one in response.by_author(connection, author.id):
        about = survey.of_id(connection, one.survey_id)
        if about is None:
            continue
        questionnaire = about.questionnaire
        rows = []
        for name, variable in questionnaire.variables.items():
            if name not in one.answers or variable.question.type == "calculate":
                continue
            held = one.concerns.get(name)
            fate = ""
            if held is not None:
                fate = {
                    "waiting": translate("waits for an agent to read it", language),
                    "accepted": translate("accepted, without what would name somebody", language),
                    "rejected": translate("not published", language),
                }[held["state"]]
            words = answer_in_words(
                questionnaire, variable, one.answers[name], one.language, language
            )
            rows.append((questionnaire.label_of(variable, one.language), words, fate))
        campaign = _campaign(connection, one.campaign_id)
        goes_on = campaign is not None and not campaigns.closed_because(about, campaign, now)
        found.append(
            OneSurvey(
                questionnaire.say(questionnaire.title, one.language),
                one.state,
                one.submitted_at or one.started_at,
                about.dataset,
                goes_on,
                campaign.code if campaign else "",
                rows,
            )
        )
    return found or None


def _campaign(connection: Connection, identifier: str | None) -> Campaign | None:
    asked = select(CAMPAIGN).where(CAMPAIGN.c.id == identifier)
    row = connection.execute(asked).mappings().first()
    return Campaign(**row) if row else None
