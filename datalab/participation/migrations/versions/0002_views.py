"""What the lake may read: views that hold nothing exact, nothing waiting and nobody's contact.

``round(numeric - 0.5)`` is ``floor`` on both databases, one of which may be built without it.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

SMALLEST = 5  # people, or requests, that a figure or a place must stand for
# Sample cases (``datalab control demo``) are in no dataset.
REAL = "coalesce(api_key_id, '') <> 'demonstration'"
HOUR = "round(CAST({} AS numeric) / 3600 - 0.5) * 3600"
DAY = "round(CAST({} AS numeric) / 86400 - 0.5) * 86400"
ROUNDED = "CAST(round(CAST({} AS numeric), {}) AS double precision)"

VIEWS = {
    # A text that was merged into another one is still somebody's; what was withdrawn is nobody's.
    "released_contribution": f"""
        SELECT c.id, c.session_id AS session, s.title AS session_title, s.project,
            p.kind AS phase, c.kind, c.said AS text, k.title AS cluster,
            CASE WHEN c.commune IS NULL THEN NULL
                ELSE {ROUNDED.format("c.longitude", "s.place_decimals")} END AS longitude,
            CASE WHEN c.commune IS NULL THEN NULL
                ELSE {ROUNDED.format("c.latitude", "s.place_decimals")} END AS latitude,
            c.commune AS insee_code, c.state, c.merged_into,
            {HOUR.format("c.submitted_at")} AS submitted_at
        FROM contribution c
        JOIN session s ON s.id = c.session_id
        LEFT JOIN phase p ON p.id = c.phase_id
        LEFT JOIN cluster k ON k.id = c.cluster_id
        WHERE c.state IN ('accepted', 'merged') AND NOT s.demonstration
    """,
    # Only when the vote is over: two states of a running one would tell who voted in between.
    "released_vote": f"""
        SELECT v.contribution_id AS contribution, v.session_id AS session,
            CASE WHEN t.voters >= {SMALLEST} THEN count(*) END AS voters,
            CASE WHEN t.voters >= {SMALLEST} THEN sum(v.dots) END AS dots,
            t.voters < {SMALLEST} AS suppressed
        FROM vote v
        JOIN contribution c ON c.id = v.contribution_id
        JOIN session s ON s.id = v.session_id
        JOIN (
            SELECT session_id, count(DISTINCT author_id) AS voters
            FROM vote WHERE dots > 0 GROUP BY session_id
        ) t ON t.session_id = v.session_id
        WHERE v.dots > 0 AND NOT s.voting AND NOT s.demonstration
            AND c.state IN ('accepted', 'merged')
        GROUP BY v.contribution_id, v.session_id, t.voters
    """,
    "released_decision": f"""
        SELECT d.id, d.session_id AS session, s.title AS session_title, s.project, d.text,
            d.owner, d.due, d.state, d.news, {DAY.format("d.created_at")} AS decided_on,
            {DAY.format("d.updated_at")} AS updated_on
        FROM decision d
        JOIN session s ON s.id = d.session_id
        WHERE NOT s.demonstration
    """,
    # The place of a request is withheld where few of its kind were made in its commune.
    "released_service_request": f"""
        SELECT r.id, r.service_code, r.status, r.state, r.said AS description,
            CASE WHEN n.requests >= {SMALLEST}
                THEN {ROUNDED.format("r.longitude", "v.decimals")} END AS longitude,
            CASE WHEN n.requests >= {SMALLEST}
                THEN {ROUNDED.format("r.latitude", "v.decimals")} END AS latitude,
            n.requests < {SMALLEST} AS place_withheld,
            r.commune AS insee_code, r.team, r.channel, r.duplicate_of, r.reopened,
            {HOUR.format("r.requested_at")} AS requested_at,
            {HOUR.format("r.answered_at")} AS answered_at,
            {HOUR.format("r.expected_at")} AS expected_at,
            {HOUR.format("r.closed_at")} AS closed_at
        FROM request r
        JOIN service v ON v.code = r.service_code
        JOIN (
            SELECT service_code, coalesce(commune, '') AS commune, count(*) AS requests
            FROM request WHERE moderation = 'accepted' AND {REAL}
            GROUP BY service_code, coalesce(commune, '')
        ) n ON n.service_code = r.service_code AND n.commune = coalesce(r.commune, '')
        WHERE r.moderation = 'accepted' AND {REAL}
    """,
    "released_use": "SELECT day, what, count FROM use_count",
    # The newest change of all, and the release of each questionnaire: who sees a number grow
    # reads the views again.
    "released_mark": """
        SELECT '' AS dataset, coalesce(max(id), 0) AS number FROM change
        UNION ALL SELECT dataset, number FROM mark
    """,
}


def upgrade() -> None:
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def downgrade() -> None:
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")
