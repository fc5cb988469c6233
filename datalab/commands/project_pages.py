"""``datalab project pages``: the published pages of projects that come with the lab."""

from __future__ import annotations

import json
import os
import signal
import sys

import click

from datalab.commands.lab import home_option, json_option
from datalab.commands.project import project_command
from datalab.commands.project_run import here_of, walls_of
from datalab.i18n import language_of, translate


@project_command.command("pages")
@click.argument("slug", required=False)
@click.option("--beside", is_flag=True, hidden=True, help="Pour le gardien : cède le processeur.")
@json_option
@home_option
def pages_command(slug: str | None, beside: bool, as_json: bool, home: str | None) -> None:
    """Publie les pages des projets livrés avec le laboratoire, là où leurs données ont changé.

    Avec SLUG, celles de ce projet, même sans changement.
    """
    from datalab.portal.app import PREFIX
    from datalab.portal.editions import publish_due, waited_for
    from datalab.portal.library import Library
    from datalab.portal.publishing import Press

    if beside:
        _stand_aside()
    here, language = here_of(home), language_of()
    library = Library(here.settings.lake)
    if slug is not None and (names := waited_for(here.projects.get(slug), library.shelf())):
        said = translate(
            "The pages of '{slug}' wait for datasets that are not published yet: {names}. "
            "'datalab refresh {first}' publishes the first.",
            language,
            slug=slug,
            names=", ".join(names),
            first=names[0],
        )
        raise click.ClickException(said)
    walls, homes = walls_of(here)
    press = Press(here.settings, walls, homes, PREFIX)
    failed = count = 0
    for made in publish_due(here.projects, library, press, here.now, slug=slug):
        count += 1
        failed += bool(made.error)
        address = f"{PREFIX}/pages/{made.page.slug}/{made.page.name}" if made.page else None
        if as_json:
            told = {"project": made.project, "notebook": made.notebook, "new": made.new}
            version = made.page.version if made.page else None
            told |= {"address": address, "version": version, "error": made.error or None}
            click.echo(json.dumps(told, ensure_ascii=False))
        elif made.error:
            click.echo(f"{made.project}/{made.notebook}: {made.error}", err=True)
        else:
            number = made.page.version if made.page else 0
            if made.new:
                said = translate("version {version}", language, version=number)
            else:
                said = translate("version {version}, unchanged", language, version=number)
            click.echo(f"{made.project}/{made.notebook}: {address} ({said})")
    if not count and not as_json:
        click.echo(translate("Every page is up to date.", language))
    if failed:
        raise SystemExit(1)


def _stand_aside() -> None:
    """Leave the processor to who waits for something, and end with the process that asked."""
    from datalab.lake.child import end_with_parent

    os.nice(15)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # temporary folders are removed
    end_with_parent(signal.SIGTERM)
