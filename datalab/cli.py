"""The command ``datalab``: a thin door that loads a command only when it is called.

Errors of the lab are printed as one sentence in the language of the terminal, never as a trace.
"""

from __future__ import annotations

import importlib
import sys

import click

from datalab import __version__
from datalab.errors import DatalabError
from datalab.i18n import language_of

COMMANDS = {
    "up": "lab",
    "signin": "lab",
    "user": "people",
    "access": "access",
    "token": "token",
    "audit": "audit",
    "project": "project",
    "sync": "sync",
    "open311": "open311",
    "control": "control",
    "status": "lab",
    "doctor": "lab",
    "keeper": "keeper",
    "rehearse": "rehearse",
    "contacts": "contacts",
    "households": "households",
    "backup": "backup",
    "restore": "backup",
    "migrate": "migrate",
    "depot": "depot",
    "lint": "data",
    "refresh": "refresh",
    "refresher": "refresh",
    "inspect": "inspect",
    "list": "data",
    "show": "show",
    "snapshots": "data",
    "quality": "quality",
    "release": "version",
    "publish": "version",
    "rollback": "version",
    "clean": "version",
    "sql": "data",
    "schemas": "schemas",
}


class LazyGroup(click.Group):
    """Finds a command in ``datalab.commands.<module>`` under ``<name>_command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        loaded = importlib.import_module(f"datalab.commands.{module}")
        command: click.Command = getattr(loaded, f"{cmd_name}_command")
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="datalab")
def group() -> None:
    """Le laboratoire de données : catalogue, lac, hub et portail."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point; exit code 2 for a wrong call, 1 for a failure that was explained."""
    try:
        group.main(args=arguments, prog_name="datalab", standalone_mode=True)
    except DatalabError as error:
        click.echo(error.message(language_of()), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
