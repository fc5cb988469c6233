"""What can be wrong with who is in a project, and with how one is made."""

from __future__ import annotations

from datalab.errors.project import ProjectError


class LastOwner(ProjectError):
    code = "last-owner"
    status = 409
    template = (
        "'{account}' is the only owner of project '{slug}'. Make somebody else an owner first."
    )


class NoOwner(ProjectError):
    code = "no-owner"
    template = "A project needs an owner: name an account, such as --member alice:owner."


class NotAMember(ProjectError):
    code = "not-a-member"
    status = 404
    template = "'{account}' is not a member of project '{slug}'. Its members: {members}."


class AlreadyMember(ProjectError):
    code = "already-member"
    status = 409
    template = "'{account}' is a member of project '{slug}' already, as {role}. Change the role."


class MemberCannotEnter(ProjectError):
    """A member to be who cannot sign in."""

    code = "member-cannot-enter"
    status = 409
    template = "The account '{account}' is closed or over: it cannot join a project."


class UnknownRole(ProjectError):
    code = "unknown-role"
    template = "'{role}' is no role in a project. Choose one of: {known}."


class UnknownTemplate(ProjectError):
    code = "unknown-template"
    status = 404
    template = "There is no template '{template}'. Choose one of: {known}."


class ReservedSlug(ProjectError):
    code = "reserved-slug"
    template = (
        "'{slug}' is the address of a page of the lab. Choose another one, such as '{other}'."
    )


class InvalidDescription(ProjectError):
    """A title or purpose that cannot stand in a manifest."""

    code = "invalid-description"
    template = "The {field} of a project is one text of 1 to {longest} characters."


class StillOpen(ProjectError):
    """Only what was deleted or archived can be restored."""

    code = "still-open"
    status = 409
    template = "Project '{slug}' is open: there is nothing to restore."
