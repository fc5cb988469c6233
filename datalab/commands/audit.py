"""The command ``datalab audit``: what happened, and whether anybody tampered with its record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from datalab.commands.lab import home_option, json_option, settings_of
from datalab.errors import NotRunning
from datalab.i18n import language_of, translate

# What somebody who reads the log looks for first.
LOUD = ("signin.refused", "account.groups", "account.remove", "access.grant", "token.make")
RESTRICTED = "restricted-"


@click.command("audit")
@click.option("--since", type=click.DateTime(), help="À partir de ce moment (UTC).")
@click.option("--account", help="Ce que ce compte a fait ou subi.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True)
@click.option("--verify", is_flag=True, help="Vérifie que rien n’a été changé ni enlevé.")
@json_option
@home_option
def audit_command(
    since: Any, account: str | None, limit: int, verify: bool, as_json: bool, home: str | None
) -> None:
    """Journal des connexions, des droits et des lectures réservées."""
    from datalab.people import audit
    from datalab.people.store import Store

    store = Store(settings_of(home=home).people)
    if not store.path.is_file():
        raise NotRunning(home=str(store.path.parent.parent))
    if verify:
        _verify(audit.first_broken(store), audit.head(store), as_json)
        return
    start = since.replace(tzinfo=UTC).timestamp() if since else 0.0
    for entry in reversed(audit.entries(store, since=start, actor=account, limit=limit)):
        if as_json:
            click.echo(json.dumps(vars(entry), ensure_ascii=False))
        else:
            detail = " ".join(f"{key}={_short(value)}" for key, value in entry.detail.items())
            mark = "!" if entry.action in LOUD or RESTRICTED in detail else " "
            who = f"{entry.actor} → {entry.subject or '–'}"
            click.echo(f"{moment(entry.at)} {mark} {entry.action:<20} {who}  {detail}".rstrip())


def _verify(broken: int | None, head: tuple[int, str], as_json: bool) -> None:
    language, (number, digest) = language_of(), head
    if as_json:
        click.echo(json.dumps({"broken": broken, "entries": number, "digest": digest}))
    elif broken is None:
        said = translate(
            "The audit log is whole: {number} entries, each following from the one before.",
            language,
            number=number,
        )
        click.echo(said)
        said = translate(
            "Written down elsewhere, this digest of the last one proves it later: {digest}",
            language,
            digest=digest,
        )
        click.echo(said)
    else:
        said = translate(
            "The audit log was changed behind the lab's back: entry {number}.",
            language,
            number=broken,
        )
        click.echo(said)
    if broken is not None:
        raise SystemExit(1)


def moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _short(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return "".join(character if character.isprintable() else " " for character in text)
