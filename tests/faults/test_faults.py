"""Two people type while everything around them breaks; what one saw of the other is kept.

The figures go to the README. ``DATALAB_TEST_LONG`` makes the storm ten times as long.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack

import nbformat

from tests.faults.relay import Relay
from tests.faults.workshop import ACCOUNT, Workshop
from tests.hub.lab import Lab, eventually, in_a_loop_of_its_own

LONG = bool(os.environ.get("DATALAB_TEST_LONG"))
ROUNDS = 320 if LONG else 32
CUTS = ROUNDS * 8
PEOPLE = {"student": "owner", "citizen": "editor"}


def test_what_one_person_saw_of_another_is_there_exactly_once(
    new_lab: Callable[..., Lab],
) -> None:
    lab = new_lab()
    lab.start()
    workshop = Workshop(lab)
    workshop.create(PEOPLE)
    with ExitStack() as stack:
        members = [stack.enter_context(workshop.member(name)) for name in PEOPLE]

        async def storm() -> list[list[str]]:
            relays = [Relay(lab.port) for _ in members]
            for relay in relays:
                await relay.start()
            people = [workshop.collaborator(*pair) for pair in zip(members, relays, strict=True)]
            for person in people:
                person.open()
            await workshop.together(people)
            stop = asyncio.Event()
            typing = [asyncio.create_task(workshop.type(person, stop)) for person in people]
            await workshop.storm(people, relays, ROUNDS, CUTS)
            stop.set()
            await asyncio.gather(*typing)
            await workshop.together(people)
            for _ in range(100):
                if people[0].sources() == people[1].sources():
                    break
                await asyncio.sleep(0.1)
            seen = [person.sources() for person in people]
            for person in people:
                await person.close()
            for relay in relays:
                await relay.stop()
            return seen

        seen = in_a_loop_of_its_own(storm())
    workshop.hub.ask("DELETE", f"/users/{ACCOUNT}/server", seconds=60)
    eventually(
        lambda: not (workshop.hub.ask("GET", f"/users/{ACCOUNT}").get("servers") or {}), "its end"
    )
    ledger, document = workshop.ledger, workshop.notebook()
    text = "".join("".join(cell["source"]) for cell in document["cells"])
    identifiers = [cell["id"] for cell in document["cells"]]
    print("\n".join(ledger.log))
    print(
        f"{ledger.while_typing} of {ledger.faults.total()} faults came between two key strokes; "
        f"characters on their way at a fault: {sum(ledger.in_flight)} in all, "
        f"{max(ledger.in_flight)} at most (those of pages that were closed count to the end)"
    )
    print(ledger.summary(text, identifiers))
    nbformat.validate(document)
    assert seen[0] == seen[1], "two screens show the same notebook"
    assert ledger.lost(text) == []
    assert ledger.doubled(text) == []
    assert len(set(identifiers)) == len(identifiers)
    assert len(ledger.acknowledged) >= 0.95 * ledger.typed
    assert ledger.faults.total() >= 300
    assert ledger.faults["server"] >= 30
    assert ledger.faults["hub"] >= 10
    assert ledger.faults["proxy"] >= 10
    assert ledger.while_typing >= 0.9 * ledger.faults.total()
