"""The commands ``datalab backup`` and ``datalab restore``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from datalab.commands.lab import home_option, settings_of
from datalab.i18n import language_of, translate


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--no-homes", is_flag=True, help="Sans les dossiers personnels.")
@click.option("--json", "as_json", is_flag=True, help="Réponse en JSON.")
@click.option("--verify", "verified", is_flag=True, help="Relit tout ce qui a été écrit.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="Ne garde que les N dernières sauvegardes du dossier, une fois la nouvelle relue.",
)
@home_option
def backup_command(
    target: Path,
    no_homes: bool,
    as_json: bool,
    verified: bool,
    keep: int | None,
    home: str | None,
) -> None:
    """Sauvegarde comptes, hub, projets, lac et secrets dans TARGET : fichier, dossier ou « - »."""
    from datalab.deployment.backup import STREAM, stream
    from datalab.deployment.safekeeping import Kept, keep_safe

    language, piped = language_of(), target == STREAM
    if piped and (verified or keep is not None):
        said = translate(
            "Into a pipe, nothing can be read again or counted: leave --verify and --keep out.",
            language,
        )
        raise click.UsageError(said)
    settings, homes = settings_of(home=home), not no_homes
    if piped:
        kept = Kept(stream(settings, sys.stdout.buffer, time.time(), homes=homes), False, ())
    else:
        kept = keep_safe(
            settings, target.absolute(), time.time(), homes=homes, verified=verified, keep=keep
        )
    report = kept.report
    if as_json:
        click.echo(
            json.dumps(
                {
                    "path": str(report.path),
                    "files": report.files,
                    "bytes": report.size,
                    "skipped": list(report.skipped),
                    "apart": report.apart,
                    "why": report.why,
                    "verified": kept.verified,
                    "removed": [str(path) for path in kept.gone],
                },
                ensure_ascii=False,
            ),
            err=piped,
        )
        return
    click.echo(
        translate(
            "Backed up {files} files ({size:.1f} MB) to {path}.",
            language,
            files=report.files,
            size=report.size / 1e6,
            path=report.path,
        ),
        err=piped,
    )
    if kept.verified:
        click.echo(translate("Read again: every file is as it was.", language))
    if kept.gone:
        click.echo(
            translate(
                "Older backups removed: {names}",
                language,
                names=", ".join(path.name for path in kept.gone),
            )
        )
    click.echo(
        translate(
            "It holds the secrets of the lab and everybody's work, not encrypted: only you can "
            "read it (mode 0600). Keep it in a safe place.",
            language,
        ),
        err=piped,
    )
    if report.apart:
        click.secho(
            translate(
                "WARNING: what lies in {database} is NOT inside: {reason}. Back it up with "
                "pg_dump at the same time; its pictures and the keys of its contacts are inside.",
                language,
                database=report.apart,
                reason=report.why,
            ),
            fg="yellow",
            err=True,
        )
    if report.skipped:
        click.echo(
            translate(
                "Left out, because they are no ordinary files: {names}",
                language,
                names=", ".join(report.skipped[:20]),
            ),
            err=piped,
        )


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--verify", "only_verify", is_flag=True, help="Relit tout et ne rétablit rien.")
@click.option(
    "--aside",
    is_flag=True,
    help="Met de côté, dans un schéma à part, ce que contiennent les bases PostgreSQL.",
)
@click.option("--json", "as_json", is_flag=True, help="Réponse en JSON.")
@home_option
def restore_command(
    source: Path, only_verify: bool, aside: bool, as_json: bool, home: str | None
) -> None:
    """Rétablit la sauvegarde SOURCE (« - » : lue d’un tube) dans un dossier vide, vérifiée."""
    from datalab.deployment.backup import STREAM
    from datalab.deployment.dump import ASIDE, servers
    from datalab.deployment.restore import restore, verify

    source = source if source == STREAM else source.absolute()
    if only_verify:
        seen = verify(source)
        if as_json:
            click.echo(json.dumps({"path": str(seen.path), "files": seen.files, "whole": True}))
        else:
            click.echo(
                translate(
                    "{path} is whole: {files} files, each as it was backed up.",
                    language_of(),
                    path=seen.path,
                    files=seen.files,
                )
            )
        return
    settings = settings_of(home=home)
    schema = f"{ASIDE}{int(time.time())}" if aside else ""
    report = restore(source, settings.home, servers(settings), schema)
    if as_json:
        click.echo(json.dumps({"home": str(report.path), "files": report.files}))
        return
    click.echo(
        translate(
            "Restored {files} files into {home}, each as it was backed up. "
            "Start it: datalab up --home {home}",
            language_of(),
            files=report.files,
            home=report.path,
        )
    )
    if schema and servers(settings):
        click.echo(
            translate(
                "What the databases held lies in their schema {schema}; drop it once nobody needs "
                "it, for it holds what people said.",
                language_of(),
                schema=schema,
            )
        )
