"""How far an account is in the training modules: each step once, with how often it was tried."""

from __future__ import annotations

from sqlalchemy import Connection, select

from datalab.participation import journal
from datalab.participation.journal import Edit
from datalab.participation.tables.maturity import TRAINING_STEP


def passed(connection: Connection, account: str) -> dict[str, set[str]]:
    """The steps that an account passed, by module."""
    asked = select(TRAINING_STEP.c.module, TRAINING_STEP.c.step).where(
        TRAINING_STEP.c.account == account, TRAINING_STEP.c.passed
    )
    found: dict[str, set[str]] = {}
    for module, step in connection.execute(asked):
        found.setdefault(module, set()).add(step)
    return found


def tried(
    connection: Connection, account: str, module: str, step: str, *, right: bool, now: float
) -> None:
    """Keep a try; a step that was passed once stays passed."""
    id = f"{account}:{module}:{step}"
    asked = select(TRAINING_STEP).where(TRAINING_STEP.c.id == id)
    before = connection.execute(asked).mappings().first()
    values = {"tries": 1, "passed": right, "tried_at": now, "passed_at": now if right else None}
    if before is None:
        about = {"id": id, "account": account, "module": module, "step": step}
        edit = Edit.insert(TRAINING_STEP, {**about, **values})
    else:
        values["tries"] = before["tries"] + 1
        if before["passed"]:
            values |= {"passed": True, "passed_at": before["passed_at"]}
        edit = Edit.update(TRAINING_STEP, id, values, before["version"])
    journal.record(
        connection,
        scope=f"training:{account}",
        at=now,
        actor=account,
        kind="training.try",
        edits=[edit],
    )
