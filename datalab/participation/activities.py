"""The activities of the register: one for each reason for which the lab holds something."""

from __future__ import annotations

from datalab.i18n import Phrase
from datalab.participation.neutral import NEUTRAL
from datalab.participation.register import Activity

__all__ = ["ACTIVITIES", "NEUTRAL"]

PUBLIC_TASK = Phrase(
    "mission of public interest (GDPR, article 6.1.e): taking part in public decisions"
)
CONSENT = Phrase("consent (GDPR, article 6.1.a), taken back at any time by the private link")
CONTRACT = Phrase("use of a service that was asked for (GDPR, article 6.1.b)")
SECURITY = Phrase("legitimate interest (GDPR, article 6.1.f): that the lab stays safe")
BY_LINK = Phrase(
    "read, take away, correct and delete by the private link, at any time; object and complain as "
    "said above"
)
BY_ACCOUNT = Phrase("read and correct on the page “My account”; delete by asking an operator")
NO_NAME = ("digest", "kind", "pseudonym", "language", "account", "minor", "consent", "seen_at")

SESSIONS = Activity(
    "sessions",
    Phrase("Co-design sessions"),
    Phrase("let people say and rank ideas in a meeting, answer them, and write its minutes"),
    PUBLIC_TASK,
    Phrase("participants, with an account or not; facilitators"),
    Phrase(
        "pseudonym, ideas and comments as typed and as shown, place and picture given with them, "
        "votes, when one joined and left; account names of facilitators"
    ),
    Phrase(
        "everybody for what a moderator accepted; facilitators of the session for what waits; "
        "the open datasets, without pseudonym and with rounded places"
    ),
    BY_LINK,
    {
        "author": NO_NAME,
        "participant": ("author_id", "pseudonym", "way", "joined_at", "left_at"),
        "contribution": (
            "author_id",
            "text",
            "said",
            "latitude",
            "longitude",
            "commune",
            "place",
            "picture_id",
            "evidence",
            "concerns",
            "reason",
            "entered_by",
            "decided_by",
        ),
        "vote": ("author_id", "dots", "at"),
        "picture": ("author_id", "alternative"),
        "session": ("facilitators", "created_by"),
        "decision": ("owner",),
        "change": ("actor", "rows"),
    },
    ("participant", "refused", "unused-picture", "history"),
)
SURVEYS = Activity(
    "surveys",
    Phrase("Questionnaires"),
    Phrase("know the needs and opinions of groups of people, as statistics"),
    CONSENT,
    Phrase("respondents"),
    Phrase(
        "answers, free texts as typed and as shown, language, when they were given; no name and "
        "no address are asked"
    ),
    Phrase(
        "agents who run the questionnaire; the open datasets, with groups of people that are too "
        "small left out"
    ),
    BY_LINK,
    {
        "author": NO_NAME,
        "response": ("author_id", "language", "answers", "concerns", "way", "started_at"),
        "released_answer": ("respondent", "answer", "number"),
        "survey": ("created_by",),
        "change": ("actor", "rows"),
    },
    ("respondent", "history"),
)
REPORTS = Activity(
    "reports",
    Phrase("Reports to the city"),
    Phrase(
        "repair what is broken in public space, answer who reported it, measure how long it took"
    ),
    PUBLIC_TASK,
    Phrase("who reports, follows or rates a case; agents"),
    Phrase(
        "what was reported, its place, address and picture, notes and answers, satisfaction, which "
        "cases one follows; account names of agents; name and contact of who holds a key of the "
        "interface"
    ),
    Phrase(
        "agents of the control room; everybody for what was accepted, screened; programs by the "
        "Open311 interface and the open datasets, the latter with rounded places"
    ),
    BY_LINK,
    {
        "author": NO_NAME,
        "request": (
            "author_id",
            "description",
            "said",
            "latitude",
            "longitude",
            "address",
            "address_id",
            "zipcode",
            "commune",
            "attributes",
            "picture_id",
            "equipment",
            "concerns",
            "satisfaction",
            "satisfaction_words",
            "assignee",
        ),
        "note": ("actor", "text"),
        "follower": ("author_id", "at"),
        "picture": ("author_id", "alternative"),
        "api_key": ("digest", "name", "contact", "created_by"),
        "change": ("actor", "rows"),
    },
    ("reporter", "refused", "unused-picture", "history"),
)
CONTACTS = Activity(
    "contacts",
    Phrase("Contacts"),
    Phrase("tell somebody what became of what they sent, where they asked for it"),
    CONSENT,
    Phrase("who left an e-mail address or allowed notifications"),
    Phrase(
        "e-mail address and the address of a browser's notifications, both encrypted with a key "
        "that lies outside the database; the letters that wait"
    ),
    Phrase(
        "nobody reads them; the mail server of the lab, and the notification service of one's own "
        "browser, which is told that there is news and nothing else"
    ),
    BY_LINK,
    {
        "contact": ("author_id", "cipher"),
        "message": ("author_id", "template", "facts", "problem"),
        "push": ("id", "author_id", "cipher"),
    },
    ("contact", "push", "letter"),
)
ACCOUNTS = Activity(
    "accounts",
    Phrase("Accounts and notebooks"),
    Phrase("let members work in notebooks and projects, each with their rights"),
    CONTRACT,
    Phrase("members and guests of the lab"),
    Phrase(
        "name of the account and name shown, e-mail address where one was given, groups, digest of "
        "the password, when one last came; notebooks, files and comments; digests of personal "
        "tokens and how much each took in a day; which closed datasets were asked for, why and "
        "until when"
    ),
    Phrase("operators; members of a project for what is in it; everybody for what was published"),
    BY_ACCOUNT,
    {
        "accounts": (),
        "memberships": (),
        "identities": (),
        "invitations": (),
        "links": (),
        "departures": (),
        "visits": (),
        "comments": (),
        "journal": (),
        "tokens": (),
        "token_uses": (),
        "grants": (),
    },
    until=Phrase(
        "as long as the account; a guest's with everything in it until the end of the stay; a "
        "visit 14 days"
    ),
    database="people",
)
SAFETY = Activity(
    "safety",
    Phrase("Safety of the lab"),
    Phrase("know who changed rights, hold back floods and guessed passwords"),
    SECURITY,
    Phrase("everybody who uses the lab"),
    Phrase(
        "audit log of rights and publications by account name; failed sign-ins; how often a "
        "network address and a browser did something, in memory only, under a number whose key "
        "is forgotten every day"
    ),
    Phrase("operators"),
    Phrase("read on request to an operator"),
    {"audit": (), "throttle": ()},
    until=Phrase(
        "audit log: as long as the lab; counts of addresses: a day at most, never on disk"
    ),
    database="people",
)
COUNTS = Activity(
    "counts",
    Phrase("Counts of use"),
    Phrase("know how often pages and forms are used"),
    SECURITY,
    Phrase("nobody: a day, what, and how often"),
    Phrase("no personal data: nothing is kept of who, from where or with what"),
    Phrase("everybody, as an open dataset"),
    Phrase("none needed"),
    {},
    until=Phrase("without limit"),
    database="none",
)
FLAGS = Activity(
    "flags",
    Phrase("Flags on datasets"),
    Phrase("mend what is wrong in a dataset, and answer who saw it"),
    PUBLIC_TASK,
    Phrase("who flags something in a dataset; stewards"),
    Phrase(
        "what was flagged, as typed and as shown, which row or column; the account of who was "
        "signed in; the account of who answered"
    ),
    Phrase(
        "the steward of the dataset; everybody for what was answered, screened and without a name"
    ),
    BY_LINK,
    {
        "author": NO_NAME,
        "flag": ("author_id", "account", "text", "said", "place", "concerns", "answered_by"),
        "change": ("actor", "rows"),
    },
    ("reporter", "refused", "history"),
)
MUNICIPALITIES = Activity(
    "municipalities",
    Phrase("Self-assessment of municipalities, shared documents, training"),
    Phrase(
        "let agents of a municipality answer together, share what serves others, and see how far "
        "they are in a training"
    ),
    PUBLIC_TASK,
    Phrase("agents with an account who answer, share, ask, read or train"),
    Phrase(
        "account name beside what one answered, sent, read or passed; documents and texts as sent"
    ),
    Phrase(
        "the team of the municipality for its answers; whoever moderates for what waits; everybody "
        "for what was published, without the name of an account; oneself for one's training"
    ),
    BY_ACCOUNT,
    {
        "maturity": ("begun_by", "closed_by"),
        "maturity_answer": ("evidence", "comment", "answered_by"),
        "maturity_member": ("account", "added_by"),
        "training_step": ("account", "module", "step", "tries", "passed", "tried_at", "passed_at"),
        "shared_document": ("account",),
        "shared_edition": ("account", "read_by", "filename"),
        "shared_content": ("content",),
        "peer_post": ("account", "parts", "said", "concerns", "read_by"),
        "change": ("actor", "rows"),
    },
    ("history",),
    Phrase("answers and documents: until the municipality or their sender asks to remove them"),
)
ACTIVITIES = (
    SESSIONS,
    SURVEYS,
    REPORTS,
    CONTACTS,
    FLAGS,
    MUNICIPALITIES,
    ACCOUNTS,
    SAFETY,
    COUNTS,
)
