"""What happened in a session as data: JSON of a stable shape, and tables as CSV.

The public part holds what the minutes hold. The part of those who run the session also has what
was not published and why, as it was typed; neither has contacts, exact places or authors.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from datalab.participation import decision, vote
from datalab.participation.cell import cell
from datalab.participation.contribution import Contribution, contributions
from datalab.participation.documents.parcel import packed
from datalab.participation.harvest import heirs
from datalab.participation.minutes import Minutes
from datalab.participation.session import Session

FORMAT = "datalab-session/1"
MARK = "\ufeff"  # by which a spreadsheet knows UTF-8


def public(connection: Connection, session: Session, held: Minutes) -> dict[str, Any]:
    """The part for everybody, as JSON holds it (``docs/participation.md`` says its shape)."""
    told = contributions(connection, session, states=("accepted", "merged"))
    dots = vote.counts(connection, session) if vote.counts_shown(session) else {}
    answers: dict[str, list[str]] = {}
    made = decision.decisions(connection, session)
    heir = heirs([vars(one) for one in told])
    for one in made:
        for id in one.answers:
            answers.setdefault(heir.get(id, id), []).append(one.id)
    clusters = {one.id: one.cluster_id for one in told}
    return {
        "format": FORMAT,
        "session": {
            "id": session.id,
            "title": session.title,
            "question": session.question,
            "place": session.place,
            "project": session.project,
            "template": session.template,
            "state": session.state,
            "demonstration": session.demonstration,
            "starts_at": instant(session.starts_at),
            "ends_at": instant(session.ends_at),
            "opened_at": instant(session.opened_at),
            "closed_at": instant(session.closed_at),
            "edition": held.edition,
            "foreword": held.foreword,
        },
        "attendance": asdict(held.attendance),
        "phases": [
            {
                "kind": phase.kind,
                "title": phase.title,
                "planned_seconds": phase.planned,
                "runs": [
                    {"start": instant(start), "end": instant(end)} for start, end in phase.runs
                ],
            }
            for phase in held.phases
        ],
        "materials": list(held.materials),
        "counts": dict(held.counts),
        "contributions": [
            {
                "id": one.id,
                "kind": one.kind,
                "state": one.state,
                "text": one.said,
                "parent": one.parent_id,
                "merged_into": one.merged_into if one.state == "merged" else None,
                "cluster": held.titles.get(clusters[one.id] or "", ""),
                "insee_code": one.commune,
                "way": one.way,
                "dots": dots.get(one.id, 0) if one.kind == "idea" else None,
                "decisions": answers.get(heir[one.id], []),
            }
            for one in told
            if one.said
        ],
        "votes": {"quota": held.votes.quota, "participants": held.votes.participants},
        "decisions": [
            {
                "id": one.id,
                "text": one.text,
                "owner": one.owner,
                "due": one.due,
                "state": one.state,
                "news": one.news,
                "objections": list(one.objections),
                "contributions": list(one.answers),
            }
            for one in made
        ],
        "moderation": asdict(held.moderation),
    }


def internal(connection: Connection, session: Session, held: Minutes) -> dict[str, Any]:
    """The public part, and what only those who run the session read."""
    whole = [_inside(one) for one in contributions(connection, session)]
    return {**public(connection, session, held), "internal": {"contributions": whole}}


def _inside(one: Contribution) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "state": one.state,
        "reason": one.reason,
        "typed": one.text,
        "text": one.said,
        "concerns": sorted({str(found.get("kind", "")) for found in one.concerns}),
        "way": one.way,
        "submitted_at": instant(one.submitted_at),
        "decided_at": instant(one.decided_at),
        "decided_by": one.decided_by,
    }


def tables(document: Mapping[str, Any]) -> dict[str, str]:
    """A CSV file by name, of each list in the document."""
    found = {
        f"{name}.csv": table(document[name]) for name in ("contributions", "decisions", "phases")
    }
    counted = [*document["counts"].items()]
    counted += [("participants", document["attendance"]["total"])]
    counted += [(f"participants-{way}", n) for way, n in document["attendance"]["ways"].items()]
    found["counts.csv"] = table([{"what": what, "count": count} for what, count in counted])
    if "internal" in document:
        found["moderation.csv"] = table(document["internal"]["contributions"])
    return found


def parcel(document: Mapping[str, Any], at: float) -> bytes:
    """All tables in one zip file."""
    return packed({name: text.encode() for name, text in tables(document).items()}, at)


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows for a French spreadsheet: UTF-8 with its mark, semicolons, nothing it would run."""
    listed = list(rows)
    out = io.StringIO()
    out.write(MARK)
    if listed:
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(listed[0].keys())
        for row in listed:
            writer.writerow(_cell(value) for value in row.values())
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = " | ".join(
            f"{item['start']}/{item['end'] or ''}" if isinstance(item, dict) else str(item)
            for item in value
        )
    return str(cell(value))


def instant(at: float | None) -> str | None:
    """A moment as RFC 3339 writes it, in UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
