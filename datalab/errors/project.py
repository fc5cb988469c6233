"""What can be wrong with a project."""

from __future__ import annotations

from collections.abc import Iterable

from datalab.errors.root import DatalabError, nearest
from datalab.i18n import DEFAULT, Language, translate


class ProjectError(DatalabError):
    code = "project"
    status = 400


class InvalidSlug(ProjectError):
    code = "invalid-slug"
    template = (
        "'{slug}' cannot be the address of a project: 3 to 40 small letters without accents, "
        "digits and single hyphens, starting with a letter."
    )


class ProjectExists(ProjectError):
    code = "project-exists"
    status = 409
    template = "There is a project '{slug}' already. Choose another address, such as '{other}'."


class UnknownProject(ProjectError):
    code = "unknown-project"
    status = 404
    template = "There is no project '{slug}'. The list of projects shows those there are."

    def __init__(self, slug: str, known: Iterable[str] = ()) -> None:
        super().__init__(slug=slug, suggestion=nearest(slug, known))

    def message(self, language: Language = DEFAULT) -> str:
        if not self.facts.get("suggestion"):
            return super().message(language)
        text = translate("There is no project '{slug}'. Did you mean '{suggestion}'?", language)
        return text.format(**self.facts)


class InvalidManifest(ProjectError):
    """``project.yaml`` cannot be read as a manifest."""

    code = "invalid-manifest"
    status = 500
    template = "{path}: {reason}. Mend the file, or take back its last version."


class ProjectClosed(ProjectError):
    """The project is archived or deleted."""

    code = "project-closed"
    status = 409
    template = "Project '{slug}' is {state}: nothing in it can change. Restore it first."


class HubUnreachable(ProjectError):
    code = "hub-unreachable"
    status = 503
    template = (
        "The hub did not answer ({reason}). What you asked is written down and is done as soon as "
        "it answers again; 'datalab sync' does it by hand."
    )


class NotRestored(ProjectError):
    code = "not-restored"
    status = 409
    template = (
        "'{path}' could not be taken back: it is not in that version, or the shared server did not "
        "answer. Nothing was changed; try again in a moment."
    )


class UnknownVersion(ProjectError):
    code = "unknown-version"
    status = 404
    template = "There is no version '{version}' of this project. Its list of versions shows all."
