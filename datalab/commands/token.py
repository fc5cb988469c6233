"""The commands ``datalab token …``: tokens of programs that read data in the name of an account."""

from __future__ import annotations

import json
import time

import click

from datalab.commands.access import DAY, _say, _store
from datalab.commands.audit import moment
from datalab.commands.lab import home_option, json_option
from datalab.commands.terminal import actor
from datalab.i18n import language_of, translate


@click.group("token")
def token_command() -> None:
    """Jetons personnels : des programmes lisent au nom d’un compte."""


@token_command.command("list")
@click.argument("account", required=False)
@json_option
@home_option
def list_command(account: str | None, as_json: bool, home: str | None) -> None:
    """Liste les jetons d’ACCOUNT, ou de tous ; jamais leurs mots."""
    from datalab.people import tokens

    now, language = time.time(), language_of()
    found = tokens.listed(_store(home), account)
    if as_json:
        click.echo(json.dumps([vars(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        until = translate("until {moment}", language, moment=moment(one.expires_at))
        state = until if one.opens(now) else translate("opens nothing", language)
        used = moment(one.used_at) if one.used_at else "–"
        click.echo(f"{one.id}  {one.account}  {one.name}  [{state}]  {used}")
    if not found:
        click.echo(translate("No token.", language))


@token_command.command("make")
@click.argument("account")
@click.argument("name")
@click.option("--days", type=click.FloatRange(0, 366, min_open=True), default=180.0)
@home_option
def make_command(account: str, name: str, days: float, home: str | None) -> None:
    """Crée un jeton d’ACCOUNT pour le programme NAME, et le montre une fois."""
    from datalab.people import accounts, tokens

    store, now = _store(home), time.time()
    accounts.get(store, account)
    made, words = tokens.make(store, now, account, name, now + days * DAY, actor=actor())
    _say(
        "It is shown now and never again, and opens nothing after {moment}:",
        moment=moment(made.expires_at),
    )
    click.echo(words)


@token_command.command("revoke")
@click.argument("id")
@home_option
def revoke_command(id: str, home: str | None) -> None:
    """Le jeton ID n’ouvre plus rien."""
    from datalab.people import tokens

    one = tokens.revoke(_store(home), time.time(), None, id, actor=actor())
    _say("The token “{name}” opens nothing any more.", name=one.name)
